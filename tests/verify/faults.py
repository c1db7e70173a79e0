"""Deliberate faults of the golden model: a comparison that misses one of them proves nothing."""

import dataclasses
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from unittest import mock

import numpy as np

import sterna.model.golden as golden
from sterna.model.neuron import update


def changed_update(change) -> AbstractContextManager:
    """Replace the neuron equation by a changed one."""
    return mock.patch.object(golden, "update", change)


def _with(**changes):
    """The equation with some parameters replaced: name -> function of the parameter."""

    def change(potential, synaptic, p, draws, hardware):
        other = type("Parameters", (), dict(vars(p)))()
        for name, function in changes.items():
            setattr(other, name, function(getattr(p, name)))
        return update(potential, synaptic, other, draws, hardware)

    return lambda: changed_update(change)


def _stuck_sum(potential, synaptic, p, draws, hardware):
    """The last neuron of each core gets one weight too many."""
    synaptic = synaptic.copy()
    synaptic[-1] += 1
    return update(potential, synaptic, p, draws, hardware)


def _no_clamp(potential, synaptic, p, draws, hardware):
    """Potentials of one bit more than the hardware has."""
    wide = dataclasses.replace(hardware, potential_bits=hardware.potential_bits + 1)
    return update(potential, synaptic, p, draws, wide)


@contextmanager
def _late_delay() -> Iterator[None]:
    """Every spike arrives one tick late."""
    original = golden.GoldenModel.__init__

    def init(self, network, **options):
        original(self, network, **options)
        source, core, axon, delay = self._axon_targets
        self._axon_targets = source, core, axon, delay % (self._slots - 1) + 1

    with mock.patch.object(golden.GoldenModel, "__init__", init):
        yield


#: A context manager each, in which every `GoldenModel` has the fault.
FAULTS = {
    "fires above the threshold only": _with(alpha=lambda alpha: alpha + 1),
    "negative threshold not strict": _with(beta=lambda beta: beta - 1),
    "leak reversal ignored": _with(epsilon=np.zeros_like),
    "reset modes swapped": _with(gamma=lambda gamma: (gamma + 1) % 3),
    "kappa ignored": _with(kappa=np.zeros_like),
    "leak's sign lost": _with(leak=abs),
    "last neuron's sum wrong": lambda: changed_update(_stuck_sum),
    "no saturation": lambda: changed_update(_no_clamp),
    "delay wrong": _late_delay,
}
