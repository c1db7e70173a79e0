"""The behaviours of the gallery in the RTL: recorded there, and compared with the golden model."""

from collections.abc import Iterable

import numpy as np

from sterna.gallery import Behaviour
from sterna.model.neuron import Bits, Integers
from sterna.simulator.build import Progress
from sterna.simulator.tile_process import TileProcess
from sterna.spec import MismatchError, preset
from sterna.verify.regression import Regression, frame_inputs, simulate

#: A record of the golden model or of the RTL: behaviour, spikes and potentials [ticks, neurons].
Recorded = tuple[Behaviour, Bits, Integers]


def record_rtl(tile: TileProcess, behaviour: Behaviour) -> tuple[Bits, Integers]:
    """Run the stimulus in the RTL: spikes bool, potentials int64, [ticks, neurons].

    Raises MismatchError unless every neuron is updated once a tick.
    """
    inputs = frame_inputs(behaviour.network, behaviour.stimulus)
    ticks, neurons = len(behaviour.stimulus), behaviour.neurons
    seen, _ = simulate(tile, Regression(behaviour.network, inputs, ticks, ("none",) * 3, 0))
    if seen.trace.shape != (ticks * neurons, 2):
        raise MismatchError(
            f"{behaviour.name}: {len(seen.trace)} neuron updates in the RTL, "
            f"expected {ticks * neurons}"
        )
    rows = seen.trace.reshape(ticks, neurons, 2)
    order = np.argsort(rows[:, :, 0] >> 1, axis=1)
    rows = np.take_along_axis(rows, order[:, :, None], axis=1)
    return (rows[:, :, 0] & 1).astype(np.bool_), rows[:, :, 1]


def compare_all(recorded: Iterable[Recorded], *, progress: Progress | None = None) -> int:
    """Run each behaviour in the RTL and compare; ticks compared, or MismatchError at the first."""
    total = 0
    with TileProcess(preset("truenorth"), progress=progress) as tile:
        for behaviour, spikes, potentials in recorded:
            seen_spikes, seen_potentials = record_rtl(tile, behaviour)
            bad = (seen_spikes != spikes) | (seen_potentials != potentials)
            if bad.any():
                tick, neuron = np.argwhere(bad)[0]
                raise MismatchError(
                    f"{behaviour.name}, tick {tick}, neuron {neuron}: (spike, potential) expected "
                    f"({int(spikes[tick, neuron])}, {potentials[tick, neuron]}), seen "
                    f"({int(seen_spikes[tick, neuron])}, {seen_potentials[tick, neuron]})"
                )
            total += len(spikes)
    return total
