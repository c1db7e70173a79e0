"""The trained network and MNIST's test set that ship with Sterna, and readers of data sets."""

from .datasets import (
    MNIST_DIGESTS,
    SHIPPED,
    SHIPPED_LAYERS,
    Images,
    binary,
    mnist_test,
    read_idx,
    read_mnist,
    shipped,
    shipped_for,
    shipped_network,
)

__all__ = [
    "MNIST_DIGESTS",
    "SHIPPED",
    "SHIPPED_LAYERS",
    "Images",
    "binary",
    "mnist_test",
    "read_idx",
    "read_mnist",
    "shipped",
    "shipped_for",
    "shipped_network",
]
