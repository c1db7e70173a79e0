"""Labelled examples as arrays, and what a data set says of itself."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sterna.spec import DataError


@dataclass(frozen=True)
class Examples:
    """Labelled examples of one split.

    Members
    -------
    inputs : uint8 [n, channels, rows, columns] - pixels 0..255, or spikes 0/1 of sets that are
        binary.
    labels : int64 [n], 0..classes-1.
    group : int64 [n] - examples of one group (a track, a speaker) belong together; by default
        each is its own.
    """

    inputs: np.ndarray
    labels: np.ndarray
    group: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        if not len(self.group):
            object.__setattr__(self, "group", np.arange(len(self.labels)))

    def __len__(self) -> int:
        return len(self.labels)

    def pick(self, chosen: np.ndarray) -> "Examples":
        """Those of an index or a mask."""
        return Examples(self.inputs[chosen], self.labels[chosen], self.group[chosen])

    def digest(self) -> str:
        """BLAKE2b-128 over inputs and labels, hexadecimal; one channel counts as no axis."""
        inputs = self.inputs[:, 0] if self.inputs.shape[1] == 1 else self.inputs
        digest = hashlib.blake2b(digest_size=16)
        few = self.labels.max(initial=0) < 256
        for array in (inputs, self.labels.astype(np.uint8) if few else self.labels):
            digest.update(f"{array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A data set: its shape, its files in their published format, and where they come from.

    Parameters
    ----------
    name, about : its short name; one line.
    classes : labels are 0..classes-1.
    names : of the classes; none where they are their numbers, or too many.
    shape : channels, rows and columns of an example.
    rate : samples a second that recordings of sound are resampled to; 0 for other sets.
    binary : inputs are spikes 0/1 and need no coding.
    streams : the examples of a group are the frames of one recording, whose class is that with
        most votes over all of them.
    files : that a folder must hold.
    source : where to get them, in words, and under which terms.
    split : which test split it is, and whether it is the official one.
    read : reads a folder's "train" or "test" examples; raises DataError that names the file.
    tested : whether a folder has test examples apart from the training examples.
    found : names of the classes that a folder has, where the set does not name them.
    """

    name: str
    about: str
    classes: int
    names: tuple[str, ...] = ()
    shape: tuple[int, int, int]
    rate: int = 0
    binary: bool = False
    streams: bool = False
    files: str
    source: str
    split: str
    read: Callable[[Path, str], Examples]
    tested: Callable[[Path], bool] = lambda _: True
    found: Callable[[Path], tuple[str, ...]] = lambda _: ()

    def load(self, folder: str | Path, split: str) -> Examples:
        """The examples of a split, checked against what the set says of itself.

        Parameters
        ----------
        folder : where the files are, as published.
        split : "train" or "test".

        Raises
        ------
        DataError : the folder or a file is absent or malformed; says where to get it.
        """
        folder = Path(folder)
        if not folder.is_dir() and not (folder.is_file() and folder.suffix == ".npz"):
            raise DataError(f"{folder}: no such folder; {self.advice()}")
        try:
            examples = self.read(folder, split)
        except DataError as error:
            raise DataError(f"{error}; {self.advice()}") from None
        return self.checked(examples, folder)

    def checked(self, examples: Examples, where: object) -> Examples:
        """The examples, if they are of the set's shape and classes; DataError if not."""
        if examples.inputs.shape[1:] != self.shape or not len(examples):
            raise DataError(
                f"{where}: {len(examples)} examples of shape {list(examples.inputs.shape[1:])}, "
                f"those of {self.name} are {list(self.shape)}; {self.advice()}"
            )
        if examples.labels.min() < 0 or examples.labels.max() >= self.classes:
            raise DataError(
                f"{where}: labels {examples.labels.min()}..{examples.labels.max()}, those of "
                f"{self.name} are 0..{self.classes - 1}; {self.advice()}"
            )
        return examples

    def advice(self) -> str:
        """The files that the folder must hold, and where to get them."""
        return f"{self.name} needs {self.files}, in one folder; {self.source}"


def held_out(examples: Examples, share: float, seed: int) -> tuple[Examples, Examples]:
    """The examples, and about this share of them kept back; groups stay together."""
    groups = np.unique(examples.group)
    chosen = np.random.default_rng(seed).permutation(groups)[: max(1, round(len(groups) * share))]
    held = np.isin(examples.group, chosen)
    return examples.pick(~held), examples.pick(held)
