"""Engines run a network tick by tick: the golden model, and those proved equal to it."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sterna.spec import ConfigError, Network
from sterna.spec.results import Counts, by_frame, with_latency

from .golden import GoldenModel, Tick
from .neuron import Integers


class Engine(Protocol):
    """A running network; `GoldenModel` documents each member.

    Every engine gives, at every tick, the spikes and potentials that the golden model gives.
    """

    network: Network
    tick: int
    base: int
    potentials: list[Integers]
    spikes_in: int
    spikes_routed: int
    spikes_out: int

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


#: Engines by name; the first is the definition.
ENGINES: dict[str, Callable[[Network], Engine]] = {"golden": GoldenModel}


def open(network: Network, *, engine: str = "golden") -> Engine:
    """Open a network in an engine, at tick 0; raises ConfigError if the engine does not exist."""
    if engine not in ENGINES:
        raise ConfigError(f"no engine {engine!r}; there are: {', '.join(ENGINES)}")
    return ENGINES[engine](network)


def run(engine: Engine, frames: npt.NDArray[Any]) -> Counts:
    """Run frames through an engine, one a tick: int64 [frames, lines], frame by frame.

    Row f holds the spikes that frame f gave, `latency` ticks after it went in, as those of
    `sterna.host.Device.run`. Empty frames follow the last one.

    Parameters
    ----------
    frames : bool or 0/1 [n, features].
    """
    frames = np.asarray(frames)
    lines = [engine.step(frame).lines for frame in with_latency(engine.network, frames)]
    return by_frame(engine.network, lines)
