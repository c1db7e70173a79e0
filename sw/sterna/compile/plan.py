"""The compiler's input: a core as plain arrays."""

from dataclasses import dataclass

import numpy as np

from sterna.spec import ConfigError, Hardware
from sterna.spec.neuron import LEAK_MAX, LEAK_MIN

#: In column 0 of `CorePlan.sources`: the source is a feature of the input frame, not a neuron.
INPUT = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class CorePlan:
    """One core of memoryless neurons: a neuron fires if its weighted sum plus its leak is >= 1.

    Parameters
    ----------
    name : for errors and reports; distinct within a network.
    sources : int [axons, 2] - where each axon's spikes come from: columns are a core's place in
        the list of plans, or INPUT; and the neuron in that core, or the feature of the frame.
    weights : int8 [axons, neurons] - trinary, {-1, 0, +1}.
    leak : int [neurons] - integer bias, -512..511.
    classes : int [neurons], or None - class (0 or more) that each neuron votes for, on an output
        line of its own; -1 for a neuron without a line. None: no neuron has one.
    """

    name: str
    sources: np.ndarray
    weights: np.ndarray
    leak: np.ndarray
    classes: np.ndarray | None = None

    def check(self, hardware: Hardware) -> None:
        """Raise ConfigError, naming the core, what is wrong with it, and by how much."""
        weights = self.weights
        if weights.ndim != 2 or weights.dtype != np.int8 or 0 in weights.shape:
            raise self._error(
                "weights must be int8 [axons, neurons], each at least 1, not "
                f"{weights.dtype} {list(weights.shape)}"
            )
        axons, neurons = weights.shape
        for what, need, have in (
            ("fan-in", axons, hardware.axons),
            ("number of neurons", neurons, hardware.neurons),
        ):
            if need > have:
                raise self._error(
                    f"its {what} is {need}, a core has {have}: {need - have} too many; split it"
                )
        bad = np.argwhere((weights < -1) | (weights > 1))
        if len(bad):
            axon, neuron = (int(index) for index in bad[0])
            raise self._error(
                f"the weight of axon {axon} to neuron {neuron} is {weights[axon, neuron]}, not "
                "-1, 0 or 1"
            )
        self._check_integers("sources", self.sources, (axons, 2))
        self._check_integers("leak", self.leak, (neurons,))
        bad = np.flatnonzero((self.leak < LEAK_MIN) | (self.leak > LEAK_MAX))
        if bad.size:
            raise self._error(
                f"the leak of neuron {bad[0]} is {self.leak[bad[0]]}, the limits are "
                f"{LEAK_MIN}..{LEAK_MAX}"
            )
        if self.classes is not None:
            self._check_integers("classes", self.classes, (neurons,))

    def _check_integers(self, what: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
        if array.shape != shape or array.dtype.kind not in "iu":
            raise self._error(
                f"{what} must be integers {list(shape)}, not {array.dtype} {list(array.shape)}"
            )

    def _error(self, text: str) -> ConfigError:
        return ConfigError(f"core {self.name!r}: {text}")
