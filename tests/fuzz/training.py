"""Fuzz targets for recipes and checkpoints."""

import io
import random
from collections.abc import Callable
from pathlib import Path

import torch

from sterna.compile import lower
from sterna.train import checkpoints
from sterna.train.recipes import recipe
from tests.recipes import SMALL

from .mutate import damaged
from .sets import Make, text


def _recipe(path: Path) -> None:
    lower(recipe(str(path.rename(path.with_suffix(".toml")))).graph)


def _checkpoint() -> bytes:
    trainer = {"weights": {"a": torch.arange(200.0)}, "history": [], "seed": 3}
    buffer = io.BytesIO()
    torch.save({"recipe": "small", "options": "x" * 50, "trainer": trainer}, buffer)
    return buffer.getvalue()


def training_targets(
    target: Callable[[Callable[[Path], object], Make], object],
) -> dict[str, object]:
    """Return the targets by name, as `set_targets` does."""
    checkpoint = _checkpoint()

    def make(rng: random.Random) -> bytes:
        return damaged(checkpoint, rng)

    return {"recipe": target(_recipe, text(SMALL)), "checkpoint": target(checkpoints._load, make)}
