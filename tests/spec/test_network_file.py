import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sterna.spec import NetworkError, content_hash, load, load_any, preset, save
from sterna.verify.random_network import random_network
from tests.layered import two_layers
from tests.networks import chain


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "chain.sterna"
    save(chain(), path)
    return path


def rewrite(path: Path, **changes: object) -> None:
    """Write the container anew with some arrays replaced (None: left out)."""
    with np.load(path) as container:
        arrays = {name: container[name] for name in container.files}
    arrays |= changes
    with path.open("wb") as file:
        np.savez(file, **{name: array for name, array in arrays.items() if array is not None})


def rewrite_manifest(path: Path, **changes: object) -> None:
    with np.load(path) as container:
        manifest = json.loads(container["manifest"].tobytes())
    text = json.dumps(manifest | changes).encode()
    rewrite(path, manifest=np.frombuffer(text, np.uint8))


@pytest.mark.parametrize("seed", range(5))
def test_file_round_trip_keeps_everything(tmp_path: Path, seed: int) -> None:
    network = random_network(np.random.default_rng(seed), preset("tiny"))
    save(network, tmp_path / "x.sterna")
    again = load(tmp_path / "x.sterna")
    assert content_hash(again) == content_hash(network)
    assert (again.targets == network.targets).all()
    assert [c.tolist() for c in again.crossbars] == [c.tolist() for c in network.crossbars]
    assert list(tmp_path.iterdir()) == [tmp_path / "x.sterna"]  # no part left


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"none.sterna: no such file"):
        load(tmp_path / "none.sterna")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04garbage", b"\x93NUMPY"])
def test_foreign_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foreign.sterna"
    path.write_bytes(content)
    with pytest.raises(NetworkError, match=r"foreign.sterna: not a Sterna network file"):
        load(path)


@given(share=st.floats(0, 0.999))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_truncated_file_anywhere(path: Path, share: float) -> None:
    whole = path.read_bytes()
    cut = path.with_name("cut.sterna")
    cut.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(NetworkError, match=r"cut.sterna: .*(not a Sterna|missing)"):
        load(cut)


@given(at=st.integers(0, 10_000), flip=st.integers(1, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_damaged_byte_anywhere_never_changes_the_network(path: Path, at: int, flip: int) -> None:
    """A flipped byte is refused, or lies where it means nothing (a time stamp of the zip)."""
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= flip
    damaged = path.with_name("damaged.sterna")
    damaged.write_bytes(data)
    with contextlib.suppress(NetworkError):
        assert content_hash(load(damaged)) == content_hash(chain())


def test_pickle_is_refused(path: Path) -> None:
    rewrite(path, targets=np.array([{"evil": 1}], object))
    with pytest.raises(NetworkError, match="not a Sterna network file"):
        load(path)


def test_missing_array(path: Path) -> None:
    rewrite(path, targets=None)
    with pytest.raises(NetworkError, match="array 'targets' is missing"):
        load(path)


def test_array_of_another_type(path: Path) -> None:
    rewrite(path, targets=np.zeros((0, 5)))
    with pytest.raises(NetworkError, match="targets must be int32, not float64"):
        load(path)


@pytest.mark.control
def test_edited_array_does_not_match_the_hash(path: Path) -> None:
    rewrite(path, output_class=np.zeros(4, np.int32))
    with pytest.raises(NetworkError, match="does not match its hash"):
        load(path)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"format": "other"}, "a foreign file"),
        (
            {"version": 99},
            "format version 99; this Sterna reads 2, 3 and 4: use a matching release",
        ),
        ({"surplus": 1}, "keys missing or unknown: surplus"),
        ({"provenance": 3}, "provenance must be an object"),
    ],
)
def test_manifest_that_is_wrong(path: Path, change: dict, text: str) -> None:
    rewrite_manifest(path, **change)
    with pytest.raises(NetworkError, match=text):
        load(path)


def test_manifest_that_is_no_json(path: Path) -> None:
    rewrite(path, manifest=np.frombuffer(b"{", np.uint8))
    with pytest.raises(NetworkError, match="manifest: not JSON"):
        load(path)


@pytest.mark.parametrize("network", [chain(), two_layers()], ids=["cores", "layers"])
def test_an_array_of_other_dimensions_is_named_with_its_shape(network, tmp_path):
    save(network, tmp_path / "n.sterna")
    with np.load(tmp_path / "n.sterna") as file:
        arrays = dict(file)
    for name, array in arrays.items():
        for other in (array.ravel()[0], array[None]):
            with (tmp_path / "odd.sterna").open("wb") as file:
                np.savez(file, **{**arrays, name: other})
            with pytest.raises(NetworkError, match=rf"{name} has shape \[.*\], it must be \["):
                load_any(tmp_path / "odd.sterna")


def test_a_device_is_no_network_file():
    for name in ("/dev/zero", "/dev/null"):
        with pytest.raises(NetworkError, match=f"{name}: .*a device or a pipe"):
            load_any(name)
