"""The golden model: the readable reference that everything else is compared with."""

from .golden import GoldenModel, Tick
from .neuron import NeuronParameters, update

__all__ = ["GoldenModel", "NeuronParameters", "Tick", "update"]
