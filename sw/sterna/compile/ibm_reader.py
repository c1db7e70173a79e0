"""Reads the model files of IBM's TrueNorth tools, Sterna's own among them: see `ibm_file`."""

import json
import re
from pathlib import Path
from typing import Any, cast

import numpy as np

from sterna.spec import OUTPUT, ConfigError, Hardware, Network, NetworkError, NeuronType
from sterna.spec.neuron import AXON_TYPES

from .ibm_file import FIRST_OUTPUT, SIZE, UNCONNECTED
from .ibm_runs import unpack
from .truenorth import TRUENORTH

#: Bytes, and cores, of a file at most.
MOST_BYTES = 1 << 28
MOST_CORES = 1 << 16
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|/\*.*?\*/', re.DOTALL)

Object = dict[str, Any]


def read_ibm(path: str | Path) -> Network:
    """Read a model file as a network for hardware with TrueNorth's neuron.

    A file that Sterna wrote is the network that was written; neuron types and crossbars that no
    neuron and no core used are not in it. In any other file every core has 256 axons and neurons,
    every axon that no neuron sends to is a feature of the frame, in order of cores and axons, and a
    spike that leaves the chip for core -32 - c and axon a goes to line 256 c + a, of no class.

    Raises
    ------
    NetworkError : names the file, the core or type, and what is wrong: absent, too large, no JSON,
        a part missing or of another form, a spike to a core or an axon that is not there.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise NetworkError(f"{path.stat().st_size:,} bytes, the limit is {MOST_BYTES:,}")
        return parse_ibm(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NetworkError(f"{path}: no such file") from None
    except (OSError, UnicodeError) as error:
        raise NetworkError(f"{path}: cannot be read ({error})") from None
    except ConfigError as error:
        raise NetworkError(f"{path}: {error}") from None


def parse_ibm(text: str) -> Network:
    """The network of a model file's text; raises NetworkError as `read_ibm`, and names no file."""
    bare = _TOKEN.sub(lambda found: found[0] if found[0][0] == '"' else " ", text)
    try:
        model: object = json.loads(bare, object_pairs_hook=_with_all_cores)
    except (ValueError, RecursionError) as error:
        raise NetworkError(f"not JSON that can be read ({error})") from None
    if not isinstance(model, dict) or "core" not in model or "crossbarTypes" not in model:
        raise NetworkError("no model file of IBM's tools: it has no crossbarTypes or no core")
    return _Reader(cast(Object, model)).network()


def _with_all_cores(pairs: list[tuple[str, Any]]) -> Object:
    """An object, with the list of all values of a key `core`."""
    cores = [value for key, value in pairs if key == "core"]
    return {**dict(pairs), **({"core": cores} if cores else {})}


def _get(holder: Any, key: str, kind: type, where: str) -> Any:
    """An entry of that type; raises NetworkError that names it."""
    value = holder.get(key) if isinstance(holder, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if type(value) is not kind:  # pyright: ignore[reportUnknownArgumentType]
        raise NetworkError(f"{where}: {key} must be of type {kind.__name__}, not {value!r:.60}")
    return value  # pyright: ignore[reportUnknownVariableType]


def _integer(holder: Any, key: str, where: str, most: int = (1 << 31) - 1) -> int:
    """A number of 32 bits at most, or a truth value as 0 or 1."""
    value = holder.get(key) if isinstance(holder, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if not isinstance(value, int) or not -(1 << 31) < value <= most:
        raise NetworkError(f"{where}: {key} must be an integer, not {value!r:.60}")
    return int(value)


class _Reader:
    """The parts of a network, one after another."""

    def __init__(self, model: Object) -> None:
        self._model = model
        self._own: Object | None = (
            _get(model, "sterna", dict, "model") if "sterna" in model else None
        )
        self._core_list: list[Any] = _get(model, "core", list, "model")
        count = len(self._core_list)
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
            count = _integer(own, "lines", "sterna")
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
            core_seed=np.array([_integer(core, "rngSeed", f"core {at}", 0xFFFFFFFF) & 0xFFFFFFFF
                                for at, core in enumerate(self._core_list)], np.uint32),
            provenance=own.get("provenance", {}),
        )  # fmt: skip

    def _crossbars(self) -> tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray]:
        """Distinct crossbars, each core's, and the types of all axons."""
        library: dict[str, tuple[int, np.ndarray, np.ndarray]] = {}
        entries = _get(self._model, "crossbarTypes", list, "model")
        for at, entry in enumerate(entries):
            where = f"crossbarTypes[{at}]"
            rows = _get(_get(entry, "crossbar", dict, where), "rows", list, where)
            library[_get(entry, "name", str, where)] = (at, *_rows(rows, where))
        ours = range(len(entries))
        if self._own is not None:
            ours = unpack(self._own.get("crossbarOf"), len(entries), "crossbarOf")
        found: dict[object, tuple[int, np.ndarray]] = {}
        of_core: list[int] = []
        kinds: list[np.ndarray] = []
        for number, core in enumerate(self._core_list):
            where = f"core {number}"
            name = _get(_get(core, "crossbar", dict, where), "name", str, where)
            if name not in library:
                raise NetworkError(f"{where}: there is no crossbar {name!r:.60} in crossbarTypes")
            at, types, bits = library[name]
            axons, neurons = self._axons[number], self._neurons[number]
            weights = bits[:axons, _dendrites(core, where)[:neurons]]
            # of Sterna's own by their number; else by content
            key: object = ours[at] if self._own is not None else weights.tobytes()
            index, known = found.setdefault(key, (len(found), weights))
            if known.shape != weights.shape or not np.array_equal(known, weights):
                raise NetworkError(f"{where}: crossbar {name!r:.60} differs from its equal")
            of_core.append(index)
            kinds.append(types[:axons])
        crossbars = [weights for _, weights in found.values()]
        order = np.arange(len(found))
        if self._own is not None:  # in the order in which they were
            order = np.argsort(np.argsort(cast("list[int]", list(found))))
            crossbars = [crossbars[place] for place in np.argsort(order)]
        return (tuple(crossbars), order[of_core].astype(np.int32),
                np.concatenate(kinds).astype(np.int32))  # fmt: skip

    def _types(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Types, and type and initial potential of every neuron."""
        entries = _get(self._model, "neuronTypes", list, "model")
        rows = [_neuron_type(entry, f"neuronTypes[{at}]") for at, entry in enumerate(entries)]
        potential = [_integer(entry, "V", f"neuronTypes[{at}]")
                     for at, entry in enumerate(entries)]  # fmt: skip
        ours: list[int] = list(range(len(rows)))
        if self._own is not None:
            ours = unpack(self._own.get("typeOf"), len(rows), "typeOf")
        numbers, place = np.unique(np.array(ours, np.int64), return_inverse=True)
        types = np.zeros((len(numbers), len(NeuronType().row())), np.int32)
        for at, row in zip(place.tolist(), rows, strict=True):
            types[at] = row
        used: list[np.ndarray] = []
        for number, core in enumerate(self._core_list):
            where = f"core {number}: types"
            neurons = _get(core, "neurons", dict, f"core {number}")
            kinds = np.array(unpack(neurons.get("types"), SIZE, where))[: self._neurons[number]]
            if ((kinds < 0) | (kinds >= len(rows))).any():
                raise NetworkError(f"{where}: there are {len(rows)} neuronTypes, not {kinds.max()}")
            used.append(kinds)
        every = np.concatenate(used)
        return (types, place[every].astype(np.int32),
                np.array(potential, np.int64)[every].astype(np.int32))  # fmt: skip

    def _targets(self) -> tuple[np.ndarray, int]:
        """Targets, by core and neuron, lines last; and the number of lines."""
        rows: list[np.ndarray] = [np.zeros((0, 5), np.int64)]
        for number, core in enumerate(self._core_list):
            where = f"core {number}"
            if _integer(core, "id", where) != number:
                raise NetworkError(f"{where}: its id is {core['id']}; cores must be in order")
            neurons = _get(core, "neurons", dict, where)
            names = ("destCores", "destAxons", "destDelays")
            dest = np.array([unpack(neurons.get(name), SIZE, f"{where}: {name}") for name in names])
            count = self._neurons[number]
            used = np.flatnonzero(dest[0, :count] != UNCONNECTED)
            to, axon, delay = dest[:, used]
            if ((to < 0) & (to > FIRST_OUTPUT)).any():
                raise NetworkError(f"{where}: destCores has a number of -2..-31, which is no core")
            out = to < 0
            place = np.where(out, (FIRST_OUTPUT - to) * SIZE + axon, axon)
            if ((axon < 0) | (axon >= SIZE) | (place >= 1 << 16)).any():
                raise NetworkError(
                    f"{where}: destAxons or destCores has a number that is too large"
                )
            rows.append(np.stack([np.full(len(used), number), used, np.where(out, OUTPUT, to),
                                  place, np.where(out, 0, delay)], axis=1))  # fmt: skip
        every = np.concatenate(rows)
        line = every[:, 2] == OUTPUT
        ordered = np.concatenate([every[~line], every[line]])
        if np.abs(ordered).max(initial=0) >= 1 << 31:
            raise NetworkError("a destination is beyond 32 bits")
        return ordered.astype(np.int32), int(every[line, 3].max(initial=-1)) + 1

    def _inputs(self, targets: np.ndarray) -> tuple[int, np.ndarray]:
        if self._own is not None:
            count = _integer(self._own, "inputs", "sterna")
            columns = _get(self._own, "inputMap", list, "sterna")
            if len(columns) != 3 or not 0 <= count < 1 << 24:
                raise NetworkError(
                    "inputMap must be three columns of as many values as inputs says"
                )
            rows = [unpack(column, count, "inputMap") for column in columns]
            return _integer(self._own, "features", "sterna"), np.array(rows, np.int32).T.copy()
        heard = np.zeros((len(self._core_list), SIZE), bool)
        inner = targets[targets[:, 2] != OUTPUT]
        if (inner[:, 2] >= len(heard)).any():
            raise NetworkError(f"a spike goes to core {inner[:, 2].max()} of {len(heard)}")
        heard[inner[:, 2], inner[:, 3]] = True
        free = np.argwhere(~heard)[: 1 << 16]
        return max(1, len(free)), np.column_stack([np.arange(len(free)), free]).astype(np.int32)


def _rows(rows: list[Any], where: str) -> tuple[np.ndarray, np.ndarray]:
    """Axon types [256], and bits int8 [256, 256], of a crossbar's rows."""
    if len(rows) != SIZE:
        raise NetworkError(f"{where}: it has {len(rows)} rows, a core has {SIZE}")
    kinds: list[int] = []
    data = b""
    for at, row in enumerate(rows):
        kind = _get(row, "type", str, f"{where}, row {at}")
        if kind not in [f"S{g}" for g in range(AXON_TYPES)]:
            raise NetworkError(f"{where}, row {at}: type {kind!r:.60} is none of S0..S3")
        kinds.append(int(kind[1]))
        try:
            synapses = bytes.fromhex(_get(row, "synapses", str, f"{where}, row {at}"))
        except ValueError:
            synapses = b""
        if len(synapses) != SIZE // 8:
            raise NetworkError(f"{where}, row {at}: synapses must be {SIZE // 8} bytes in hex")
        data += synapses
    bits = np.unpackbits(np.frombuffer(data, np.uint8).reshape(SIZE, -1), axis=1)
    return np.array(kinds), bits.astype(np.int8)


def _dendrites(core: Any, where: str) -> list[int]:
    """The column of the crossbar that each neuron hears."""
    neurons = _get(core, "neurons", dict, where)
    columns = unpack(neurons.get("dendrites"), SIZE, f"{where}: dendrites")
    if min(columns) < 0 or max(columns) >= SIZE:
        raise NetworkError(f"{where}: dendrites has a number outside 0..{SIZE - 1}")
    return columns


def _neuron_type(entry: Any, where: str) -> list[int]:
    """A row of `types`."""

    def get(key: str) -> int:
        return _integer(entry, key, where)

    def signed(sign: str, key: str) -> int:
        if get(sign) not in (-1, 1):
            raise NetworkError(f"{where}: {sign} must be -1 or 1, not {get(sign)}")
        return get(sign) * get(key)

    return NeuronType(
        leak=signed("sigma_lambda", "lambda"), epsilon=get("epsilon"), alpha=get("alpha"),
        beta=get("beta"), gamma=get("gamma"), kappa=get("kappa"),
        reset=signed("sigma_VR", "VR"), c=get("c_lambda"), tm=get("TM"),
        **{f"s{g}": signed(f"sigma{g}", f"s{g}") for g in range(AXON_TYPES)},
        **{f"b{g}": get(f"b{g}") for g in range(AXON_TYPES)},
    ).row()  # fmt: skip
