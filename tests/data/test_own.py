"""Data of a user's own: folders of pictures and recordings, arrays in .npz files."""

import io
import logging
import struct

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile

from sterna.data import mnist_test
from sterna.data.own import description, from_description, from_python, own_set
from sterna.data.own_files import picture
from sterna.spec import DataError

GREY = (1, 28, 28)
NAMES = ("0", "1", "2")


def digits(count=12):
    """The first digits of three classes: pixels and labels."""
    images = mnist_test()
    kept = np.flatnonzero(images.labels < 3)[:count]
    return images.pixels[kept], images.labels[kept].astype(np.int64)


def write_folder(top, pixels, labels, suffix=".png"):
    for number, (one, label) in enumerate(zip(pixels, labels.tolist(), strict=True)):
        place = top / NAMES[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(one).save(place / f"{number:03}{suffix}")


def folder_set(**changes):
    return own_set("folder", **{"shape": GREY, "classes": 3, **changes})


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".pgm"])
def test_a_folder_for_each_class_gives_its_pictures(tmp_path, suffix):
    pixels, labels = digits()
    write_folder(tmp_path / "train", pixels, labels, suffix)
    write_folder(tmp_path / "test", pixels[:5], labels[:5], suffix)
    data = folder_set()
    seen, test = data.load(tmp_path, "train"), data.load(tmp_path, "test")
    order = np.lexsort((np.arange(len(labels)), labels))
    assert np.array_equal(seen.inputs[:, 0], pixels[order])
    assert seen.labels.tolist() == labels[order].tolist()
    assert sorted(test.labels.tolist()) == sorted(labels[:5].tolist())
    assert data.tested(tmp_path)
    assert data.found(tmp_path) == NAMES


@pytest.mark.control
def test_a_picture_in_another_class_is_noticed(tmp_path):
    """Negative control: a picture is moved."""
    pixels, labels = digits()
    write_folder(tmp_path, pixels, labels)
    first = next((tmp_path / "0").iterdir())
    first.rename(tmp_path / "1" / first.name)
    assert folder_set().load(tmp_path, "train").labels.tolist() != sorted(labels.tolist())


def test_classes_alone_are_all_training_examples(tmp_path, caplog):
    pixels, labels = digits()
    write_folder(tmp_path, pixels, labels)
    for name in ("._000.png", "Thumbs.db", ".DS_Store"):
        (tmp_path / "0" / name).write_bytes(b"x")
    with caplog.at_level(logging.WARNING):
        assert len(folder_set().load(tmp_path, "train")) == len(labels)
    assert "1 files of other kinds are left out, such as Thumbs.db" in caplog.text
    assert not folder_set().tested(tmp_path)
    with pytest.raises(DataError, match="has no folder test/"):
        folder_set().load(tmp_path, "test")


def save(path, image, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **how)
    return path


def test_pictures_of_all_kinds_are_grey_or_rgb_upright_and_scaled(tmp_path):
    red = np.zeros((20, 10, 3), np.uint8)
    red[:10] = (255, 0, 0)
    path = save(tmp_path / "red.png", Image.fromarray(red))
    assert picture(path, (3, 20, 10))[:, 0, 0].tolist() == [255, 0, 0]
    assert picture(path, (1, 20, 10))[0, 0, 0] == 76  # ITU-R 601: 0.299 of 255
    assert picture(path, (3, 4, 4)).shape == (3, 4, 4)
    turned = Image.Exif()
    turned[0x0112] = 3  # upside down
    path = save(tmp_path / "turned.jpg", Image.fromarray(red), exif=turned, quality=100)
    assert picture(path, (3, 20, 10))[0, -1, 0] > 240 > 15 > picture(path, (3, 20, 10))[0, 0, 0]
    wide = Image.fromarray((np.arange(16, dtype=np.uint16) * 4096).reshape(4, 4))
    path = save(tmp_path / "wide.png", wide)
    assert picture(path, (1, 4, 4)).ravel().tolist() == [*range(0, 256, 16)]
    clear = np.zeros((4, 4, 4), np.uint8)
    clear[0, 0] = (0, 0, 0, 255)
    path = save(tmp_path / "clear.png", Image.fromarray(clear))
    assert picture(path, (1, 4, 4)).ravel().tolist() == [0, *[255] * 15]


@pytest.mark.parametrize(
    ("shape", "content", "text"),
    [
        ((1, 4, 4), b"no picture", "is no picture in the form PNG"),
        ((2, 4, 4), b"", "1 channel .* or 3"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path, shape, content, text):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(DataError, match=rf"x\.png: .*{text}"):
        picture(tmp_path / "x.png", shape)


def test_recordings_are_mel_bands_over_their_length(tmp_path):
    for label, hertz in ((0, 400), (1, 3000)):
        (tmp_path / NAMES[label]).mkdir()
        samples = np.sin(np.arange(8000) * 2 * np.pi * hertz / 8000) * 9999
        wavfile.write(tmp_path / NAMES[label] / "a.wav", 8000, samples.astype(np.int16))
    data = own_set("folder", shape=(1, 32, 16), classes=2, rate=8000)
    seen = data.load(tmp_path, "train")
    assert seen.inputs.shape == (2, 1, 32, 16)
    low, high = seen.inputs[:, 0].mean(axis=2).argmax(axis=1)
    assert low < 12 < 24 < high
    with pytest.raises(DataError, match=r"a\.wav: a recording has 1 channel and 32 rows"):
        own_set("folder", shape=(1, 28, 28), classes=2).load(tmp_path, "train")


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (
            lambda top: (top / "3").mkdir(),
            r"has 4 folders of classes \(0, 1, 2, 3\), the net",
        ),
        (lambda top: [path.unlink() for path in (top / "1").iterdir()], "1: holds no example"),
        (lambda top: (top / "1" / "x.png").write_bytes(b"x"), r"x\.png: is no picture"),
    ],
)
def test_a_wrong_folder_is_named(tmp_path, wrong, text):
    write_folder(tmp_path, *digits())
    wrong(tmp_path)
    with pytest.raises(DataError, match=text):
        folder_set().load(tmp_path, "train")


def test_a_test_class_that_training_does_not_have_is_named(tmp_path):
    pixels, labels = digits()
    write_folder(tmp_path / "train", pixels, labels)
    write_folder(tmp_path / "test", pixels, labels)
    (tmp_path / "test" / "2").rename(tmp_path / "test" / "two")
    with pytest.raises(DataError, match="no class 'two'; there are: 0, 1, 2"):
        folder_set().load(tmp_path, "test")


NPZ = {
    "one file": lambda top, x, y: np.savez(
        top / "x.npz", x_train=x, y_train=y, x_test=x[:2], y_test=y[:2]
    ),
    "a file a split": lambda top, x, y: (
        np.savez(top / "train.npz", images=x, labels=y),
        np.savez(top / "test.npz", X=x[:2], y=y[:2]),
    ),
}


@pytest.mark.parametrize("form", NPZ)
@pytest.mark.parametrize(
    "lay",
    [lambda x: x, lambda x: x[:, None], lambda x: x[..., None], lambda x: x.reshape(len(x), -1)],
)
def test_arrays_of_any_layout_are_read(tmp_path, form, lay):
    pixels, labels = digits()
    NPZ[form](tmp_path, lay(pixels), labels[:, None])
    path = tmp_path / "x.npz" if form == "one file" else tmp_path
    data = own_set("npz", shape=GREY, classes=3)
    assert data.tested(path)
    for split, count in (("train", len(labels)), ("test", 2)):
        seen = data.load(path, split)
        assert np.array_equal(seen.inputs[:, 0], pixels[:count])
        assert np.array_equal(seen.labels, labels[:count])


def test_arrays_without_a_split_have_no_test_examples(tmp_path):
    pixels, labels = digits()
    np.savez(tmp_path / "x.npz", x=pixels, y=labels)
    data = own_set("npz", shape=GREY, classes=3)
    assert not data.tested(tmp_path / "x.npz")
    with pytest.raises(DataError, match="holds no x_test and y_test"):
        data.load(tmp_path / "x.npz", "test")


PIXELS, LABELS = digits()
WRONG = [
    ({"x": PIXELS / 255, "y": LABELS}, "inputs are float64; they must be whole numbers 0..255"),
    ({"x": PIXELS.astype(np.int16) - 1, "y": LABELS}, r"inputs are -1\.\.254, the limits"),
    ({"x": PIXELS > 127, "y": LABELS}, 'no input is over 1: .* coding = "none"'),
    ({"x": PIXELS[:, :20], "y": LABELS}, r"inputs are \[12, 20, 28\]; .* want \[n, 1, 28, 28\]"),
    ({"x": PIXELS, "y": LABELS[:5]}, r"labels are int64 \[5\]; they must be whole numbers \[12\]"),
    ({"x": PIXELS, "y": np.eye(3)[LABELS]}, r"labels are float64 \[12, 3\]"),
    ({"x": PIXELS, "y": LABELS + 1}, r"labels 1\.\.3, those of npz are 0\.\.2"),
    ({"x": PIXELS}, "holds no x_train and y_train, and no x and y"),
]


@pytest.mark.parametrize(("arrays", "text"), WRONG)
def test_wrong_arrays_are_named(tmp_path, arrays, text):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(DataError, match=text):
        own_set("npz", shape=GREY, classes=3).load(tmp_path / "x.npz", "train")


def test_a_container_of_objects_is_not_run(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.array([print], object), y=LABELS)
    with pytest.raises(DataError, match=r"x\.npz: array 'x'"):
        own_set("npz", shape=GREY, classes=3).load(tmp_path / "x.npz", "train")


def test_a_description_gives_the_set_again(tmp_path):
    write_folder(tmp_path, *digits())
    told = description(folder_set(), tmp_path)
    again = from_description(told)
    assert again.names == NAMES
    assert description(again, None) == told
    for wrong in (
        {},
        {**told, "set": "mnist"},
        {**told, "shape": [1, 2]},
        {**told, "shape": [1, 99_999, 99_999]},
        {**told, "names": 3},
    ):
        with pytest.raises(DataError, match="describes no data set"):
            from_description(wrong)


class Floats:
    """A data set as torchvision's ToTensor makes of pixels, without torch."""

    def __init__(self, scale=255.0):
        self.scale = scale

    def __len__(self):
        return len(PIXELS)

    def __getitem__(self, at):
        return (PIXELS[at] / self.scale).astype(np.float32)[None], int(LABELS[at])


def test_a_data_set_of_python_gives_its_pixels_exactly():
    seen = from_python(own_set("given", shape=GREY, classes=3), Floats())
    assert np.array_equal(seen.inputs[:, 0], PIXELS)
    assert np.array_equal(seen.labels, LABELS)
    with pytest.raises(DataError, match=r"are no 255ths of 0..1: .* do not normalise"):
        from_python(own_set("given", shape=GREY, classes=3), Floats(scale=100.0))


def test_a_recording_cut_short_is_named(tmp_path):
    (tmp_path / "0").mkdir()
    buffer = io.BytesIO()
    wavfile.write(buffer, 8000, np.zeros(800, np.int16))
    data = buffer.getvalue()
    (tmp_path / "0" / "a.wav").write_bytes(data[:40] + struct.pack("<I", 1600) + data[44:90])
    with pytest.raises(DataError, match=r"a\.wav"):
        own_set("folder", shape=(1, 32, 16), classes=1).load(tmp_path, "train")
