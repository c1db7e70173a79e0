"""Layered networks in the RTL: their expansion against the golden model, faults, and cycles."""

from collections.abc import Iterator
from statistics import median

import numpy as np
import pytest

from sterna.compile import Frame, Layer, LayerGraph, compile_layers, estimate, lower
from sterna.model import GoldenModel
from sterna.simulator.tile_process import TileProcess
from sterna.spec import ConfigError, preset
from sterna.spec.expand import expand
from sterna.verify.layered import draw_layered
from sterna.verify.regression import Regression, check, frame_inputs, golden, run, simulate
from tests.layered import eight_cores, faults

pytestmark = pytest.mark.sim
UP5K = preset("up5k")


@pytest.fixture(scope="module")
def up5k() -> Iterator[TileProcess]:
    with TileProcess(UP5K) as tile:
        yield tile


def case_of(network, frames) -> Regression:
    inputs = frame_inputs(network, frames)
    return Regression(network, inputs, len(frames), ("none",) * 3, 0)


def test_random_layered_networks_run_on_the_tile_as_in_the_model(up5k) -> None:
    latencies = set()
    for number in range(40):
        case = draw_layered(UP5K, [5, number])
        latencies.add(case.network.latency)
        assert run(up5k, case) is None, number
    assert latencies >= {0, 1, 2}


def small() -> tuple:
    """A layered network of eight cores with a stride and a border, and frames that stir it."""
    network = eight_cores()
    rng = np.random.default_rng(8)
    return network, rng.random((150, network.features)) < 0.35


def on_rtl(tile, network, frames, wrong):
    """The mismatch between the golden model of `network` and the RTL with `wrong` in it."""
    right = case_of(expand(network, hardware=UP5K).network, frames)
    model = GoldenModel(right.network)
    expected = golden(right, model)
    other = case_of(expand(wrong, hardware=UP5K).network, frames)
    return check(right, model, expected, *simulate(tile, other))


def test_a_small_layered_network_runs_on_the_tile(up5k) -> None:
    network, frames = small()
    assert on_rtl(up5k, network, frames, network) is None


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.control
def test_faults_in_a_layer_are_caught_by_the_rtl(up5k, seed) -> None:
    """Negative control: a trit, a leak, a place, a stride and a border that are wrong."""
    network, frames = small()
    rng = np.random.default_rng([9, seed])
    wrong = [fault for at in (0, 1) for fault in faults(rng, network, at)]
    assert {kind for kind, _ in wrong} == {"trit", "leak", "place", "stride", "border"}
    for kind, other in wrong:
        assert on_rtl(up5k, network, frames, other) is not None, kind


@pytest.mark.parametrize("share", [0.1, 0.3, 0.8])
def test_estimated_cycles_are_those_that_the_tile_counts(up5k, share) -> None:
    """At the activity that the golden model shows, layer by layer: within 5 %."""
    network = lower(GRAPH, parameters())
    compiled = compile_layers(network, UP5K)
    rng = np.random.default_rng(2)
    frames = rng.random((60, network.features)) < share
    activity = measured(network, compiled, frames)
    estimated = estimate(network, UP5K, activity=activity).cycles
    seen, _ = simulate(up5k, case_of(compiled, frames))
    counted = median(seen.ticks[5:, 1].tolist())
    assert estimated == pytest.approx(counted, rel=0.05)


@pytest.mark.control
def test_cycles_estimated_at_another_activity_are_noticed(up5k) -> None:
    """Negative control: at five times the activity, and at a fifth."""
    network = lower(GRAPH, parameters())
    frames = np.random.default_rng(2).random((60, network.features)) < 0.3
    compiled = compile_layers(network, UP5K)
    seen, _ = simulate(up5k, case_of(compiled, frames))
    counted = median(seen.ticks[5:, 1].tolist())
    for factor in (0.2, 5.0):
        activity = {
            name: min(1.0, factor * share)
            for name, share in measured(network, compiled, frames).items()
        }
        assert estimate(network, UP5K, activity=activity).cycles != pytest.approx(counted, rel=0.05)


#: Seven cores of an UP5K: four windows of a convolution, two groups, the votes.
GRAPH = LayerGraph(
    name="small",
    frame=Frame(rows=14, columns=14),
    layers=[
        Layer(name="conv", neurons=128, kernel=(8, 8), stride=(6, 6), grain=1),
        Layer(name="groups", source="conv", groups=2, neurons=100, kernel=(2, 2), grain=1),
        Layer(name="votes", source="groups", neurons=40, classes=10),
    ],
)


def parameters():
    rng = np.random.default_rng(4)
    return {
        one.name: (rng.integers(-1, 2, one.weights.shape), rng.integers(-1, 2, one.leak.shape))
        for one in lower(GRAPH).layers
    }


def measured(network, compiled, frames):
    """Mean share of each layer's driven axons with a spike at a tick."""
    model = GoldenModel(compiled)
    ticks = [model.step(frame).active for frame in frames]
    active = np.mean(ticks[5:], axis=0)
    shares, core = {}, 0
    for cost in estimate(network, UP5K).layers:
        shares[cost.layer.name] = active[core : core + cost.cores].sum() / cost.driven
        core += cost.cores
    return shares


def test_a_preset_too_small_for_any_layer_is_said(monkeypatch) -> None:
    monkeypatch.setattr("sterna.verify.layered._TRIES", 0)
    with pytest.raises(ConfigError, match="no layered network"):
        draw_layered(UP5K, [1])
