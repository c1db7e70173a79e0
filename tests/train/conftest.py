"""A tiny set in MNIST's form, for runs of training."""

from pathlib import Path

import pytest

from tests.idx import write_mnist


@pytest.fixture
def mnist_folder(tmp_path: Path) -> Path:
    """600 images, made of the shipped test set: 400 to train with, 200 to test with."""
    return write_mnist(tmp_path / "mnist", slice(400), slice(400, 600))
