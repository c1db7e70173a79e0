"""EMNIST: handwritten digits and letters, in MNIST's form."""

from pathlib import Path

import numpy as np

from sterna.spec import DataError

from .datasets import find_idx, read_idx
from .examples import Examples

#: Rows and columns of an image.
SIDE = 28
#: Bytes of data of a file at most: `byclass` has 547 million.
_MOST_BYTES = 1 << 30
_DIGITS, _UPPER = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: Classes of each part of the set, in the order of their labels; where letters are merged, small
#: letters are left only where they look other than the capital.
CLASSES = {
    "balanced": _DIGITS + _UPPER + "abdefghnqrt",
    "byclass": _DIGITS + _UPPER + _UPPER.lower(),
    "bymerge": _DIGITS + _UPPER + "abdefghnqrt",
    "digits": _DIGITS,
    "letters": _UPPER,
    "mnist": _DIGITS,
}
#: The label of the first class, where it is not 0.
_FIRST = {"letters": 1}


def read_emnist(folder: Path, split: str, part: str) -> Examples:
    """A part of EMNIST, upright: in its files rows and columns are exchanged.

    Source: Cohen et al. 2017: `emnist-PART-SPLIT-images-idx3-ubyte` and `-labels-idx1-ubyte`,
    gzipped or not, in the folder or in its folder `gzip`, as the published archive has them.
    """
    top = folder / "gzip" if (folder / "gzip").is_dir() else folder
    paths = [
        find_idx(top, f"emnist-{part}-{split}-{kind}-ubyte")
        for kind in ("images-idx3", "labels-idx1")
    ]
    images, labels = (read_idx(path, _MOST_BYTES) for path in paths)
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise DataError(
            f"{paths[0]}: has images of {list(images.shape[1:])} pixels, EMNIST's are [28, 28]"
        )
    if labels.ndim != 1 or len(labels) != len(images):
        raise DataError(f"{paths[1]}: has labels of {list(labels.shape)} for {len(images)} images")
    upright = np.ascontiguousarray(images.transpose(0, 2, 1))
    return Examples(upright[:, None], labels.astype(np.int64) - _FIRST.get(part, 0))
