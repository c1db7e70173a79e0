"""Trits in a network file, five to a byte: 243 of a byte's 256 values."""

import numpy as np
import numpy.typing as npt

from .errors import NetworkError

#: Trits of a byte.
PER_BYTE = 5
_PLACES = 3 ** np.arange(PER_BYTE)


def pack_trits(trits: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
    """Pack weights -1, 0, +1, int8 [n], into bytes.

    Returns
    -------
    uint8 [1 + ceil(n / 5)] - number of padding trits in the last byte, 0..4; then bytes, each the
        sum of (trit + 1) * 3**i over its five trits i; a padding trit counts as -1.
    """
    none = -len(trits) % PER_BYTE
    whole = np.concatenate([trits, np.full(none, -1, np.int8)]).reshape(-1, PER_BYTE)
    packed = (whole.astype(np.int64) + 1) @ _PLACES
    return np.concatenate([[none], packed]).astype(np.uint8)


def unpack_trits(name: str, packed: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    """The weights that were packed; raises NetworkError, with the array's name, if none were."""
    none = int(packed[0]) if packed.ndim == 1 and len(packed) else PER_BYTE
    if none >= PER_BYTE or (none and len(packed) == 1):
        raise NetworkError(
            f"{name} must be a row of bytes whose first is 0..{PER_BYTE - 1}, the number of "
            "padding trits in the last byte"
        )
    values = packed[1:]
    if values.size and values.max() >= 3**PER_BYTE:
        at = int(values.argmax()) + 1
        raise NetworkError(f"{name}[{at}] is {packed[at]}; five trits are 0..{3**PER_BYTE - 1}")
    trits = (values[:, None] // _PLACES % 3).astype(np.int8) - 1
    return trits.reshape(-1)[: trits.size - none].astype(np.int8)


def packed_size(count: int) -> int:
    """Bytes of so many trits."""
    return 1 + -(-count // PER_BYTE)
