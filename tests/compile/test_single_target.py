"""One target a neuron: copies and splitters give the votes that several targets give."""

from dataclasses import replace

import numpy as np
import pytest

from sterna.compile import Frame, Layer, LayerGraph, graph, lower
from sterna.compile.single_target import single_targets, splitter_cores
from sterna.compile.truenorth import (
    TRUENORTH,
    compile_truenorth,
    count_truenorth,
    paired,
)
from sterna.model import GoldenModel, run
from sterna.spec import OUTPUT, ConfigError, NeuronType
from sterna.spec.expand import CORE, expand
from sterna.verify.random_layers import random_layers
from tests.layered import two_layers

#: Small cores, so that copies do not always fit, and delays past the splitters.
SMALL = replace(CORE, neurons=32, lanes=32, delay_slots=16)


def targets_of(network):
    """Targets of each neuron, and axons of each feature of a frame."""
    neuron = network.first_neuron[network.targets[:, 0]] + network.targets[:, 1]
    return np.bincount(neuron), np.bincount(network.input_map[:, 0])


def votes(network, frames):
    return run(GoldenModel(network), frames)


def drawn(seed, hardware):
    """A random network of which each group fits, its expansion, and frames."""
    rng = np.random.default_rng([18, seed])
    network = random_layers(rng, replace(hardware, neurons=32, lanes=32), side=4, features=10)
    return network, rng.random((12, network.features)) < rng.choice([0.2, 0.5])


@pytest.mark.parametrize("split_frame", [False, True])
@pytest.mark.parametrize("seed", range(15))
def test_votes_are_those_of_several_targets(seed, split_frame):
    network, frames = drawn(seed, SMALL)
    expansion = expand(network, hardware=SMALL)
    single = single_targets(expansion.network, expansion.stages, SMALL, split_frame=split_frame)
    of_neuron, of_feature = targets_of(single.network)
    assert of_neuron.max(initial=0) <= 1
    assert single.network.neurons.max() <= SMALL.neurons
    assert not split_frame or of_feature.max(initial=0) <= 1
    assert np.array_equal(votes(single.network, frames), votes(expansion.network, frames))
    later = single.network.latency - expansion.network.latency
    assert later == split_frame + np.count_nonzero(single.splitters[1:])


def test_some_of_these_networks_have_splitters_behind_neurons():
    behind = 0
    for seed in range(15):
        network, _ = drawn(seed, SMALL)
        expansion = expand(network, hardware=SMALL)
        behind += single_targets(expansion.network, expansion.stages, SMALL).splitters.any()
    assert behind >= 3


@pytest.mark.parametrize("seed", range(10))
def test_truenorths_cores_vote_as_trinary_ones(seed):
    rng = np.random.default_rng([19, seed])
    narrow = replace(CORE, axons=128, neurons=64, lanes=64)
    network = random_layers(rng, narrow, side=4, features=10)
    frames = rng.random((12, network.features)) < 0.4
    made = compile_truenorth(network).network
    assert set(np.unique(np.concatenate([x.ravel() for x in made.crossbars]))) <= {0, 1}
    assert all(array.max(initial=0) <= 1 for array in targets_of(made))
    assert np.array_equal(votes(made, frames), votes(expand(network).network, frames))
    assert count_truenorth(network).cores == made.cores


def test_the_one_chip_network_has_the_published_cores():
    network = lower(graph("one-chip"))
    counted = count_truenorth(network)
    assert counted.cores == 4042
    assert counted.splitters == 362
    assert [cores for _, cores in counted.layers] == [
        512,
        512,
        512,
        512,
        256,
        256,
        256,
        256,
        256,
        128,
        128,
        32,
        32,
        32,
    ]
    made = compile_truenorth(network)
    assert made.network.cores == 4042
    assert made.splitters.tolist() == [362] + [0] * 14
    assert int(np.count_nonzero(made.network.targets[:, 2] == OUTPUT)) == 2040 * 4


def test_splitters_repeat_sources_of_one_fan_out_each():
    place, sizes = splitter_cores(np.array([8] * 33 + [2] * 3 + [0]), TRUENORTH)
    assert sizes == [(32, 8), (1, 8), (3, 2)]
    assert place[32].tolist() == [1, 0]
    assert place[33:36].tolist() == [[2, 0], [2, 1], [2, 2]]


def test_a_group_that_is_too_wide_for_truenorth_is_refused_by_name():
    wide = LayerGraph(
        name="g",
        frame=Frame(rows=4, columns=4, features=129),
        layers=[Layer(name="wide", neurons=4, classes=2)],
    )
    with pytest.raises(ConfigError, match=r"layer 'wide': the fan-in .* is 129, .* 128: 1 too"):
        compile_truenorth(lower(wide))


def test_a_spike_for_more_axons_than_a_splitter_has_neurons_is_refused():
    with pytest.raises(ConfigError, match="goes to 257 axons, a splitter core has 256 neurons: 1"):
        splitter_cores(np.array([3, 257]), TRUENORTH)


def test_a_neuron_that_needs_a_splitter_and_votes_is_refused():
    """20 neurons of a core of 32 with two targets each, one a line: no room for copies."""
    layers = LayerGraph(
        name="g",
        frame=Frame(rows=1, columns=4),
        layers=[
            Layer(name="first", neurons=20, kernel=(1, 4), grain=1),
            Layer(name="votes", source="first", neurons=2, classes=2),
        ],
    )
    expansion = expand(lower(layers), hardware=SMALL)
    core = expansion.network
    voting = np.array([(0, n, OUTPUT, 0, 0) for n in range(20)], np.int32)
    both = core.replace(targets=np.concatenate([core.targets, voting]))
    with pytest.raises(ConfigError, match="core 0: a neuron that needs a splitter votes as well"):
        single_targets(both, expansion.stages, SMALL)


def test_neurons_that_draw_are_not_copied():
    network, _ = drawn(0, SMALL)
    expansion = expand(network, hardware=replace(TRUENORTH, neurons=32, lanes=32))
    kind = NeuronType(tm=3).row()
    drawing = expansion.network.replace(
        types=np.array([kind] * len(expansion.network.types), np.int32)
    )
    with pytest.raises(ConfigError, match="has neurons that draw"):
        single_targets(drawing, expansion.stages, TRUENORTH)


def test_a_device_without_the_delay_past_a_splitter_is_refused():
    network, frames = drawn(0, SMALL)
    short = replace(SMALL, delay_slots=2)
    seen = []
    for seed in range(15):
        network, frames = drawn(seed, SMALL)
        expansion = expand(network, hardware=short)
        try:
            single = single_targets(expansion.network, expansion.stages, short).network
        except ConfigError as error:
            seen.append(str(error))
        else:
            assert np.array_equal(votes(single, frames), votes(expansion.network, frames))
    assert seen
    assert all("takes 2 ticks, the device has a delay of 1: 1 too many" in text for text in seen)


@pytest.mark.control
def test_copies_with_the_wrong_targets_are_noticed(monkeypatch):
    """Negative control: every copy sends what the first one should."""
    monkeypatch.setattr("sterna.compile.single_target._rank", lambda source: np.zeros_like(source))
    with pytest.raises(AssertionError):
        test_votes_are_those_of_several_targets(1, False)


@pytest.mark.control
def test_pairs_with_their_signs_swapped_are_noticed(monkeypatch):
    """Negative control: the even axon adds, the odd one takes away."""
    monkeypatch.setattr("sterna.compile.truenorth.SIGNS", (1, -1))
    network, frames = drawn(1, replace(CORE, axons=128))
    plain = expand(network).network
    assert np.array_equal(votes(paired(plain), frames), votes(plain, frames))  # both swapped: equal
    monkeypatch.setattr(
        "sterna.compile.truenorth.replace", lambda kind, **_: replace(kind, s0=-1, s1=1)
    )
    assert not np.array_equal(votes(paired(plain), frames), votes(plain, frames))


def test_a_feature_is_on_two_axons_the_even_one_negative():
    """As IBM's tools have it: axon 2k with weight -1 where the trit is -1, axon 2k + 1 with +1."""
    network = expand(two_layers()).network
    pairs = paired(network)
    assert {(kind.s0, kind.s1) for kind in pairs.neuron_types()} == {(-1, 1)}
    for core in range(network.cores):
        weights, binary = network.weights(core), pairs.weights(core)
        np.testing.assert_array_equal(binary[0::2], weights == -1)
        np.testing.assert_array_equal(binary[1::2], weights == 1)
        assert pairs.axon_types(core).tolist() == [0, 1] * len(weights)
