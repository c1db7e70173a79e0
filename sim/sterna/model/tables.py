"""A network as the arrays that the event engine's C++ reads; `native/network.h` has its side."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sterna.spec import OUTPUT, ConfigError, Network
from sterna.spec.network import IntArray
from sterna.spec.neuron import AXON_TYPES, TYPE_COLUMNS

from .arrays import aligned, as_structure, flat, starts

#: Axons and neurons of a core at most, and neurons computed at once.
MOST, LANES = 256, 16
#: Modes of a core's neurons, as in `native/network.h`.
WEIGHTED, DRAWN_SYNAPSES, LEAK, REVERSAL, NOISE, DRAWN_LEAK, ANY_RESET, LINEAR_RESET = (
    1 << i for i in range(8)
)
#: Axons of all cores, each with 256: a target's word has 28 bits for one.
_MOST_CORES = (1 << 28) // MOST - 1
#: In place of a neuron's only target: it has none, or several.
_SEVERAL = (1 << 32) - 1
#: Threshold of the neurons that fill a vector up: they never fire.
_NEVER = 1 << 30
#: Columns of a group of neurons, each [256], in the order of `native/network.h`.
_COLUMNS = (
    "leak",
    "epsilon",
    "alpha",
    "beta",
    "gamma",
    "kappa",
    "reset",
    "c",
    "mask",
    "s0",
    "s1",
    "s2",
    "s3",
    "b0",
    "b1",
    "b2",
    "b3",
)
_AT = {name: at for at, name in enumerate(_COLUMNS)}


class Tables:
    """The arrays of a network, and its state.

    Members
    -------
    first : int32 [cores + 1] - the first of each core's neurons, which are padded to `LANES`.
    potential : int32 [padded neurons].
    due : uint8 [slots, cores, 256].
    fired : uint64 [cores, 4] - a bit a neuron: those of the last tick.
    still : uint8 [cores] - a tick without input changes nothing.
    structure : all of it, for the C++.
    """

    def __init__(self, network: Network) -> None:
        cores, hardware = network.cores, network.hardware
        if cores > _MOST_CORES:
            raise ConfigError(f"{cores} cores, the event engine takes up to {_MOST_CORES}")
        self.network = network
        self.first = starts(-(-network.neurons // LANES) * LANES)
        padded = int(self.first[-1])
        self.potential = aligned((padded,), np.int32)
        self.due = aligned((hardware.delay_slots, cores, MOST), np.uint8)
        self.fired = aligned((cores, 4), np.uint64)
        self.still = np.zeros(cores, np.uint8)
        self.synaptic = aligned((padded,), np.int32)
        #: place of each neuron of the network among the padded ones
        self.place = np.arange(int(network.first_neuron[-1])) + np.repeat(
            self.first[:-1] - network.first_neuron[:-1], network.neurons
        )
        group, modes, groups = self._groups()
        first_row, rows = self._rows(group, modes, groups)
        types = np.full((cores, MOST), AXON_TYPES, np.uint8)
        types[np.arange(MOST) < network.axons[:, None]] = network.axon_type
        of_type = np.packbits(
            types[:, None, :] == np.arange(AXON_TYPES, dtype=np.uint8)[:, None],
            axis=2,
            bitorder="little",
        )
        target, targets, first_target = self._targets(padded)
        first_input, feature, axon = self._inputs()
        self.structure = as_structure(
            "Network",
            {
                "cores": cores,
                "slots": hardware.delay_slots,
                "axon_types": hardware.axon_types,
                "potential_min": hardware.potential_min,
                "potential_max": hardware.potential_max,
                "lines": len(network.output_class),
            },
            {
                "axons": flat(network.axons),
                "neurons": flat(network.neurons),
                "first": self.first,
                "group": flat(group),
                "modes": flat(modes),
                "seed": flat(network.core_seed, np.uint32),
                "axon_types_of": of_type,
                "groups": groups,
                "first_row": flat(first_row, np.int64),
                "rows": rows,
                "target": target,
                "targets": targets,
                "first_target": first_target,
                "first_input": first_input,
                "input_feature": feature,
                "input_axon": axon,
                "potential": self.potential,
                "due": self.due,
                "fired": self.fired,
                "still": self.still,
                "synaptic": None,
            },
        )

    def reset(self) -> None:
        """Initial potentials; what is due is not touched."""
        self.potential[:] = 0
        self.potential[self.place] = self.network.neuron_potential
        self.still[:] = 0
        self.fired[:] = 0

    def watch(self, *, sums: bool) -> None:
        """Ask for the synaptic input of every neuron in `synaptic`, or not."""
        self.structure.synaptic = self.synaptic.ctypes.data if sums else None

    def _groups(self) -> tuple[Any, Any, Any]:
        """Each core's group of neuron parameters, its modes, and the groups [n, 17, 256]."""
        network = self.network
        number: dict[bytes, int] = {}
        seen: dict[tuple[int, tuple[int, ...]], int] = {}
        groups: list[npt.NDArray[np.int32]] = []
        group, modes = (np.zeros(network.cores, np.int32) for _ in range(2))
        plain_axons = not network.axon_type.any()
        for core in range(network.cores):
            span = slice(network.first_neuron[core], network.first_neuron[core + 1])
            index = network.neuron_type[span]
            key = index.tobytes()
            if key not in number:
                number[key] = len(groups)
                groups.append(_group(network.types[index]))
            group[core] = at = number[key]
            used = (0,) if plain_axons else tuple(set(network.axon_types(core).tolist()))
            if (at, used) not in seen:
                seen[at, used] = _modes(groups[at][:, : len(index)], used)
            modes[core] = seen[at, used]
        stacked = aligned((max(1, len(groups)), len(_COLUMNS), MOST), np.int32)
        for at, one in enumerate(groups):
            stacked[at] = one
        return group, modes, stacked

    def _rows(self, group: Any, modes: Any, groups: Any) -> tuple[Any, Any]:
        """The crossbars as bits, uint64 [rows, 8], and the first row of each core.

        Weights that are all -1, 0 or 1 go into a core's rows, and it is WEIGHTED no more.
        """
        network = self.network
        number: dict[tuple[int, int, bytes], int] = {}
        crossbars: list[npt.NDArray[np.int8]] = []
        of_core: list[int] = []
        s0 = _AT["s0"]
        indices: list[int] = network.core_crossbar.tolist()
        for core, index in enumerate(indices):
            one, key = network.crossbars[index], (index, -1, b"")
            if modes[core] & WEIGHTED and not modes[core] & DRAWN_SYNAPSES:
                types = network.axon_types(core)
                s: IntArray = groups[group[core], s0 : s0 + AXON_TYPES, : one.shape[1]][types]
                if not (np.abs(s) > 1).any():
                    one, key = (one * s).astype(np.int8), (index, int(group[core]), types.tobytes())
                    modes[core] &= ~WEIGHTED
            if key not in number:
                number[key] = len(crossbars)
                crossbars.append(one)
            of_core.append(number[key])
        first = starts(np.array([len(one) for one in crossbars], np.int64), np.int64)
        return first[of_core], _as_bits(crossbars, first)

    def _targets(self, padded: int) -> tuple[Any, Any, Any]:
        """Each neuron's only target as a word, all targets, and the first of each neuron."""
        core, neuron, to_core, place, delay = self.network.targets.T
        source = self.first[core] + neuron
        order = np.argsort(source, kind="stable")
        axon = np.where(to_core == OUTPUT, 0, to_core) * MOST + place
        words = delay.astype(np.uint32) << np.uint32(28) | axon.astype(np.uint32)
        many = np.bincount(source, minlength=padded)
        first, words = starts(many), flat(words[order], np.uint32)
        only = np.full(padded, _SEVERAL, np.uint32)
        only[many == 1] = words[first[:-1][many == 1]]
        return only, words, first

    def _inputs(self) -> tuple[Any, Any, Any]:
        """Each core's first input, and the feature and axon of all."""
        feature, core, axon = self.network.input_map.T
        order = np.argsort(core, kind="stable")
        first = starts(np.bincount(core, minlength=self.network.cores))
        return first, flat(feature[order]), flat((core * MOST + axon)[order])


def _as_bits(crossbars: list[npt.NDArray[np.int8]], first: npt.NDArray[np.int64]) -> Any:
    """Rows of trits as bits: where they are +1, and where they are not -1."""
    rows = aligned((int(first[-1]), 2, 32), np.uint8)
    rows[:, 1] = 0xFF  # no trit is 0: it counts as +1 - 1
    for at, one in zip(first.tolist(), crossbars, strict=False):
        width = -(-one.shape[1] // 8)
        here = rows[at : at + len(one)]
        here[:, 0, :width] = np.packbits(one > 0, axis=1, bitorder="little")
        here[:, 1, :width] = ~np.packbits(one < 0, axis=1, bitorder="little")
    return rows


def _group(rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Parameters of a core's neurons, from their rows of `types`: int32 [17, 256]."""
    columns = dict(zip(TYPE_COLUMNS, rows.T, strict=True))
    columns["mask"] = (1 << columns["tm"]) - 1
    result = np.zeros((len(_COLUMNS), MOST), np.int32)
    result[_AT["alpha"]], result[_AT["kappa"]] = _NEVER, 1
    for at, name in enumerate(_COLUMNS):
        result[at, : len(rows)] = columns[name]
    return result


def _modes(group: npt.NDArray[np.int32], used: tuple[int, ...]) -> int:
    """Modes of a core's neurons, int32 [17, neurons], whose axons are of the types `used`."""
    column = {name: group[at] for name, at in _AT.items()}
    weights = [g for g in used if g < AXON_TYPES]
    leak = column["leak"] != 0
    plain, linear = (
        bool(((column["gamma"] == gamma) & (column["kappa"] == 1)).all()) for gamma in (0, 1)
    )
    conditions = {
        WEIGHTED: any((column[f"s{g}"] != 1).any() for g in weights),
        DRAWN_SYNAPSES: any(column[f"b{g}"].any() for g in weights),
        LEAK: leak.any(),
        REVERSAL: (leak & (column["epsilon"] + column["c"] > 0)).any(),
        NOISE: column["mask"].any(),
        DRAWN_LEAK: (leak & (column["c"] != 0)).any(),
        ANY_RESET: not plain and not linear,
        LINEAR_RESET: linear,
    }
    return sum(mode for mode, there in conditions.items() if there)
