"""The search for what shares a core: the fewest cores, and packings that devices hold."""

from itertools import product

import numpy as np
import pytest

from sterna import model
from sterna.compile import (
    Frame,
    Layer,
    LayerGraph,
    compile_layers,
    estimate,
    fewest_cores,
    graph,
    lower,
)
from sterna.compile.packing import candidates, fewest
from sterna.spec import ConfigError, preset
from sterna.spec.blocks import Blocks, Packing, core_count
from sterna.spec.expand import CORE, expand
from sterna.verify.random_layers import random_layers

BOARDS = ("up5k", "ecp5-25f", "ecp5-85f")


def convolution(kernel, stride, neurons):
    """One convolution over 28 x 28 that votes, with random trits."""
    edges = Layer(
        name="edges",
        neurons=neurons,
        kernel=(kernel, kernel),
        stride=(stride, stride),
        classes=neurons,
    )
    shapes = LayerGraph(name="conv", frame=Frame(rows=28, columns=28), layers=[edges])
    weights = np.random.default_rng(0).integers(-1, 2, (1, kernel**2, neurons)).astype(np.int8)
    return lower(shapes, {"edges": (weights, np.zeros((1, neurons), np.int32))})


@pytest.mark.parametrize("device", BOARDS)
@pytest.mark.parametrize(
    ("kernel", "stride", "neurons"), [(3, 1, 1), (3, 2, 4), (3, 3, 4), (4, 4, 4), (1, 3, 5)]
)
def test_a_convolution_over_a_digit_fits_each_board_with_the_same_votes(
    kernel, stride, neurons, device
):
    layered = convolution(kernel, stride, neurons)
    frames = np.random.default_rng(1).random((32, 784)) < 0.3
    compiled = compile_layers(layered, preset(device))
    found = estimate(layered, preset(device))
    assert found.fits
    assert compiled.cores == found.layers[0].cores <= preset(device).contexts
    votes = model.run(model.open(compiled), frames)
    assert votes.any()
    assert np.array_equal(votes, model.run(model.open(layered), frames))


def test_a_layer_of_one_feature_takes_four_cores_at_fewest():
    assert core_count(convolution(3, 1, 1)) == 676
    assert fewest_cores(convolution(3, 1, 1)) == 4


def by_trial(layer, source):
    """The fewest cores of a layer, by every packing that there is."""
    cores = []
    for packing in product(*(range(1, size + 1) for size in (*layer.sites, layer.groups))):
        shape = Blocks(layer, source, Packing(*packing))
        if shape.axons.max() <= CORE.axons and shape.neurons.max() <= CORE.neurons:
            cores.append(shape.cores)
    return min(cores)


@pytest.mark.parametrize("seed", range(30))
def test_the_fewest_cores_are_those_that_trying_all_finds(seed):
    network = random_layers(np.random.default_rng([22, seed]), side=6, features=60)
    found = fewest(network)
    for layer, packing in zip(network.layers, found, strict=True):
        source = network.maps[layer.source]
        assert Blocks(layer, source, packing).cores == by_trial(layer, source), layer.name
    assert expand(network, found).network.cores == fewest_cores(network)


@pytest.mark.control
def test_a_search_that_packs_nothing_would_be_noticed(monkeypatch):
    """Negative control: a window of a group a core."""
    monkeypatch.setattr("sterna.compile.packing.packings", lambda *_: [Packing()])
    with pytest.raises(AssertionError):
        test_the_fewest_cores_are_those_that_trying_all_finds(1)
    with pytest.raises(ConfigError, match="needs 676 cores of 8"):
        test_a_convolution_over_a_digit_fits_each_board_with_the_same_votes(3, 1, 1, "up5k")


@pytest.mark.parametrize("seed", range(20))
def test_packings_are_tried_from_the_least_packed_and_no_device_has_too_few_cores(seed):
    network = random_layers(np.random.default_rng([23, seed]), side=4, features=12)
    tried = list(candidates(network, CORE))
    cores = [core_count(network, packing) for packing in tried]
    assert cores == sorted(cores, reverse=True)
    assert max(cores) <= CORE.contexts
    assert len(set(tried)) == len(tried)


@pytest.mark.parametrize("name", ["mnist-up5k", "mnist-25f", "mnist-85f"])
def test_a_network_that_fits_a_window_a_core_is_packed_no_further(name):
    layered = lower(graph(name))
    found = estimate(layered, preset(name.replace("mnist", "ecp5").replace("ecp5-up5k", "up5k")))
    assert found.packing == (Packing(),) * len(layered.layers)


def test_groups_share_cores_where_axons_are_left():
    small = Layer(name="small", groups=16, neurons=8, kernel=(2, 2), stride=(2, 2), classes=4)
    shapes = LayerGraph(name="g", frame=Frame(rows=2, columns=2, features=16), layers=[small])
    layered = lower(shapes)
    assert core_count(layered) == 16
    assert fewest(layered) == (Packing(1, 1, 16),)
    assert compile_layers(layered, preset("up5k")).cores == 4  # with 32 lanes no more words
