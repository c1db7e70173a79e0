"""Reads arrays of numbers from MATLAB files of version 5, as data sets are published in.

SciPy's own reader ends the process on some damaged files, and unpacks a small one to gigabytes.

Source: MathWorks, "MAT-File Format": a header of 128 bytes, then elements: a type and a size, 32
bits each, and so many bytes, filled up to a multiple of 8. An array is an element that holds
elements: flags with its class, its shape, its name, its values column by column. It may be packed
by zlib, and its values in a smaller type than its class.
"""

import zlib
from collections.abc import Collection, Iterator
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sterna.spec import DataError

from .files import MOST_BYTES, content

#: Bytes of an array, unpacked, at most; the larger file of SVHN has 225 million.
MOST = MOST_BYTES
_HEADER = 128
_INT8, _INT32, _UINT32, _MATRIX, _COMPRESSED, _UTF8 = 1, 5, 6, 14, 15, 16
#: Types of an array's flags, shape and name; some writers have the second of two.
_HEADS = (_UINT32,), (_INT32, _UINT32), (_INT8, _UTF8)
#: Types of values, and classes of arrays of numbers, by their numbers.
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8",
          13: "u8"}  # fmt: skip
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8",
            15: "u8"}  # fmt: skip
_COMPLEX = 0x800
_MOST_DIMENSIONS = 8
#: Bytes of an array that hold its class and its name at least.
_NAMED = 1024


def read_mat(path: Path, names: Collection[str]) -> dict[str, npt.NDArray[np.generic]]:
    """Arrays of a MATLAB file by name, of the type of their class; one not there is missing.

    Raises DataError that names the file and what is wrong.
    """
    data = content(path)
    order = {b"IM": "<", b"MI": ">"}.get(data[126:_HEADER], "")
    if not order or data[125 if order == "<" else 124] != 1:
        raise DataError(f"{path}: is no MATLAB file of version 5: save it with -v7")
    found: dict[str, npt.NDArray[np.generic]] = {}
    try:
        for kind, body in _elements(data, _HEADER, order):
            if kind not in (_COMPRESSED, _MATRIX):
                raise ValueError(f"an element of the type {kind} where an array must be")
            head = _opened(body, _NAMED, order) if kind == _COMPRESSED else body[:_NAMED]
            if (name := _name(head, order)) not in names:
                continue
            whole = _opened(body, MOST, order) if kind == _COMPRESSED else body
            if len(whole) > MOST:
                raise ValueError(f"{name} has more than the limit of {MOST:,} bytes")
            if name in found:
                raise ValueError(f"{name} is there twice")
            found[name] = _array(name, whole, order)
    except (ValueError, zlib.error) as error:
        raise DataError(f"{path}: is no MATLAB file that can be read ({error})") from None
    return found


def _number(data: bytes, at: int, order: str) -> int:
    return int.from_bytes(data[at : at + 4], "little" if order == "<" else "big")


def _elements(data: bytes, at: int, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and content of each element from a place on."""
    while at + 8 <= len(data):
        kind, size = _number(data, at, order), _number(data, at + 4, order)
        if kind >> 16:  # up to four bytes within the eight
            yield kind & 0xFFFF, data[at + 4 : at + 4 + min(kind >> 16, 4)]
            at += 8
            continue
        if size > len(data) - at - 8:
            raise ValueError(f"cut short: an element of {size:,} bytes")
        yield kind, data[at + 8 : at + 8 + size]
        at += 8 + (size if kind == _COMPRESSED else (size + 7) // 8 * 8)


def _opened(packed: bytes, most: int, order: str) -> bytes:
    """The content of the element that is packed, or its first bytes, a few more than `most`."""
    data = zlib.decompressobj().decompress(packed, most + 9)
    kind, size = _number(data, 0, order), _number(data, 4, order)
    if kind != _MATRIX or len(data) < min(size + 8, most + 9):
        raise ValueError("cut short: what is packed is no whole array")
    return data[8 : 8 + size]


def _name(body: bytes, order: str) -> str:
    """The name of an array; "" for parts of functions, which have none."""
    parts = _elements(body, 0, order)
    name = b""
    for wanted in _HEADS:
        kind, name = next(parts, (0, b""))
        if kind not in wanted:
            return ""
    return name.decode(errors="replace")


def _array(name: str, body: bytes, order: str) -> npt.NDArray[np.generic]:
    parts = [*_elements(body, 0, order)]
    if len(parts) < 4 or len(parts[0][1]) != 8:
        raise ValueError(f"{name} is an array without flags, shape, name or values")
    (_, flags), (_, sizes), _, (kind, values) = parts[:4]
    flag = _number(flags, 0, order)
    if flag & 0xFF not in _CLASSES or kind not in _TYPES or flag & _COMPLEX:
        raise ValueError(f"{name} is no array of real numbers: class {flag & 0xFF}, type {kind}")
    shape = tuple(_number(sizes, at, order) for at in range(0, len(sizes), 4))
    dtype = np.dtype(order + _TYPES[kind])
    if len(shape) > _MOST_DIMENSIONS or prod(shape) * dtype.itemsize != len(values):
        raise ValueError(f"{name} has {len(values):,} bytes of {dtype.name} for {list(shape)}")
    stored = np.frombuffer(values, dtype).reshape(shape, order="F")
    with np.errstate(invalid="ignore"):
        array = stored.astype(_CLASSES[flag & 0xFF])
    if not np.array_equal(array, stored, equal_nan=dtype.kind == "f"):
        raise ValueError(f"{name} holds a value that is none of {array.dtype}")
    return array
