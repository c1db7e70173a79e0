"""Behaviours 1 to 6: patterns of spikes under a constant current."""

from itertools import pairwise

from sterna.spec import NeuronType

from .behaviour import OWN, Behaviour, Trace, intervals
from .circuit import Circuit, frames

#: vmonaco/pytruenorth, README: expected spike times of its examples.
_PYTRUENORTH = "pytruenorth: README"
#: markplagge/NeMo, bioModel.c (commit 057f600).
_NEMO = "NeMo: bioModel.c"


def tonic_spiking() -> Behaviour:
    """It fires at a constant rate as long as the current flows."""
    on, off = 30, 130

    def check(trace: Trace) -> str | None:
        during = trace.within(on, off)
        if during != trace.times:
            return "it fires without input"
        if len(during) < 5:
            return f"{len(during)} spikes during the step"
        gaps = intervals(during)
        if len({*gaps}) > 1:
            return f"the intervals vary: {gaps}"
        if during[0] - on > gaps[0] or off - during[-1] > gaps[0]:
            return "it does not fire throughout the step"
        return None

    neuron = NeuronType(s0=3, leak=-1, alpha=10)
    return Behaviour(
        number=1,
        name="tonic spiking",
        source=_PYTRUENORTH,
        check=check,
        shows="Under a constant current it fires at a constant rate, and only then.",
        how="Each tick adds 3 and leaks 1; five ticks reach the threshold of 10.",
        network=Circuit("tonic-spiking", neuron).input(0, 1).network(),
        stimulus=frames(160, {0: range(on, off)}),
    )


def phasic_spiking() -> Behaviour:
    """It fires once, at the onset of the current, and is ready again when that has ended."""
    steps = ((20, 90), (130, 200))

    def check(trace: Trace) -> str | None:
        for on, off in steps:
            during = trace.within(on, off)
            if len(during) != 1:
                return f"{len(during)} spikes during the step at tick {on}"
            if during[0] - on >= 10:
                return f"its spike comes {during[0] - on} ticks after the onset"
        return None if len(trace.times) == len(steps) else "it fires without input"

    main = NeuronType(s0=5, s1=-5, leak=-1, epsilon=1, alpha=12, beta=12)
    slow = NeuronType(s0=2, leak=-1, epsilon=1, alpha=5, reset=4)
    circuit = Circuit("phasic-spiking", main, slow).input(0, 1, 1).send(1, 1, 1, 0)
    return Behaviour(
        number=2,
        name="phasic spiking",
        source=OWN,
        check=check,
        shows="It fires once, at the onset of the current, and again at the next onset.",
        how="A second neuron fires from the fifth tick of a current on and cancels it.",
        network=circuit.network(),
        stimulus=frames(230, {0: [tick for step in steps for tick in range(*step)]}),
    )


def tonic_bursting() -> Behaviour:
    """It fires bursts, one after the other, as long as the current flows."""
    on, off = 20, 220

    def check(trace: Trace) -> str | None:
        if trace.within(on, off) != trace.times:
            return "it fires without input"
        bursts = trace.bursts(10)[:-1]  # the last one may be cut by the end of the step
        if len(bursts) < 3:
            return f"{len(bursts)} whole bursts during the step"
        if len({tuple(intervals(burst)) for burst in bursts}) > 1 or len(bursts[0]) < 3:
            return f"the bursts have {[len(burst) for burst in bursts]} spikes"
        if len({*intervals([burst[0] for burst in bursts])}) > 1:
            return "the bursts do not come at a constant interval"
        return None

    neuron = NeuronType(s0=4, s1=-30, leak=-1, epsilon=1, alpha=9, beta=30)
    circuit = Circuit("tonic-bursting", neuron).input(0, 1).send(0, 1, 1, delay=15)
    return Behaviour(
        number=3,
        name="tonic bursting",
        source=OWN,
        check=check,
        shows="Under a constant current it fires bursts of five spikes, one after the other.",
        how="Its own spikes come back after 15 ticks as inhibition, and end the burst.",
        network=circuit.network(),
        stimulus=frames(250, {0: range(on, off)}),
    )


def phasic_bursting() -> Behaviour:
    """It fires one burst, at the onset of the current."""
    on, off = 20, 200

    def check(trace: Trace) -> str | None:
        if trace.within(on, off) != trace.times:
            return "it fires without input"
        if len(trace.times) < 3:
            return f"{len(trace.times)} spikes are not a burst"
        gaps = intervals(trace.times)
        if max(gaps) > 20 or trace.times[0] - on > 20:
            return "its spikes are not a burst at the onset"
        if off - trace.times[-1] < 5 * max(gaps):
            return "it does not stay silent while the current flows on"
        return None

    return Behaviour(
        number=4,
        name="phasic bursting",
        source=_NEMO,
        check=check,
        shows="It fires one burst, at the onset of the current, and no more while that flows.",
        how="The second neuron counts six spikes and parks the first below 0, where the leak holds "
        "it against the current.",
        network=published_burster("phasic-bursting", weight=-20, beta=20).network(),
        stimulus=frames(230, {0: range(on, off)}),
    )


def published_burster(name: str, weight: int, beta: int) -> Circuit:
    """The published pair: neuron 0 fires on once kicked; neuron 1 stops it after six spikes.

    With weight -100 and beta 0 each input spike gives a burst (tonic); with -20 and 20 only the
    first does (phasic).
    """
    fires = NeuronType(s0=1, s1=weight, s2=0, s3=0, epsilon=1, leak=1, alpha=18, beta=beta, reset=1)
    counts = NeuronType(s0=1, s1=0, s2=0, s3=0, epsilon=1, leak=0, alpha=6)
    circuit = Circuit(name, fires, counts)
    return circuit.input(0, 1, 0).send(0, 0, 0, 1).send(1, 1, 1, 0)


def mixed_mode() -> Behaviour:
    """It fires a burst at the onset of the current, and goes on with single spikes."""
    on, off = 20, 170

    def check(trace: Trace) -> str | None:
        if trace.within(on, off) != trace.times:
            return "it fires without input"
        gaps = intervals(trace.times)
        burst = next((i for i, gap in enumerate(gaps) if gap != gaps[0]), len(gaps))
        if burst < 2:
            return f"no burst at the onset; intervals {gaps}"
        tonic = gaps[burst + 1 :]  # the one between may be of any length
        if len(tonic) < 5 or len({*tonic}) > 1:
            return f"no tonic spikes after the burst; intervals {gaps}"
        if tonic[0] < 2 * gaps[0]:
            return "its tonic spikes are as fast as its burst"
        return None

    main = NeuronType(s0=6, s1=-3, leak=-1, epsilon=1, alpha=15, beta=15)
    slow = NeuronType(s0=2, leak=-1, epsilon=1, alpha=14, reset=13)
    circuit = Circuit("mixed-mode", main, slow).input(0, 1, 1).send(1, 1, 1, 0)
    return Behaviour(
        number=5,
        name="mixed mode",
        source=OWN,
        check=check,
        shows="It fires a burst at the onset of the current, then single spikes.",
        how="As phasic spiking, but the second neuron cancels only half of the current.",
        network=circuit.network(),
        stimulus=frames(200, {0: range(on, off)}),
    )


def adaptation() -> Behaviour:
    """It fires slower and slower, down to a steady rate."""
    on, off = 20, 370

    def check(trace: Trace) -> str | None:
        if trace.within(on, off) != trace.times:
            return "it fires without input"
        gaps = intervals(trace.times)
        if len(gaps) < 8:
            return f"{len(gaps) + 1} spikes during the step"
        if any(gap < before for before, gap in pairwise(gaps)):
            return f"the intervals do not grow: {gaps}"
        if len({*gaps}) < 5 or gaps[-1] < 1.5 * gaps[0]:
            return f"the rate does not fall gradually: {gaps}"
        return None if gaps[-1] == gaps[-2] else f"the rate does not settle: {gaps}"

    main = NeuronType(s0=6, s1=-2, leak=-1, epsilon=1, alpha=88, beta=88)
    slow = NeuronType(s0=30, leak=-1, epsilon=1, alpha=32, gamma=2)
    circuit = Circuit("spike-frequency-adaptation", main, slow).input(0, 1, 0)
    return Behaviour(
        number=6,
        name="spike frequency adaptation",
        source=OWN,
        check=check,
        shows="Its intervals grow from spike to spike, up to a steady length.",
        how="Each spike adds 30 to a second neuron that is never reset; as long as its potential "
        "is over 32 it takes 2 of the 6 away.",
        network=circuit.send(0, 0, 0, 1).send(1, 1, 1, 0).network(),
        stimulus=frames(400, {0: range(on, off)}),
    )
