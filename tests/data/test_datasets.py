"""The IDX reader: what it reads, and what it says of a file that it cannot read."""

import gzip

import numpy as np
import pytest

from sterna.data import binary, mnist_test, read_idx, read_mnist, shipped_for
from sterna.spec import ConfigError, DataError, preset
from tests.idx import idx

IMAGES = np.arange(3 * 28 * 28).astype(np.uint8).reshape(3, 28, 28)
LABELS = np.array([1, 9, 0], np.uint8)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(IMAGES)))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS))
    return tmp_path


def test_plain_and_gzipped_files_read_alike(folder):
    images = read_mnist(folder, "t10k")
    np.testing.assert_array_equal(images.pixels, IMAGES)
    np.testing.assert_array_equal(images.labels, LABELS)


def test_a_pixel_of_128_is_a_spike_and_one_of_127_none():
    assert binary(np.array([0, 127, 128, 255], np.uint8)).tolist() == [False, False, True, True]


def test_the_shipped_test_set_is_whole():
    images = mnist_test()
    assert images.pixels.shape == (10000, 28, 28)
    assert images.frames().shape == (10000, 784)
    # the known counts of MNIST's test labels
    assert np.bincount(images.labels).tolist() == [
        980,
        1135,
        1032,
        1010,
        982,
        892,
        958,
        1028,
        974,
        1009,
    ]


def test_the_largest_shipped_network_that_fits_is_chosen():
    assert shipped_for(preset("up5k")).name == "mnist-up5k"
    assert shipped_for(preset("ecp5-25f")).name == "mnist-25f"
    assert shipped_for(preset("ecp5-85f")).name == "mnist-85f"
    with pytest.raises(ConfigError, match="contexts"):
        shipped_for(preset("tiny"))


def test_a_missing_file_is_named_with_those_of_the_set(folder):
    with pytest.raises(DataError, match=r"images-idx3-ubyte.gz: no such file; MNIST.s are .*t10k"):
        read_mnist(folder, "train")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "begins with nothing, an IDX file"),
        (b"\0\0\x08", "begins with 000008"),
        (idx(LABELS, magic=0x0D01), "begins with 00000d01"),
        (idx(LABELS)[:-1], "holds 2 bytes of data, its header says 3"),
        (idx(LABELS) + b"\0", "holds more than 3 bytes of data, its header says 3"),
        (idx(LABELS[:0]), r"has the sizes \[0\]: 0 bytes"),
        (idx(LABELS)[:6], "is cut short in its header, after 6 bytes"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "the limit is"),
        (
            gzip.compress(b"\0\0\x08\x01" + b"\0\1\0\0" + bytes(1 << 20), mtime=0),
            "holds more than 65536",
        ),
        (gzip.compress(idx(LABELS), mtime=0)[:-9], "cannot be read"),
        (gzip.compress(idx(LABELS), mtime=0)[:5], "cannot be read"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\0\xff\xff\xff", "cannot be read"),
        (idx(IMAGES), "has 3 dimensions, it must have 1"),
        (idx(LABELS[:2]), "has 2 labels for 3 images"),
        (idx(LABELS + 1), "has a label 10, MNIST's are 0..9"),
    ],
)
@pytest.mark.control
def test_a_malformed_file_is_named_with_what_is_wrong(folder, content, text):
    path = folder / "t10k-labels-idx1-ubyte"
    path.write_bytes(content)
    with pytest.raises(DataError, match=text) as error:
        read_mnist(folder, "t10k")
    assert str(error.value).startswith(str(path))


def test_images_of_another_size_are_refused(folder):
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(idx(IMAGES[:, :, :27]))
    with pytest.raises(DataError, match=r"images of \[28, 27\] pixels"):
        read_mnist(folder, "t10k")


def test_a_folder_in_place_of_a_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path)
