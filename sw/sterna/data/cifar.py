"""CIFAR-10 and CIFAR-100, in the binary form and in the one for Python.

Source: the format that their home tells (Krizhevsky, "Learning multiple layers of features from
tiny images", 2009): in binary, a record is one label byte (CIFAR-100: coarse, then fine) and 3,072
bytes, red, green, blue, row by row; for Python, a pickled dictionary of `data` and labels.
"""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from sterna.spec import DataError

from .examples import Examples
from .files import content

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
        if binary.is_file():
            parts.append(_binary(binary, labels))
        elif python.is_file():
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


class _Unpickler(pickle.Unpickler):
    """Loads plain values and NumPy arrays, and calls nothing else that a file may name."""

    _ALLOWED = frozenset({
        (f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")
    } | {("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")})  # fmt: skip

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if (module_name, global_name) not in self._ALLOWED:
            raise pickle.UnpicklingError(f"it names {module_name}.{global_name}")
        core = "numpy._core.multiarray" if module_name.endswith("multiarray") else module_name
        return super().find_class(core, global_name)


def _python(path: Path, key: str) -> tuple[np.ndarray, np.ndarray]:
    data = content(path)
    try:
        batch: Any = _Unpickler(io.BytesIO(data), encoding="latin1").load()
        pixels, labels = np.asarray(batch["data"]), np.asarray(batch[key])
    except Exception as error:  # a damaged pickle can raise anything
        raise DataError(f"{path}: is no batch of CIFAR ({type(error).__name__}: {error})") from None
    if (pixels.dtype, pixels.ndim, labels.dtype.kind) != (np.dtype(np.uint8), 2, "i") or (
        pixels.shape[1] != _PIXELS or labels.shape != pixels.shape[:1]
    ):
        raise DataError(
            f"{path}: data is {pixels.dtype} {list(pixels.shape)} and {key} {labels.dtype} "
            f"{list(labels.shape)}; they must be uint8 [n, {_PIXELS}] and [n] whole numbers"
        )
    return pixels, labels
