"""Trained networks and their data: which set a network was trained on, and its test frames."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from sterna.spec import DataError, LayeredNetwork, Network

from . import own
from .coding import encode
from .datasets import PIXEL_THRESHOLD, mnist_test
from .examples import DataSet, Examples, held_out
from .sets import SETS

#: Environment variable that names the folder of the data set where no folder is given.
DATA_VARIABLE = "STERNA_DATA"
#: Features of MNIST's digits as bits.
MNIST_FEATURES = 28 * 28


@dataclass(frozen=True)
class Coded:
    """The test examples of a network, as it takes them.

    Members
    -------
    data : the set.
    examples : as they are published.
    frames : bool [n, features] - coded as the network's provenance says.
    known : True if these are the examples that the network was judged on when it was trained;
        None if its provenance does not say.
    """

    data: DataSet
    examples: Examples
    frames: np.ndarray
    known: bool | None

    def pick(self, chosen: np.ndarray) -> "Coded":
        """Those of an index or a mask."""
        return replace(self, examples=self.examples.pick(chosen), frames=self.frames[chosen])

    def classes(self, votes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """True classes, and those with most votes (the lowest of equals), int64 [n] each.

        Of each example, or of each recording where the examples are frames of a stream.

        Parameters
        ----------
        votes : int64 [examples, classes].
        """
        labels = self.examples.labels
        if self.data.streams:
            _, first, of = np.unique(self.examples.group, return_index=True, return_inverse=True)
            labels, all_votes = labels[first], np.zeros((len(first), votes.shape[1]), votes.dtype)
            np.add.at(all_votes, of, votes)
            votes = all_votes
        return labels, votes.argmax(axis=1)


def set_of(network: Network | LayeredNetwork) -> DataSet:
    """The data set that a network was trained on, by its provenance.

    One of MNIST's size that says nothing, a network made by hand say, counts as MNIST's.

    Raises DataError if the provenance names no set that is known here.
    """
    if isinstance(kept := network.provenance.get("data_set"), dict):
        return own.from_description(cast("dict[str, Any]", kept))
    data = network.provenance.get("data", "")
    if not data and network.features == MNIST_FEATURES:
        data = "mnist"
    name = str(data).split(",")[0].lower()
    if name not in SETS:
        raise DataError(
            f"the provenance of {network.name!r} says {data!r} of its data: it must begin with the "
            f"name of one of the sets {', '.join(SETS)}; `sterna train` writes it so. Any network "
            "with a coding takes the test examples of a file .npz: --data FILE.npz, with x and y"
        )
    return SETS[name]


def _from_file(
    network: Network | LayeredNetwork, folder: str | Path | None
) -> tuple[DataSet, Examples] | None:
    """The examples of a file .npz, as any network takes them; None if it is none such.

    They are in the shape of the network's own set, where its provenance names one.
    """
    kept: Any = network.provenance.get("data_set")
    own_file = isinstance(kept, dict) and cast("dict[str, Any]", kept).get("set") == "npz"
    if folder is None or own_file or Path(folder).suffix != ".npz":
        return None
    try:
        shape = set_of(network).shape
    except DataError:  # a network made by hand, or of a set that is not known here
        shape = None
    examples = own.read_any(Path(folder), shape)
    _, channels, rows, columns = examples.inputs.shape
    data = own.own_set(
        "npz",
        shape=(channels, rows, columns),
        classes=network.classes,
        binary=coding_of(network).get("kind") == "none",
    )
    return data, data.checked(examples, folder)


def _test_examples(network: Network | LayeredNetwork, data: DataSet, folder: Path) -> Examples:
    """The test examples; of data of a user's own without any, the share kept back in training.

    Of other data than that which it was trained on, all examples. Raises DataError if they are
    those that it was trained on.
    """
    kept = network.provenance
    if not folder.exists() or data.tested(folder):
        return data.load(folder, "test")
    examples = data.load(folder, "train")
    hold, seed = kept.get("hold"), kept.get("seed")
    if isinstance(hold, float) and isinstance(seed, int) and 0 < hold <= 0.9:
        test = held_out(examples, hold, seed)[1]
        if _digests(network)[-1:] == [test.digest()]:
            return test
    if _digests(network)[:1] == [examples.digest()]:
        raise DataError(
            f"{folder}: these are the examples that {network.name!r} was trained on: name others"
        )
    return examples


def _digests(network: Network | LayeredNetwork) -> list[str]:
    """Digests of the training and the test examples, if the provenance has them."""
    return str(network.provenance.get("data_digest", "")).split()


def coding_of(network: Network | LayeredNetwork) -> Mapping[str, Any]:
    """How a network's frames are made of the data, for `encode`; MNIST's bits if it is not said."""
    return network.provenance.get("coding") or {"kind": "bits", "threshold": PIXEL_THRESHOLD}


def load_coded(
    network: Network | LayeredNetwork, folder: str | Path | None, *, most: int | None = None
) -> Coded:
    """The test examples of the set that a network was trained on, coded for it.

    Parameters
    ----------
    folder : with the data set's files, as published; None: MNIST's test set, which ships, or for
        another set the folder that STERNA_DATA names; or, for any network, a file .npz of inputs
        and labels (`x_test` and `y_test`, or `x` and `y`).
    most : examples at most, the first ones; None: all.

    Raises
    ------
    DataError : the provenance names no set, or the set is not in the folder, or no folder is given
        for another set than MNIST; or its frames are not of the network's size.
    """
    found = _from_file(network, folder)
    data = found[0] if found else set_of(network)
    if folder is None and data.name != "mnist":
        folder = os.environ.get(DATA_VARIABLE)
    if found:
        examples = found[1]
    elif folder is not None:
        examples = _test_examples(network, data, Path(folder))
    elif data.name == "mnist":
        images = mnist_test()
        examples = Examples(images.pixels[:, None], images.labels.astype(np.int64))
    else:
        raise DataError(
            f"{network.name!r} was trained on {data.name}, which does not ship with Sterna: name "
            f"its folder with --data DIR or {DATA_VARIABLE}; {data.advice()}"
        )
    rate = network.provenance.get("rate", data.rate)
    if not found and rate != data.rate:
        raise DataError(
            f"{network.name!r} was trained on sound of {rate!r:.40} samples a second, {data.name} "
            f"is read at {data.rate:,}: train it anew, or use the release that trained it"
        )
    digests = _digests(network)
    known = digests[1] == examples.digest() if len(digests) == 2 else None
    if most is not None:
        examples = examples.pick(np.arange(min(most, len(examples))))
    frames = encode(coding_of(network), examples.inputs)
    if frames.shape[1] != network.features:
        raise DataError(
            f"{network.name!r} takes frames of {network.features} features, {data.name} coded as "
            f"its provenance says has {frames.shape[1]}"
        )
    return Coded(data, examples, frames, known)
