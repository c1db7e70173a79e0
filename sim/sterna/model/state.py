"""The state that all engines share: spikes on their way, counts, and the ways to put spikes in."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sterna.spec import DataError, Network
from sterna.spec.frames import check_frames
from sterna.spec.results import Counts

from .neuron import Bits, Draws, Integers

#: Called for each core and tick before its update: core, potentials before, synaptic input, draws.
Probe = Callable[[int, Integers, Integers, Draws], None]


@dataclass(frozen=True)
class Tick:
    """Everything that happened in one tick.

    Members
    -------
    tick : its number, from 0.
    axons : per core, bool [axons] - spikes due.
    spikes : per core, bool [neurons] - which neurons fired.
    potentials : per core, int64 [neurons] - membrane potentials after the tick.
    lines : int64 [lines] - spikes sent on each output line.
    """

    tick: int
    axons: list[Bits]
    spikes: list[Bits]
    potentials: list[Integers]
    lines: Integers

    @property
    def active(self) -> list[int]:
        """Axons with a spike due, core by core."""
        return [int(axons.sum()) for axons in self.axons]

    def active_by_type(self, network: Network) -> list[list[int]]:
        """Axons with a spike due, core by core and axon type by axon type."""
        return [
            np.bincount(network.axon_types(core)[axons], minlength=1).tolist()
            for core, axons in enumerate(self.axons)
        ]


class State(ABC):
    """A network, its tick, and the spikes on their way to its axons.

    Spikes due are kept as bits, one per delay slot, core and axon: two spikes due on one axon at
    one tick are one. Slot `t mod delay_slots` holds what is due at tick t.

    Members
    -------
    network : that is run.
    tick : ticks done.
    base : tick that counts as 0 in the draws.
    due : bool [slots, cores, axons of the hardware] - spikes on their way; may be written. What
        lies on axons that a core does not use goes nowhere.
    probe : called in every update, if it is not None.
    spikes_in, spikes_routed, spikes_out : counts since `reset`, as a device's counters: spikes put
        in by the host, sent to axons (one a target), sent on output lines.
    """

    name = ""

    def __init__(self, network: Network, due: Bits, probe: Probe | None = None) -> None:
        self.network = network
        self.due = due
        self.probe = probe
        self.tick: int = 0
        self.base: int = 0
        self.spikes_in = self.spikes_routed = self.spikes_out = 0
        self._slots = network.hardware.delay_slots
        self._feature, self._in_core, self._in_axon = network.input_map.T

    def reset(self) -> None:
        """Back to tick 0: initial potentials, no spike on its way, counts 0."""
        self.tick = self.base = 0
        self.due[:] = False
        self.spikes_in = self.spikes_routed = self.spikes_out = 0

    def inject(self, core: int, axon: int, delay: int = 0) -> None:
        """Put one input spike on an axon, due `delay` ticks after the coming one.

        Raises ConfigError if the core, the axon or the delay (0..max_delay) does not exist.
        """
        self.network.check_spike(core, axon, delay)
        self.due[(self.tick + delay) % self._slots, core, axon] = True
        self.spikes_in += 1

    def inject_all(self, spikes: npt.NDArray[Any]) -> None:
        """Put in many: rows of core, axon, delay; as `inject`, and as fast as one."""
        core, axon, delay = spikes.T
        exists = (0 <= core) & (core < self.network.cores) & (0 <= delay) & (delay < self._slots)
        exists &= (0 <= axon) & (axon < self.network.axons[np.where(exists, core, 0)])
        if not exists.all():
            self.network.check_spike(*spikes[~exists][0].tolist())
        self.due[(self.tick + delay) % self._slots, core, axon] = True
        self.spikes_in += len(spikes)

    def present(self, frame: npt.NDArray[Any]) -> None:
        """Put in a frame's spikes, due at the coming tick: bool or 0/1 [features]."""
        on = check_frames(frame, (self.network.features,), floats=True)[self._feature]
        self.due[self.tick % self._slots, self._in_core[on], self._in_axon[on]] = True
        self.spikes_in += int(on.sum())

    @abstractmethod
    def step(self, frame: npt.NDArray[Any] | None = None) -> Tick:
        """Run one tick, after presenting `frame` if there is one."""

    def advance(self, ticks: int, frames: npt.NDArray[Any] | None = None) -> Counts:
        """Run ticks and return the spikes on the output lines: int64 [ticks, lines].

        Parameters
        ----------
        frames : bool or 0/1 [n, features] - presented one a tick, from the first tick on; at most
            as many as there are ticks.
        """
        frames = self._frames(ticks, frames)
        lines = np.zeros((ticks, len(self.network.output_class)), np.int64)
        for i in range(ticks):
            lines[i] = self.step(frames[i] if i < len(frames) else None).lines
        return lines

    def stream(self, frames: npt.NDArray[Any]) -> Iterator[Tick]:
        """Run a tick for each frame, bool or 0/1 [n, features], and yield all that happened.

        Ticks may be done before they are yielded: take all of them.
        """
        for frame in self._frames(len(frames), frames):
            yield self.step(frame)

    def _frames(self, ticks: int, frames: npt.NDArray[Any] | None) -> Bits:
        """Frames as bool, or none; raises DataError if shape, type or a value is wrong."""
        features = self.network.features
        if frames is None:
            return np.zeros((0, features), np.bool_)
        frames = np.asarray(frames)
        if frames.ndim != 2 or len(frames) > ticks:
            raise DataError(
                f"frames must have shape [up to {ticks}, {features}], not {list(frames.shape)}"
            )
        return check_frames(frames, (None, features), floats=True)
