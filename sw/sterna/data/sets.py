"""The data sets that recipes train on, by name."""

from pathlib import Path

from sterna.spec import ConfigError

from .cifar import SHAPE, read_cifar10, read_cifar100
from .datasets import MNIST_FILES, read_mnist
from .examples import DataSet, Examples


def _idx(folder: Path, split: str) -> Examples:
    images = read_mnist(folder, {"train": "train", "test": "t10k"}[split])
    return Examples(images.pixels[:, None], images.labels.astype("int64"))


_SETS = (
    DataSet(
        name="mnist",
        about="handwritten digits, 28 x 28 grey",
        classes=10,
        shape=(1, 28, 28),
        files=f"MNIST's four files, {MNIST_FILES}, gzipped or not",
        source="ask for MNIST's mirrors, as its home no longer serves them (CC BY-SA 3.0)",
        split="official, 10,000 of 70,000",
        read=_idx,
    ),
    DataSet(
        name="fashion-mnist",
        about="articles of clothing, 28 x 28 grey",
        classes=10,
        shape=(1, 28, 28),
        files=f"Fashion-MNIST's four files, which have MNIST's names: {MNIST_FILES}",
        source="get them from github.com/zalandoresearch/fashion-mnist (MIT)",
        split="official, 10,000 of 70,000",
        read=_idx,
    ),
    DataSet(
        name="cifar10",
        about="small photographs, 32 x 32 RGB, 10 classes",
        classes=10,
        shape=SHAPE,
        files="data_batch_1 to data_batch_5 and test_batch, in binary (.bin) or for Python",
        source="get them from www.cs.toronto.edu/~kriz/cifar.html (cite Krizhevsky 2009)",
        split="official, 10,000 of 60,000",
        read=read_cifar10,
    ),
    DataSet(
        name="cifar100",
        about="small photographs, 32 x 32 RGB, 100 classes",
        classes=100,
        shape=SHAPE,
        files="train and test, in binary (.bin) or for Python",
        source="get them from www.cs.toronto.edu/~kriz/cifar.html (cite Krizhevsky 2009)",
        split="official, 10,000 of 60,000",
        read=read_cifar100,
    ),
)
#: Data sets by name.
SETS = {one.name: one for one in _SETS}


def data_set(name: str) -> DataSet:
    """The data set of that name; raises ConfigError that lists the names."""
    if name not in SETS:
        raise ConfigError(f"no data set {name!r}; there are: {', '.join(SETS)}")
    return SETS[name]
