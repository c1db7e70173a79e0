"""The behaviours of the gallery: definition, recording, and check of their properties."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from sterna.model import open as open_engine
from sterna.model.neuron import Bits, Integers
from sterna.spec import Network, NeuronType

from .circuit import Frames

#: Where parameters are from if no publication gives them.
OWN = "our own"


@dataclass(frozen=True)
class Trace:
    """The record of one neuron.

    Members
    -------
    times : ticks at which it fired.
    v : [ticks] its membrane potential after each tick.
    """

    times: list[int]
    v: list[int]

    def within(self, start: int, end: int) -> list[int]:
        """Ticks in start..end-1 at which it fired."""
        return [time for time in self.times if start <= time < end]

    def bursts(self, gap: int) -> list[list[int]]:
        """The spikes, in groups whose spikes are less than `gap` ticks apart."""
        groups: list[list[int]] = []
        for time in self.times:
            if groups and time - groups[-1][-1] < gap:
                groups[-1].append(time)
            else:
                groups.append([time])
        return groups


def intervals(times: list[int]) -> list[int]:
    """Ticks from each spike to the next."""
    return [b - a for a, b in pairwise(times)]


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """One of the twenty behaviours: a network, a stimulus, and the property that defines it.

    Members
    -------
    number : 1..20, the place in Izhikevich's order.
    name : its name there.
    shows : the behaviour to be seen, in a sentence.
    how : the idea of the network and its parameters, in a sentence.
    source : where the parameters are from: a publication, or `OWN`.
    network : one core of the preset `truenorth`.
    stimulus : bool [ticks, features] - the frame put in before each tick.
    check : the defining property; None, or what is wrong with the trace of `neuron`.
    neuron : the neuron to look at.
    """

    number: int
    name: str
    shows: str
    how: str
    source: str
    network: Network
    stimulus: Frames
    check: Callable[[Trace], str | None]
    neuron: int = 0

    @property
    def neurons(self) -> int:
        """Neurons that the network takes."""
        return int(self.network.neurons.sum())

    @property
    def parameters(self) -> NeuronType:
        """The parameters of the neuron to look at."""
        return self.network.neuron_types()[int(self.network.neuron_type[self.neuron])]

    @property
    def drive(self) -> Integers:
        """int64 [ticks] - the stimulus as a current: what it adds to the neuron to look at."""
        neuron = self.parameters
        weights = np.array([neuron.s0, neuron.s1, neuron.s2, neuron.s3], np.int64)
        feature, _, axon = self.network.input_map.T
        gain = (
            self.network.weights(0)[axon, self.neuron] * weights[self.network.axon_types(0)[axon]]
        )
        return (self.stimulus[:, feature] * gain).sum(axis=1)

    def replace(self, **changes: Any) -> "Behaviour":
        """A copy with these fields changed."""
        return dataclasses.replace(self, **changes)


def record(behaviour: Behaviour) -> tuple[Bits, Integers]:
    """Run the stimulus in the golden model: spikes bool, potentials int64, [ticks, neurons]."""
    model = open_engine(behaviour.network, engine="golden")
    ticks = [model.step(frame) for frame in behaviour.stimulus]
    return (
        np.array([np.concatenate(tick.spikes) for tick in ticks]),
        np.array([np.concatenate(tick.potentials) for tick in ticks]),
    )


def trace(behaviour: Behaviour, spikes: Bits, potentials: npt.NDArray[np.integer]) -> Trace:
    """The trace of the observed neuron, from records [ticks, neurons]."""
    times: list[int] = np.flatnonzero(spikes[:, behaviour.neuron]).tolist()
    v: list[int] = potentials[:, behaviour.neuron].tolist()
    return Trace(times, v)


def holds(behaviour: Behaviour, spikes: Bits, potentials: npt.NDArray[np.integer]) -> str | None:
    """Check the defining property in a record: None if it holds, else the reason.

    `spikes` and `potentials`, [ticks, neurons] each, may be of the golden model or of a device.
    """
    if spikes.shape != potentials.shape or len(spikes) != len(behaviour.stimulus):
        return f"the record has shape {spikes.shape}, the stimulus {len(behaviour.stimulus)} ticks"
    return behaviour.check(trace(behaviour, spikes, potentials))
