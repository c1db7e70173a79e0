"""Behaviours 13, 14, 19 and 20: inhibition that makes a neuron fire."""

from sterna.spec import NeuronType

from .behaviour import OWN, Behaviour, Trace, intervals
from .circuit import Circuit, frames
from .echoes import RELAY

_ON, _OFF = 20, 45


def _rebounding(name: str, alpha: int, weight: int, delay: int) -> Circuit:
    """Inhibition holds neuron 0 down; delayed, and of the other sign, it outlasts itself."""
    main = NeuronType(s0=8, s1=weight, leak=-1, epsilon=1, alpha=alpha, beta=20)
    return Circuit(name, main, RELAY).input(0, -1, 1).send(1, 1, 1, 0, delay=delay)


def rebound_spike() -> Behaviour:
    """It fires once, when inhibition ends."""

    def check(trace: Trace) -> str | None:
        if trace.within(0, _OFF):
            return "it fires before the inhibition ends"
        if min(trace.v[_ON:_OFF]) >= 0:
            return "the inhibition does not reach it"
        if len(trace.times) != 1:
            return f"{len(trace.times)} spikes after the inhibition"
        return None if trace.times[0] < _OFF + 20 else "its spike comes late"

    return Behaviour(
        number=13,
        name="rebound spike",
        source=OWN,
        check=check,
        shows="Released from inhibition, it fires once.",
        how="A relay sends the inhibition on as a weaker excitation, 12 ticks later: it tells only "
        "when the inhibition has ended.",
        network=_rebounding("rebound-spike", alpha=24, weight=6, delay=12).network(),
        stimulus=frames(90, {0: range(_ON, _OFF)}),
    )


def rebound_burst() -> Behaviour:
    """It fires a burst, when inhibition ends."""

    def check(trace: Trace) -> str | None:
        if trace.within(0, _OFF):
            return "it fires before the inhibition ends"
        if min(trace.v[_ON:_OFF]) >= 0:
            return "the inhibition does not reach it"
        if len(trace.times) < 3:
            return f"{len(trace.times)} spikes after the inhibition"
        if max(intervals(trace.times)) > 4 or trace.times[-1] > _OFF + 25:
            return "its spikes are not a burst"
        return None

    return Behaviour(
        number=14,
        name="rebound burst",
        source=OWN,
        check=check,
        shows="Released from inhibition, it fires a burst.",
        how="As the rebound spike, with a lower threshold and a longer delay.",
        network=_rebounding("rebound-burst", alpha=8, weight=5, delay=15).network(),
        stimulus=frames(90, {0: range(_ON, _OFF)}),
    )


def induced_spiking() -> Behaviour:
    """It fires at a constant rate while it is inhibited, and only then."""
    on, off = 30, 160

    def check(trace: Trace) -> str | None:
        if trace.within(on, off) != trace.times:
            return "it fires without inhibition"
        if trace.v[on] >= trace.v[on - 1]:
            return "the input does not inhibit it"
        if len(trace.times) < 4:
            return f"{len(trace.times)} spikes during the inhibition"
        gaps = intervals(trace.times)
        if len({*gaps}) > 1:
            return f"the intervals vary: {gaps}"
        return None if off - trace.times[-1] <= gaps[0] else "it falls silent"

    neuron = NeuronType(s0=3, leak=-1, epsilon=1, alpha=15, beta=40, kappa=0, reset=-20)
    return Behaviour(
        number=19,
        name="inhibition-induced spiking",
        source=OWN,
        check=check,
        shows="It fires at a constant rate while it is inhibited, and only then.",
        how="The reset of normal mode has two sides: under -40 the potential goes to 20, above the "
        "threshold; the spike puts it back to -20.",
        network=Circuit("inhibition-induced-spiking", neuron).input(0, -1).network(),
        stimulus=frames(200, {0: range(on, off)}),
    )


def induced_bursting() -> Behaviour:
    """It fires bursts while it is inhibited, and only then."""
    on, off = 30, 200

    def check(trace: Trace) -> str | None:
        if trace.within(on, off) != trace.times:
            return "it fires without inhibition"
        if trace.v[on] >= trace.v[on - 1]:
            return "the input does not inhibit it"
        bursts = trace.bursts(8)[:-1]  # the last one may be cut by the end
        if len(bursts) < 3:
            return f"{len(bursts)} whole bursts during the inhibition"
        if len({tuple(intervals(burst)) for burst in bursts}) > 1 or len(bursts[0]) < 3:
            return f"the bursts have {[len(burst) for burst in bursts]} spikes"
        if len({*intervals([burst[0] for burst in bursts])}) > 1:
            return "the bursts do not come at a constant interval"
        return None

    main = NeuronType(s0=3, s1=32, leak=-1, epsilon=1, alpha=15, beta=24, kappa=0, reset=-20)
    counts = NeuronType(alpha=4)
    circuit = Circuit("inhibition-induced-bursting", main, counts).input(0, -1, 0)
    return Behaviour(
        number=20,
        name="inhibition-induced bursting",
        source=OWN,
        check=check,
        shows="It fires bursts while it is inhibited, and only then.",
        how="As inhibition-induced spiking, faster; a second neuron counts four spikes and lifts "
        "the potential, so that it has a longer way down.",
        network=circuit.send(0, 0, 0, 1).send(1, 1, 1, 0).network(),
        stimulus=frames(240, {0: range(on, off)}),
    )
