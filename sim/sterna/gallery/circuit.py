"""A core put together by hand: neurons, axons, inputs, and what neurons send to axons."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sterna.spec import OUTPUT, Network, NeuronType, preset

Frames = npt.NDArray[np.bool_]

#: Weights of the axon types 1, 2 and 3 of a neuron that echoes reach: the digits of balanced
#: ternary, so that the crossbar's trits write any step of -13..13 on three axons.
ECHO = {"s1": 1, "s2": 3, "s3": 9}


class Circuit:
    """A core of the preset `truenorth` under construction; each neuron has an output line.

    Parameters
    ----------
    name : name of the network.
    neurons : the type of neuron 0, of neuron 1, ...
    """

    def __init__(self, name: str, *neurons: NeuronType) -> None:
        self._name = name
        self._neurons = neurons
        self._kinds: list[int] = []
        self._trits: list[tuple[int, ...]] = []
        self._inputs: list[int] = []
        self._sends: list[tuple[int, int, int]] = []

    def axon(self, kind: int, *trits: int) -> int:
        """Add an axon of type `kind` with a trit to each neuron, and give its number."""
        if len(trits) != len(self._neurons):
            raise ValueError(f"trits must be {len(self._neurons)}, one a neuron, not {len(trits)}")
        self._kinds.append(kind)
        self._trits.append(trits)
        return len(self._kinds) - 1

    def input(self, kind: int, *trits: int, copies: int = 1) -> "Circuit":
        """Add features of the frame, each with its own axon."""
        self._inputs += [self.axon(kind, *trits) for _ in range(copies)]
        return self

    def send(self, neuron: int, kind: int, *trits: int, delay: int = 1) -> "Circuit":
        """Send the spikes of a neuron to a new axon."""
        self._sends.append((neuron, self.axon(kind, *trits), delay))
        return self

    def echo(self, source: int, to: int, steps: Sequence[int]) -> "Circuit":
        """Add steps[k] to the potential of `to` k + 1 ticks after a spike of `source`.

        `to` must have the weights `ECHO`. Each digit has its own axon, so that the echoes of
        several spikes add up.
        """
        for delay, step in enumerate(steps, 1):
            rest = step
            for kind in (1, 2, 3):
                trit = (rest + 1) % 3 - 1
                rest = (rest - trit) // 3
                if trit:
                    column = [trit if j == to else 0 for j in range(len(self._neurons))]
                    self.send(source, kind, *column, delay=delay)
            if rest:
                raise ValueError(f"a step of an echo must be -13..13, not {step}")
        return self

    def network(self) -> Network:
        """The network: one core, neuron j on output line j as well."""
        count = len(self._neurons)
        inner = [(0, neuron, 0, axon, delay) for neuron, axon, delay in self._sends]
        lines = [(0, neuron, OUTPUT, neuron, 0) for neuron in range(count)]
        inputs = [(feature, 0, axon) for feature, axon in enumerate(self._inputs)]
        return Network(
            name=self._name,
            hardware=preset("truenorth"),
            crossbars=(np.array(self._trits, np.int8),),
            core_crossbar=np.zeros(1, np.int32),
            types=np.array([neuron.row() for neuron in self._neurons], np.int32),
            neuron_type=np.arange(count, dtype=np.int32),
            neuron_potential=np.zeros(count, np.int32),
            targets=np.array(inner + lines, np.int32),
            features=len(self._inputs),
            input_map=np.array(inputs, np.int32),
            output_class=np.arange(count, dtype=np.int32),
            latency=0,
            axon_type=np.array(self._kinds, np.int32),
        )


def frames(ticks: int, times: Mapping[int, Iterable[int]]) -> Frames:
    """A stimulus, bool [ticks, features]: of each feature the ticks at which it has a spike."""
    result = np.zeros((ticks, max(times) + 1), bool)
    for feature, at in times.items():
        result[list(at), feature] = True
    return result


def staircase(levels: Sequence[tuple[int, int]], features: int) -> Frames:
    """A graded current: (level, ticks) one after the other; a level is that many features."""
    level = np.repeat([height for height, _ in levels], [ticks for _, ticks in levels])
    return level[:, None] > np.arange(features)
