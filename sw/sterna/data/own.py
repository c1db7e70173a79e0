"""Data of a user's own: a folder for each class, or arrays in .npz files."""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sterna.spec import DataError
from sterna.spec.arrays import read_container

from .examples import DataSet, Examples
from .files import listed
from .own_files import PICTURES, RECORDING, picture, recording

log = logging.getLogger(__name__)

#: Sets of a user's own; `given` are examples that a program in Python hands over.
KINDS = ("folder", "npz", "given")
#: Samples a second that recordings are resampled to, if a recipe has no `rate`.
RATE = 16_000
#: Names of inputs and labels in a .npz file, of one split or of the split that follows them.
_INPUTS, _LABELS = ("x", "X", "images", "inputs"), ("y", "Y", "labels", "targets")
#: Pixels of an example at most, all channels.
_MOST_PIXELS = 1 << 20
#: Bytes of an array at most.
_MOST_ARRAY = 1 << 32
_SPLITS = ("train", "test")


def own_set(
    kind: str,
    *,
    shape: tuple[int, int, int],
    classes: int,
    names: tuple[str, ...] = (),
    rate: int = RATE,
    binary: bool = False,
) -> DataSet:
    """The data set of a user's own files.

    Parameters
    ----------
    kind : folder: `train/CLASS/` and `test/CLASS/` with pictures or recordings, or `CLASS/` alone;
        npz: `x_train`, `y_train`, `x_test` and `y_test` in one file, or `x` and `y` in each of
        train.npz and test.npz, or in one file alone; given: examples given in Python.
    shape : channels, rows and columns: pictures are scaled to it; recordings have one channel, 32
        mel bands, and as many columns over their length.
    classes : how many.
    names : of the classes, in the order of the labels; by default the folders, in order.
    rate : samples a second that recordings are resampled to.
    binary : the inputs are spikes, 0 or 1.
    """
    read = {
        "folder": partial(_read_folder, shape=shape, classes=classes, names=names, rate=rate),
        "npz": partial(_read_npz, shape=shape, binary=binary),
        "given": _not_given,
    }[kind]
    files = {
        "folder": "a folder for each class, with pictures or .wav files, within train/ and test/ "
        "or alone",
        "npz": "x_train, y_train, x_test and y_test in a file .npz, or x and y in train.npz and "
        "test.npz",
        "given": "data=(training, test) of sterna.train.train_recipe",
    }[kind]
    return DataSet(
        name=kind,
        about="data of the user's own",
        classes=classes,
        names=names,
        shape=shape,
        rate=rate if kind == "folder" else 0,
        binary=binary,
        files=files,
        source="docs/training.md, Data of your own, tells of it",
        split="the user's own",
        read=read,
        tested=partial(_tested, kind),
        found=partial(_classes_of, kind),
    )


def from_description(description: Mapping[str, Any]) -> DataSet:
    """The set that a network's provenance describes; raises DataError for what describes none."""
    try:
        channels, rows, columns = (int(side) for side in description["shape"])
        names = tuple(str(name) for name in description["names"])
        kind = str(description["set"])
        if kind not in KINDS or min(channels, rows, columns) < 1:
            raise ValueError(kind)
        if channels * rows * columns > _MOST_PIXELS:
            raise ValueError(f"{channels * rows * columns:,} pixels, the limit is {_MOST_PIXELS:,}")
        return own_set(
            kind,
            shape=(channels, rows, columns),
            classes=int(description["classes"]),
            names=names,
            rate=int(description["rate"]),
            binary=bool(description["binary"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"a provenance that describes no data set ({error!r:.200})") from None


def _not_given(folder: Path, split: str) -> Examples:
    raise DataError(f"{folder}: this recipe's examples are given in Python")


def _tested(kind: str, folder: Path) -> bool:
    """Whether there are test examples apart from those to train with."""
    if kind == "folder":
        return (folder / "test").is_dir()
    if folder.is_dir():
        return (folder / "test.npz").exists()
    names = [f"{name}_test" for name in _INPUTS]
    return bool(_arrays(folder, names))


def _classes_of(kind: str, folder: Path) -> tuple[str, ...]:
    """Names of the classes that a folder has."""
    return tuple(path.name for path in _class_folders(folder)) if kind == "folder" else ()


def _class_folders(folder: Path, split: str = "train") -> list[Path]:
    parts = any((folder / name).is_dir() for name in _SPLITS)
    return [path for path in listed(folder / split if parts else folder) if path.is_dir()]


def _read_folder(
    folder: Path,
    split: str,
    *,
    shape: tuple[int, int, int],
    classes: int,
    names: tuple[str, ...],
    rate: int,
) -> Examples:
    if split == "test" and not _tested("folder", folder):
        raise DataError(f"{folder}: has no folder test/")
    known = names or _classes_of("folder", folder)
    if len(known) != classes:
        raise DataError(
            f"{folder}: has {len(known):,} folders of classes ({', '.join(known[:9])}), the "
            f"network votes for {classes}"
        )
    inputs: list[np.ndarray] = []
    labels: list[int] = []
    for place in _class_folders(folder, split):
        if place.name not in known:
            raise DataError(f"{place}: no class {place.name!r}; there are: {', '.join(known[:99])}")
        files = [path for path in listed(place) if path.is_file()]
        kept = [path for path in files if path.suffix.lower() in (*PICTURES, RECORDING)]
        if not kept:
            raise DataError(
                f"{place}: holds no example: a picture ({', '.join(PICTURES)}) or a recording, "
                f"{RECORDING}"
            )
        if len(kept) < len(files):
            other = next(path.name for path in files if path not in kept)
            log.warning(
                "%s: %d files of other kinds are left out, such as %s",
                place,
                len(files) - len(kept),
                other,
            )
        for path in kept:
            sound = path.suffix.lower() == RECORDING
            inputs.append(recording(path, shape, rate) if sound else picture(path, shape))
            labels.append(known.index(place.name))
    if not inputs:
        raise DataError(f"{folder}: holds no folders of classes for the {split} split")
    return Examples(np.stack(inputs), np.array(labels, np.int64))


def _read_npz(
    path: Path,
    split: str,
    *,
    shape: tuple[int, int, int] | None,
    binary: bool,
    whole: bool = False,
) -> Examples:
    """Inputs and labels of a split, from a file or a folder; `shape` None: as the array has it.

    `whole` : x and y of a file are its test examples; otherwise they are to train with.
    """
    whole = whole or path.is_dir() or split != "test"
    if path.is_dir():
        path = path / f"{split}.npz"
    found = _arrays(path, [f"{name}_{split}" for name in (*_INPUTS, *_LABELS)])
    if whole and not found:
        found = _arrays(path, [*_INPUTS, *_LABELS])
    inputs = next((array for name, array in found.items() if name[0] in "xXi"), None)
    labels = next((array for name, array in found.items() if name[0] in "yYlt"), None)
    if inputs is None or labels is None:
        raise DataError(f"{path}: holds no x_{split} and y_{split}, and no x and y")
    numbers = _labels(path, labels, len(inputs))
    return Examples(_pixels(path, inputs, shape, binary=binary), numbers)


def read_any(path: Path, shape: tuple[int, int, int] | None) -> Examples:
    """The test examples of a .npz file, or all of it; `shape` None: in the shape that they have."""
    return _read_npz(path, "test", shape=shape, binary=False, whole=True)


def _arrays(path: Path, names: list[str]) -> dict[str, np.ndarray]:
    try:
        return read_container(path, dict.fromkeys(names, _MOST_ARRAY))
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _labels(path: Path, labels: np.ndarray, count: int) -> np.ndarray:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise DataError(
            f"{path}: labels are {labels.dtype} {list(labels.shape)}; they must be whole numbers "
            f"[{count}], the class of each of the {count} examples"
        )
    return labels.astype(np.int64)


def _pixels(
    path: Path, inputs: np.ndarray, shape: tuple[int, int, int] | None, *, binary: bool
) -> np.ndarray:
    """Inputs as uint8 [n, channels, rows, columns]."""
    most = 1 if binary else 255
    if inputs.dtype.kind not in "biu":
        raise DataError(
            f"{path}: inputs are {inputs.dtype}; they must be whole numbers 0..255: scale them and "
            "store them as uint8"
        )
    if inputs.size and not 0 <= int(inputs.min()) <= int(inputs.max()) <= most:
        raise DataError(
            f"{path}: inputs are {int(inputs.min())}..{int(inputs.max())}, the limits are 0..{most}"
        )
    if shape is not None and not binary and inputs.size and int(inputs.max()) <= 1:
        raise DataError(
            f'{path}: no input is over 1: pixels have 0..255; for spikes, use coding = "none"'
        )
    return laid_out(path, inputs.astype(np.uint8), shape)


def laid_out(where: object, inputs: np.ndarray, shape: tuple[int, int, int] | None) -> np.ndarray:
    """Inputs [n, rows, columns], channels first or last, or flat, as [n, channels, rows, columns].

    Raises DataError that names both shapes.
    """
    if shape is None:
        if inputs.ndim == 3:
            return inputs[:, None]
        if inputs.ndim == 4:
            return inputs
        raise DataError(
            f"{where}: inputs are {list(inputs.shape)}, not [n, channels, rows, columns]"
        )
    channels, rows, columns = shape
    if inputs.shape[1:] == (rows, columns, channels) != shape:
        return np.ascontiguousarray(inputs.transpose(0, 3, 1, 2))
    flat = (channels * rows * columns,)
    if inputs.shape[1:] not in (shape, flat) and not (
        channels == 1 and inputs.shape[1:] == (rows, columns)
    ):
        raise DataError(
            f"{where}: inputs are {list(inputs.shape)}; the recipe's frame and coding want [n, "
            f"{channels}, {rows}, {columns}]: channels, rows, columns"
        )
    return inputs.reshape(len(inputs), *shape)


def description(data: DataSet, folder: Path | None) -> dict[str, Any]:
    """The description of an own set, for a provenance and `from_description`; JSON values."""
    names = data.names or (data.found(folder) if folder is not None else ())
    return {
        "set": data.name,
        "shape": list(data.shape),
        "classes": data.classes,
        "names": [*names],
        "rate": data.rate,
        "binary": data.binary,
    }


def from_python(data: DataSet, source: Any) -> Examples:
    """Examples from `Examples`, a PyTorch `Dataset` of pairs, or a `DataLoader` of batches of them.

    Inputs are whole numbers 0..255, fractions 0..1 as torchvision's `ToTensor` makes of pixels, or
    pictures; of a set of spikes 0 and 1.

    Raises DataError for inputs that are normalised, or of another shape, and for labels that are
    no classes.
    """
    if isinstance(source, Examples):
        inputs, labels = source.inputs, source.labels
        return Examples(
            _pixels(Path("the examples given"), inputs, data.shape, binary=data.binary),
            labels,
            source.group,
        )
    batched = hasattr(source, "batch_size") and hasattr(source, "dataset")
    pairs = list(source) if batched else [source[at] for at in range(len(source))]
    if not pairs:
        raise DataError("the data given has no examples")
    inputs = [_whole(pair[0], binary=data.binary) for pair in pairs]
    labels = [np.asarray(pair[1]) for pair in pairs]
    stacked = np.concatenate if batched else np.stack
    where = Path("the data given")
    found = _pixels(where, stacked(inputs), data.shape, binary=data.binary)
    return Examples(found, _labels(where, stacked(labels), len(found)))


def _whole(values: Any, *, binary: bool) -> np.ndarray:
    """Inputs as whole numbers: fractions 0..1 are 255ths, as `ToTensor` makes them."""
    array = np.asarray(values)
    if array.dtype.kind != "f":
        return array
    scaled = array.astype(np.float64) * (1 if binary else 255)
    whole = np.rint(scaled)
    if (
        not np.isfinite(scaled).all()
        or np.abs(scaled - whole).max(initial=0) > 1e-3
        or (whole.size and not 0 <= whole.min() <= whole.max() <= 255)
    ):
        wanted = "spikes 0 or 1" if binary else "255ths of 0..1"
        raise DataError(
            f"inputs of {array.dtype}, {float(array.min()):g} to {float(array.max()):g}, are no "
            f"{wanted}: give uint8, or floats as ToTensor makes them, and do not normalise"
        )
    return whole.astype(np.uint8)
