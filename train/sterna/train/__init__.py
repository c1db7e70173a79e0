"""Eedn in PyTorch: trinary layers, training by recipe, and the way to a network."""

from .augment import Warp
from .calibration import accuracy, calibrate, layer_spikes
from .coding import BitPlanes, Thermometer, Transduction
from .export import build, to_layers
from .layers import Shuffle, TrinaryConv2d, TrinaryLinear, TrinaryPatches, Votes
from .neurons import SpikingNeuron, spike_penalty
from .recipes import RECIPES, Recipe, recipe
from .runs import TrainResult, train_recipe
from .training import Epoch, Options, Split, Trainer, train

__all__ = [
    "RECIPES",
    "BitPlanes",
    "Epoch",
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
    "layer_spikes",
    "recipe",
    "spike_penalty",
    "to_layers",
    "train",
    "train_recipe",
]
