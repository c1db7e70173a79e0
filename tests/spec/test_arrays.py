"""The reader of arrays: what NumPy writes comes back; what lies is refused before it costs any."""

import io
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from sterna.spec import DataError
from sterna.spec.arrays import read_array, read_array_file, read_container


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@given(
    arrays.arrays(
        arrays.boolean_dtypes() | arrays.integer_dtypes() | arrays.floating_dtypes(),
        arrays.array_shapes(min_dims=0, min_side=0),
    )
)
def test_what_numpy_writes_comes_back(array: np.ndarray) -> None:
    for value in (array, np.asfortranarray(array)):
        again = read_array(io.BytesIO(npy(value)), 1 << 20)
        assert again.dtype == array.dtype
        np.testing.assert_array_equal(again, array)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '|b1', 'fortran_order': False, 'shape': (1000000000000, 784), }",
        "{'descr':'|b1','fortran_order':False,'shape':(18446744073709551616,784)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<i3', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (-1, 4), }",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 2), }",
        "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2,), }",
        "(" * 3000,
        '{"a',
        "",
    ],
)
def test_header_that_lies_is_refused(header: str) -> None:
    text = header.encode()
    data = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(8)
    with pytest.raises(DataError):
        read_array(io.BytesIO(data), 1 << 20)


def test_file_of_several_arrays_is_refused() -> None:
    """Only the first would be read."""
    data = npy(np.zeros((2, 3), np.uint8))
    with pytest.raises(DataError, match=r"has more data than the 6 bytes .*several arrays"):
        read_array(io.BytesIO(data + data), 1 << 20)


def test_array_over_the_limit_is_refused_and_one_at_the_limit_is_not() -> None:
    assert read_array(io.BytesIO(npy(np.zeros(100, np.uint8))), 100).shape == (100,)
    with pytest.raises(DataError, match="101 bytes; the limit is 100"):
        read_array(io.BytesIO(npy(np.zeros(101, np.uint8))), 100)


def test_container_that_unpacks_to_much_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.npy", npy(np.zeros(64 << 20, np.uint8)))
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(DataError, match="array 'a' has"):
        read_container(path, {"a": 1000})
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
    assert time.process_time() - start < 1


def test_other_members_are_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, a=np.arange(3), b=np.zeros(10_000))
    assert list(read_container(path, {"a": 1000, "c": 1000})) == ["a"]


def test_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent.npy: no such file"):
        read_array_file(tmp_path / "absent.npy", 10)
    with pytest.raises(DataError, match=str(tmp_path)):
        read_array_file(tmp_path, 10)
    np.savez(tmp_path / "x.npz", a=np.arange(3))
    with pytest.raises(DataError, match=r"x.npz: a container of arrays"):
        read_array_file(tmp_path / "x.npz", 10)
