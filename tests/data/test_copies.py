"""Data sets as people have them: other names, other layouts, what computers lay between."""

import csv
import gzip
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sterna.data import cifar, mnist_test
from sterna.data.emnist import CLASSES
from sterna.data.sets import SETS
from sterna.spec import DataError
from tests.data.test_sets import event, gtsrb, load, sign
from tests.idx import idx, write_mnist


def renamed(folder, rename):
    for path in sorted(folder.iterdir()):
        rename(path)


def in_folders(path):
    """A file in a folder of its own name, as Kaggle's archive unpacks."""
    content = path.read_bytes()
    path.unlink()
    path.mkdir()
    (path / path.name).write_bytes(content)


def dotted(path):
    path.rename(path.with_name(path.name.replace("-idx", ".idx")))


def dotted_and_gzipped(path):
    name = path.name.replace("-idx", ".idx")
    path.with_name(f"{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()


@pytest.mark.parametrize("rename", [dotted, dotted_and_gzipped, in_folders])
def test_mnist_is_found_by_the_names_of_its_copies(tmp_path, rename):
    write_mnist(tmp_path, slice(20), slice(20, 30))
    renamed(tmp_path, rename)
    assert np.array_equal(load("mnist", tmp_path).inputs[:, 0], mnist_test().pixels[:20])
    assert np.array_equal(load("mnist", tmp_path, "test").labels, mnist_test().labels[20:30])


def test_what_macos_lays_beside_files_is_no_recording(tmp_path):
    folder = tmp_path / "Test" / "4"
    folder.mkdir(parents=True)
    (folder / "00001.bin").write_bytes(event(1, 2, 0, 5))
    for name in ("._00001.bin", ".DS_Store"):
        (folder / name).write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X")
    assert load("nmnist", tmp_path, "test").labels.tolist() == [4]


def kaggle(folder: Path, bom: str = ""):
    """GTSRB's signs of `tests.data.test_sets.gtsrb`, as Kaggle has them."""
    names = ("Width", "Height", "Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2", "ClassId", "Path")
    rows = {"Train": [], "Test": [(40, 40, 4, 4, 35, 35, 7, "Test/00000.png")]}
    sign(folder / "Test" / "00000.png", (1, 2, 3))
    for label in range(43):
        for track, number in ((0, 0), (0, 1), (1, 0)):
            path = f"Train/{label}/{label:05}_{track:05}_{number:05}.png"
            sign(folder / path, (label, 10, 200))
            rows["Train"].append((40, 40, 4, 4, 35, 35, label, path))
    for split, lines in rows.items():
        with (folder / f"{split}.csv").open("w", newline="") as file:
            file.write(bom)
            csv.writer(file).writerows([names, *lines])


def torchvision(folder: Path):
    """The same as torchvision unpacks it: a folder of other names, the table at the top."""
    gtsrb(folder)
    top = folder / "gtsrb" / "GTSRB"
    (top / "Final_Test").mkdir(parents=True)
    (folder / "Final_Training" / "Images").rename(top / "Training")
    (folder / "Final_Test" / "Images").rename(top / "Final_Test" / "Images")
    table = top / "Final_Test" / "Images" / "GT-final_test.csv"
    table.rename(folder / "gtsrb" / table.name)


def marked(folder: Path):
    """As published, its tables saved anew by a spreadsheet, with a byte-order mark."""
    gtsrb(folder)
    for table in folder.rglob("*.csv"):
        table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes())


def archive(folder: Path):
    """As its archive unpacks: all in a folder GTSRB."""
    gtsrb(folder / "GTSRB")


@pytest.mark.parametrize("make", [kaggle, torchvision, marked, archive])
def test_gtsrb_is_the_same_in_every_form(tmp_path, make):
    gtsrb(tmp_path / "published")
    (tmp_path / "copy").mkdir()
    make(tmp_path / "copy")
    for split in ("train", "test"):
        want, seen = (load("gtsrb", tmp_path / name, split) for name in ("published", "copy"))
        order = np.lexsort((want.group, want.labels))
        assert np.array_equal(seen.inputs, want.inputs[order])
        assert np.array_equal(seen.labels, want.labels[order])
        assert np.array_equal(seen.group, want.group[order])


@pytest.mark.control
def test_a_sign_of_another_class_is_noticed(tmp_path):
    """Negative control: one class in the table is another."""

    def wrong(folder):
        kaggle(folder, bom="\ufeff")
        table = (folder / "Train.csv").read_text()
        (folder / "Train.csv").write_text(
            table.replace(",5,Train/5/00005_00000_00000", ",6,Train/5/00005_00000_00000")
        )

    with pytest.raises(AssertionError):
        test_gtsrb_is_the_same_in_every_form(tmp_path, wrong)


@pytest.mark.parametrize("name", ["../Test/00000.png", "/etc/passwd.png", "Test//00000.png"])
def test_a_path_out_of_the_folder_is_refused(tmp_path, name):
    kaggle(tmp_path)
    table = (tmp_path / "Test.csv").read_text()
    (tmp_path / "Test.csv").write_text(table.replace("Test/00000.png", name))
    with pytest.raises(DataError, match=r"is no file's name in the same folder"):
        load("gtsrb", tmp_path, "test")


def emnist(folder: Path, part: str, count: int = 0):
    """Digits of MNIST as EMNIST stores them, with all labels of a part of it."""
    first = 1 if part == "letters" else 0
    labels = np.arange(len(CLASSES[part]), dtype=np.uint8) + first
    pixels = mnist_test().pixels[: len(labels)]
    folder.mkdir(exist_ok=True)
    for split in ("train", "test"):
        name = f"emnist-{part}-{split}"
        stored = np.ascontiguousarray(pixels.transpose(0, 2, 1))
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(stored)))
        kept = labels if not count else labels[:count]
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(kept)))
    return pixels


@pytest.mark.parametrize("part", CLASSES)
@pytest.mark.parametrize("place", [".", "gzip"])
def test_emnist_is_read_upright_with_all_its_classes(tmp_path, part, place):
    pixels = emnist(tmp_path / place, part)
    seen = load(f"emnist-{part}", tmp_path, "test")
    assert np.array_equal(seen.inputs[:, 0], pixels)
    assert seen.labels.tolist() == [*range(len(CLASSES[part]))]
    assert SETS[f"emnist-{part}"].classes == len(SETS[f"emnist-{part}"].names) == len(seen)


def test_emnist_of_which_labels_are_missing_is_named(tmp_path):
    emnist(tmp_path, "letters", count=3)
    with pytest.raises(DataError, match=r"labels-idx1-ubyte\.gz: has labels of \[3\] for 26"):
        load("emnist-letters", tmp_path)


def test_a_batch_of_cifar_that_calls_frombuffer_on_something_else_is_not_run(tmp_path):
    class Call:
        def __reduce__(self):
            return np._core.numeric._frombuffer, (b"abcd", np.dtype("O"), (1,), "C")

    (tmp_path / "test_batch").write_bytes(pickle.dumps({"data": Call(), "labels": [1]}, protocol=5))
    with pytest.raises(DataError, match=r"is no batch of CIFAR .*which holds no numbers"):
        cifar.read_cifar10(tmp_path, "test")


def test_a_copy_of_pictures_is_still_read_in_its_own_form_alone(tmp_path):
    kaggle(tmp_path)
    path = tmp_path / "Test" / "00000.png"
    Image.open(path).save(tmp_path / "x.bmp")
    shutil.move(tmp_path / "x.bmp", path)
    with pytest.raises(DataError, match="is no picture in the form PNG"):
        load("gtsrb", tmp_path, "test")
