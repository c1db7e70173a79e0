"""Data sets of pictures: SVHN, GTSRB and FlickrLogos-32, as published."""

import csv
import io
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from sterna.spec import DataError

from .examples import Examples
from .files import content, library, lines
from .mat import read_mat

#: Rows and columns that pictures are scaled to.
SIDE = 32
SHAPE = (3, SIDE, SIDE)
#: Rows or columns of a picture at most, and bytes of its file.
_MOST_SIDE, _MOST_PICTURE = 1 << 13, 1 << 26
#: GTSRB's classes, and FlickrLogos' in the order of their labels.
GTSRB_CLASSES = 43
LOGOS = (
    "adidas", "aldi", "apple", "becks", "bmw", "carlsberg", "chimay", "cocacola", "corona", "dhl",
    "erdinger", "esso", "fedex", "ferrari", "ford", "fosters", "google", "guiness", "heineken",
    "hp", "milka", "nvidia", "paulaner", "pepsi", "rittersport", "shell", "singha", "starbucks",
    "stellaartois", "texaco", "tsingtao", "ups",
)  # fmt: skip


def read_svhn(folder: Path, split: str) -> Examples:
    """SVHN's cropped digits: 73,257 training and 26,032 test images.

    Source: Netzer et al. 2011; `X` uint8 [rows, columns, channels, n], `y` [n, 1], where 10 is a 0.
    """
    path = folder / f"{split}_32x32.mat"
    held = read_mat(path, ("X", "y"))
    if held.keys() != {"X", "y"} or held["X"].dtype != np.uint8 or held["X"].ndim != 4:
        raise DataError(f"{path}: must hold X, uint8 [rows, columns, channels, n], and y")
    pixels, numbers = held["X"], held["y"]
    with np.errstate(invalid="ignore"):
        labels = numbers.astype(np.int64)  # MATLAB's whole numbers are doubles
    if not np.array_equal(labels, numbers):
        raise DataError(f"{path}: y must be whole numbers")
    if labels.size != pixels.shape[3]:
        raise DataError(f"{path}: has {labels.size} labels for {pixels.shape[3]} images")
    if labels.size and not 1 <= labels.min() <= labels.max() <= 10:
        raise DataError(
            f"{path}: y has labels {labels.min()}..{labels.max()}, those of SVHN are 1..10"
        )
    return Examples(np.ascontiguousarray(pixels.transpose(3, 2, 0, 1)), labels.ravel() % 10)


def read_gtsrb(folder: Path, split: str) -> Examples:
    """GTSRB's traffic signs, cut out by their region and scaled; groups are tracks.

    Three forms are read, in the folder or in a folder GTSRB or gtsrb of it:

    - as published (Stallkamp et al. 2012): `Final_Training/Images`, a folder a class with
      `GT-CLASS.csv`, whose pictures are named TRACK_NUMBER.ppm; `Final_Test/Images`, with
      `GT-final_test.csv` there or above;
    - as torchvision unpacks it: `GTSRB/Training`, likewise, in place of `Final_Training/Images`;
    - as Kaggle has it: `Train.csv` and `Test.csv`, with pictures CLASS_TRACK_NUMBER.png by `Path`.
    """
    pictures: list[np.ndarray] = []
    labels: list[int] = []
    groups: list[int] = []
    for table, beside in _gtsrb_tables(folder, split):
        for row in _rows(table):
            own = _parts(table, row)
            try:
                label = int(row["ClassId"])
                left, top, right, bottom = (
                    int(row[f"Roi.{side}"]) for side in ("X1", "Y1", "X2", "Y2")
                )
                box = left, top, right + 1, bottom + 1
                numbers = own[-1].partition(".")[0].split("_")
                track = int(numbers[1 if len(numbers) == 3 else 0])
                if not 0 <= label < GTSRB_CLASSES or not 0 <= track < 100_000:
                    raise ValueError(f"class {label}, track {track}")
            except (KeyError, ValueError, TypeError, AttributeError) as error:
                raise DataError(
                    f"{table}: a row must have Filename or Path, Roi.X1 to Roi.Y2 and ClassId, 0.."
                    f"{GTSRB_CLASSES - 1} ({error!r:.200})"
                ) from None
            form = "PNG" if own[-1].lower().endswith(".png") else "PPM"
            pictures.append(_picture(beside.joinpath(*own), form, box))
            labels.append(label)
            groups.append(label * 100_000 + track if split == "train" else track)
    return _examples(pictures, labels, groups)


def _parts(table: Path, row: dict[str, str]) -> list[str]:
    """The file's name of a row, or its path within the folder, part by part."""
    name = row.get("Path") or row.get("Filename") or ""
    parts = name.split("/") if row.get("Path") else [name]
    if not all(part == Path(part).name not in ("", "..") for part in parts):
        raise DataError(f"{table}: {name!r:.80} is no file's name in the same folder")
    return parts


def _gtsrb_tables(folder: Path, split: str) -> list[tuple[Path, Path]]:
    """The tables of a split, and the folder that each one's names of pictures begin at."""
    tops = [folder / name for name in (".", "GTSRB", "gtsrb", "gtsrb/GTSRB")]
    for top in tops:
        kaggle = top / f"{split.capitalize()}.csv"
        if kaggle.is_file():
            return [(kaggle, top)]
    if split == "test":
        for top in tops:
            images = top / "Final_Test" / "Images"
            for place in (images, top / "Final_Test", top, top.parent):
                if images.is_dir() and (place / "GT-final_test.csv").is_file():
                    return [(place / "GT-final_test.csv", images)]
        images = folder / "Final_Test" / "Images"
        return [(images / "GT-final_test.csv", images)]
    for top in tops:
        for training in (top / "Final_Training" / "Images", top / "Training"):
            if training.is_dir():
                return _gtsrb_classes(training)
    return _gtsrb_classes(folder / "Final_Training" / "Images")


def _gtsrb_classes(training: Path) -> list[tuple[Path, Path]]:
    """The table of each class, beside its pictures."""
    folders = [training / f"{label:05}" for label in range(GTSRB_CLASSES)]
    return [(place / f"GT-{place.name}.csv", place) for place in folders]


def read_logos(folder: Path, split: str) -> Examples:
    """FlickrLogos-32's logos, cut out by their boxes and scaled; a picture may have several.

    Training: `trainset.txt` and `valset-logosonly.txt`; test: `testset-logosonly.txt`.

    Source: Romberg et al. 2011: lines CLASS,FILE; pictures in `classes/jpg/CLASS`, boxes in
    `classes/masks/CLASS/FILE.bboxes.txt`: x y width height, after a line that names them.
    """
    lists = {"train": ("trainset.txt", "valset-logosonly.txt"), "test": ("testset-logosonly.txt",)}
    names = {name.lower(): label for label, name in enumerate(LOGOS)}
    pictures: list[np.ndarray] = []
    labels: list[int] = []
    groups: list[int] = []
    picture = 0
    for path in (folder / name for name in lists[split]):
        for number, line in enumerate(lines(path)):
            kind, _, file = line.partition(",")
            if kind.lower() == "no-logo":
                continue
            if kind.lower() not in names or Path(file).name != file or not file:
                raise DataError(f"{path}: line {number + 1} is {line!r}, not CLASS,FILE")
            picture += 1
            boxes = folder / "classes" / "masks" / kind / f"{file}.bboxes.txt"
            for row in lines(boxes)[1:]:
                try:
                    x, y, width, height = map(int, row.split())
                except ValueError:
                    raise DataError(f"{boxes}: {row!r} is no box: x y width height") from None
                jpg = folder / "classes" / "jpg" / kind / file
                pictures.append(_picture(jpg, "JPEG", (x, y, x + width, y + height)))
                labels.append(names[kind.lower()])
                groups.append(picture)
    return _examples(pictures, labels, groups)


def _rows(path: Path) -> Iterable[dict[str, str]]:
    """The rows of a table with a head, whose columns a semicolon or a comma parts."""
    found = lines(path)
    delimiter = ";" if found and ";" in found[0] else ","
    try:
        yield from csv.DictReader(found, delimiter=delimiter, skipinitialspace=True)
    except csv.Error as error:
        raise DataError(f"{path}: is no table ({error})") from None


def _picture(path: Path, form: str, box: tuple[int, int, int, int]) -> np.ndarray:
    """A part of a picture (left, top, right, bottom), scaled: uint8 [3, SIDE, SIDE].

    `form` is the one that the set is published in: Pillow, left to itself, goes by the content, and
    for PostScript starts a program that runs it.
    """
    Image = library("PIL.Image", "Pillow")
    data = content(path, _MOST_PICTURE)
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=[form]) as image:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            if max(image.size) > _MOST_SIDE:
                raise DataError(f"{path}: has {image.size} pixels, the limit is {_MOST_SIDE:,}")
            if not (0 <= box[0] < box[2] <= image.width and 0 <= box[1] < box[3] <= image.height):
                raise DataError(f"{path}: has no part {box}, it is {image.size}")
            whole = image.convert("RGB")
            part = whole.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box)
    except DataError:
        raise
    except Exception as error:  # a damaged picture can raise anything
        raise DataError(f"{path}: is no picture in the form {form} ({error})") from None
    return np.asarray(part).transpose(2, 0, 1)


def _examples(pictures: list[np.ndarray], labels: list[int], groups: list[int]) -> Examples:
    inputs = np.stack(pictures) if pictures else np.zeros((0, *SHAPE), np.uint8)
    return Examples(inputs, np.array(labels, np.int64), np.array(groups, np.int64))
