"""Eedn in PyTorch: trinary layers, training, data sets, and export to a network file."""

from sterna.compile import PatchConfig

from .network import PatchNetwork
from .recipes import RECIPES, Recipe, TrainResult, train_recipe
from .training import Epoch, Options

__all__ = [
    "RECIPES",
    "Epoch",
    "Options",
    "PatchConfig",
    "PatchNetwork",
    "Recipe",
    "TrainResult",
    "train_recipe",
]
