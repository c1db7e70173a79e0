"""Data sets as tensors: MNIST from its own files, its images shifted and warped."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from sterna.data.datasets import MNIST_DIGESTS, MNIST_FILES, Images, read_mnist
from sterna.spec import DataError

#: Environment variable that names the folder of the data set where no folder is given.
DATA_VARIABLE = "STERNA_DATA"


@dataclass(frozen=True)
class Split:
    """Frames and labels: float32 0/1 [n, features] and int64 [n]; digest of the images."""

    frames: Tensor
    labels: Tensor
    digest: str = ""

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def of(cls, images: Images) -> "Split":
        """Images as tensors, one bit a pixel."""
        return cls(
            torch.from_numpy(images.frames()).float(),
            torch.from_numpy(images.labels.astype("int64")),
            images.digest(),
        )


def data_folder(data: str | Path | None) -> Path:
    """The folder given, else the one that STERNA_DATA names.

    Raises
    ------
    DataError : none is given, or it is no folder; names the files.
    """
    named = data if data is not None else os.environ.get(DATA_VARIABLE)
    if not named:
        raise DataError(
            f"training needs MNIST's four files, {MNIST_FILES}: name their "
            f"folder with --data DIR or the environment variable {DATA_VARIABLE}"
        )
    folder = Path(named)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; it must hold MNIST's four files, {MNIST_FILES}")
    return folder


def mnist(data: str | Path | None = None) -> tuple[Split, Split]:
    """MNIST's 60,000 training and 10,000 test images, one bit a pixel.

    Raises
    ------
    DataError : names the folder or file, what is wrong with it, and where to get it.
    """
    folder = data_folder(data)
    return Split.of(read_mnist(folder, "train")), Split.of(read_mnist(folder, "t10k"))


def provenance(images: Split, test: Split) -> dict[str, str]:
    """Provenance of the data; MNIST is named only if the digests are MNIST's."""
    digests = (images.digest, test.digest)
    name = "MNIST" if digests == MNIST_DIGESTS else "unknown data in MNIST's form"
    return {
        "data": f"{name}, {len(images)} training and {len(test)} test images",
        "data_digest": " ".join(digests),
    }


def shift(frames: Tensor, *, side: int, most: int, generator: torch.Generator) -> Tensor:
    """Shift each frame by up to `most` pixels each way, drawn per frame; what enters is 0.

    Parameters
    ----------
    frames : float32 [n, side * side].
    most : largest shift, in pixels; 0 leaves the frames as they are.
    """
    if not most:
        return frames
    wide = side + 2 * most
    padded = torch.nn.functional.pad(frames.reshape(-1, side, side), (most,) * 4)
    rows, columns = torch.randint(0, 2 * most + 1, (2, len(frames), 1), generator=generator)
    place = torch.arange(side)[:, None] * wide + torch.arange(side)
    return padded.reshape(-1, wide * wide).gather(1, place.reshape(1, -1) + rows * wide + columns)


@dataclass(frozen=True, kw_only=True)
class Warp:
    """How far an image is warped at most, each drawn per image, uniform and to either side.

    Parameters
    ----------
    turn : degrees.
    stretch : of each axis by itself, as a fraction.
    shear : as a fraction of the side.
    shift : along each axis, in pixels; a part of a pixel counts.
    """

    turn: float
    stretch: float
    shear: float
    shift: float


def warp(frames: Tensor, *, side: int, most: Warp, generator: torch.Generator) -> Tensor:
    """Warp each frame, interpolate, and round to one bit a pixel again; what enters is 0.

    Parameters
    ----------
    frames : float32 0/1 [n, side * side].
    """
    count = len(frames)

    def drawn(limit: float) -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * limit

    angle, shear = drawn(math.radians(most.turn)), drawn(most.shear)
    across, down = 1 + drawn(most.stretch), 1 + drawn(most.stretch)
    cos, sin = angle.cos(), angle.sin()
    # the grid's coordinates are -1..1 from edge to edge
    right, low = drawn(2 * most.shift / side), drawn(2 * most.shift / side)
    rows = (
        torch.stack([cos * across, cos * shear - sin * down, right], dim=1),
        torch.stack([sin * across, sin * shear + cos * down, low], dim=1),
    )
    images = frames.reshape(count, 1, side, side)
    grid = torch.nn.functional.affine_grid(
        torch.stack(rows, dim=1), list(images.shape), align_corners=False
    )
    warped = torch.nn.functional.grid_sample(images, grid, align_corners=False)
    return (warped >= 0.5).float().reshape(count, -1)
