"""Behaviours 10, 11, 15 and 17: a pulse returns as steps over 15 ticks.

The potential has no second variable that could swing. Here the delays of the axons are one: a
spike is sent to its neuron, or to another, over axons of all delays, with the step that each tick
shall make.
"""

from collections.abc import Sequence
from itertools import pairwise

from sterna.spec import NeuronType

from .behaviour import OWN, Behaviour, Trace
from .circuit import ECHO, Circuit, frames
from .excitability import answers, pairs

#: A neuron that fires whenever an axon does.
RELAY = NeuronType()

#: The potential after a pulse, tick by tick: an oscillation of 8 ticks that dies away.
SWING = (18, 4, -4, -10, -12, -9, -2, 6, 10, 7, 1, -4, -6, -4, -1, 0)


def steps(course: Sequence[int], leak: int = 1) -> list[int]:
    """The steps that lead the potential along this course, against a leak towards 0."""
    signs = [(v > 0) - (v < 0) for v in course]
    return [
        after + leak * sign - before
        for before, after, sign in zip(course, course[1:], signs[1:], strict=False)
    ]


def _swinging(name: str, alpha: int) -> Circuit:
    """Neuron 0 takes pulses of 18; a relay makes its potential swing after each."""
    main = NeuronType(s0=19, **ECHO, leak=-1, epsilon=1, alpha=alpha, beta=100, gamma=2)
    return Circuit(name, main, RELAY).input(0, 1, 1).echo(1, 0, steps(SWING))


def oscillation() -> Behaviour:
    """After a spike its potential swings about the rest."""
    pulses = (20, 70)

    def check(trace: Trace) -> str | None:
        if trace.times != list(pulses):
            return f"it fires at ticks {trace.times}"
        for start in pulses:
            after = trace.v[start + 1 : start + 40]
            swings = [max(run, key=abs) for run in _halves(after)]
            if len(swings) < 4:
                return f"{len(swings)} half swings after the spike at tick {start}"
            if any(abs(a) <= abs(b) for a, b in pairwise(swings[1:])):
                return f"the swings {swings} do not die away"
        return None

    return Behaviour(
        number=10,
        name="subthreshold oscillations",
        source=OWN,
        check=check,
        shows="After a spike its potential swings about the rest, and comes to it.",
        how="A relay sends each pulse over all delays, as steps of a damped oscillation; no reset.",
        network=_swinging("subthreshold-oscillations", 18).network(),
        stimulus=frames(110, {0: pulses}),
    )


def _halves(v: Sequence[int]) -> list[list[int]]:
    """The potentials in runs of one sign."""
    runs: list[list[int]] = []
    for value in v:
        if not value:
            continue
        if runs and (runs[-1][-1] > 0) == (value > 0):
            runs[-1].append(value)
        else:
            runs.append([value])
    return runs


def resonator() -> Behaviour:
    """Of pairs of pulses, only those at the interval of its own swing make it fire."""

    def check(trace: Trace) -> str | None:
        found = answers(trace)
        if -1 in found or sum(found) != len(trace.times):
            return "it fires without a pair of pulses"
        return None if found == [0, 1, 0] else f"spikes after the pairs: {found}"

    return Behaviour(
        number=11,
        name="resonator",
        source=OWN,
        check=check,
        shows="Of three pairs of pulses only that at its own interval of 8 ticks fires it.",
        how="The swinging neuron with a threshold that a pulse reaches only on a crest.",
        network=_swinging("resonator", 24).network(),
        stimulus=pairs(),
    )


def threshold_variability() -> Behaviour:
    """The same excitation fires it after a brief inhibition, and not without."""
    alone, inhibited, together, early, late = 20, 60, 67, 110, 145

    def check(trace: Trace) -> str | None:
        if trace.within(0, inhibited):
            return "the excitation alone fires it"
        if trace.within(inhibited, together):
            return "the inhibition alone fires it"
        if len(trace.within(together, together + 5)) != 1:
            return "the excitation does not fire it after the inhibition"
        return None if len(trace.times) == 1 else "it fires long after the inhibition"

    main = NeuronType(s0=10, **ECHO, leak=-1, epsilon=1, alpha=15, beta=40)
    circuit = Circuit("threshold-variability", main, RELAY)
    circuit.input(0, 1, 0).input(0, -1, 1)
    circuit.echo(1, 0, steps((-9, -7, -4, 0, 4, 7, 8, 8, 8)))
    return Behaviour(
        number=15,
        name="threshold variability",
        source=OWN,
        check=check,
        shows="The same pulse fires it shortly after an inhibition, not without, and not later.",
        how="A relay answers the inhibition with an overshoot of 8, on which 10 reach 15.",
        network=circuit.network(),
        stimulus=frames(175, {0: (alone, together, late), 1: (inhibited, early)}),
    )


def after_potential() -> Behaviour:
    """After a spike its potential overshoots the rest; a small pulse then fires it."""
    before, first, later, second, then = 15, 45, 75, 105, 112

    def check(trace: Trace) -> str | None:
        if trace.within(before, first) or trace.within(later, second):
            return "the small pulse alone fires it"
        after = trace.v[first:later]
        if trace.within(first, later) != [first]:
            return "the large pulse does not fire it once"
        if min(after) >= 0 or max(after) <= 0 or after.index(max(after)) < after.index(min(after)):
            return "no overshoot follows the spike"
        if after[-1] > 1:
            return "the overshoot does not decay"
        if trace.times[1:] != [second, then]:
            return "the small pulse does not fire it in the overshoot"
        return None

    neuron = NeuronType(s0=10, **ECHO, leak=-1, epsilon=1, alpha=16, beta=40, reset=-8)
    circuit = Circuit("depolarizing-after-potential", neuron).input(0, 1, copies=2)
    circuit.echo(0, 0, steps((-8, -7, -3, 3, 8, 10, 10)))
    large, small = (first, second), (before, later, then)
    return Behaviour(
        number=17,
        name="depolarizing after-potential",
        source=OWN,
        check=check,
        shows="After a spike its potential overshoots the rest; a small pulse fires it only then.",
        how="Reset to -8; its own spike, sent back over six delays, lifts it to 10.",
        network=circuit.network(),
        stimulus=frames(150, {0: (*large, *small), 1: large}),
    )
