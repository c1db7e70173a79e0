"""The event engine: any network, spike by spike, in C++, equal to the golden model."""

import ctypes
import os
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from sterna.spec import Network
from sterna.spec.results import Counts

from .arrays import address
from .native import kernels
from .neuron import NO_DRAWS, Bits, Integers, NeuronParameters, neuron_draws
from .state import Probe, State, Tick
from .tables import MOST, Tables

#: Cores that a thread must have: with fewer the threads wait longer for each other than they save.
_CORES_A_THREAD = 8
#: Core ticks of a call that are worth the start of a thread.
_WORTH_THREADS = 2048
#: Core ticks of one call, between two chances for Ctrl-C: a tenth of a second or two.
_CORE_TICKS = 1 << 20
#: Counts of output lines of one call: each thread has its own, 8 bytes each.
_COUNTS = 1 << 22


def processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class EventEngine(State):
    """A network run spike by spike; `State` documents its members.

    Parameters
    ----------
    threads : threads at most; by default as many as there are processors, fewer for few cores.

    Raises
    ------
    ToolError : there is no C++ compiler, or it failed.
    """

    name = "event"

    def __init__(
        self, network: Network, *, probe: Probe | None = None, threads: int | None = None
    ) -> None:
        self._library = kernels()
        self._tables = Tables(network)
        axons = network.hardware.axons
        super().__init__(network, self._tables.due.view(np.bool_)[:, :, :axons], probe)
        wanted = processors() if threads is None else threads
        self.threads = max(
            1, min(wanted, network.cores // _CORES_A_THREAD if threads is None else network.cores)
        )
        self._bounds = {count: self._shares(count) for count in {1, self.threads}}
        self._edges = list(pairwise(network.first_neuron.tolist()))
        self.reset()

    def _shares(self, threads: int) -> npt.NDArray[np.int32]:
        """The first core of each thread, of about equal neurons; last: their count."""
        first = self._tables.first
        inner: list[int] = np.searchsorted(
            first[:-1], int(first[-1]) * np.arange(1, threads) // threads
        ).tolist()
        return np.concatenate([[0], inner, [self.network.cores]]).astype(np.int32)

    def reset(self) -> None:
        """Back to tick 0: initial potentials, no spike on its way, counts 0."""
        super().reset()
        self._tables.reset()

    @property
    def potentials(self) -> list[Integers]:
        """Per core, int64 [neurons]: membrane potentials after the last tick; a copy."""
        values = self._tables.potential[self._tables.place].astype(np.int64)
        return [values[a:b] for a, b in self._edges]

    def step(self, frame: npt.NDArray[Any] | None = None) -> Tick:
        """Run one tick, after presenting `frame` if there is one."""
        if frame is not None:
            self.present(frame)
        network, tables = self.network, self._tables
        watched = self.probe is not None
        number, before = self.tick, self.potentials if watched else []
        due = self.due[number % self._slots].copy()
        axons = [row[:count] for row, count in zip(due, network.axons.tolist(), strict=True)]
        tables.watch(sums=watched)
        lines = self._run(1, np.zeros((0, network.features), np.bool_))[0]
        tables.watch(sums=False)
        if watched:
            self._tell(number, before)
        return Tick(number, axons, self._spikes(), self.potentials, lines)

    def advance(self, ticks: int, frames: npt.NDArray[Any] | None = None) -> Counts:
        """As `State.advance`, in C++."""
        frames = self._frames(ticks, frames)
        if self.probe is not None:
            return super().advance(ticks, frames)
        piece = max(
            16,
            min(
                _CORE_TICKS // max(1, self.network.cores),
                _COUNTS // max(1, len(self.network.output_class)),
            ),
        )
        lines = [
            self._run(min(piece, ticks - at), frames[at : at + piece])
            for at in range(0, ticks, piece)
        ]
        return np.concatenate([np.zeros((0, len(self.network.output_class)), np.int64), *lines])

    def _run(self, ticks: int, frames: npt.NDArray[Any]) -> Counts:
        """Run ticks in C++."""
        lines = np.zeros((ticks, len(self.network.output_class)), np.int64)
        counts = np.zeros(3, np.int64)
        threads = self.threads if ticks * self.network.cores >= _WORTH_THREADS else 1
        bits = np.ascontiguousarray(frames, np.bool_)
        self._library.sterna_event(
            ctypes.byref(self._tables.structure),
            ctypes.c_int(threads),
            address(self._bounds[threads]),
            ctypes.c_int64(self.tick),
            ctypes.c_uint32((self.tick - self.base) & 0xFFFFFFFF),
            ctypes.c_int(ticks),
            ctypes.c_int(len(bits)),
            ctypes.c_int(self.network.features),
            address(bits),
            address(lines),
            address(counts),
        )
        self._count(ticks, counts)
        return lines

    def _count(self, ticks: int, counts: npt.NDArray[np.int64]) -> None:
        self.tick += ticks
        seen, routed, out = counts.tolist()
        self.spikes_in += seen
        self.spikes_routed += routed
        self.spikes_out += out

    def _spikes(self) -> list[Bits]:
        """Which neurons fired in the last tick, core by core."""
        bits = np.unpackbits(self._tables.fired.view(np.uint8), axis=None, bitorder="little")
        rows = bits.view(np.bool_).reshape(-1, MOST)
        return [row[:count] for row, count in zip(rows, self.network.neurons.tolist(), strict=True)]

    def _tell(self, tick: int, before: list[Integers]) -> None:
        """Call the probe for each core, as the golden model does before its update."""
        assert self.probe is not None
        sums = self._tables.synaptic[self._tables.place].astype(np.int64)
        for core, (a, b) in enumerate(self._edges):
            p = NeuronParameters(self.network.types[self.network.neuron_type[a:b]])
            seed = int(self.network.core_seed[core])
            draws = neuron_draws(seed, tick - self.base, b - a) if p.drawn else NO_DRAWS
            self.probe(core, before[core], sums[a:b], draws)
