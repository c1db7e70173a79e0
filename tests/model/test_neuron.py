"""The neuron equation, case by case with known answers."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sterna.model.neuron import NO_DRAWS, Draws, NeuronParameters, update
from sterna.spec import NeuronType, preset

HARDWARE = preset("tiny")  # potentials -512..511


def one(
    potential: int, synaptic: int, *, draws: Draws = NO_DRAWS, **parameters: int
) -> tuple[int, bool]:
    """One neuron, one tick."""
    neuron_type = NeuronType(**parameters)
    p = NeuronParameters(np.array([neuron_type.row()], np.int32))
    v, fires = update(np.array([potential]), np.array([synaptic]), p, draws, HARDWARE)
    return int(v[0]), bool(fires[0])


@pytest.mark.parametrize(
    ("potential", "synaptic", "parameters", "expected"),
    [
        # integrate and leak
        (3, 4, dict(alpha=100, beta=100), (7, False)),
        (3, 4, dict(alpha=100, beta=100, leak=-9), (-2, False)),
        # leak along V: converging, diverging, at 0, and stopped at 0
        (10, 0, dict(alpha=100, epsilon=1, leak=-3), (7, False)),
        (-10, 0, dict(alpha=100, beta=100, epsilon=1, leak=-3), (-7, False)),
        (10, 0, dict(alpha=100, epsilon=1, leak=3), (13, False)),
        (-10, 0, dict(alpha=100, beta=100, epsilon=1, leak=3), (-13, False)),
        (0, 0, dict(alpha=100, epsilon=1, leak=3), (0, False)),
        (2, 0, dict(alpha=100, beta=100, epsilon=1, leak=-3), (0, False)),
        (-2, 0, dict(alpha=100, beta=100, epsilon=1, leak=-3), (0, False)),
        (3, 0, dict(alpha=100, beta=100, epsilon=1, leak=-3), (0, False)),
        # threshold: at it, and one below
        (4, 1, dict(alpha=5, reset=-7), (-7, True)),
        (4, 0, dict(alpha=5), (4, False)),
        (0, 0, dict(alpha=0, reset=2), (2, True)),
        # reset modes on the positive side
        (9, 0, dict(alpha=5, gamma=0, reset=3), (3, True)),
        (9, 0, dict(alpha=5, gamma=1, reset=3), (4, True)),
        (9, 0, dict(alpha=5, gamma=2, reset=3), (9, True)),
        # negative threshold: strict; saturating; each reset mode
        (-5, 0, dict(alpha=9, beta=5, kappa=0, reset=3), (-5, False)),
        (-6, 0, dict(alpha=9, beta=5, kappa=1, reset=3), (-5, False)),
        (-6, 0, dict(alpha=9, beta=5, kappa=0, gamma=0, reset=3), (-3, False)),
        (-6, 0, dict(alpha=9, beta=5, kappa=0, gamma=1, reset=3), (-1, False)),
        (-6, 0, dict(alpha=9, beta=5, kappa=0, gamma=2, reset=3), (-6, False)),
        # clamp at both ends, before the threshold
        (500, 32, dict(alpha=511, gamma=2), (511, True)),
        (500, 32, dict(alpha=511, gamma=1), (0, True)),
        (-500, -32, dict(alpha=9, beta=511, kappa=0, gamma=2), (-512, False)),
        (-500, -32, dict(alpha=9, beta=511, kappa=0, gamma=1), (-1, False)),
        # the sum is exact: it may leave the range before the leak brings it back
        (500, 32, dict(alpha=511, leak=-100), (432, False)),
    ],
)
def test_known_answer(potential: int, synaptic: int, parameters: dict, expected: tuple) -> None:
    assert one(potential, synaptic, **parameters) == expected


def drawn(leak: int = 0, threshold: int = 0) -> Draws:
    return Draws(threshold=np.array([threshold]), leak=np.array([leak]))


@pytest.mark.parametrize(
    ("potential", "draws", "parameters", "expected"),
    [
        # the leak is 1 with its sign where |leak| >= rho
        (7, drawn(leak=20), dict(leak=20, c=1, alpha=99), (8, False)),
        (7, drawn(leak=21), dict(leak=20, c=1, alpha=99), (7, False)),
        (7, drawn(leak=20), dict(leak=-20, c=1, alpha=99), (6, False)),
        (7, drawn(leak=0), dict(leak=0, c=1, alpha=99), (7, False)),
        (7, drawn(leak=255), dict(leak=300, c=1, alpha=99), (8, False)),
        # along V, drawn or not; at 0 there is none; from 1 it stops at 0
        (-7, drawn(leak=0), dict(leak=-5, c=1, epsilon=1, alpha=99, beta=99), (-6, False)),
        (-7, drawn(leak=0), dict(leak=5, c=1, epsilon=1, alpha=99, beta=99), (-8, False)),
        (0, drawn(leak=0), dict(leak=5, c=1, epsilon=1, alpha=99), (0, False)),
        (1, drawn(leak=0), dict(leak=-5, c=1, epsilon=1, alpha=99), (0, False)),
        # eta is the draw under its mask, on alpha, and on beta where kappa = 0
        (11, drawn(threshold=0b1011), dict(alpha=8, tm=2), (0, True)),
        (10, drawn(threshold=0b1011), dict(alpha=8, tm=2), (10, False)),
        (12, drawn(threshold=0b1011), dict(alpha=8, tm=2, gamma=1), (1, True)),
        (-11, drawn(threshold=3), dict(alpha=99, beta=8, tm=2, kappa=0, gamma=1), (-11, False)),
        (-12, drawn(threshold=3), dict(alpha=99, beta=8, tm=2, kappa=0, gamma=1), (-1, False)),
        (-9, drawn(threshold=3), dict(alpha=99, beta=8, tm=2, kappa=1), (-8, False)),
    ],
)
def test_known_answer_with_draws(
    potential: int, draws: Draws, parameters: dict, expected: tuple
) -> None:
    assert one(potential, 0, draws=draws, **parameters) == expected


@given(
    potential=st.integers(HARDWARE.potential_min, HARDWARE.potential_max),
    synaptic=st.integers(-256, 256),
    leak=st.integers(-512, 511),
    epsilon=st.integers(0, 1),
    alpha=st.integers(0, HARDWARE.threshold_max),
    beta=st.integers(0, HARDWARE.threshold_max),
    gamma=st.integers(0, 2),
    kappa=st.integers(0, 1),
    reset=st.integers(-HARDWARE.potential_max, HARDWARE.potential_max),
)
def test_potential_stays_in_its_range(potential: int, synaptic: int, **parameters: int) -> None:
    v, _ = one(potential, synaptic, **parameters)
    assert HARDWARE.potential_min <= v <= HARDWARE.potential_max


@pytest.mark.parametrize(
    ("parameters", "start", "axon", "period", "phase"),
    [
        (dict(alpha=10, leak=1), 0, 0, 10, 0),
        (dict(alpha=10, leak=1), 1, 0, 10, 9),
        (dict(alpha=11, leak=2), 0, 0, 6, 0),
        (dict(alpha=10, leak=-1), 0, 3, 5, 1),
    ],
)
def test_golden_periods(parameters: dict, start: int, axon: int, period: int, phase: int) -> None:
    """Source: expected spike times printed with vmonaco/pytruenorth, README.

    Ticks count from 0 there as here; the first spike of the first row comes at the tenth tick,
    whose number is 9, and is printed as 10: the spike is on its way for a tick of delay. The last
    row has an axon of weight 3 with a spike every tick, from tick 1 on.
    """
    v, times = start, []
    for tick in range(60):
        v, fires = one(v, axon if tick else 0, **parameters)
        if fires:
            times.append(tick + 1)
    assert {b - a for a, b in pairwise(times)} == {period}
    assert {time % period for time in times} == {phase}
