"""Eedn in PyTorch: trinary layers, training by recipe, and the way to a network."""

from sterna.spec.errors import missing

try:
    import torch as _torch  # noqa: F401  # asked first, so that its absence names the extra
except ModuleNotFoundError:
    raise ModuleNotFoundError(missing("torch", "train"), name="torch") from None

from sterna.compile.options import Options, Warp
from sterna.compile.recipe import RECIPES

from .build import build
from .calibration import accuracy, calibrate, layer_spikes
from .coding import BitPlanes, Thermometer, Transduction
from .export import to_layers
from .folds import Fold, leave_one_out
from .imports import from_layers
from .layers import TrinaryConv2d, TrinaryLinear, TrinaryPatches
from .neurons import SpikingNeuron, spike_penalty
from .recipes import Recipe, recipe
from .runs import TrainResult, train_recipe
from .training import Epoch, Split, Trainer, train
from .wiring import Shuffle, Votes

__all__ = [
    "RECIPES",
    "BitPlanes",
    "Epoch",
    "Fold",
    "Options",
    "Recipe",
    "Shuffle",
    "SpikingNeuron",
    "Split",
    "Thermometer",
    "TrainResult",
    "Trainer",
    "Transduction",
    "TrinaryConv2d",
    "TrinaryLinear",
    "TrinaryPatches",
    "Votes",
    "Warp",
    "accuracy",
    "build",
    "calibrate",
    "from_layers",
    "layer_spikes",
    "leave_one_out",
    "recipe",
    "spike_penalty",
    "to_layers",
    "train",
    "train_recipe",
]
