"""The layer engine: 512 ticks at once, for networks whose neurons remember nothing.

Where every neuron's potential is 0 again after each tick, and no core hears itself over any path,
a spike is a function of the spikes before it. Then a neuron's spikes in many ticks are worked out
together, a bit a tick, core after core in the order of data; a delay is a shift of bits. All
layered networks are of that kind, and so are the networks compiled from them.
"""

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from sterna.spec import OUTPUT, ConfigError, Network
from sterna.spec.neuron import TYPE_COLUMNS
from sterna.spec.results import Counts

from .event import EventEngine, address
from .native import kernels
from .state import Probe, Tick
from .tables import aligned, as_structure, flat, starts

#: Ticks of a block, as in `native/layers.h`.
BLOCK = 512
#: Blocks of one call, between two chances for Ctrl-C.
_BLOCKS = 4
#: Fewer ticks than these are quicker one by one.
_WORTH_A_BLOCK = 24


def ineligible(network: Network) -> str | None:
    """None if the layer engine can run the network, else the reason."""
    used = network.types[np.unique(network.neuron_type)]
    column = dict(zip(TYPE_COLUMNS, used.T, strict=True))
    kinds = [f"s{g}" for g in np.unique(network.axon_type).tolist()]
    drawn = [f"b{g}" for g in np.unique(network.axon_type).tolist()]
    leaks = column["leak"] != 0
    if any((column[s] != 1).any() for s in kinds) or any(column[b].any() for b in drawn):
        return "it has weights other than those of the crossbar"
    if column["tm"].any() or (leaks & (column["c"] == 1)).any():
        return "it has neurons that draw"
    remembers = (column["gamma"] != 0) | (column["reset"] != 0) | (column["beta"] != 0)
    remembers |= ~np.isin(column["alpha"], (0, 1)) | (leaks & (column["epsilon"] == 1))
    if remembers.any() or network.neuron_potential.any():
        return "it has neurons that remember"
    if _levels(network) is None:
        return "it has a loop of cores"
    return None


def _levels(network: Network) -> npt.NDArray[np.int32] | None:
    """How many cores come before each core on the longest path to it; None if there is a loop."""
    inner = network.targets[:, 2] != OUTPUT
    edges = np.unique(network.targets[inner][:, [0, 2]], axis=0)
    level = np.zeros(network.cores, np.int32)
    for _ in range(network.cores + 1):
        before = level.copy()
        np.maximum.at(level, edges[:, 1], level[edges[:, 0]] + 1)
        if np.array_equal(level, before):
            return level
    return None


class LayerEngine(EventEngine):
    """A network without memory, run in blocks of ticks, or spike by spike where there are few.

    Parameters
    ----------
    threads : threads at most; by default as many as there are processors.

    Raises
    ------
    ConfigError : the network is of another kind; says why.
    ToolError : there is no C++ compiler, or it failed.
    """

    name = "layers"

    def __init__(
        self, network: Network, *, probe: Probe | None = None, threads: int | None = None
    ) -> None:
        if reason := ineligible(network):
            raise ConfigError(
                f"the layer engine cannot run network {network.name!r}: {reason}; use the engine "
                "'event' or 'auto'"
            )
        super().__init__(network, probe=probe, threads=threads)
        self._layers = _Tables(network)

    def advance(self, ticks: int, frames: npt.NDArray[Any] | None = None) -> Counts:
        frames = self._frames(ticks, frames)
        if self.probe or ticks < _WORTH_A_BLOCK:
            return super().advance(ticks, frames)
        piece = BLOCK * _BLOCKS
        return np.concatenate([
            self._run_blocks(min(piece, ticks - at), frames[at : at + piece])
            for at in range(0, ticks, piece)
        ])  # fmt: skip

    def stream(self, frames: npt.NDArray[Any]) -> Iterator[Tick]:
        frames = self._frames(len(frames), frames)
        if self.probe or len(frames) < _WORTH_A_BLOCK:
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
                    first + i, [one[:, i] for one in axons], [one[:, i] for one in spikes],
                    [one.copy() for one in still], lines[i],
                )  # fmt: skip

    def _run_blocks(self, ticks: int, frames: npt.NDArray[Any]) -> Counts:
        """Run ticks in blocks, in C++; spikes on their way are handed over at both ends."""
        tables = self._layers
        lines = np.zeros((ticks, len(self.network.output_class)), np.int64)
        counts = np.zeros(3, np.int64)
        bits = np.ascontiguousarray(frames != 0)
        tables.due[:] = 0
        for ahead in range(self._slots):
            slot = self.due[(self.tick + ahead) % self._slots]
            tables.due |= slot[tables.used].astype(np.uint16) << np.uint16(ahead)
        kernels().sterna_layers(
            ctypes.byref(tables.structure), ctypes.c_int(self.threads), ctypes.c_int(ticks),
            ctypes.c_int(len(bits)), address(bits), address(lines), address(counts),
        )  # fmt: skip
        self._count(ticks, counts)
        self.due[:] = False
        for ahead in range(self._slots):
            slot = self.due[(self.tick + ahead) % self._slots]
            slot[tables.used] = tables.due >> np.uint16(ahead) & np.uint16(1)
        return lines


class _Tables:
    """The arrays that the C++ reads; `native/layers.h` has its side.

    Members
    -------
    due : uint16 [all axons] - bit i: a spike is due i ticks after the coming one.
    used : bool [cores, axons of the hardware] - the axons in use, which are the entries of `due`.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        axons, neurons = int(network.first_axon[-1]), int(network.first_neuron[-1])
        self.rows = aligned((network.features + neurons, BLOCK // 64), np.uint64)
        self.due_rows: npt.NDArray[Any] | None = None
        self.due = np.zeros(max(1, axons), np.uint16)[:axons]
        self.used = np.arange(network.hardware.axons) < network.axons[:, None]
        level = _levels(network)
        assert level is not None
        first_list, list_start, lists, minus = _lists(network)
        first_source, source = self._sources(axons)
        core, neuron, to_core, line, _ = network.targets.T
        number = network.first_neuron[core] + neuron
        out = to_core == OUTPUT
        order = np.argsort(line[out], kind="stable")
        lines = len(network.output_class)
        alpha, leak = (
            network.types[network.neuron_type, TYPE_COLUMNS.index(name)]
            for name in ("alpha", "leak")
        )
        self.structure = as_structure(
            "Layers",
            {
                "cores": network.cores, "levels": int(level.max(initial=-1)) + 1, "lines": lines,
                "features": network.features,
            },
            {
                "order": flat(np.argsort(level, kind="stable")),
                "first_of_level": starts(np.bincount(level)),
                "crossbar": flat(network.core_crossbar), "axons": flat(network.axons),
                "neurons": flat(network.neurons), "first_axon": network.first_axon,
                "first_source": first_source, "source": source,
                "first_neuron": network.first_neuron,
                # the sum counts axons without a spike where the trit is -1
                "limit": flat(alpha - leak + minus),
                "fan_out": flat(np.bincount(number[~out], minlength=neurons)),
                "lines_out": flat(np.bincount(number[out], minlength=neurons)),
                "first_list": first_list, "list_start": list_start, "list": lists,
                "first_voter": starts(np.bincount(line[out], minlength=lines)),
                "voter": flat(number[out][order]),
                "inputs_of": flat(
                    np.bincount(network.input_map[:, 0], minlength=network.features)
                ),
                "rows": self.rows, "due_rows": None, "due": flat(self.due, np.uint16),
            },
        )  # fmt: skip

    def _sources(self, axons: int) -> tuple[Any, Any]:
        """What each axon hears: rows and delays as words, and the first of each axon."""
        network = self.network
        feature, in_core, in_axon = network.input_map.T
        targets = network.targets[network.targets[:, 2] != OUTPUT]
        core, neuron, to_core, to_axon, delay = targets.T
        row = network.features + network.first_neuron[core] + neuron
        axon = np.concatenate(
            [network.first_axon[in_core] + in_axon, network.first_axon[to_core] + to_axon]
        )
        words = np.concatenate([feature << 4, row.astype(np.int64) << 4 | delay])
        order = np.argsort(axon, kind="stable")
        return starts(np.bincount(axon, minlength=axons)), flat(words[order], np.uint32)

    def watch(self, *, axons: bool) -> None:
        """Ask for what was due on each axon, or not."""
        if axons and self.due_rows is None:
            self.due_rows = aligned((max(1, len(self.due)), BLOCK // 64), np.uint64)
        self.structure.due_rows = (
            address(self.due_rows) if axons and self.due_rows is not None else None
        )

    def axons(self) -> list[npt.NDArray[np.bool_]]:
        """Per core, bool [axons, ticks of a block]: what was due in the last block."""
        assert self.due_rows is not None
        return _unpacked(self.due_rows, self.network.first_axon)

    def spikes(self) -> list[npt.NDArray[np.bool_]]:
        """Per core, bool [neurons, ticks of a block]: which neurons fired in the last block."""
        return _unpacked(self.rows[self.network.features :], self.network.first_neuron)


def _unpacked(rows: npt.NDArray[Any], first: npt.NDArray[Any]) -> list[npt.NDArray[np.bool_]]:
    bits = np.unpackbits(rows.view(np.uint8), axis=1, bitorder="little").view(np.bool_)
    return np.split(bits[: first[-1]], first[1:-1])


def _lists(network: Network) -> tuple[Any, Any, Any, npt.NDArray[np.int64]]:
    """The trits of each neuron of each crossbar as lists of axons, filled up to eights.

    Returns
    -------
    The first neuron of each crossbar in the second; where each neuron's list begins; the lists:
    axons with +1, axons of the crossbar + axons with -1, twice the axons in place of nothing; how
    many -1 each neuron of the network has.
    """
    lists: list[npt.NDArray[np.uint16]] = []
    begins: list[npt.NDArray[np.int64]] = []
    minus: list[npt.NDArray[np.int64]] = []
    total = 0
    for crossbar in network.crossbars:
        axons, neurons = crossbar.shape
        neuron, axon = np.nonzero(crossbar.T)
        entry = axon + axons * (crossbar.T[neuron, axon] < 0)
        count = np.bincount(neuron, minlength=neurons)
        begin = starts(-(-count // 8) * 8, np.int64)
        here = np.full(int(begin[-1]), 2 * axons, np.uint16)
        here[begin[neuron] + np.arange(len(neuron)) - starts(count)[neuron]] = entry
        lists.append(here)
        begins.append(begin + total)
        minus.append((crossbar < 0).sum(axis=0))
        total += len(here)
    first = starts(np.array([len(begin) for begin in begins], np.int64), np.int64)
    none = np.zeros(0, np.int64)
    return (
        first,
        flat(np.concatenate([none, *begins]), np.int64),
        flat(np.concatenate([none, *lists]), np.uint16),
        np.concatenate([none, *(minus[index] for index in network.core_crossbar.tolist())]),
    )
