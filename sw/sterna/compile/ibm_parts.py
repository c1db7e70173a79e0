"""Parts of IBM's model files: entries by their type, crossbars, types of neurons."""

from typing import Any

import numpy as np

from sterna.spec import NetworkError, NeuronType
from sterna.spec.neuron import AXON_TYPES

from .ibm_file import SIZE
from .ibm_runs import unpack

#: R is at most 2^VR - 1 of this VR, which a potential of 20 bits still holds.
_MOST_VR = 19


def get(holder: Any, key: str, kind: type, where: str) -> Any:
    """An entry of that type; raises NetworkError that names it."""
    value = holder.get(key) if isinstance(holder, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if type(value) is not kind:  # pyright: ignore[reportUnknownArgumentType]
        raise NetworkError(f"{where}: {key} must be of type {kind.__name__}, not {value!r:.60}")
    return value  # pyright: ignore[reportUnknownVariableType]


def integer(holder: Any, key: str, where: str, most: int = (1 << 31) - 1) -> int:
    """A number of 32 bits at most, or a truth value as 0 or 1."""
    value = holder.get(key) if isinstance(holder, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if not isinstance(value, int) or not -(1 << 31) < value <= most:
        raise NetworkError(f"{where}: {key} must be an integer, not {value!r:.60}")
    return int(value)


def crossbar_rows(rows: list[Any], where: str) -> tuple[np.ndarray, np.ndarray]:
    """Axon types [256], and bits int8 [256, 256], of a crossbar's rows."""
    if len(rows) != SIZE:
        raise NetworkError(f"{where}: it has {len(rows)} rows, a core has {SIZE}")
    kinds: list[int] = []
    data = b""
    for at, row in enumerate(rows):
        kind = get(row, "type", str, f"{where}, row {at}")
        if kind not in [f"S{g}" for g in range(AXON_TYPES)]:
            raise NetworkError(f"{where}, row {at}: type {kind!r:.60} is none of S0..S3")
        kinds.append(int(kind[1]))
        try:
            synapses = bytes.fromhex(get(row, "synapses", str, f"{where}, row {at}"))
        except ValueError:
            synapses = b""
        if len(synapses) != SIZE // 8:
            raise NetworkError(f"{where}, row {at}: synapses must be {SIZE // 8} bytes in hex")
        data += synapses
    bits = np.unpackbits(np.frombuffer(data, np.uint8).reshape(SIZE, -1), axis=1)
    return np.array(kinds), bits.astype(np.int8)


def dendrites(core: Any, where: str) -> list[int]:
    """The column of the crossbar that each neuron hears."""
    neurons = get(core, "neurons", dict, where)
    columns = unpack(neurons.get("dendrites"), SIZE, f"{where}: dendrites")
    if min(columns) < 0 or max(columns) >= SIZE:
        raise NetworkError(f"{where}: dendrites has a number outside 0..{SIZE - 1}")
    return columns


def type_name(number: int) -> str:
    """Name of a neuron type in IBM's model file."""
    return f"N{number:08X}"


def neuron_row(entry: Any, where: str, *, encoded: bool) -> list[int]:
    """A row of `types`; where R is encoded, the file has VR, |R| = 2^VR - 1."""

    def value(key: str) -> int:
        return integer(entry, key, where)

    def signed(sign: str, key: str) -> int:
        if value(sign) not in (-1, 1):
            raise NetworkError(f"{where}: {sign} must be -1 or 1, not {value(sign)}")
        return value(sign) * value(key)

    reset = signed("sigma_VR", "VR")
    if encoded:
        if not 0 <= value("VR") <= _MOST_VR:
            raise NetworkError(f"{where}: VR is {value('VR')}, the limit is 0..{_MOST_VR}")
        reset = value("sigma_VR") * ((1 << value("VR")) - 1)
    return NeuronType(
        leak=signed("sigma_lambda", "lambda"),
        epsilon=value("epsilon"),
        alpha=value("alpha"),
        beta=value("beta"),
        gamma=value("gamma"),
        kappa=value("kappa"),
        reset=reset,
        c=value("c_lambda"),
        tm=value("TM"),
        **{f"s{g}": signed(f"sigma{g}", f"s{g}") for g in range(AXON_TYPES)},
        **{f"b{g}": value(f"b{g}") for g in range(AXON_TYPES)},
    ).row()
