"""Behaviours 7 to 9, 12, 16 and 18: the input that makes a neuron fire."""

from sterna.spec import NeuronType

from .behaviour import OWN, Behaviour, Trace
from .circuit import Circuit, Frames, frames, staircase

#: markplagge/NeMo, bistable_spike.json (commit ca216e5): a corelet, as compiled.
_NEMO = "NeMo: bistable_spike"

#: The current of the two classes: so many ticks at each level, from 1 to so many levels.
_BEFORE, _TICKS, _LEVELS = 30, 120, 6


def _levels(trace: Trace) -> list[int]:
    """Spikes at each level of the current."""
    starts = range(_BEFORE, _BEFORE + _LEVELS * _TICKS, _TICKS)
    return [len(trace.within(start, start + _TICKS)) for start in starts]


def _ramp() -> Frames:
    levels = [(level, _TICKS) for level in range(1, _LEVELS + 1)]
    return staircase([(0, _BEFORE), *levels, (0, _BEFORE)], _LEVELS)


def class_1() -> Behaviour:
    """Its rate follows the strength of the current, down to any low rate."""

    def check(trace: Trace) -> str | None:
        counts = _levels(trace)
        if sum(counts) != len(trace.times):
            return "it fires without input"
        rises = [b - a for a, b in zip([0, *counts], counts, strict=False)]
        if min(rises) < 1:
            return f"its rate does not grow with each level: {counts}"
        if max(rises) > 2 * min(rises) or counts[0] * 5 > counts[-1]:
            return f"its rate does not grow evenly from low: {counts}"
        return None

    neuron = NeuronType(s0=1, alpha=60, gamma=1)
    return Behaviour(
        number=7,
        name="class 1 excitable",
        source=OWN,
        check=check,
        shows="Its rate grows evenly with the current, from as low as one likes.",
        how="No leak and linear reset: nothing of the current is lost, the rate is current / 60.",
        network=Circuit("class-1", neuron).input(0, 1, copies=_LEVELS).network(),
        stimulus=_ramp(),
    )


def class_2() -> Behaviour:
    """It is silent up to a certain current, and at that fires at a high rate at once."""

    def check(trace: Trace) -> str | None:
        counts = _levels(trace)
        if sum(counts) != len(trace.times):
            return "it fires without input"
        if counts[0] or not counts[-1]:
            return f"no threshold lies within the levels: {counts}"
        firing = [count for count in counts if count]
        if counts != [0] * (_LEVELS - len(firing)) + sorted(firing):
            return f"its rate falls with the current: {counts}"
        if firing[0] * 2 < firing[-1] or firing[0] < 5:
            return f"it begins at a low rate: {counts}"
        return None

    neuron = NeuronType(s0=2, leak=-6, epsilon=1, alpha=2, reset=-170, beta=170)
    return Behaviour(
        number=8,
        name="class 2 excitable",
        source=OWN,
        check=check,
        shows="It is silent up to a certain current, and there jumps to a high rate.",
        how="A convergent leak of 6 eats a current of up to 6 whole; any more fires, and how fast "
        "is set by the climb back from -170.",
        network=Circuit("class-2", neuron).input(0, 1, copies=_LEVELS).network(),
        stimulus=_ramp(),
    )


def latency() -> Behaviour:
    """A brief pulse makes it fire, but later; the weaker the pulse, the later."""
    pulses = ((15, 1), (75, 2), (135, 4))

    def check(trace: Trace) -> str | None:
        delays: list[int] = []
        for start, _ in pulses:
            after = trace.within(start, start + 60)
            if len(after) != 1:
                return f"{len(after)} spikes after the pulse at tick {start}"
            delays.append(after[0] - start)
        if len(trace.times) != len(pulses):
            return "it fires without input"
        if delays[0] < 20:
            return f"its first spike comes {delays[0]} ticks after the pulse"
        if not delays[0] > delays[1] > delays[2]:
            return f"the delays {delays} do not fall with the strength of the pulse"
        return None

    neuron = NeuronType(s0=8, leak=1, epsilon=1, alpha=40)
    return Behaviour(
        number=9,
        name="spike latency",
        source=OWN,
        check=check,
        shows="A brief pulse makes it fire much later; the weaker the pulse, the later.",
        how="A divergent leak of 1 carries the potential from wherever the pulse left it up to 40.",
        network=Circuit("spike-latency", neuron).input(0, 1, copies=4).network(),
        stimulus=frames(180, {k: [tick for tick, size in pulses if size > k] for k in range(4)}),
    )


#: Intervals of the pairs of pulses that resonator and integrator are given, and where they start.
INTERVALS = (3, 8, 13)
PAIRS = tuple(20 + 50 * index for index in range(len(INTERVALS)))


def pairs() -> Frames:
    """Three pairs of pulses."""
    starts = zip(PAIRS, INTERVALS, strict=True)
    return frames(170, {0: [tick for start, gap in starts for tick in (start, start + gap)]})


def answers(trace: Trace) -> list[int]:
    """Spikes after the second pulse of each pair; -1 if there is one before."""
    result: list[int] = []
    for start, gap in zip(PAIRS, INTERVALS, strict=True):
        early = trace.within(start, start + gap)
        result.append(-1 if early else len(trace.within(start + gap, start + 45)))
    return result


def integrator() -> Behaviour:
    """Of two pulses, the closer the better: it detects coincidence."""

    def check(trace: Trace) -> str | None:
        found = answers(trace)
        if -1 in found or sum(found) != len(trace.times):
            return "it fires without a pair of pulses"
        return None if found == [1, 0, 0] else f"spikes after the pairs: {found}"

    neuron = NeuronType(s0=12, leak=-1, epsilon=1, alpha=20)
    return Behaviour(
        number=12,
        name="integrator",
        source=OWN,
        check=check,
        shows="Of three pairs of pulses only the closest fires it.",
        how="A pulse of 12 leaks away by 1 a tick; another must come before 4 of it are gone.",
        network=Circuit("integrator", neuron).input(0, 1).network(),
        stimulus=pairs(),
    )


def bistability() -> Behaviour:
    """One pulse switches it on, another off."""
    switches = ((5, 40), (65, 110))

    def check(trace: Trace) -> str | None:
        inside: list[int] = []
        for on, off in switches:
            during = trace.within(on, off)
            inside += during
            if len(during) < 4:
                return f"{len(during)} spikes after it was switched on at tick {on}"
            if off - during[-1] > 15:
                return f"it falls silent before it is switched off at tick {off}"
        return None if inside == trace.times else "it fires while it is switched off"

    neuron = NeuronType(s0=1, s1=-200, s2=0, s3=0, leak=15, epsilon=1, alpha=100, reset=1)
    return Behaviour(
        number=16,
        name="bistability",
        source=_NEMO,
        check=check,
        shows="One pulse switches tonic spiking on, another switches it off.",
        how="A divergent leak: 0 is a point of rest; kicked off it, the potential climbs to 100, "
        "again and again from 1; a pulse of -200 puts it back to 0.",
        network=Circuit("bistability", neuron).input(0, 1).input(1, 1).network(),
        stimulus=frames(140, {0: [on for on, _ in switches], 1: [off for _, off in switches]}),
    )


def accommodation() -> Behaviour:
    """A slow ramp leaves it silent, a fast one to the same height makes it fire."""
    height, slow, fast, hold = 8, 15, 1, 30
    slow_on = 20
    fast_on = slow_on + (height - 1) * slow + hold + 60
    up = [(level, slow) for level in range(1, height)]
    steep = [(level, fast) for level in range(1, height)]

    def check(trace: Trace) -> str | None:
        if trace.within(0, fast_on):
            return "it fires on the slow ramp"
        if not trace.within(fast_on, fast_on + height * fast + 5):
            return "it does not fire on the fast ramp"
        return None if len(trace.times) == 1 else "it goes on firing"

    main = NeuronType(s0=2, s1=-20, leak=-4, epsilon=1, alpha=30)
    block = NeuronType(s0=1, leak=-1, epsilon=1, alpha=35, reset=34)
    circuit = Circuit("accommodation", main, block).input(0, 1, 1, copies=height).send(1, 1, 1, 0)
    return Behaviour(
        number=18,
        name="accommodation",
        source=OWN,
        check=check,
        shows="A slow ramp leaves it silent, a fast one to the same height makes it fire.",
        how="A second neuron with a lower threshold but a longer charge blocks it, if it has time.",
        network=circuit.network(),
        stimulus=staircase(
            [(0, slow_on), *up, (height, hold), (0, 60), *steep, (height, hold), (0, 20)], height
        ),
    )
