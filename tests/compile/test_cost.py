"""Estimates from shapes alone, held to what is then built (cycles: test_layers_rtl.py)."""

from dataclasses import replace

import numpy as np
import pytest

from sterna.compile import (
    Frame,
    Layer,
    LayerGraph,
    compile_layers,
    estimate,
    graph,
    lower,
    report,
)
from sterna.compile.cost import measured_activity, of_packing
from sterna.compile.packing import candidates, fewest, fewest_cores
from sterna.data import shipped_network
from sterna.spec import ConfigError, preset
from sterna.spec.blocks import Packing, core_count
from sterna.spec.expand import CORE, expand
from sterna.spec.image import network_fan_out
from sterna.spec.layers import SpikeMap
from sterna.verify.layered import random_packing
from sterna.verify.random_layers import random_layers
from tests.layered import layer, layered, two_layers

#: What a report of a built network and an estimate both name.
ALIKE = ("cores", "axons", "neurons", "crossbar words", "target entries", "output lines")


def layer_sums(network, cores):
    """Axons, neurons, driven axons, entries of a span of a built network's cores."""
    span = np.arange(network.cores)[cores]
    entries = network.neurons[span] * network_fan_out(network)[span]
    driven = np.unique(
        np.concatenate(
            [network.targets[network.targets[:, 2] >= 0][:, 2:4], network.input_map[:, 1:]]
        ),
        axis=0,
    )
    return {
        "axons": int(network.axons[span].sum()),
        "neurons": int(network.neurons[span].sum()),
        "driven": int(np.isin(driven[:, 0], span).sum()),
        "entries": int(entries.sum()),
        "cores": len(span),
    }


def estimates_of(seed):
    """A random network, and what it costs: as it is packed for a device, and at random."""
    rng = np.random.default_rng([21, seed])
    network = random_layers(rng, side=5, features=12)
    yield network, estimate(network, CORE)
    yield network, of_packing(network, CORE, random_packing(rng, network, CORE))


@pytest.mark.parametrize("seed", range(40))
def test_estimates_are_what_is_built(seed):
    for network, found in estimates_of(seed):
        compare(network, found)


def compare(network, found):
    """Compare an estimate with the network's expansion, core by core."""
    built = expand(network, found.packing)
    ends = (*built.first_core[1:], built.network.cores)
    for cost, start, end in zip(found.layers, built.first_core, ends, strict=True):
        for name, value in layer_sums(built.network, slice(start, end)).items():
            assert getattr(cost, name) == value, (cost.layer.name, name)
    used = {use.resource: use.used for use in report(built.network, CORE)}
    estimated = {use.resource: use.used for use in found.uses}
    words = sum(-(-x.shape[1] // CORE.lanes) * x.shape[0] for x in built.network.crossbars)
    assert used["crossbar words"] == words <= estimated["crossbar words"]  # equal ones are shared
    for name in {*ALIKE} - {"crossbar words"}:
        assert used[name] == estimated[name]


@pytest.mark.parametrize("name", ["mnist-up5k", "mnist-25f", "mnist-85f"])
def test_the_shipped_networks_take_what_is_estimated(name):
    network = shipped_network(name)
    used = {use.resource: use.used for use in report(network)}
    found = estimate(lower(graph(name)), network.hardware)
    assert found.fits
    estimated = {use.resource: use.used for use in found.uses}
    for resource in ALIKE:
        assert estimated[resource] == used[resource]
    assert found.latency == network.latency


def test_the_one_chip_networks_cost_is_that_of_the_published_layers():
    found = estimate(lower(graph("one-chip")), preset("ecp5-85f"))
    assert sum(cost.rows for cost in found.layers) == 10_496
    assert core_count(lower(graph("one-chip"))) == 5984
    assert fewest_cores(lower(graph("one-chip"))) == sum(cost.cores for cost in found.layers)
    assert found.latency == 13
    assert not found.fits
    assert found.over[0].resource == "cores"
    assert "most in layer '" in found.first_to_cut()


def test_a_network_is_packed_as_it_is_compiled():
    conv = Layer(name="conv", neurons=4, kernel=(3, 3), pad=1, classes=2)
    whole = LayerGraph(name="g", frame=Frame(rows=4, columns=4), layers=[conv])
    found = estimate(lower(whole), preset("up5k"))
    assert found.packing == (Packing(1, 2),)
    assert found.fits
    assert compile_layers(lower(whole), preset("up5k")).cores == found.layers[0].cores


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"contexts": 2}, "cores, 3 of 2: fewer sites"),
        ({"targets": 8}, "target entries, 36 of 8: smaller kernels or larger strides"),
        ({"axons": 32}, "axons a core, 50 of 32: more groups or a smaller kernel"),
        ({"neurons": 32, "crossbars": 1, "axons": 64, "targets": 1000}, ""),
    ],
)
def test_what_does_not_fit_is_named_with_what_to_cut(change, text):
    conv = Layer(name="conv", neurons=4, kernel=(5, 5), stride=(5, 5), classes=2)
    whole = LayerGraph(name="g", frame=Frame(rows=15, columns=15, features=2), layers=[conv])
    device = replace(preset("up5k"), contexts=9)
    found = estimate(lower(whole), replace(device, **change))
    assert found.fits == (not text)
    assert found.first_to_cut().startswith(text)


def test_activity_sets_the_cycles():
    network = lower(graph("mnist-up5k"))
    idle, all_on = (estimate(network, preset("up5k"), activity=a).cycles for a in (0, 1))
    assert idle < estimate(network, preset("up5k"), activity=0.5).cycles < all_on
    each = {layer.name: 0.5 for layer in network.layers}
    assert estimate(network, preset("up5k"), activity=each) == estimate(
        network, preset("up5k"), activity=0.5
    )


def test_trits_are_counted_once_and_rows_in_whole_words_of_neurons():
    """A row has 128 weights of a neuron, a word 16 neurons."""
    found = estimate(two_layers())
    assert [cost.trits for cost in found.layers] == [27 * 4, 2 * 16 * 2]
    assert [cost.rows for cost in found.layers] == [16, 2 * 16]
    wide = layered(
        layer(features=130, neurons=17, kernel=(1, 1), pad=0),
        lines=17,
        maps=(SpikeMap(groups=1, rows=4, columns=4, features=130),),
    )
    (cost,) = estimate(wide).layers
    assert (cost.trits, cost.rows) == (130 * 17, 2 * 32)


def test_the_activity_of_the_provenance_is_taken_layer_by_layer():
    network = two_layers(provenance={"activity": {"second": 0.25, "first": 0.5}})
    assert measured_activity(network) == {"first": 0.5, "second": 0.25}
    assert measured_activity(two_layers()) is None
    for wrong in (None, True, "0.5", 1.5, -0.1):
        network = two_layers(provenance={"activity": {"first": 0.5, "second": wrong}})
        with pytest.raises(ConfigError, match="must be a share of the axons"):
            measured_activity(network)


def test_of_packings_that_do_not_fit_the_nearest_is_shown():
    network = lower(graph("mnist-conv-85f"))
    device = replace(preset("ecp5-85f"), crossbars=6, targets=5000)
    found = estimate(network, device)
    assert not found.fits
    tried = [of_packing(network, device, one) for one in candidates(network, device)]
    tried.append(of_packing(network, device, fewest(network, device)))
    assert found.tried == len(tried)
    assert min(one.excess() for one in tried) == found.excess() < max(one.excess() for one in tried)
    assert found.over[0].used / found.over[0].available == found.excess()


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("shares", [{"first": 0.25, "second": 0.75}, {"first": 1, "second": 0.1}])
def test_cycles_are_the_bound_of_the_axons_that_are_active(shares, deep):
    """Of each core's axons with a source, the layer's share; worked out of the expansion."""
    network = two_layers()
    found = estimate(network, CORE, activity=shares, deep=deep)
    expansion = expand(network, found.packing)
    cores = expansion.network
    wired = np.concatenate([cores.input_map[:, 1:3], cores.targets[cores.targets[:, 2] >= 0, 2:4]])
    axons = np.bincount(np.unique(wired, axis=0)[:, 0], minlength=cores.cores)
    layer = np.searchsorted(expansion.first_core, np.arange(cores.cores), side="right") - 1
    share = np.array([*shares.values()])[layer]
    active = [[round(count)] for count in (axons * share).tolist()]
    assert found.cycles == CORE.bound(active, cores.neurons.tolist(), deep=deep)


@pytest.mark.control
def test_cycles_of_a_deep_build_are_others():
    network, device = lower(graph("mnist-85f")), preset("ecp5-85f")
    deep, plain = (
        estimate(network, device, activity=0.1, deep=deep).cycles for deep in (True, False)
    )
    assert deep < plain


def test_an_activity_that_cannot_be_is_refused():
    network = lower(graph("mnist-up5k"))
    with pytest.raises(ConfigError, match=r"activity must be 0\.\.1, not 1.5"):
        estimate(network, activity=1.5)
    with pytest.raises(ConfigError, match="no activity for layer 'patches'"):
        estimate(network, activity={"votes": 0.5})


@pytest.mark.control
def test_a_fan_out_that_forgets_the_border_is_noticed(monkeypatch):
    """Negative control: windows counted as if they all lay inside the map."""
    monkeypatch.setattr(
        "sterna.compile.cost._cover",
        lambda reach, step, pad, size: np.ones((len(reach), size), np.int64),
    )
    with pytest.raises(AssertionError):
        test_estimates_are_what_is_built(1)
