"""Engines that run networks: the golden model is the one that all else is compared with."""

from .engine import ENGINES, Engine, open, run
from .golden import GoldenModel, Tick
from .neuron import NeuronParameters, update

__all__ = [
    "ENGINES",
    "Engine",
    "GoldenModel",
    "NeuronParameters",
    "Tick",
    "open",
    "run",
    "update",
]
