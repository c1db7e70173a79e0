"""Reads the model files of IBM's TrueNorth tools, Sterna's own among them: see `ibm_file`."""

import functools
import re
from pathlib import Path
from typing import Any, cast

import numpy as np

from sterna.spec import (
    OUTPUT,
    ConfigError,
    DataError,
    Hardware,
    Network,
    NetworkError,
    NeuronType,
)
from sterna.spec.reading import read_file

from .ibm_file import ABSENT, FIRST_OUTPUT, FORM, SIZE, UNCONNECTED
from .ibm_json import Object, WithCores, read_json
from .ibm_parts import crossbar_rows, dendrites, get, integer, neuron_row, type_name
from .ibm_runs import unpack
from .truenorth import TRUENORTH

#: Bytes, and cores, of a file at most.
MOST_BYTES = 1 << 28
MOST_CORES = 1 << 16
#: The name of a type holds its number.
_NAME = re.compile("N([0-9A-Fa-f]{1,8})")
#: A neuron that is not there: it hears nothing and never fires.
_NO_NEURON = NeuronType(alpha=(1 << 18) - 1, s0=0, s1=0, s2=0, s3=0)


def read_ibm(path: str | Path) -> Network:
    """Read a model file as a network for hardware with TrueNorth's neuron.

    A file that Sterna wrote is the network that was written, to its content hash. In any other file
    every core has 256 axons and neurons, of which those of type 0 never fire; every axon that no
    neuron sends to is a feature of the frame, in order of cores and axons; and a spike that leaves
    the chip for core -32 - c and axon a goes to line 256 c + a, of no class.

    Raises
    ------
    NetworkError : names the file, the core or type, and what is wrong: absent, too large, no JSON,
        a part missing or of another form, a spike to a core or an axon that is not there.
    """
    try:
        return parse_ibm(read_file(path, MOST_BYTES).decode())
    except DataError as error:
        raise NetworkError(str(error)) from None
    except UnicodeError as error:
        raise NetworkError(f"{path}: cannot be read ({error})") from None
    except ConfigError as error:
        raise NetworkError(f"{path}: {error}") from None


def parse_ibm(text: str) -> Network:
    """The network of a model file's text; raises NetworkError as `read_ibm`, and names no file."""
    model = read_json(text)
    if not isinstance(model, WithCores) or "crossbarTypes" not in model:
        raise NetworkError("no model file of IBM's tools: it has no crossbarTypes or no core")
    return _Reader(model).network()


class _Reader:
    """The parts of a network, one after another."""

    def __init__(self, model: WithCores) -> None:
        self._model = model
        self._own: Object | None = (
            get(model, "sterna", dict, "model") if "sterna" in model else None
        )
        # files of Sterna before form 2 had types by their place, and R itself for VR
        form = integer(self._own, "form", "sterna") if self._own and "form" in self._own else 1
        if form > FORM:
            raise NetworkError(
                f"sterna: form {form}; this Sterna reads up to {FORM}: use a newer one"
            )
        self._by_name = self._own is None or form == FORM
        self._core_list = model.cores
        count = len(self._core_list)
        general = model.get("model")
        stated = general.get("coreCount", count) if isinstance(general, dict) else count
        if stated != count:
            raise NetworkError(f"coreCount is {stated!r:.60} for {count:,} cores: the file is cut")
        if count > MOST_CORES:
            raise NetworkError(f"{count:,} cores, the limit is {MOST_CORES:,}")
        self._axons, self._neurons = (self._sizes(name, count) for name in ("axons", "neurons"))

    def _sizes(self, name: str, count: int) -> np.ndarray:
        sizes = [SIZE] * count if self._own is None else unpack(self._own.get(name), count, name)
        found = np.array(sizes, np.int64)
        if ((found < 1) | (found > SIZE)).any():
            raise NetworkError(f"{name}: a core has 1..{SIZE} of them")
        return found

    def network(self) -> Network:
        own = self._own or {}
        hardware = Hardware.from_dict(own["hardware"]) if "hardware" in own else TRUENORTH
        crossbars, core_crossbar, axon_type = self._crossbars()
        types, neuron_type, potential = self._types()
        targets, lines = self._targets()
        features, inputs = self._inputs(targets)
        classes = np.full(lines, -1)
        if self._own is not None:
            count = integer(own, "lines", "sterna")
            classes = np.array(unpack(own.get("outputClass"), count, "outputClass"), np.int64)
        return Network(
            name=own.get("name", "truenorth"),
            hardware=hardware,
            crossbars=crossbars,
            core_crossbar=core_crossbar,
            types=types,
            neuron_type=neuron_type,
            neuron_potential=potential,
            targets=targets,
            features=features,
            input_map=inputs,
            output_class=classes.astype(np.int32),
            latency=own.get("latency", 0),
            axon_type=axon_type,
            core_seed=np.array(
                [
                    integer(core, "rngSeed", f"core {at}", 0xFFFFFFFF) & 0xFFFFFFFF
                    for at, core in enumerate(self._core_list)
                ],
                np.uint32,
            ),
            provenance=own.get("provenance", {}),
        )

    def _crossbars(self) -> tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray]:
        """Distinct crossbars, each core's, and the types of all axons."""
        library: dict[str, tuple[int, np.ndarray, np.ndarray]] = {}
        entries = get(self._model, "crossbarTypes", list, "model")
        for at, entry in enumerate(entries):
            where = f"crossbarTypes[{at}]"
            name = get(entry, "name", str, where)
            if name in library:
                raise NetworkError(f"two crossbarTypes are named {name!r:.60}")
            rows = get(get(entry, "crossbar", dict, where), "rows", list, where)
            library[name] = (at, *crossbar_rows(rows, where))
        ours = range(len(entries))
        if self._own is not None:
            ours = unpack(self._own.get("crossbarOf"), len(entries), "crossbarOf")
        found: dict[object, tuple[int, np.ndarray]] = {}
        of_core: list[int] = []
        kinds: list[np.ndarray] = []
        for number, core in enumerate(self._core_list):
            where = f"core {number}"
            crossbar = get(core, "crossbar", dict, where)
            name = crossbar.get("name", "its own")
            if "rows" in crossbar and self._own is None:  # one that this core alone has
                at, (types, bits) = -1, crossbar_rows(get(crossbar, "rows", list, where), where)
            elif isinstance(name, str) and name in library:
                at, types, bits = library[name]
            else:
                raise NetworkError(f"{where}: there is no crossbar {name!r:.60} in crossbarTypes")
            axons, neurons = self._axons[number], self._neurons[number]
            weights = bits[:axons, dendrites(core, where)[:neurons]]
            # of Sterna's own by their number; else by content
            key: object = ours[at] if self._own is not None else weights.tobytes()
            index, known = found.setdefault(key, (len(found), weights))
            if known.shape != weights.shape or not np.array_equal(known, weights):
                raise NetworkError(f"{where}: crossbar {name!r:.60} differs from its equal")
            of_core.append(index)
            kinds.append(types[:axons])
        if self._own is not None:
            self._add_unused(found, [library[name][2] for name in library], ours)
        crossbars = [weights for _, weights in found.values()]
        order = np.arange(len(found))
        if self._own is not None:  # in the order in which they were
            order = np.argsort(np.argsort(cast("list[int]", list(found))))
            crossbars = [crossbars[place] for place in np.argsort(order)]
        return (
            tuple(crossbars),
            order[of_core].astype(np.int32),
            np.concatenate(kinds).astype(np.int32),
        )

    def _add_unused(
        self, found: dict[object, tuple[int, np.ndarray]], bits: list[np.ndarray], ours: Any
    ) -> None:
        """Crossbars of no core, whose sizes stand apart."""
        sizes: Any = cast(Object, self._own).get("unusedCrossbars", [])
        if not isinstance(sizes, list) or len(sizes) > len(bits):
            raise NetworkError(f"unusedCrossbars must be a list of sizes, not {sizes!r:.60}")
        for at, size in enumerate(sizes, start=len(bits) - len(sizes)):
            axons, neurons = unpack(size, 2, "unusedCrossbars")
            if not (1 <= axons <= SIZE and 1 <= neurons <= SIZE) or ours[at] in found:
                raise NetworkError(f"unusedCrossbars: {size!r:.60} is no crossbar of the library")
            found[ours[at]] = len(found), bits[at][:axons, :neurons]

    def _types(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Types, and type and initial potential of every neuron."""
        entries = get(self._model, "neuronTypes", list, "model")
        rows = [
            neuron_row(entry, f"neuronTypes[{at}]", encoded=self._by_name)
            for at, entry in enumerate(entries)
        ]
        potential = [integer(entry, "V", f"neuronTypes[{at}]") for at, entry in enumerate(entries)]
        numbers = self._numbers
        ours: list[int] = list(range(len(rows)))
        if self._own is not None:
            ours = unpack(self._own.get("typeOf"), len(rows), "typeOf")
        used: list[np.ndarray] = []
        for number, core in enumerate(self._core_list):
            neurons = get(core, "neurons", dict, f"core {number}")
            where = f"core {number}: types"
            kinds = unpack(neurons.get("types"), SIZE, where)[: self._neurons[number]]
            for neuron, kind in enumerate(kinds):
                if kind not in numbers and (kind or not self._by_name):
                    raise NetworkError(
                        f"{where}: neuron {neuron} is of type {kind}, there is no neuronType "
                        f"{type_name(kind) if self._by_name else f'[{kind}] of {len(rows)}'}"
                    )
            used.append(np.array([numbers.get(kind, len(rows)) for kind in kinds], np.int64))
        every = np.concatenate(used)
        if (every == len(rows)).any():
            rows, potential = [*rows, _NO_NEURON.row()], [*potential, 0]
            ours = [*ours, max(ours, default=-1) + 1]
        distinct, place = np.unique(np.array(ours, np.int64), return_inverse=True)
        types = np.zeros((len(distinct), len(NeuronType().row())), np.int32)
        for at, row in zip(place.tolist(), rows, strict=True):
            types[at] = row
        return (
            types,
            place[every].astype(np.int32),
            np.array(potential, np.int64)[every].astype(np.int32),
        )

    @functools.cached_property
    def _numbers(self) -> dict[int, int]:
        """The place of each type in the library, by the number that neurons know it by."""
        entries = get(self._model, "neuronTypes", list, "model")
        if not self._by_name:
            return {at: at for at in range(len(entries))}
        numbers: dict[int, int] = {}
        for at, entry in enumerate(entries):
            name = get(entry, "name", str, f"neuronTypes[{at}]")
            found = _NAME.fullmatch(name)
            if found is None:
                raise NetworkError(
                    f"neuronTypes[{at}]: its name {name!r:.60} is no N and a hexadecimal number"
                )
            if int(found[1], 16) in numbers:
                raise NetworkError(f"two neuronTypes have the number of {name!r:.60}")
            numbers[int(found[1], 16)] = at
        return numbers

    def _targets(self) -> tuple[np.ndarray, int]:
        """Targets, by core and neuron, lines last; and the number of lines."""
        rows: list[np.ndarray] = [np.zeros((0, 5), np.int64)]
        for number, core in enumerate(self._core_list):
            where = f"core {number}"
            if integer(core, "id", where) != number:
                raise NetworkError(f"{where}: its id is {core['id']}; cores must be in order")
            neurons = get(core, "neurons", dict, where)
            names = ("destCores", "destAxons", "destDelays")
            dest = np.array([unpack(neurons.get(name), SIZE, f"{where}: {name}") for name in names])
            count = self._neurons[number]
            used = np.flatnonzero(~np.isin(dest[0, :count], (ABSENT, UNCONNECTED)))
            if self._by_name:
                self._check_absent(core, used, where)
            to, axon, delay = dest[:, used]
            if ((to < 0) & (to > FIRST_OUTPUT)).any():
                raise NetworkError(f"{where}: destCores has a number of -3..-31, which is no core")
            out = to < 0
            place = np.where(out, (FIRST_OUTPUT - to) * SIZE + axon, axon)
            if ((axon < 0) | (axon >= SIZE) | (place >= 1 << 16)).any():
                raise NetworkError(
                    f"{where}: destAxons or destCores has a number that is too large"
                )
            rows.append(
                np.stack(
                    [
                        np.full(len(used), number),
                        used,
                        np.where(out, OUTPUT, to),
                        place,
                        np.where(out, 0, delay),
                    ],
                    axis=1,
                )
            )
        every = np.concatenate(rows)
        line = every[:, 2] == OUTPUT
        ordered = np.concatenate([every[~line], every[line]])
        if self._own is not None and "targetOrder" in self._own:
            order = unpack(self._own["targetOrder"], len(every), "targetOrder")
            if sorted(order) != list(range(len(every))):
                raise NetworkError("targetOrder must name each target once")
            ordered = ordered[order]
        if np.abs(ordered).max(initial=0) >= 1 << 31:
            raise NetworkError("a destination is beyond 32 bits")
        return ordered.astype(np.int32), int(every[line, 3].max(initial=-1)) + 1

    def _check_absent(self, core: Any, sending: np.ndarray, where: str) -> None:
        """A neuron of type 0 is none, and sends nothing; unless the library has a type 0."""
        kinds = np.array(unpack(core["neurons"].get("types"), SIZE, f"{where}: types"))
        odd = sending[kinds[sending] == 0] if 0 not in self._numbers else sending[:0]
        if len(odd):
            raise NetworkError(
                f"{where}: neuron {odd[0]} is of type 0, which is no neuron, and has a target"
            )

    def _inputs(self, targets: np.ndarray) -> tuple[int, np.ndarray]:
        if self._own is not None:
            count = integer(self._own, "inputs", "sterna")
            columns = get(self._own, "inputMap", list, "sterna")
            if len(columns) != 3 or not 0 <= count < 1 << 24:
                raise NetworkError(
                    "inputMap must be three columns of as many values as inputs says"
                )
            rows = [unpack(column, count, "inputMap") for column in columns]
            return integer(self._own, "features", "sterna"), np.array(rows, np.int32).T.copy()
        reached = np.zeros((len(self._core_list), SIZE), bool)
        inner = targets[targets[:, 2] != OUTPUT]
        if (inner[:, 2] >= len(reached)).any():
            raise NetworkError(f"a spike goes to core {inner[:, 2].max()} of {len(reached)}")
        reached[inner[:, 2], inner[:, 3]] = True
        free = np.argwhere(~reached)[: 1 << 16]
        return max(1, len(free)), np.column_stack([np.arange(len(free)), free]).astype(np.int32)
