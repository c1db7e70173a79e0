"""Engines that run networks: the golden model is the one that all else is compared with."""

from .engine import ENGINES, Engine, open, run
from .event import EventEngine
from .golden import GoldenModel
from .layers import LayerEngine
from .measure import Activity, activity, axon_activity, confusion, core_depths
from .neuron import NeuronParameters, update
from .state import Probe, Tick

__all__ = [
    "ENGINES",
    "Activity",
    "Engine",
    "EventEngine",
    "GoldenModel",
    "LayerEngine",
    "NeuronParameters",
    "Probe",
    "Tick",
    "activity",
    "axon_activity",
    "confusion",
    "core_depths",
    "open",
    "run",
    "update",
]
