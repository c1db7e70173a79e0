import contextlib
from typing import Any

import numpy as np
import pytest

import sterna.spec.network as network_module
from sterna.spec import Network, NetworkError, NeuronType, content_hash
from tests.networks import chain, int32


def bad_weight() -> dict[str, Any]:
    crossbar = np.eye(4, dtype=np.int8)
    crossbar[2, 3] = 2
    return {"crossbars": (crossbar,)}


#: A change that makes a network invalid, and what is said of it.
INVALID: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name must be a text of 1..200"),
    (bad_weight(), r"crossbars\[0\]\[2, 3\] is 2; a weight is -1, 0 or 1"),
    (
        {"crossbars": (np.zeros((33, 4), np.int8),)},
        "33 axons x 4 neurons; a core has 32 x 32: split it",
    ),
    ({"crossbars": (np.zeros((4, 4), np.int16),)}, r"crossbars\[0\] must be an int8 array"),
    ({"core_crossbar": int32(0, 1)}, r"core_crossbar\[1\] is 1, the limit is 0..0"),
    ({"types": int32(NeuronType(leak=600).row())}, r"types\[0\]: leak is 600, .* -512..511"),
    ({"types": int32(NeuronType(alpha=512).row())}, r"types\[0\]: alpha is 512, .* 0..511"),
    ({"types": int32(NeuronType(gamma=3).row())}, "gamma is 3"),
    ({"types": int32([0, 0, 1])}, r"types must have shape \[n, 17\], not \[1, 3\]"),
    ({"neuron_type": np.ones(8, np.int32)}, r"neuron_type\[0\] is 1, the limit is 0..0"),
    ({"neuron_type": np.zeros(7, np.int32)}, "neuron_type has 7 entries; the cores have 8"),
    ({"neuron_potential": np.full(8, 512, np.int32)}, r"neuron_potential\[0\] is 512"),
    ({"neuron_potential": np.zeros(8)}, "neuron_potential must be an int32 array, not float64"),
    ({"targets": int32((2, 0, 1, 0, 1))}, r"targets.core\[0\] is 2, the limit is 0..1"),
    ({"targets": int32((0, 4, 1, 0, 1))}, r"targets.neuron\[0\] is 4, the limit is 0..3"),
    ({"targets": int32((0, 0, 2, 0, 1))}, r"targets.to_core\[0\] is 2, the limit is -1..1"),
    ({"targets": int32((0, 0, 1, 4, 1))}, r"to_axon_or_line\[0\] is 4, the limit is 0..3"),
    ({"targets": int32((0, 0, 1, 0, 0))}, r"delay\[0\] is 0, the limit is 1..3"),
    ({"targets": int32((0, 0, 1, 0, 4))}, r"delay\[0\] is 4, the limit is 1..3"),
    ({"targets": int32((0, 0, -1, 0, 1))}, r"delay\[0\] is 1, the limit is 0 \(a line\)"),
    ({"input_map": int32((4, 0, 0))}, r"input_map.feature\[0\] is 4, the limit is 0..3"),
    ({"input_map": int32((0, 0, 4))}, r"input_map.axon\[0\] is 4, the limit is 0..3"),
    ({"types": int32(NeuronType(s0=2).row())}, r"s0 is 2, .* 1..1 \(weight_bits=0"),
    ({"types": int32(NeuronType(tm=1).row())}, r"tm is 1, .* 0..0 \(noise_bits=0\)"),
    ({"types": int32(NeuronType(b1=1).row())}, r"b1 is 1, .* \(axon_types=1\); use fewer"),
    ({"axon_type": np.ones(8, np.int32)}, r"axon_type\[0\] is 1, the limit is 0..0"),
    ({"axon_type": np.zeros(7, np.int32)}, "axon_type has 7 entries; the cores have 8 axons"),
    ({"core_seed": np.zeros(1, np.uint32)}, "core_seed has 1 entries; the cores have 2"),
    ({"core_seed": int32(0, 1)}, "core_seed must be an uint32 array, not int32"),
    ({"features": 0}, "features must be an integer of 1..65536"),
    ({"latency": -1}, "latency must be an integer of 0..1024"),
    ({"output_class": np.zeros(257, np.int32)}, "output_class has 257 lines, the hardware 256"),
    ({"output_class": int32(0, 1, -2, 0)}, r"output_class\[2\] is -2"),
]


@pytest.mark.parametrize(("change", "text"), INVALID)
def test_invalid_network_is_refused_with_array_index_and_limit(change: dict, text: str) -> None:
    with pytest.raises(NetworkError, match=text):
        chain(**change)


def test_network_tells_its_sizes() -> None:
    network = chain()
    assert network.cores == 2
    assert network.axons.tolist() == network.neurons.tolist() == [4, 4]
    assert network.first_neuron.tolist() == [0, 4, 8]
    assert network.classes == 2


def test_arrays_cannot_be_changed_behind_the_validation() -> None:
    with pytest.raises(ValueError, match="read-only"):
        chain().targets[0, 0] = 9


def test_content_hash_depends_on_every_part() -> None:
    base = content_hash(chain())
    assert content_hash(chain()) == base
    for change in (
        {"name": "other"},
        {"latency": 2},
        {"provenance": {"seed": 2}},
        {"output_class": int32(0, 1, 1, 1)},
        {"crossbars": (-np.eye(4, dtype=np.int8),)},
    ):
        assert content_hash(chain(**change)) != base


def test_sizes_are_worked_out_once_and_cannot_be_changed() -> None:
    network = chain()
    for name in ("axons", "neurons", "first_axon", "first_neuron"):
        sizes = getattr(network, name)
        assert getattr(network, name) is sizes
        with pytest.raises(ValueError, match="read-only"):
            sizes[0] = 1
        assert getattr(network.replace(core_crossbar=int32(0, 0)), name) is not sizes


@pytest.mark.parametrize(
    "rule",
    [
        "check_range",
        "_check_crossbars",
        "_check_neurons",
        "_check_targets",
        "_check_maps",
        "_check_axons_and_seeds",
    ],
)
@pytest.mark.control
def test_a_rule_left_out_is_noticed(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: without it some invalid network is accepted."""
    owner = Network if hasattr(Network, rule) else network_module
    monkeypatch.setattr(owner, rule, lambda *_: None)
    accepted = []
    for change, text in INVALID:
        with contextlib.suppress(Exception):  # what another rule refuses is no matter here
            accepted += [text] if chain(**change) else []
    assert accepted
