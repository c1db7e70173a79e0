"""Network files of kind layers: round trip, kinds, and what is wrong is named."""

import json
from pathlib import Path

import numpy as np
import pytest

from sterna.data import SHIPPED, shipped_network
from sterna.spec import (
    NetworkError,
    content_hash,
    load,
    load_any,
    load_layers,
    save,
)
from sterna.spec.trits import pack_trits, unpack_trits
from sterna.verify.random_layers import random_layers
from tests.layered import two_layers
from tests.networks import chain
from tests.spec.test_network_file import rewrite, rewrite_manifest


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "two.sterna"
    save(two_layers(provenance={"seed": 3}), path)
    return path


@pytest.mark.parametrize("seed", range(10))
def test_file_round_trip_keeps_everything(tmp_path, seed):
    network = random_layers(np.random.default_rng(seed))
    save(network, tmp_path / "x.sterna")
    again = load_layers(tmp_path / "x.sterna")
    assert content_hash(again) == content_hash(network)
    assert again.maps == network.maps
    for one, other in zip(network.layers, again.layers, strict=True):
        for name, value in vars(one).items():
            assert np.array_equal(value, getattr(other, name)), name
    assert np.array_equal(again.inputs, network.inputs)
    assert again.output_class.tolist() == network.output_class.tolist()
    assert (again.name, again.features) == (network.name, network.features)


def test_the_content_hash_depends_on_every_part():
    network = two_layers()
    first, second = network.layers
    others = [
        network.replace(name="other"),
        network.replace(features=49),
        network.replace(provenance={"seed": 1}),
        network.replace(output_class=np.array([1, 0], np.int32)),
        network.replace(layers=(first, second.replace(leak=second.leak + 1))),
        network.replace(layers=(first, second.replace(place=second.place[:, ::-1].copy()))),
        network.replace(layers=(first.replace(weights=-first.weights), second)),
    ]
    assert len({content_hash(one) for one in [network, *others]}) == 1 + len(others)


def test_files_of_the_wrong_kind_are_refused_with_the_way_out(path, tmp_path):
    with pytest.raises(NetworkError, match=r"two.sterna: it holds layers .*`sterna compile`"):
        load(path)
    save(chain(), tmp_path / "chain.sterna")
    with pytest.raises(NetworkError, match=r"chain.sterna: it holds explicit cores"):
        load_layers(tmp_path / "chain.sterna")
    assert content_hash(load_any(path)) == content_hash(two_layers(provenance={"seed": 3}))


def as_before(path, version):
    """Write a file anew as releases before trits were packed did, in version 2 or 3."""
    with np.load(path) as container:
        arrays = {name: container[name] for name in container.files}
    manifest = json.loads(arrays["manifest"].tobytes()) | {"version": version}
    if version == 2:
        del manifest["kind"]
    arrays["manifest"] = np.frombuffer(json.dumps(manifest).encode(), np.uint8)
    for name in ("crossbar_trits", "layer_trits"):
        if name in arrays:
            arrays[name] = unpack_trits(name, arrays[name])
    with path.open("wb") as file:
        np.savez(file, **arrays)


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_of_version_3_loads_and_trits_are_packed_only_in_version_4(path, packed):
    if packed:
        rewrite_manifest(path, version=3)
        with pytest.raises(NetworkError, match="layer_trits must be int8, not uint8"):
            load_layers(path)
    else:
        as_before(path, 3)
        assert content_hash(load_layers(path)) == content_hash(two_layers(provenance={"seed": 3}))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_file_of_version_2_loads_and_keeps_its_hash_in_version_4(name, tmp_path):
    before = tmp_path / f"{name}.sterna"
    save(shipped_network(name), before)
    as_before(before, 2)
    with np.load(before) as container:
        manifest = json.loads(container["manifest"].tobytes())
    network = load(before)
    assert content_hash(network) == manifest["hash"]
    save(network, tmp_path / "again.sterna")
    with np.load(tmp_path / "again.sterna") as container:
        again = json.loads(container["manifest"].tobytes())
    assert (again["version"], again["kind"]) == (4, "cores")
    assert again["hash"] == manifest["hash"]
    assert content_hash(load(tmp_path / "again.sterna")) == manifest["hash"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"kind": "corelets"}, "kind 'corelets'; this Sterna reads cores and layers"),
        ({"kind": None}, "kind None"),
        ({"kind": ["layers"]}, "kind"),
        ({"version": 2}, "keys missing or unknown: kind"),
        ({"version": True}, "format version True"),
        ({"maps": []}, r"maps must be a list of 1\.\.256 objects"),
        ({"maps": [{"groups": 1}]}, r"maps\[0\] must have exactly groups, rows"),
        ({"layers": 3}, r"layers must be a list"),
    ],
)
def test_manifest_that_is_wrong(path, change, text):
    rewrite_manifest(path, **change)
    with pytest.raises(NetworkError, match=rf"two.sterna: manifest: {text}"):
        load_any(path)


@pytest.mark.parametrize("size", [0, -1, 1.5, "2", 1 << 30])
def test_a_layer_of_an_odd_size_is_refused_before_arrays_are_read(path, size):
    with np.load(path) as container:
        layers = json.loads(container["manifest"].tobytes())["layers"]
    layers[0]["neurons"] = size
    rewrite_manifest(path, layers=layers)
    with pytest.raises(NetworkError, match=r"neurons of layer 'first' must be an integer of 1"):
        load_any(path)


def test_layers_of_too_many_trits_are_refused_before_arrays_are_read(path):
    with np.load(path) as container:
        layers = json.loads(container["manifest"].tobytes())["layers"]
    layers[0] |= {"groups": 4096, "fan_in": 256, "neurons": 256}
    rewrite_manifest(path, layers=layers)
    with pytest.raises(NetworkError, match=r"the layers have 268,435,520 trits, the limit is"):
        load_any(path)


def test_missing_array(path):
    rewrite(path, layer_place=None)
    with pytest.raises(NetworkError, match="array 'layer_place' is missing"):
        load_any(path)


def test_a_file_is_read_back_from_a_path_given_as_text(path):
    assert load_layers(str(path)).name == load_layers(Path(path)).name


@pytest.mark.control
def test_edited_trits_do_not_match_the_hash(path):
    rewrite(path, layer_trits=pack_trits(np.zeros(27 * 4 + 2 * 16 * 2, np.int8)))
    with pytest.raises(NetworkError, match="does not match its hash"):
        load_any(path)
