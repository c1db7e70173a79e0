"""The layer engine: 512 ticks at once, for networks whose neurons remember nothing.

Where every neuron's potential is 0 again after each tick, and no core hears itself over any path,
a spike is a function of the spikes before it. Then a neuron's spikes in many ticks are worked out
together, a bit a tick, core after core in the order of data; a delay is a shift of bits. All
layered networks are of that kind, and so are the networks compiled from them.
"""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sterna.spec import OUTPUT, ConfigError, Network
from sterna.spec.network import IntArray
from sterna.spec.neuron import TYPE_COLUMNS
from sterna.spec.results import Counts

from .arrays import address
from .event import EventEngine
from .layer_tables import BLOCK, LayerTables
from .native import kernels
from .state import Probe, Tick

#: Blocks of one call, between two chances for Ctrl-C.
_BLOCKS = 4
#: Fewer ticks than these are quicker one by one.
_WORTH_A_BLOCK = 24


@dataclass(frozen=True)
class Examined:
    """Whether the layer engine can run a network.

    Members
    -------
    reason : None, or the reason why it cannot.
    level : int32 [cores] - how many cores come before each on the longest path to it.
    """

    reason: str | None
    level: IntArray


def examine(network: Network) -> Examined:
    """Find out whether the layer engine can run a network."""
    none = np.zeros(0, np.int32)
    used = network.types[np.unique(network.neuron_type)]
    column = dict(zip(TYPE_COLUMNS, used.T, strict=True))
    kinds = np.unique(network.axon_type).tolist()
    leaks = column["leak"] != 0
    if any((column[f"s{g}"] != 1).any() or column[f"b{g}"].any() for g in kinds):
        return Examined("it has weights other than those of the crossbar", none)
    if column["tm"].any() or (leaks & (column["c"] == 1)).any():
        return Examined("it has neurons that draw", none)
    remembers = (column["gamma"] != 0) | (column["reset"] != 0) | (column["beta"] != 0)
    remembers |= ~np.isin(column["alpha"], (0, 1)) | (leaks & (column["epsilon"] == 1))
    if remembers.any() or network.neuron_potential.any():
        return Examined("it has neurons that remember", none)
    level = _levels(network)
    if level is None:
        return Examined("it has a loop of cores", none)
    return Examined(None, level)


def _levels(network: Network) -> IntArray | None:
    """The longest path to each core; None if there is a loop.

    Cores that hear no core left are taken away, level by level; where none is to be taken, those
    left form a loop.
    """
    inner = network.targets[:, 2] != OUTPUT
    core, to_core = network.targets[inner][:, [0, 2]].T.astype(np.int64)
    core, to_core = np.divmod(np.unique(core * network.cores + to_core), max(1, network.cores))
    level = np.full(network.cores, -1, np.int32)
    left, number = np.ones(network.cores, np.bool_), 0
    while left.any():
        hears = np.bincount(to_core, minlength=network.cores) > 0
        if not (first := left & ~hears).any():
            return None
        level[first] = number
        left &= ~first
        core, to_core = core[left[core]], to_core[left[core]]
        number += 1
    return level


class LayerEngine(EventEngine):
    """A network without memory, run in blocks of ticks, or spike by spike where there are few.

    Parameters
    ----------
    threads : threads at most; by default as many as there are processors, fewer for few cores.
    examined : result of `examine` for the network, if known.

    Raises
    ------
    ConfigError : the network is of another kind; says why.
    ToolError : there is no C++ compiler, or it failed.
    """

    name = "layers"

    def __init__(
        self,
        network: Network,
        *,
        probe: Probe | None = None,
        threads: int | None = None,
        examined: Examined | None = None,
    ) -> None:
        found = examined or examine(network)
        if found.reason is not None:
            raise ConfigError(
                f"the layer engine cannot run network {network.name!r}: {found.reason}; use the "
                "engine 'event' or 'auto'"
            )
        super().__init__(network, probe=probe, threads=threads)
        self._layers = LayerTables(network, found.level)

    def advance(self, ticks: int, frames: npt.NDArray[Any] | None = None) -> Counts:
        """As `State.advance`, in blocks of ticks where they are worth it."""
        frames = self._frames(ticks, frames)
        if self.probe is not None or ticks < _WORTH_A_BLOCK:
            return super().advance(ticks, frames)
        piece = BLOCK * _BLOCKS
        return np.concatenate(
            [
                self._run_blocks(min(piece, ticks - at), frames[at : at + piece])
                for at in range(0, ticks, piece)
            ]
        )

    def stream(self, frames: npt.NDArray[Any]) -> Iterator[Tick]:
        """As `State.stream`, in blocks of ticks where they are worth it."""
        frames = self._frames(len(frames), frames)
        if self.probe is not None or len(frames) < _WORTH_A_BLOCK:
            yield from super().stream(frames)
            return
        tables = self._layers
        for at in range(0, len(frames), BLOCK):
            first, piece = self.tick, frames[at : at + BLOCK]
            tables.watch(axons=True)
            lines = self._run_blocks(len(piece), piece)
            tables.watch(axons=False)
            axons, spikes = tables.axons(), tables.spikes()
            still = [np.zeros(count, np.int64) for count in self.network.neurons.tolist()]
            for i in range(len(piece)):
                yield Tick(
                    first + i,
                    [one[:, i] for one in axons],
                    [one[:, i] for one in spikes],
                    [one.copy() for one in still],
                    lines[i],
                )

    def _run_blocks(self, ticks: int, frames: npt.NDArray[Any]) -> Counts:
        """Run ticks in blocks, in C++; spikes on their way are handed over at both ends."""
        tables = self._layers
        lines = np.zeros((ticks, len(self.network.output_class)), np.int64)
        counts = np.zeros(3, np.int64)
        bits = np.ascontiguousarray(frames, np.bool_)
        tables.due[:] = 0
        for ahead in range(self._slots):
            slot = self.due[(self.tick + ahead) % self._slots]
            tables.due |= slot[tables.used].astype(np.uint16) << np.uint16(ahead)
        kernels().sterna_layers(
            ctypes.byref(tables.structure),
            ctypes.c_int(self.threads),
            ctypes.c_int(ticks),
            ctypes.c_int(len(bits)),
            address(bits),
            address(lines),
            address(counts),
        )
        self._count(ticks, counts)
        self.due[:] = False
        for ahead in range(self._slots):
            slot = self.due[(self.tick + ahead) % self._slots]
            slot[tables.used] = tables.due >> np.uint16(ahead) & np.uint16(1)
        return lines
