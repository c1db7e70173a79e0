"""The fast engines against the golden model: spikes, potentials, lines and counts of every tick."""

import numpy as np
import numpy.typing as npt

from sterna import model as engines
from sterna.model import Engine
from sterna.model.layers import examine
from sterna.simulator.tile_process import TileProcess
from sterna.spec import Network

from .regression import Integers, Mismatch, Regression, check, golden, simulate

#: Spikes and potentials [ticks, neurons] and lines [ticks, lines].
Trace = tuple[Integers, Integers, Integers]


def check_engines(
    regression: Regression, model: Engine, expected: Trace, *, engine: str = ""
) -> Mismatch | None:
    """Run a regression in every fast engine that can; the first difference, or None.

    The event engine is stepped. The layer engine is given all ticks at once, so that it works in
    blocks.

    Parameters
    ----------
    model, expected : the golden model after the regression, and what it did.
    engine : one engine by name; all of them by default.
    """
    if engine in ("", "event"):
        event = engines.open(regression.network, engine="event")
        found = compare_traces("event", regression.network, expected, golden(regression, event))
        if found or (found := _compare_counts(model, event, inputs=True)):
            return found
    if engine in ("", "layers") and examine(regression.network).reason is None:
        network, frames = as_frames(regression)
        layers = engines.open(network, engine="layers")
        seen = trace(layers, frames)
        found = compare_traces("layers", regression.network, expected, seen)
        return found or _compare_counts(model, layers, inputs=False)
    return None


def run_all(process: TileProcess, regression: Regression) -> Mismatch | None:
    """Run a regression in the golden model, the engines and the RTL; the first difference."""
    model = engines.open(regression.network, engine="golden")
    expected = golden(regression, model)
    found = check_engines(regression, model, expected)
    return found or check(regression, model, expected, *simulate(process, regression))


def as_frames(regression: Regression) -> tuple[Network, npt.NDArray[np.bool_]]:
    """The network with every axon as a feature, and the inputs as frames, bool [ticks, axons]."""
    network = regression.network
    core = np.repeat(np.arange(network.cores, dtype=np.int32), network.axons)
    every = np.arange(len(core), dtype=np.int32)
    network = network.replace(
        features=len(core),
        input_map=np.stack([every, core, every - network.first_axon[core]], axis=1),
    )
    frames = np.zeros((regression.ticks, len(core)), np.bool_)
    tick, to_core, axon, delay = regression.inputs.T
    due = tick + delay
    there = due < regression.ticks
    frames[due[there], network.first_axon[to_core[there]] + axon[there]] = True
    return network, frames


def trace(engine: Engine, frames: npt.NDArray[np.bool_]) -> Trace:
    """Stream frames through an engine: spikes, potentials and lines of every tick."""
    ticks = list(engine.stream(frames))
    return (
        np.array([np.concatenate(tick.spikes) for tick in ticks], np.int64),
        np.array([np.concatenate(tick.potentials) for tick in ticks]),
        np.array([tick.lines for tick in ticks]),
    )


def compare_traces(name: str, network: Network, expected: Trace, seen: Trace) -> Mismatch | None:
    """The first tick in which an engine differs from the golden model, or None."""
    what = "spikes of neuron", "potential of neuron", "spikes on line"
    differ = [np.argwhere(want != got) for want, got in zip(expected, seen, strict=True)]
    found = [(*rows[0].tolist(), at) for at, rows in enumerate(differ) if len(rows)]
    if not found:
        return None
    tick, place, at = min(found)
    want, got = expected[at][tick, place], seen[at][tick, place]
    where = f"{what[at]} {place}"
    if at < 2:
        core = int(np.searchsorted(network.first_neuron, place, "right")) - 1
        where = f"{what[at]} {place - network.first_neuron[core]} of core {core}"
    return Mismatch(tick, f"engine {name!r}: {where}: expected {want}, seen {got}")


def _compare_counts(model: Engine, engine: Engine, *, inputs: bool) -> Mismatch | None:
    names = (*(("spikes_in",) if inputs else ()), "spikes_routed", "spikes_out")
    for name in names:
        want, got = getattr(model, name), getattr(engine, name)
        if want != got:
            text = f"engine {engine.name!r}: {name}: expected {want}, seen {got}"
            return Mismatch(model.tick - 1, text)
    return None
