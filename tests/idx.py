"""MNIST's four files, written: a set of any size in its published form."""

from pathlib import Path

import numpy as np

from sterna.data import mnist_test


def idx(array: np.ndarray, magic: int | None = None) -> bytes:
    """An array of bytes as an IDX file."""
    head = (0x800 + array.ndim if magic is None else magic).to_bytes(4, "big")
    return head + b"".join(size.to_bytes(4, "big") for size in array.shape) + array.tobytes()


def write_mnist(folder: Path, train: slice, test: slice) -> Path:
    """Digits of the shipped test set as a folder of MNIST's; returns the folder."""
    images = mnist_test()
    folder.mkdir(exist_ok=True)
    for split, part in (("train", train), ("t10k", test)):
        (folder / f"{split}-images-idx3-ubyte").write_bytes(idx(images.pixels[part]))
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(idx(images.labels[part]))
    return folder
