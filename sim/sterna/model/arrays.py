"""NumPy arrays as C++ takes them: aligned, contiguous, in structures of pointers."""

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt


def aligned(shape: tuple[int, ...], dtype: Any) -> npt.NDArray[Any]:
    """Zeros that begin at a multiple of 64 bytes."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].view(dtype).reshape(shape)


def as_structure(name: str, scalars: dict[str, int], arrays: dict[str, Any]) -> Any:
    """A C structure of int32 scalars, then of pointers to the arrays; None is a null pointer.

    The arrays stay alive with it.
    """
    fields = [(key, ctypes.c_int32) for key in scalars]
    kind = type(
        name,
        (ctypes.Structure,),
        {
            "_fields_": [*fields, *((key, ctypes.c_void_p) for key in arrays)],
        },
    )
    values = {key: None if a is None else a.ctypes.data for key, a in arrays.items()}
    result: Any = kind(**scalars, **values)
    result.kept = arrays
    return result


def flat(array: Any, dtype: Any = np.int32) -> npt.NDArray[Any]:
    """As a contiguous array of the type, with one entry at least, so that it has an address."""
    array = np.ascontiguousarray(array, dtype)
    return array if array.size else np.zeros(1, dtype)


def starts(counts: npt.NDArray[Any], dtype: Any = np.int32) -> npt.NDArray[Any]:
    """Where each of consecutive lists begins; the last entry is where the last one ends."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(dtype)


def address(array: npt.NDArray[Any]) -> ctypes.c_void_p:
    """Where an array's data lies, for C++."""
    return ctypes.c_void_p(array.ctypes.data)
