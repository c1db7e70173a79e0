"""A network as the arrays that the layer engine's C++ reads; `native/layers.h` has its side."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sterna.spec import OUTPUT, Network
from sterna.spec.network import IntArray
from sterna.spec.neuron import TYPE_COLUMNS

from .arrays import address, aligned, as_structure, flat, starts

#: Ticks of a block, as in `native/layers.h`.
BLOCK = 512


class LayerTables:
    """The arrays of a network whose cores have the given levels, and its state.

    Members
    -------
    due : uint16 [all axons] - bit i: a spike is due i ticks after the coming one.
    used : bool [cores, axons of the hardware] - the axons in use, which are the entries of `due`.
    """

    def __init__(self, network: Network, level: IntArray) -> None:
        self.network = network
        axons, neurons = int(network.first_axon[-1]), int(network.first_neuron[-1])
        self.rows = aligned((network.features + neurons, BLOCK // 64), np.uint64)
        self.due_rows: npt.NDArray[Any] | None = None
        self.due = np.zeros(max(1, axons), np.uint16)[:axons]
        self.used = np.arange(network.hardware.axons) < network.axons[:, None]
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
                "cores": network.cores,
                "levels": int(level.max(initial=-1)) + 1,
                "lines": lines,
                "features": network.features,
            },
            {
                "order": flat(np.argsort(level, kind="stable")),
                "first_of_level": starts(np.bincount(level)),
                "crossbar": flat(network.core_crossbar),
                "axons": flat(network.axons),
                "neurons": flat(network.neurons),
                "first_axon": network.first_axon,
                "first_source": first_source,
                "source": source,
                "first_neuron": network.first_neuron,
                # the sum counts axons without a spike where the trit is -1
                "limit": flat(alpha - leak + minus),
                "fan_out": flat(np.bincount(number[~out], minlength=neurons)),
                "lines_out": flat(np.bincount(number[out], minlength=neurons)),
                "first_list": first_list,
                "list_start": list_start,
                "list": lists,
                "first_voter": starts(np.bincount(line[out], minlength=lines)),
                "voter": flat(number[out][order]),
                "inputs_of": flat(np.bincount(network.input_map[:, 0], minlength=network.features)),
                "rows": self.rows,
                "due_rows": None,
                "due": flat(self.due, np.uint16),
            },
        )

    def _sources(self, axons: int) -> tuple[Any, Any]:
        """The sources of each axon: rows and delays as words, and the first of each axon."""
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
        np.concatenate([none, *(minus[int(index)] for index in network.core_crossbar)]),
    )
