"""Readers of data sets: tiny files in the published formats, and what is said of wrong ones."""

import os
import pickle
import struct
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from PIL import Image
from scipy.io import loadmat, savemat

from sterna.data import events, images, mat
from sterna.data.sets import SETS
from sterna.spec import DataError, ToolError

RNG = np.random.default_rng(1)


def load(name, folder, split="train"):
    return SETS[name].load(folder, split)


def cifar_binary(folder, names, labels):
    """Three images a file; `labels` label bytes a record, of which the last counts."""
    pixels = RNG.integers(0, 256, (len(names), 3, 3072), dtype=np.uint8)
    for number, name in enumerate(names):
        marks = np.tile(np.array([[7], [number], [9]], np.uint8), labels)
        marks[:, :-1] = 19 - marks[:, :-1]  # CIFAR-100's coarse ones
        (folder / f"{name}.bin").write_bytes(np.hstack([marks, pixels[number]]).tobytes())
    return pixels.reshape(-1, 3, 32, 32)


TEN = [f"data_batch_{number}" for number in range(1, 6)]


@pytest.mark.parametrize(
    ("name", "files", "labels"), [("cifar10", TEN, 1), ("cifar100", ["train"], 2)]
)
def test_cifar_in_binary(tmp_path, name, files, labels):
    pixels = cifar_binary(tmp_path, files, labels)
    seen = load(name, tmp_path)
    np.testing.assert_array_equal(seen.inputs, pixels)
    assert seen.labels.tolist()[:3] == [7, 0, 9]
    assert seen.inputs[0, 2, 31, 30] == pixels[0, 2, 31, 30]


@pytest.mark.parametrize(
    ("name", "file", "key"),
    [("cifar10", "test_batch", "labels"), ("cifar100", "test", "fine_labels")],
)
def test_cifar_for_python(tmp_path, name, file, key):
    pixels = RNG.integers(0, 256, (2, 3072), dtype=np.uint8)
    (tmp_path / file).write_bytes(pickle.dumps({"data": pixels, key: [3, 8]}, protocol=2))
    seen = load(name, tmp_path, "test")
    np.testing.assert_array_equal(seen.inputs, pixels.reshape(2, 3, 32, 32))
    assert seen.labels.tolist() == [3, 8]


def batch(values, **how):
    """A published batch: a dictionary of an array, labels, a name, and the files' names."""
    return pickle.dumps(
        {
            "batch_label": "testing batch 1 of 1",
            **values,
            "filenames": [f"cat_{n}.png" for n in range(3)],
        },
        **how,
    )


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("labels", [[3, 8], np.array([3, 8])])
@pytest.mark.parametrize("key", [str, str.encode])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_batch_of_any_protocol_is_read(tmp_path, protocol, labels, key, order):
    pixels = RNG.integers(0, 256, (2, 3072), dtype=np.uint8)
    values = {key("data"): np.array(pixels, order=order), key("labels"): labels}
    (tmp_path / "test_batch").write_bytes(batch(values, protocol=protocol))
    seen = load("cifar10", tmp_path, "test")
    np.testing.assert_array_equal(seen.inputs, pixels.reshape(2, 3, 32, 32))
    assert seen.labels.tolist() == [3, 8]


def test_a_batch_as_python_2_wrote_it_is_read(tmp_path):
    """By hand, with the opcodes of the published files: texts and contents are strings of bytes."""
    pixels = RNG.integers(0, 256, (1, 3072), dtype=np.uint8)
    content = pixels.tobytes()
    data = (
        b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\n"
        b"q\x04K\x00\x85U\x01b\x87Rq\x05(K\x01K\x01M\x00\x0c\x86cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01"
        b"\x87Rq\x07(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        + len(content).to_bytes(4, "little")
        + content
        + b"tbU\x06labelsq\x08]q\tK\x06aU\x0bbatch_labelq\nU\x15testing batch 1 of 1.u."
    )
    assert pickle.loads(data, encoding="latin1")["labels"] == [6]
    (tmp_path / "test_batch").write_bytes(data)
    seen = load("cifar10", tmp_path, "test")
    np.testing.assert_array_equal(seen.inputs[0].ravel(), pixels[0])
    assert seen.labels.tolist() == [6]


class Calls:
    """Pickles as a call of anything."""

    def __init__(self, what, *arguments):
        self._call = what, arguments

    def __reduce__(self):
        return self._call


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            batch({"data": Calls(np.ndarray, (1,), "O", b"A" * 8), "labels": [1]}, protocol=2),
            "it calls numpy.ndarray",
        ),
        (batch({"data": Calls(np.zeros, 1 << 40), "labels": [1]}), "it names 'numpy"),
        (batch({"data": np.zeros((1, 3072), object), "labels": [1]}, protocol=2), "holds no num"),
        (batch({"data": np.zeros((1, 3072), "U9"), "labels": [1]}, protocol=2), "holds no numbers"),
        (batch({"data": np.zeros((1, 3072), float), "labels": [1]}, protocol=2), "data is float64"),
        (batch({"data": np.zeros((1, 3071), np.uint8), "labels": [1]}, protocol=2), r"\[1, 3071\]"),
        (batch({"data": np.zeros((2, 3072), np.uint8), "labels": [1]}, protocol=2), "labels int64"),
        (batch({"data": [1, 2], "labels": [1]}), "its data must be an array"),
        (batch({"data": np.zeros((1, 3072), np.uint8), "labels": [1e300]}, protocol=2), "whole"),
        (batch({"data": np.zeros((1, 3072), np.uint8), "labels": [10**400]}, protocol=2), "whole"),
        (batch({"labels": [1]}), "it has no data"),
        (pickle.dumps([1, 2]), "it has no data"),
        (b"\x80\x02]r\xff\xff\xff\x0f.", "it has no data"),
        (b"\x80\x02(.", "damaged"),
        (b"\x80\x02h\x05.", "damaged"),
        (b"\x80\x02R.", "damaged"),
        (b"\x80\x02}(u}s.", "damaged|it has no data"),
        (b"\x80\x02K\x01K\x01b.", "damaged"),
        (b"\x80\x02X\xff\xff\xff\x7fabc.", "damaged"),
        (b"", "damaged"),
        (b"\xff", "damaged"),
        (b"\x80\x02}q\x00", "damaged"),
        (b"I" + b"9" * 5000 + b"\n.", "damaged"),
        (b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f}.", "it has no data"),
        (b"ccopy_reg\n_reconstructor\n.", "it names 'copy_reg._reconstructor'"),
        (b"Pabc\n.", "opcode PERSID"),
        (b"(ios\nsystem\n.", "opcode INST"),
    ],
)
def test_a_pickle_that_is_no_batch_is_named(tmp_path, data, text):
    (tmp_path / "test_batch").write_bytes(data)
    with pytest.raises(DataError, match=rf"test_batch: .*({text})"):
        load("cifar10", tmp_path, "test")


def nested(count):
    """Opcodes that put a tuple of two that are one, of two that are one, and so on."""
    return b"(tq\x00" + b"0h\x00h\x00\x86q\x00" * count


ARRAY = b"cnumpy.core.multiarray\n_reconstruct\n)R(K\x01"


@pytest.mark.parametrize("value", [nested(60), b"(" * 200_000 + b"t" * 200_000])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"}", b"K\x01s."),  # a key
        (b"cnumpy\ndtype\n", b"\x85R."),  # a type
        (b"cnumpy\ndtype\nU\x02u1\x85R(K\x03", b"tb."),  # an order of bytes
        (b"", b"U\x01a\x93."),  # a module
        (ARRAY, b"cnumpy\ndtype\nU\x02u1\x85R\x89U\x00tb."),  # a shape
        (ARRAY + b"K\x01\x85", b"\x89U\x00tb."),  # what the array is of
        (b"cnumpy\nzeros\n", b"\x85R."),
        (b"c_codecs\nencode\n", b"\x85R."),
    ],
)
def test_a_pickle_that_nests_what_must_be_plain_ends_at_once(tmp_path, before, value, after):
    """To show, to compare or to hash such a value takes 2^60 steps, or the process' stack."""
    (tmp_path / "test_batch").write_bytes(b"\x80\x04" + before + value + after)
    start = time.process_time()
    with pytest.raises(DataError, match="is no batch of CIFAR"):
        load("cifar10", tmp_path, "test")
    assert time.process_time() - start < 5


class Harm:
    def __reduce__(self):
        return eval, ("open('harm', 'w').close()",)


def test_a_pickle_that_calls_something_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "test_batch").write_bytes(pickle.dumps({"data": Harm(), "labels": [1]}))
    with pytest.raises(DataError, match=r"test_batch: is no batch of CIFAR .*names .*eval"):
        load("cifar10", tmp_path, "test")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\0" * 3000, r"has 3,000 bytes, not a multiple of 3,073; cifar10 needs data_batch_1"),
        (b"", "has 0 bytes"),
        (b"\x0b" + b"\0" * 3072, r"labels 11\.\.11, those of cifar10 are 0\.\.9"),
    ],
)
def test_a_wrong_batch_of_cifar_is_named(tmp_path, content, text):
    (tmp_path / "test_batch.bin").write_bytes(content)
    with pytest.raises(DataError, match=text):
        load("cifar10", tmp_path, "test")


def test_svhn_counts_ten_as_nought(tmp_path):
    pixels = RNG.integers(0, 256, (32, 32, 3, 4), dtype=np.uint8)
    savemat(
        tmp_path / "test_32x32.mat",
        {"X": pixels, "y": np.array([[1], [10], [9], [2]])},
        do_compression=True,
    )
    seen = load("svhn", tmp_path, "test")
    assert seen.labels.tolist() == [1, 0, 9, 2]


@pytest.mark.parametrize("labels", [[1, 0], [11, 2], [255, 37], [-1, 1]])
def test_svhn_has_labels_of_one_to_ten(tmp_path, labels):
    pixels = np.zeros((32, 32, 3, 2), np.uint8)
    savemat(tmp_path / "test_32x32.mat", {"X": pixels, "y": np.array(labels)[:, None]})
    with pytest.raises(DataError, match=r"those of SVHN are 1\.\.10"):
        load("svhn", tmp_path, "test")


def test_a_small_mat_file_that_unpacks_to_gigabytes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(mat, "MOST", 1 << 20)
    pixels = np.zeros((32, 32, 3, 1000), np.uint8)
    savemat(
        tmp_path / "test_32x32.mat", {"X": pixels, "y": np.ones((1000, 1))}, do_compression=True
    )
    with pytest.raises(DataError, match=r"X has over 1,048,576 bytes, the limit"):
        load("svhn", tmp_path, "test")


def element(kind, body):
    return struct.pack("<II", kind, len(body)) + body + bytes(-len(body) % 8)


def matrix(name, kind, shape, body):
    """A MATLAB array by hand, packed: its class, its shape, and what follows its name."""
    head = element(6, struct.pack("<II", kind, 0)) + element(
        5, struct.pack(f"<{len(shape)}i", *shape)
    )
    packed = zlib.compress(element(14, head + element(1, name) + body))
    return struct.pack("<II", 15, len(packed)) + packed


CELL, UINT8 = 1, 9
HEADER = b"MATLAB 5.0".ljust(124) + b"\0\1IM"
Y = matrix(b"y", UINT8, (1, 1), element(2, b"\1"))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 4), (2, 3, 4, 5), (0, 3)])
def test_a_mat_file_is_read_as_scipy_reads_it(tmp_path, packed, kind, shape):
    path = tmp_path / "x.mat"
    values = {
        "X": RNG.integers(0, 120, shape).astype(kind),
        "a_long_name_" * 2: np.eye(3),
        "y": np.arange(4.0) / 3,
        "cells": np.array([[1, "a"]], object),
    }
    savemat(path, values, do_compression=packed)
    seen, wanted = mat.read_mat(path, ("X", "y", "absent")), loadmat(path)
    assert seen.keys() == {"X", "y"}
    for name, array in seen.items():
        assert array.dtype == wanted[name].dtype
        np.testing.assert_array_equal(array, wanted[name])


def test_mat_files_of_matlab_are_read_as_scipy_reads_them():
    """Those that come with SciPy, by several releases of MATLAB, on machines of both orders."""
    folder = Path(scipy.io.__file__).parent / "matlab" / "tests" / "data"
    of_five = [
        path
        for path in sorted(folder.glob("*.mat"))
        if path.read_bytes()[124:128] in (b"\0\1IM", b"\1\0MI")
    ]
    equal = 0
    for path in of_five:
        try:
            wanted = loadmat(path)
        except Exception:  # those that SciPy's tests want refused
            continue
        for name, array in wanted.items():
            numbers = isinstance(array, np.ndarray) and array.dtype.kind in "iuf"  # not sparse
            if numbers and not name.startswith("__"):
                np.testing.assert_array_equal(mat.read_mat(path, (name,))[name], array)
                equal += 1
    assert equal >= 25


def test_a_mat_file_by_hand_is_read(tmp_path):
    pixels = RNG.integers(0, 256, 3072, dtype=np.uint8)
    x = matrix(b"X", UINT8, (32, 32, 3, 1), element(2, pixels.tobytes()))
    (tmp_path / "test_32x32.mat").write_bytes(HEADER + x + Y)
    seen = load("svhn", tmp_path, "test")
    np.testing.assert_array_equal(seen.inputs[0].T.transpose(1, 0, 2).ravel("F"), pixels)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        # a small shape, and behind it more bytes than it takes
        (
            matrix(b"X", UINT8, (32, 32, 3, 1), element(2, bytes(2 << 20))),
            "is not .*X has over",
        ),
        (
            matrix(b"X", CELL, (1, 1), element(14, b"")),
            "is not .*X is not an array of real numbers: class 1",
        ),
        (
            matrix(b"X", UINT8, (32, 32, 3, 1 << 30), element(2, b"")),
            "is not .*X has 0 bytes of uint8 for",
        ),
        (matrix(b"X", UINT8, (-32, 32, 3, 1), element(2, b"1")), "is not a readable"),
        (b"", "must hold X, uint8"),
    ],
)
def test_a_mat_file_that_lies_is_named(tmp_path, monkeypatch, x, said):
    monkeypatch.setattr(mat, "MOST", 1 << 20)
    (tmp_path / "test_32x32.mat").write_bytes(HEADER + x + Y)
    with pytest.raises(DataError, match=rf"test_32x32\.mat: {said}"):
        load("svhn", tmp_path, "test")


def test_a_compressed_array_without_its_checksum_is_named(tmp_path):
    kind, packed = Y[:8], Y[8:]
    wrong = packed[:-1] + bytes([packed[-1] ^ 1])
    for cut in (wrong, packed[:-4]):
        (tmp_path / "x.mat").write_bytes(HEADER + kind[:4] + struct.pack("<I", len(cut)) + cut)
        with pytest.raises(DataError, match="is not a readable MATLAB file"):
            mat.read_mat(tmp_path / "x.mat", ("y",))


def test_a_mat_file_of_another_version_is_named(tmp_path):
    (tmp_path / "test_32x32.mat").write_bytes(b"MATLAB 7.3".ljust(124) + b"\0\2IM" + bytes(99))
    with pytest.raises(DataError, match="is not a MATLAB file of version 5: save it with -v7"):
        load("svhn", tmp_path, "test")


def test_svhn_has_its_pixels_in_order(tmp_path):
    pixels = RNG.integers(0, 256, (32, 32, 3, 4), dtype=np.uint8)
    savemat(tmp_path / "test_32x32.mat", {"X": pixels, "y": np.array([[1], [10], [9], [2]])})
    seen = load("svhn", tmp_path, "test")
    np.testing.assert_array_equal(seen.inputs[3, 1], pixels[:, :, 1, 3])


def test_a_wrong_mat_file_is_named(tmp_path):
    (tmp_path / "test_32x32.mat").write_bytes(b"not a mat file, but long enough for a header" * 9)
    with pytest.raises(DataError, match=r"test_32x32\.mat: is not a MATLAB file"):
        load("svhn", tmp_path, "test")
    savemat(tmp_path / "test_32x32.mat", {"X": np.zeros((2, 2), np.uint8), "y": [1]})
    with pytest.raises(DataError, match="must hold X, uint8"):
        load("svhn", tmp_path, "test")
    pixels = np.zeros((32, 32, 3, 1), np.uint8)
    savemat(tmp_path / "test_32x32.mat", {"X": pixels, "y": ["one"]})
    with pytest.raises(DataError, match="y is not an array of real numbers: class 4"):
        load("svhn", tmp_path, "test")


@pytest.mark.parametrize(
    ("module", "library", "name", "file"),
    [
        ("scipy.io.wavfile", "SciPy", "spoken-digits", "3_ann_0.wav"),
        ("PIL.Image", "Pillow", "gtsrb", None),
    ],
)
def test_a_library_that_is_not_installed_is_named(
    tmp_path, monkeypatch, module, library, name, file
):
    if file is None:
        gtsrb(tmp_path)
    else:
        (tmp_path / file).touch()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ToolError, match=rf"needs {library}: pip install 'sterna\[train\]'"):
        load(name, tmp_path, "test")


def sign(path, colour, size=40, border=4):
    """A picture of one colour within a black border, as GTSRB's region leaves it out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((size, size, 3), np.uint8)
    pixels[border:-border, border:-border] = colour
    Image.fromarray(pixels).save(path)


HEAD = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\n"


def gtsrb(folder):
    for label in range(43):
        top = folder / "Final_Training" / "Images" / f"{label:05}"
        lines = []
        for name in ("00000_00000.ppm", "00000_00001.ppm", "00001_00000.ppm"):
            sign(top / name, (label, 10, 200))
            lines.append(f"{name};40;40;4;4;35;35;{label}\n")
        (top / f"GT-{label:05}.csv").write_text(HEAD + "".join(lines))
    test = folder / "Final_Test" / "Images"
    sign(test / "00000.ppm", (1, 2, 3))
    (test / "GT-final_test.csv").write_text(HEAD + "00000.ppm;40;40;4;4;35;35;7\n")


def test_gtsrb_cuts_signs_out_and_knows_their_tracks(tmp_path):
    gtsrb(tmp_path)
    seen = load("gtsrb", tmp_path)
    assert len(seen) == 3 * 43
    assert seen.labels[:6].tolist() == [0, 0, 0, 1, 1, 1]
    assert (seen.inputs[3] == np.array([1, 10, 200])[:, None, None]).all()
    assert len(np.unique(seen.group)) == 2 * 43
    assert seen.group[0] == seen.group[1] != seen.group[2]
    test = load("gtsrb", tmp_path, "test")
    assert test.labels.tolist() == [7]
    assert test.inputs[0, :, 5, 5].tolist() == [1, 2, 3]


def test_a_wrong_sign_is_named(tmp_path):
    gtsrb(tmp_path)
    table = tmp_path / "Final_Test" / "Images" / "GT-final_test.csv"
    table.with_name("7.ppm").write_text("P6 and no more")
    for row, text in (
        ("00001.ppm;40;40;4;4;35;35;7", r"00001\.ppm: no such file; gtsrb needs"),
        ("00000.ppm;40;40;4;4;99;35;7", r"has no part \(4, 4, 100, 36\), it is \(40, 40\)"),
        ("00000.ppm;40;40;4;4;35;x;7", "a row must have Filename"),
        ("00000.ppm;40;40;4;4;35;35", "a row must have Filename"),
        ("7.ppm;40;40;4;4;35;35;7", r"7\.ppm: is no picture"),
    ):
        table.write_text(HEAD + row + "\n")
        with pytest.raises(DataError, match=text):
            load("gtsrb", tmp_path, "test")


def test_flickrlogos_cuts_every_box_out(tmp_path):
    for kind, file in (("adidas", "1.jpg"), ("HP", "2.jpg"), ("ups", "3.jpg")):
        sign(tmp_path / "classes" / "jpg" / kind / file, (200, 100, 50))
        boxes = tmp_path / "classes" / "masks" / kind / f"{file}.bboxes.txt"
        boxes.parent.mkdir(parents=True)
        boxes.write_text("x y width height\n8 8 20 20\n" + ("8 8 10 10\n" if kind == "HP" else ""))
    (tmp_path / "trainset.txt").write_text("adidas,1.jpg\nno-logo,9.jpg\n")
    (tmp_path / "valset-logosonly.txt").write_text("HP,2.jpg\n")
    (tmp_path / "testset-logosonly.txt").write_text("ups,3.jpg\n")
    seen = load("flickrlogos-32", tmp_path)
    names = [images.LOGOS[label] for label in seen.labels]
    assert names == ["adidas", "hp", "hp"]
    assert seen.group.tolist() == [1, 2, 2]
    assert np.abs(seen.inputs[1, :, 9, 9].astype(int) - [200, 100, 50]).max() < 5
    assert load("flickrlogos-32", tmp_path, "test").labels.tolist() == [31]
    (tmp_path / "testset-logosonly.txt").write_text("upps,3.jpg\n")
    with pytest.raises(DataError, match=r"line 1 is 'upps,3\.jpg', not CLASS,FILE"):
        load("flickrlogos-32", tmp_path, "test")


def event(x, y, polarity, time):
    return bytes([x, y, polarity << 7 | time >> 16, time >> 8 & 0xFF, time & 0xFF])


def test_nmnist_events_lie_in_frames_one_after_another(tmp_path):
    early, late, beyond = (
        event(*each) for each in ((3, 4, 1, 14_999), (5, 6, 0, 15_000), (7, 8, 1, 400_000))
    )
    for digit, data in ((2, early + late), (7, beyond)):
        folder = tmp_path / "Test" / str(digit)
        folder.mkdir(parents=True)
        (folder / "00001.bin").write_bytes(data)
    seen = load("nmnist-events", tmp_path, "test")
    assert seen.inputs.shape == (2 * 21, 2, 34, 34)
    assert np.argwhere(seen.inputs).tolist() == [[0, 1, 4, 3], [1, 0, 6, 5], [41, 1, 8, 7]]
    assert seen.labels.tolist() == [2] * 21 + [7] * 21
    assert seen.group.tolist() == [0] * 21 + [1] * 21


def test_nmnist_lays_events_in_planes(tmp_path):
    path = tmp_path / "Test" / "4" / "00001.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(
        event(1, 2, 0, 5)
        + event(33, 0, 1, 104_999)
        + event(3, 4, 1, 105_000)
        + event(3, 4, 1, 105_001)
        + event(0, 33, 0, 0x7FFFFF)
    )
    seen = load("nmnist", tmp_path, "test")
    assert seen.labels.tolist() == [4]
    spikes = {tuple(at) for at in np.argwhere(seen.inputs[0]).tolist()}
    assert spikes == {(0, 2, 1), (3, 0, 33), (4, 4, 3), (2, 33, 0)}
    assert events.read_events(path)[3].tolist() == [5, 104_999, 105_000, 105_001, 0x7FFFFF]


def test_a_wrong_recording_is_named(tmp_path):
    with pytest.raises(DataError, match=r"Test: holds no recordings.*nmnist needs"):
        load("nmnist", tmp_path, "test")
    path = tmp_path / "Test" / "0" / "1.bin"
    path.parent.mkdir(parents=True)
    for content, text in (
        (b"1234", "has 4 bytes"),
        (b"", "has 0 bytes"),
        (event(34, 0, 0, 0), r"has an event at \(34, 0\)"),
    ):
        path.write_bytes(content)
        with pytest.raises(DataError, match=text):
            load("nmnist", tmp_path, "test")


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 32 32\nshowpage\n"
DDS = b"DDS " + bytes([124]) + bytes(200)


@pytest.mark.parametrize(
    "content",
    [POSTSCRIPT, DDS, b"P6 32", b"P6\n99999 99999\n255\n", b"", b"\x89PNG\r\n\x1a\n" + bytes(50)],
)
def test_a_picture_is_read_in_its_sets_form_alone(tmp_path, monkeypatch, content):
    """Pillow goes by the content: a .ppm that is PostScript started Ghostscript, which runs it."""
    gtsrb(tmp_path)
    for path in tmp_path.rglob("*.ppm"):
        path.write_bytes(content)
    monkeypatch.setattr("subprocess.Popen", None)
    with pytest.raises(DataError, match=r"\.ppm: is no picture in the form PPM"):
        load("gtsrb", tmp_path)


def test_a_picture_of_too_many_pixels_is_named(tmp_path):
    gtsrb(tmp_path)
    for path in tmp_path.rglob("*.ppm"):
        path.write_bytes(b"P6\n8193 1\n255\n" + bytes(3 * 8193))
    with pytest.raises(DataError, match=r"has \(8193, 1\) pixels, the limit is 8,192"):
        load("gtsrb", tmp_path)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("00000.ppm;32;32;0;0;31;31;1" + "0" * 30, r"ClassId, 0\.\.42"),
        ("00000.ppm;32;32;0;0;31;31;43", r"ClassId, 0\.\.42"),
        ("00000.ppm;32;32;0;0;31;31;-1", r"ClassId, 0\.\.42"),
        ("1" + "0" * 30 + ".ppm;32;32;0;0;31;31;1", "track 1000"),
        ("00000.ppm;32;32;0;0;" + "9" * 5000 + ";31;1", "a line has at most 4,096"),
        ("x" * 140_000, "a line has at most 4,096"),
        ("0/../../00000.ppm;32;32;0;0;31;31;1", "no file's name in the same folder"),
        ("00000_/etc/passwd;32;32;0;0;31;31;1", "no file's name in the same folder"),
        ('"00000.ppm;32;32;0;0;31;31;1', "a row must have|is no table"),
        ("00000.ppm;32;32;0;0;31\0;31;1", "and no zero"),
    ],
)
def test_a_wrong_row_of_a_table_is_named(tmp_path, row, text):
    folder = tmp_path / "Final_Test" / "Images"
    folder.mkdir(parents=True)
    head = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"
    (folder / "GT-final_test.csv").write_text(f"{head}\n{row}\n")
    with pytest.raises(DataError, match=text):
        load("gtsrb", tmp_path, "test")


@pytest.mark.parametrize("line", ["adidas,\0", "adidas,../../x.jpg", "adidas,/etc/passwd"])
def test_a_logo_that_is_no_files_name_is_named(tmp_path, line):
    (tmp_path / "testset-logosonly.txt").write_text(line)
    with pytest.raises(DataError, match=r"not CLASS,FILE|and no zero"):
        load("flickrlogos-32", tmp_path, "test")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
@pytest.mark.parametrize("kind", ["device", "pipe"])
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("cifar10", "test_batch.bin"),
        ("svhn", "test_32x32.mat"),
        ("mnist", "t10k-images-idx3-ubyte"),
        ("nmnist", "Test/0/1.bin"),
        ("spoken-digits", "3_ann_0.wav"),
        ("gtsrb", "Final_Test/Images/GT-final_test.csv"),
    ],
)
def test_a_device_or_a_pipe_is_not_read_for_ever(tmp_path, name, file, kind):
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    if name == "mnist":
        (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(b"")
    with pytest.raises(DataError, match=r"it is a device or a pipe"):
        load(name, tmp_path, "test")


@pytest.mark.parametrize("name", SETS)
def test_an_absent_set_says_what_it_needs_and_where_to_get_it(tmp_path, name):
    one = SETS[name]
    for folder in (tmp_path, tmp_path / "gone"):
        for split in ("train", "test"):
            with pytest.raises(DataError) as refused:
                one.load(folder, split)
            assert str(refused.value).endswith(one.advice())
    assert len(one.split) >= len("official")
    assert len(one.about) > 10


@pytest.mark.control
def test_two_pixels_exchanged_are_another_digest(tmp_path):
    pixels = cifar_binary(tmp_path, ["test_batch"], 1)
    seen = load("cifar10", tmp_path, "test")
    pixels[0, 0, 0, [0, 1]] = pixels[0, 0, 0, [1, 0]]
    assert not np.array_equal(seen.inputs, pixels)
    assert type(seen)(pixels, seen.labels).digest() != seen.digest()
