"""Draws are a function of core seed, tick, neuron and purpose; nothing else can change them."""

import numpy as np
import pytest

from sterna.model import GoldenModel
from sterna.model.neuron import integrate, neuron_draws, synapse_draws
from sterna.spec import Hardware, Network, NeuronType, preset
from sterna.verify.random_network import random_frames, random_network
from tests.networks import chain, int32

WHOLE = preset("truenorth")
SEVERAL = Hardware(
    **WHOLE.as_dict()
    | {"contexts": 4, "crossbars": 4, "axons": 64, "neurons": 64, "targets": 512, "types": 16}
)


def test_neurons_draw_alike_whatever_stands_beside_them() -> None:
    few, many = neuron_draws(5, 9, 3), neuron_draws(5, 9, 256)
    assert (few.threshold == many.threshold[:3]).all()
    assert (few.leak == many.leak[:3]).all()


def test_synapses_draw_alike_in_any_company() -> None:
    whole = synapse_draws(5, 9, np.arange(256), 256)
    some = np.array([3, 200, 7])
    assert (synapse_draws(5, 9, some, 20) == whole[some, :20]).all()
    assert synapse_draws(5, 9, some[:0], 20).shape == (0, 20)


def test_seed_tick_neuron_axon_and_purpose_all_matter() -> None:
    """No two of these may share their draws: 64 bytes each, equal by chance never."""
    axon = np.array([0])
    blocks = [
        neuron_draws(1, 1, 256).leak[:64],
        neuron_draws(2, 1, 256).leak[:64],
        neuron_draws(1, 2, 256).leak[:64],
        neuron_draws(1, 1, 256).leak[64:128],
        neuron_draws(1, 1, 256).threshold[:64] & 255,
        synapse_draws(1, 1, axon, 64)[0],
        synapse_draws(1, 1, axon + 1, 64)[0],
        synapse_draws(1, 2, axon, 64)[0],
        synapse_draws(2, 1, axon, 64)[0],
    ]
    assert len({block.tobytes() for block in blocks}) == len(blocks)


@pytest.mark.parametrize("bits", [range(256), range(0, 256, 16)])
def test_draws_are_uniform(bits: range) -> None:
    """Chi-square over 65,536 draws in bins of `step` values, far beyond any chance."""
    leak = np.concatenate([neuron_draws(7, tick, 256).leak for tick in range(256)])
    synapse = synapse_draws(7, 3, np.arange(256), 256).ravel()
    for draws in (leak, synapse):
        count = np.bincount(draws // bits.step, minlength=len(bits))
        expected = len(draws) / len(bits)
        chi = float(((count - expected) ** 2 / expected).sum())
        assert abs(chi - len(bits)) < 6 * np.sqrt(2 * len(bits))


@pytest.mark.parametrize("leak", [1, 63, 254, -128])
def test_drawn_leak_comes_as_often_as_its_magnitude_says(leak: int) -> None:
    """P = (|leak| + 1) / 256."""
    kind = NeuronType(leak=leak, c=1, alpha=1 << 17, beta=1 << 17)
    network = plain(neurons=256, kind=kind)
    model = GoldenModel(network)
    ticks = 100
    for _ in range(ticks):
        potentials = model.step().potentials[0]
    chance = (abs(leak) + 1) / 256
    spread = 5 * np.sqrt(chance * (1 - chance) * ticks * 256)
    assert abs(abs(potentials.sum()) - chance * ticks * 256) < spread
    assert np.sign(potentials.sum()) == np.sign(leak)


def test_drawn_synapse_of_255_is_certain_and_one_of_0_never_counts() -> None:
    for weight, expected in ((255, 256), (-255, -256), (0, 0)):
        network = plain(neurons=1, kind=NeuronType(s0=weight, b0=1, alpha=999, beta=999), axons=256)
        model = GoldenModel(network)
        assert model.step(np.ones(256, bool)).potentials[0].tolist() == [expected]


def plain(*, neurons: int, kind: NeuronType, axons: int = 1) -> Network:
    """One core of `truenorth`, all weights 1, neurons of one type."""
    return chain(
        hardware=WHOLE,
        crossbars=(np.ones((axons, neurons), np.int8),),
        core_crossbar=int32(0),
        types=int32(kind.row()),
        neuron_type=np.zeros(neurons, np.int32),
        neuron_potential=np.zeros(neurons, np.int32),
        targets=np.zeros((0, 5), np.int32),
        features=axons,
        input_map=int32(*[(i, 0, i) for i in range(axons)]),
        latency=0,
        core_seed=np.array([17], np.uint32),
    )


def test_order_of_axons_does_not_matter() -> None:
    """The equation itself, with its axons turned round."""
    rng = np.random.default_rng(1)
    network = random_network(rng, WHOLE, cores=1)
    model = GoldenModel(network)
    p, weights = model._parameters[0], model._weights[0]
    axons = np.arange(weights.shape[0])
    draws = synapse_draws(3, 3, axons, weights.shape[1])
    kinds = network.axon_types(0)
    forward = integrate(weights, axons, kinds, p, draws)
    assert (integrate(weights, axons[::-1], kinds, p, draws[::-1]) == forward).all()


@pytest.mark.parametrize("seed", range(3))
def test_cores_draw_alike_in_any_context(seed: int) -> None:
    """The cores of a network in another order do, each, what they did."""
    rng = np.random.default_rng(seed)
    network = random_network(rng, SEVERAL, cores=3)
    frames = random_frames(rng, network, 40)
    order = [2, 0, 1]
    turned = reordered(network, order)
    model, other = GoldenModel(network), GoldenModel(turned)
    assert any(p.drawn for p in model._parameters)
    for frame in frames:
        tick, again = model.step(frame), other.step(frame)
        for place, core in enumerate(order):
            assert (again.spikes[place] == tick.spikes[core]).all()
            assert (again.potentials[place] == tick.potentials[core]).all()


@pytest.mark.control
def test_cores_with_seeds_exchanged_do_otherwise() -> None:
    """Negative control of the test above."""
    rng = np.random.default_rng(0)
    network = random_network(rng, SEVERAL, cores=3)
    frames = random_frames(rng, network, 40)
    other = GoldenModel(network.replace(core_seed=network.core_seed[::-1].copy()))
    model = GoldenModel(network)
    assert any(
        (a != b).any()
        for frame in frames
        for a, b in zip(model.step(frame).potentials, other.step(frame).potentials, strict=True)
    )


def reordered(network: Network, order: list[int]) -> Network:
    """The same network with core `order[k]` in context k."""
    place = {core: k for k, core in enumerate(order)}
    neurons = np.concatenate(
        [np.arange(network.neurons[c]) + network.first_neuron[c] for c in order]
    )
    axons = np.concatenate([np.arange(network.axons[c]) + network.first_axon[c] for c in order])
    targets, inputs = network.targets.copy(), network.input_map.copy()
    targets[:, 0] = [place[core] for core in network.targets[:, 0].tolist()]
    targets[:, 2] = [place.get(core, core) for core in network.targets[:, 2].tolist()]
    inputs[:, 1] = [place[core] for core in network.input_map[:, 1].tolist()]
    return network.replace(
        core_crossbar=network.core_crossbar[order],
        neuron_type=network.neuron_type[neurons],
        neuron_potential=network.neuron_potential[neurons],
        axon_type=network.axon_type[axons],
        core_seed=network.core_seed[order],
        targets=targets,
        input_map=inputs,
    )
