"""Reads `.npy` files and `.npz` containers that a user names, within limits.

NumPy's own reader believes what a header says, evaluates it as Python, and allocates before it
looks whether the bytes are there. Here the header is matched, the size is checked against a limit
and against the bytes that there are, and only then anything is allocated. Nothing is unpickled.

Source: NEP 1, "A Simple File Format for NumPy Arrays".
"""

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from .errors import DataError
from .reading import check_regular

AnyArray = npt.NDArray[Any]

_MAGIC = b"\x93NUMPY"
#: A header is not read beyond this; NumPy writes some hundred bytes.
_MOST_HEADER = 4096
_MOST_DIMENSIONS = 8
_MOST_MEMBERS = 64
_HEADER = re.compile(
    r"\{ ?'descr': ?'([<>|]?[biufSU][0-9]{1,6})', ?'fortran_order': ?(True|False), ?"
    r"'shape': ?\(((?:[0-9]{1,20}, ?){0,8}(?:[0-9]{1,20})?)\),? ?\} *\n?"
)


def read_array(file: BinaryIO, most_bytes: int) -> AnyArray:
    """The array of an open `.npy` file, of at most so many bytes of data.

    Raises DataError, without a file's name, if it is not one, is cut short, holds several arrays
    (only the first would be read), or is too large.
    """
    head = file.read(len(_MAGIC) + 2)
    if head[: len(_MAGIC)] != _MAGIC or len(head) != len(_MAGIC) + 2:
        raise DataError("not a .npy file: it does not begin as one (numpy.save writes one)")
    width = 2 if head[-2] == 1 else 4
    size = int.from_bytes(file.read(width), "little")
    if size > _MOST_HEADER:
        raise DataError(f"its header is said to have {size} bytes, the limit is {_MOST_HEADER}")
    text = file.read(size).decode("latin1")
    found = _HEADER.fullmatch(text)
    if found is None:
        raise DataError(f"a header that is none of an array of numbers or texts: {text[:80]!r}")
    try:
        dtype = np.dtype(found[1])
    except TypeError:
        raise DataError(f"an array of {found[1]!r}, which is not a type") from None
    shape = tuple(int(count) for count in re.findall("[0-9]+", found[3]))
    count = dtype.itemsize * prod(shape)
    if len(shape) > _MOST_DIMENSIONS or count > most_bytes or max(shape, default=0) >= 1 << 31:
        raise DataError(
            f"an array {list(shape)} of {dtype.name}, {count:,} bytes; the limit is {most_bytes:,}"
        )
    data = file.read(count)
    if len(data) != count:
        raise DataError(f"cut short: {len(data):,} bytes of data, its header says {count:,}")
    if file.read(1):
        raise DataError(f"has more data than the {count:,} bytes of its header: several arrays?")
    order = "F" if found[2] == "True" else "C"
    return np.frombuffer(data, dtype).reshape(shape, order=order)


def read_array_file(path: Path, most_bytes: int) -> AnyArray:
    """The array of a `.npy` file; raises DataError, which names the file and what is wrong."""
    check_regular(path)
    try:
        with path.open("rb") as file:
            if file.peek(4)[:4] == b"PK\x03\x04":
                raise DataError("a container of arrays; a single array is wanted (numpy.save)")
            return read_array(file, most_bytes)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def read_container(source: Path | bytes, most_bytes: Mapping[str, int]) -> dict[str, AnyArray]:
    """Arrays of an `.npz` container by name, each of at most so many bytes of data.

    Other members are not looked at; a name that is not there is missing in the result. Raises
    DataError, without the file's name, if it is no container, damaged, or an array is too large.
    """
    if isinstance(source, Path):
        try:
            check_regular(source)
        except DataError as error:
            raise DataError(str(error).removeprefix(f"{source}: ")) from None
    try:
        with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
            if len(file.infolist()) > _MOST_MEMBERS:
                raise DataError(f"{len(file.infolist())} members, the limit is {_MOST_MEMBERS}")
            return {
                name: _member(file, name, limit)
                for name, limit in most_bytes.items()
                if f"{name}.npy" in file.namelist()
            }
    except DataError:
        raise
    except (
        *(zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError),
        *(NotImplementedError, OverflowError, LookupError, MemoryError),
    ) as error:
        raise DataError(f"no container of arrays (.npz), or a damaged one ({error})") from None


def _member(file: zipfile.ZipFile, name: str, most_bytes: int) -> AnyArray:
    member = f"{name}.npy"
    if file.namelist().count(member) > 1:
        raise DataError(f"array {name!r} is there twice")
    info = file.getinfo(member)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"array {name!r} is packed by a method that .npz files do not have")
    most = most_bytes + _MOST_HEADER
    if info.file_size > most:
        raise DataError(f"array {name!r} has {info.file_size:,} bytes, the limit is {most:,}")
    with file.open(info) as packed:
        data = packed.read(info.file_size + 1)
    if len(data) != info.file_size:
        raise DataError(f"array {name!r} has {len(data)} bytes, the container says otherwise")
    try:
        return read_array(io.BytesIO(data), most_bytes)
    except DataError as error:
        raise DataError(f"array {name!r}: {error}") from None
