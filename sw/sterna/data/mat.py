"""Reads numeric arrays from MATLAB files of version 5.

SciPy's reader crashes on some damaged files, and decompresses a small file to gigabytes.

Source: MathWorks, "MAT-File Format": a header of 128 bytes, then elements. An element is a type
and a size (32 bits each) and its content, padded to a multiple of 8 bytes. An array is an element
that contains four: flags with the class, shape, name, and values in column order. zlib may compress
the array, and the values may have a smaller type than the class.
"""

import zlib
from collections.abc import Collection, Iterator
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sterna.spec import DataError

from .files import MOST_BYTES, content

#: Maximum bytes of a decompressed array; SVHN's larger file has 225 million.
MOST = MOST_BYTES
_HEADER = 128
_INT8, _INT32, _UINT32, _MATRIX, _COMPRESSED, _UTF8 = 1, 5, 6, 14, 15, 16
#: Types of an array's flags, shape and name; some writers use the second one.
_HEADS = (_UINT32,), (_INT32, _UINT32), (_INT8, _UTF8)
#: NumPy types by the number of a value type, and by the number of an array class.
_TYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_CLASSES = {
    6: "f8",
    7: "f4",
    8: "i1",
    9: "u1",
    10: "i2",
    11: "u2",
    12: "i4",
    13: "u4",
    14: "i8",
    15: "u8",
}
_COMPLEX = 0x800
_MOST_DIMENSIONS = 8
#: The class and the name of an array lie within its first bytes.
_NAMED = 1024


def read_mat(path: Path, names: Collection[str]) -> dict[str, npt.NDArray[np.generic]]:
    """Return the named arrays of a MATLAB file, in the type of their class, without absent ones.

    Raises DataError that names the file and what is wrong.
    """
    data = content(path)
    order = {b"IM": "<", b"MI": ">"}.get(data[126:_HEADER], "")
    if not order or data[125 if order == "<" else 124] != 1:
        raise DataError(f"{path}: is not a MATLAB file of version 5: save it with -v7")
    found: dict[str, npt.NDArray[np.generic]] = {}
    try:
        for kind, body in _elements(data, _HEADER, order):
            if kind not in (_COMPRESSED, _MATRIX):
                raise ValueError(f"an element of type {kind} where an array is expected")
            head = _opened(body, _NAMED, order) if kind == _COMPRESSED else body[:_NAMED]
            if (name := _name(head, order)) not in names:
                continue
            whole = _opened(body, MOST, order) if kind == _COMPRESSED else body
            if len(whole) > MOST:
                raise ValueError(f"{name} has over {MOST:,} bytes, the limit")
            if name in found:
                raise ValueError(f"{name} occurs twice")
            found[name] = _array(name, whole, order)
    except (ValueError, zlib.error) as error:
        raise DataError(f"{path}: is not a readable MATLAB file ({error})") from None
    return found


def _number(data: bytes, at: int, order: str) -> int:
    return int.from_bytes(data[at : at + 4], "little" if order == "<" else "big")


def _elements(data: bytes, at: int, order: str) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of each element from an offset on."""
    while at + 8 <= len(data):
        kind, size = _number(data, at, order), _number(data, at + 4, order)
        if kind >> 16:  # the short form: up to four bytes
            yield kind & 0xFFFF, data[at + 4 : at + 4 + min(kind >> 16, 4)]
            at += 8
            continue
        if size > len(data) - at - 8:
            raise ValueError(f"cut short: an element of {size:,} bytes")
        yield kind, data[at + 8 : at + 8 + size]
        at += 8 + (size if kind == _COMPRESSED else (size + 7) // 8 * 8)


def _opened(packed: bytes, most: int, order: str) -> bytes:
    """Decompress an element and return its content, cut a few bytes after `most`.

    Content that is not cut is complete, and its checksum has been compared.
    """
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(packed, most + 9)
    kind, size = _number(data, 0, order), _number(data, 4, order)
    complete = unpacker.eof and len(data) >= size + 8
    if kind != _MATRIX or (len(data) < most + 9 and not complete):
        raise ValueError("cut short: the compressed element is not a whole array")
    return data[8 : 8 + size]


def _name(body: bytes, order: str) -> str:
    """Return the name of an array; "" for workspaces of functions, which have none."""
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
        raise ValueError(f"{name} lacks flags, shape, name or values")
    (_, flags), (_, sizes), _, (kind, values) = parts[:4]
    flag = _number(flags, 0, order)
    if flag & 0xFF not in _CLASSES or kind not in _TYPES or flag & _COMPLEX:
        raise ValueError(
            f"{name} is not an array of real numbers: class {flag & 0xFF}, type {kind}"
        )
    shape = tuple(_number(sizes, at, order) for at in range(0, len(sizes), 4))
    dtype = np.dtype(order + _TYPES[kind])
    if len(shape) > _MOST_DIMENSIONS or prod(shape) * dtype.itemsize != len(values):
        raise ValueError(f"{name} has {len(values):,} bytes of {dtype.name} for {list(shape)}")
    stored = np.frombuffer(values, dtype).reshape(shape, order="F")
    with np.errstate(invalid="ignore"):
        array = stored.astype(_CLASSES[flag & 0xFF])
    if not np.array_equal(array, stored, equal_nan=dtype.kind == "f"):
        raise ValueError(f"{name} has a value out of the range of {array.dtype}")
    return array
