"""The trained network and MNIST's test set that ship with Sterna, and the reader of IDX files."""

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from importlib import resources
from math import prod
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from sterna.spec import (
    ConfigError,
    DataError,
    Hardware,
    LayeredNetwork,
    Network,
    load,
    load_any,
)
from sterna.spec.image import check_fit
from sterna.spec.reading import check_regular

#: The networks that ship with Sterna, compiled for devices, the smallest first; of those for one
#: device the one that a board gets unless another is named comes last.
SHIPPED = ("mnist-conv-up5k", "mnist-up5k", "mnist-25f", "mnist-conv-85f", "mnist-85f")
#: Those that ship as layers, for the layer engine.
SHIPPED_LAYERS = ("cifar10-25f",)
#: A pixel of at least this much is a spike; below, none. MNIST's pixels are 0..255.
PIXEL_THRESHOLD = 128
#: MNIST's files, each gzipped or not. No address is named: its home no longer serves them.
MNIST_FILES = (
    "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and "
    "t10k-labels-idx1-ubyte.gz"
)

#: Bytes of data of an IDX file at most; MNIST's largest has 47 million.
MOST_IDX_BYTES = 1 << 28
#: `Images.digest` of MNIST's training and test images. Other sets have the same names and form.
MNIST_DIGESTS = ("d8479cf7b39ea825b404f525d121c44d", "0c65d6e103d7ec0a3895df26f121582e")
_IMAGES_MAGIC = 0x00000803  # unsigned bytes, three dimensions
_LABELS_MAGIC = 0x00000801  # unsigned bytes, one dimension


@dataclass(frozen=True)
class Images:
    """A labelled set of images.

    Members
    -------
    pixels : uint8 [n, height, width], 0..255.
    labels : uint8 [n], 0..9.
    """

    pixels: np.ndarray
    labels: np.ndarray

    def digest(self) -> str:
        """BLAKE2b-128 over pixels and labels, hexadecimal: tells data sets of one form apart."""
        digest = hashlib.blake2b(digest_size=16)
        for array in (self.pixels, self.labels):
            digest.update(f"{array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def frames(self) -> np.ndarray:
        """The images as input frames: bool [n, height * width], True where a pixel spikes."""
        return binary(self.pixels).reshape(len(self.pixels), -1)


def binary(pixels: np.ndarray) -> np.ndarray:
    """Pixels 0..255 of any shape as one bit each: True from PIXEL_THRESHOLD up."""
    return pixels >= PIXEL_THRESHOLD


def read_idx(path: Path, most: int = MOST_IDX_BYTES) -> np.ndarray:
    """Read an IDX file of bytes, plain or gzipped, with `most` bytes of data.

    Returns
    -------
    uint8 [n, height, width] for images, uint8 [n] for labels; read-only.

    Raises
    ------
    DataError : names the file and what is wrong: absent, damaged, of another format, cut short.

    Source
    ------
    The IDX format, as MNIST's home tells it: magic, sizes (32 bits each, big-endian), data.
    """
    try:
        check_regular(path)
    except DataError as error:
        raise DataError(f"{error}; MNIST's are {MNIST_FILES}") from None
    try:
        with path.open("rb") as plain:
            packed = plain.peek(2)[:2] == b"\x1f\x8b"
            with gzip.open(plain) if packed else plain as file:
                return _read_idx(path, cast("BinaryIO", file), most)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise _bad(path, f"cannot be read ({error})") from None


def _read_idx(path: Path, file: BinaryIO, most: int) -> np.ndarray:
    head = file.read(4)
    magic = int.from_bytes(head, "big")
    if len(head) < 4 or magic not in (_IMAGES_MAGIC, _LABELS_MAGIC):
        raise _bad(
            path,
            f"begins with {head.hex() or 'nothing'}, an IDX file of images with "
            f"{_IMAGES_MAGIC:08x} and one of labels with {_LABELS_MAGIC:08x}",
        )
    width = 4 * (magic & 0xFF)
    sizes = file.read(width)
    if len(sizes) < width:
        raise _bad(path, f"is cut short in its header, after {4 + len(sizes)} bytes")
    shape = tuple(int.from_bytes(sizes[at : at + 4], "big") for at in range(0, width, 4))
    size = prod(shape)
    if not size or size > most:
        raise _bad(path, f"has the sizes {list(shape)}: {size:,} bytes, the limit is 1..{most:,}")
    data = file.read(size + 1)
    if len(data) != size:
        held = len(data) if len(data) < size else f"more than {size}"
        raise _bad(path, f"holds {held} bytes of data, its header says {size}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def read_mnist(folder: Path, split: str) -> Images:
    """Read MNIST's images and labels from a folder, gzipped (`.gz`) or not.

    Parameters
    ----------
    folder : where the four files are, under the names that MNIST's home gives them.
    split : "train" (60,000 images) or "t10k" (the 10,000 test images).

    Raises
    ------
    DataError : a file is absent or malformed, or images and labels do not go together.
    """
    paths = [find_idx(folder, f"{split}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1")]
    images, labels = (read_idx(path) for path in paths)
    for path, array, ndim in zip(paths, (images, labels), (3, 1), strict=True):
        if array.ndim != ndim:
            raise _bad(path, f"has {array.ndim} dimensions, it must have {ndim}")
    if images.shape[1:] != (28, 28):
        raise _bad(paths[0], f"has images of {list(images.shape[1:])} pixels, MNIST's are [28, 28]")
    if len(images) != len(labels):
        raise _bad(paths[1], f"has {len(labels)} labels for {len(images)} images")
    if labels.size and labels.max() > 9:
        raise _bad(paths[1], f"has a label {labels.max()}, MNIST's are 0..9")
    return Images(images, labels)


def mnist_test() -> Images:
    """MNIST's 10,000 test images, as shipped: pixels uint8 [10000, 28, 28]."""
    return read_mnist(_shipped("LICENSE-MNIST.md").parent, "t10k")


def shipped_for(hardware: Hardware) -> Network:
    """The largest network that ships with Sterna and fits a device of these parameters.

    Raises ConfigError if none does, with the reason of the smallest.
    """
    for name in reversed(SHIPPED):
        network = shipped_network(name)
        try:
            check_fit(network, hardware)
        except ConfigError:
            if name == SHIPPED[0]:
                raise
        else:
            return network
    raise AssertionError("one network or none fits")


def shipped_network(name: str = "mnist-up5k") -> Network:
    """A trained network that ships with Sterna; raises NetworkError if there is none so named."""
    return load(_shipped(f"{name}.sterna"))


def shipped(name: str) -> Network | LayeredNetwork:
    """A trained network that ships with Sterna, of cores or of layers."""
    return load_any(_shipped(f"{name}.sterna"))


def _shipped(name: str) -> Path:
    """A file of the package's data, which an installation always keeps as a plain file."""
    return Path(str(resources.files("sterna.data").joinpath(name)))


def find_idx(folder: Path, name: str) -> Path:
    """An IDX file by its published name; that name, gzipped, if there is none.

    Found too are the names that copies have: with a dot (`t10k-images.idx3-ubyte`), gzipped or
    not, and in a folder of the file's own name, as some archives unpack.
    """
    dotted = name.replace("-idx", ".idx")
    for each in (name, f"{name}.gz", dotted, f"{dotted}.gz"):
        for path in (folder / each, folder / each / each):
            if path.exists() and not path.is_dir():
                return path
    return folder / f"{name}.gz"


def _bad(path: Path, what: str) -> DataError:
    return DataError(f"{path}: {what}; put a sound copy there")
