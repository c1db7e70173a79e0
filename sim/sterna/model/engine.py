"""Engines run a network tick by tick: the golden model, and those proved equal to it."""

import functools
import logging
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sterna.spec import ConfigError, LayeredNetwork, Network
from sterna.spec.expand import expand
from sterna.spec.results import Counts

from .event import EventEngine
from .golden import GoldenModel
from .layers import LayerEngine, examine
from .native import unavailable
from .neuron import Bits, Integers
from .state import Probe, Tick

logger = logging.getLogger(__name__)


class Engine(Protocol):
    """A running network; `sterna.model.state.State` documents each member.

    Every engine gives, at every tick, the spikes and potentials that the golden model gives.
    """

    name: str
    network: Network
    tick: int
    base: int
    due: Bits
    probe: Probe | None
    spikes_in: int
    spikes_routed: int
    spikes_out: int

    @property
    def potentials(self) -> list[Integers]:
        """Per core, int64 [neurons]: membrane potentials after the last tick."""
        ...

    def reset(self) -> None:
        """Back to tick 0: initial potentials, no spike on its way, counts 0."""
        ...

    def inject(self, core: int, axon: int, delay: int = 0) -> None:
        """Put one input spike on an axon, due `delay` ticks after the coming one."""
        ...

    def inject_all(self, spikes: npt.NDArray[Any]) -> None:
        """Put in many: rows of core, axon, delay."""
        ...

    def present(self, frame: npt.NDArray[Any]) -> None:
        """Put in a frame's spikes, due at the coming tick: bool or 0/1 [features]."""
        ...

    def step(self, frame: npt.NDArray[Any] | None = None) -> Tick:
        """Run one tick, after presenting `frame` if there is one."""
        ...

    def advance(self, ticks: int, frames: npt.NDArray[Any] | None = None) -> Counts:
        """Run ticks, presenting a frame in each of the first ones: int64 [ticks, lines]."""
        ...

    def stream(self, frames: npt.NDArray[Any]) -> Iterator[Tick]:
        """Run a tick for each frame, and yield all that happened."""
        ...


def _golden(network: Network, *, probe: Probe | None, threads: int | None) -> Engine:
    return GoldenModel(network, probe=probe)


def _auto(network: Network, *, probe: Probe | None, threads: int | None) -> Engine:
    if reason := unavailable():
        _say_once(reason)
        return GoldenModel(network, probe=probe)
    if (examined := examine(network)).reason is None:
        return LayerEngine(network, probe=probe, threads=threads, examined=examined)
    return EventEngine(network, probe=probe, threads=threads)


@functools.cache
def _say_once(reason: str) -> None:
    logger.warning("the golden model runs, which is slow: %s", reason)


#: Engines by name; `golden` is the definition, `auto` the fastest that can run the network.
ENGINES: dict[str, Callable[..., Engine]] = {
    "auto": _auto,
    "golden": _golden,
    "event": EventEngine,
    "layers": LayerEngine,
}


def open(
    network: Network | LayeredNetwork,
    *,
    engine: str = "auto",
    probe: Probe | None = None,
    threads: int | None = None,
) -> Engine:
    """Open a network in an engine, at tick 0.

    Parameters
    ----------
    network : to run; of layers, their expansion to explicit cores is run.
    engine : `golden`, the definition; `event`, any network spike by spike; `layers`, many ticks at
        once of networks whose neurons remember nothing; `auto`, the fastest of these that can run
        it. Without a C++ compiler `auto` is the golden model, and a warning is logged once.
    probe : called in every update of a core, with what acts on its neurons.
    threads : threads at most of a fast engine; by default as many as there are processors.

    Raises
    ------
    ConfigError : the engine does not exist, or cannot run the network.
    ToolError : the engine that was named needs a C++ compiler; says what to install.
    """
    if engine not in ENGINES:
        raise ConfigError(f"no engine {engine!r}; there are: {', '.join(ENGINES)}")
    if isinstance(network, LayeredNetwork):
        network = expand(network).network
    return ENGINES[engine](network, probe=probe, threads=threads)


#: Ticks that `run` does between two calls of `progress`.
_PIECE = 2048


def run(
    engine: Engine, frames: npt.NDArray[Any], *, progress: Callable[[int], None] | None = None
) -> Counts:
    """Run frames through an engine, one a tick: int64 [frames, lines], frame by frame.

    Row f holds the spikes that frame f gave, `latency` ticks after it went in, as those of
    `sterna.host.Device.run`. Empty frames follow the last one.

    Parameters
    ----------
    frames : bool or 0/1 [n, features].
    progress : called now and then with the number of frames that are done.
    """
    frames, latency = np.asarray(frames), engine.network.latency
    ticks = len(frames) + latency
    if progress is None:
        return engine.advance(ticks, frames)[latency:]
    spikes = [np.zeros((0, len(engine.network.output_class)), np.int64)]
    for at in range(0, ticks, _PIECE):
        spikes.append(engine.advance(min(_PIECE, ticks - at), frames[at : at + _PIECE]))
        progress(max(0, min(ticks, at + _PIECE) - latency))
    return np.concatenate(spikes)[latency:]
