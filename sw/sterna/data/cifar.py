"""CIFAR-10 and CIFAR-100, in the binary form and in the one for Python.

Source: the format that their home tells (Krizhevsky, "Learning multiple layers of features from
tiny images", 2009): in binary, a record is one label byte (CIFAR-100: coarse, then fine) and 3,072
bytes, red, green, blue, row by row; for Python, a pickled dictionary of `data` and labels.
"""

from pathlib import Path
from typing import Any, cast

import numpy as np

from sterna.spec import DataError

from .examples import Examples
from .files import content
from .pickles import PickleError, read_pickle

SHAPE = (3, 32, 32)
_PIXELS = 3 * 32 * 32
_TEN = {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}


def read_cifar10(folder: Path, split: str) -> Examples:
    """CIFAR-10's 50,000 training or 10,000 test images."""
    return _read(folder, _TEN[split], labels=1, key="labels")


def read_cifar100(folder: Path, split: str) -> Examples:
    """CIFAR-100's 50,000 training or 10,000 test images, with their fine labels."""
    return _read(folder, [split], labels=2, key="fine_labels")


def _read(folder: Path, names: list[str], *, labels: int, key: str) -> Examples:
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    for name in names:
        binary, python = folder / f"{name}.bin", folder / name
        if binary.exists():
            parts.append(_binary(binary, labels))
        elif python.exists():
            parts.append(_python(python, key))
        else:
            raise DataError(f"{binary}: no such file, and none of that name without .bin")
    pixels, found = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Examples(pixels.reshape(-1, *SHAPE), found.astype(np.int64))


def _binary(path: Path, labels: int) -> tuple[np.ndarray, np.ndarray]:
    data, record = content(path), labels + _PIXELS
    if not data or len(data) % record:
        raise DataError(f"{path}: has {len(data):,} bytes, not a multiple of {record:,}")
    rows = np.frombuffer(data, np.uint8).reshape(-1, record)
    return rows[:, labels:], rows[:, labels - 1]


def _python(path: Path, key: str) -> tuple[np.ndarray, np.ndarray]:
    data = content(path)
    try:
        batch = read_pickle(data)
    except PickleError as error:
        raise DataError(f"{path}: is no batch of CIFAR ({error})") from None
    batch = cast("dict[Any, Any]", batch) if isinstance(batch, dict) else {}
    if not {"data", key} <= {*batch}:
        raise DataError(f"{path}: is no batch of CIFAR (it has no data or no {key})")
    pixels: Any = batch["data"]
    found: Any = batch[key]
    numbers = cast("list[Any]", found) if isinstance(found, list) else []
    if numbers and all(type(label) is int and 0 <= label < 256 for label in numbers):
        found = np.array(numbers, np.int64)
    arrays: list[Any] = [pixels, found]
    if not all(isinstance(array, np.ndarray) for array in arrays):
        raise DataError(
            f"{path}: is no batch of CIFAR (its data must be an array, and {key} whole numbers of "
            "0..255)"
        )
    labels = cast("np.ndarray", found)
    if (pixels.dtype, pixels.ndim, labels.dtype.kind) != (np.dtype(np.uint8), 2, "i") or (
        pixels.shape[1] != _PIXELS or labels.shape != pixels.shape[:1]
    ):
        raise DataError(
            f"{path}: data is {pixels.dtype} {list(pixels.shape)} and {key} {labels.dtype} "
            f"{list(labels.shape)}; they must be uint8 [n, {_PIXELS}] and [n] whole numbers"
        )
    return pixels, labels
