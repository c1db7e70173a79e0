"""The twenty behaviours: each has its defining property, and loses it where it should."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from sterna.gallery import OWN, Behaviour, behaviours, holds, record, write
from sterna.gallery.circuit import Circuit, frames
from sterna.gallery.spiking import published_burster
from sterna.model import GoldenModel
from sterna.spec import Network, NeuronType, content_hash, load, preset
from sterna.spec.neuron import TYPE_COLUMNS

GALLERY = behaviours()
IZHIKEVICH = [
    "tonic spiking",
    "phasic spiking",
    "tonic bursting",
    "phasic bursting",
    "mixed mode",
    "spike frequency adaptation",
    "class 1 excitable",
    "class 2 excitable",
    "spike latency",
    "subthreshold oscillations",
    "resonator",
    "integrator",
    "rebound spike",
    "rebound burst",
    "threshold variability",
    "bistability",
    "depolarizing after-potential",
    "accommodation",
    "inhibition-induced spiking",
    "inhibition-induced bursting",
]

every = pytest.mark.parametrize("behaviour", GALLERY, ids=lambda behaviour: behaviour.network.name)


def the(number: int) -> Behaviour:
    return GALLERY[number - 1]


def changed(network: Network, neuron: int, **parameters: int) -> Network:
    """The network with other parameters of one neuron."""
    types = network.types.copy()
    for name, value in parameters.items():
        types[network.neuron_type[neuron], TYPE_COLUMNS.index(name)] = value
    return network.replace(types=types)


def fault(behaviour: Behaviour, **changes: object) -> str | None:
    """What is wrong with a behaviour, changed."""
    behaviour = behaviour.replace(**changes)
    return holds(behaviour, *record(behaviour))


def times(network: Network, stimulus: np.ndarray, neuron: int = 0) -> list[int]:
    """Ticks at which a neuron of a network of one core fires."""
    model = GoldenModel(network)
    return [tick for tick, frame in enumerate(stimulus) if model.step(frame).spikes[0][neuron]]


def test_all_twenty_are_there_in_izhikevichs_order() -> None:
    assert [behaviour.name for behaviour in GALLERY] == IZHIKEVICH
    assert [behaviour.number for behaviour in GALLERY] == list(range(1, 21))


@every
def test_behaviour_has_its_defining_property(behaviour: Behaviour) -> None:
    assert holds(behaviour, *record(behaviour)) is None


@every
def test_behaviour_is_a_small_network_on_one_core_of_truenorth(behaviour: Behaviour) -> None:
    network = behaviour.network
    assert network.hardware == preset("truenorth")
    assert network.cores == 1
    assert behaviour.neurons <= 2
    assert behaviour.stimulus.shape[1] == network.features
    assert behaviour.stimulus.any(axis=0).all()  # no input that is never used


@every
def test_behaviour_needs_its_input(behaviour: Behaviour) -> None:
    assert fault(behaviour, stimulus=np.zeros_like(behaviour.stimulus))


# What each behaviour rests on, taken away, and what the check must then say.
CONTROLS = [
    (1, 0, dict(leak=-3), "0 spikes"),  # the leak eats the input
    (1, 0, dict(leak=1), "without input"),  # a pacemaker of its own
    (1, 0, dict(gamma=1, alpha=9), "the intervals vary"),
    (2, 1, dict(alpha=100, reset=0), "spikes during the step"),  # nobody cancels the current
    (2, 0, dict(alpha=60), "0 spikes"),
    (2, 1, dict(leak=0), "0 spikes during the step at tick 130"),  # it is not ready again
    (3, 0, dict(s1=0), "0 whole bursts"),  # no echo: tonic spiking
    (3, 0, dict(s1=-1), "whole bursts"),
    (4, 0, dict(s1=-1), "without input"),  # once kicked, it never stops
    (4, 0, dict(leak=0), "not a burst"),  # nothing holds it down
    (4, 1, dict(alpha=1), "not a burst"),
    (5, 0, dict(s1=0), "no tonic spikes after the burst"),  # tonic spiking
    (5, 0, dict(s1=-5), "no tonic spikes after the burst"),  # phasic bursting
    (6, 0, dict(s1=0), "does not fall"),  # tonic spiking
    (6, 1, dict(alpha=1000), "does not fall"),
    (6, 1, dict(leak=0), "does not fall"),  # it does not forget: two rates, as mixed mode
    (7, 0, dict(leak=-3, epsilon=1), "does not grow with each level"),
    (7, 0, dict(gamma=0, alpha=1), "does not grow with each level"),
    (8, 0, dict(leak=0), "no threshold"),
    (8, 0, dict(alpha=50, reset=0), "begins at a low rate"),  # a threshold, but of class 1
    (9, 0, dict(leak=0), "0 spikes"),
    (9, 0, dict(alpha=9), "its first spike comes"),
    (10, 1, dict(alpha=2), "half swings"),  # no relay: it only decays
    (10, 0, dict(alpha=10), "it fires at"),  # not under its threshold
    (11, 1, dict(alpha=2), "[1, 1, 1]"),  # no relay: an integrator
    (11, 0, dict(alpha=18), "without a pair"),
    (12, 0, dict(leak=0), "[1, 1, 1]"),  # it forgets nothing
    (12, 0, dict(leak=-6), "[0, 0, 0]"),
    (13, 0, dict(s1=0), "0 spikes"),
    (13, 0, dict(alpha=8), "spikes after the inhibition"),  # a burst
    (13, 0, dict(s0=1), "before the inhibition ends"),  # too weak to hold it down
    (14, 0, dict(alpha=24), "1 spikes"),
    (14, 0, dict(s1=12), "before the inhibition ends"),
    (15, 1, dict(alpha=2), "does not fire it after"),  # no relay: inhibition only inhibits
    (15, 0, dict(alpha=9), "the excitation alone"),
    (15, 0, dict(leak=0), "fires"),
    (16, 0, dict(s1=-1), "while it is switched off"),
    (16, 0, dict(reset=0), "spikes after it was switched on"),
    (17, 0, dict(s1=0, s2=0, s3=0), "no overshoot"),
    (17, 0, dict(leak=0), "the small pulse alone"),
    (17, 0, dict(alpha=9), "the small pulse alone"),
    (18, 1, dict(alpha=300, reset=0), "fires on the slow ramp"),  # nobody blocks it
    (18, 1, dict(alpha=5, reset=4), "does not fire on the fast ramp"),
    (19, 0, dict(kappa=1), "0 spikes"),  # inhibition holds it at -40
    (19, 0, dict(s0=-3), "does not inhibit"),
    (20, 0, dict(s1=0), "0 whole bursts"),  # inhibition-induced spiking
    (20, 0, dict(kappa=1), "0 whole bursts"),
]


@pytest.mark.parametrize(("number", "neuron", "parameters", "said"), CONTROLS)
@pytest.mark.control
def test_changed_parameter_is_noticed(
    number: int, neuron: int, parameters: dict[str, int], said: str
) -> None:
    behaviour = the(number)
    wrong = fault(behaviour, network=changed(behaviour.network, neuron, **parameters))
    assert wrong is not None
    assert said in wrong


def test_every_behaviour_has_a_control() -> None:
    assert {number for number, *_ in CONTROLS} == set(range(1, 21))


#: Of each behaviour, the others whose network shows it too, under the same stimulus.
ALSO = {
    1: {9, 12, 15},  # each fires at a constant rate under a constant current
    3: {20},  # bursts of the counter, with the sign of the input turned
    4: {10},  # the swings of a constant current cancel, after some spikes
    12: {15, 17},  # leaky integrators both
}


@every
def test_no_other_network_shows_the_behaviour_but_where_it_is_known(behaviour: Behaviour) -> None:
    """The check of each behaviour, over the networks of all others; features are cut or unused."""
    passes = set()
    for other in GALLERY:
        stimulus = np.zeros((len(behaviour.stimulus), other.network.features), bool)
        both = min(stimulus.shape[1], behaviour.stimulus.shape[1])
        stimulus[:, :both] = behaviour.stimulus[:, :both]
        if fault(behaviour, network=other.network, stimulus=stimulus) is None:
            passes.add(other.number)
    assert passes - {behaviour.number} == ALSO.get(behaviour.number, set())


@every
def test_spikes_that_are_not_the_neurons_are_noticed(behaviour: Behaviour) -> None:
    spikes, potentials = record(behaviour)
    assert holds(behaviour, np.ones_like(spikes), potentials)
    assert holds(behaviour, np.zeros_like(spikes), potentials)
    assert holds(behaviour, spikes[:-1], potentials[:-1])


def test_resonator_answers_its_own_interval_and_integrator_the_closest() -> None:
    answered: dict[int, list[int]] = {11: [], 12: []}
    for number, found in answered.items():
        for interval in range(1, 26):
            if times(the(number).network, frames(60, {0: (10, 10 + interval)})):
                found.append(interval)
    assert answered == {11: [7, 8, 9], 12: [1, 2, 3]}


def test_class_1_rate_is_as_low_as_one_likes() -> None:
    """A spike every 20 ticks is a current of 1/20; it fires every 1200 ticks."""
    stimulus = np.zeros((4000, 6), bool)
    stimulus[::20, 0] = True
    assert np.diff(times(the(7).network, stimulus)).tolist() == [1200, 1200]


@pytest.mark.parametrize("level", range(7))
def test_class_2_rate_is_high_or_nothing(level: int) -> None:
    stimulus = np.zeros((300, 6), bool)
    stimulus[:, :level] = True
    rate = len(times(the(8).network, stimulus)) / 300
    assert rate == 0 if level <= 3 else 0.07 < rate < 0.12


def test_brief_inhibition_gives_no_rebound() -> None:
    for number in (13, 14):
        assert not times(the(number).network, frames(80, {0: range(20, 22)}))


# --- Known answers: what is published of this neuron, in the whole model ---


@pytest.mark.parametrize(
    ("parameters", "start", "period", "phase"),
    [
        (dict(alpha=10, leak=1), 0, 10, 0),
        (dict(alpha=10, leak=1), 1, 10, 9),
        (dict(alpha=11, leak=2), 0, 6, 0),
        (dict(alpha=10, leak=-1, s0=3), 0, 5, 1),
    ],
)
def test_golden_periods(parameters: dict[str, int], start: int, period: int, phase: int) -> None:
    """Source: expected spike times printed with vmonaco/pytruenorth, README.

    A spike counts there at the tick at which it arrives: one later than it is fired, over a delay
    of 1. So the neuron sends to a relay, which fires as the spike arrives, and whose ticks are
    those printed. The last row has a spike on its axon every tick, from tick 1 on.
    """
    circuit = Circuit("periods", NeuronType(**parameters), NeuronType())
    network = circuit.input(0, 1, 0).send(0, 0, 0, 1).network()
    network = network.replace(neuron_potential=np.array([start, 0], np.int32))
    driven = "s0" in parameters
    arrived = times(network, frames(120, {0: range(1, 120) if driven else ()}), neuron=1)
    assert len(arrived) >= 10
    assert {b - a for a, b in pairwise(arrived)} == {period}
    assert {tick % period for tick in arrived} == {phase}
    assert arrived[0] <= period + phase  # from the first period on


def test_bistable_spike() -> None:
    """Source: markplagge/NeMo, bistable_spike.json (commit ca216e5), a compiled corelet.

    An input of tick 5 is integrated at tick 5; the spike is that of the tick it is fired at.
    """
    assert times(the(16).network, frames(200, {0: [5], 1: [40]})) == [11, 18, 25, 32, 39]


def test_published_pair_bursts_for_each_spike() -> None:
    """Source: markplagge/NeMo, bioModel.c (commit 057f600), tonic bursting."""
    network = published_burster("published-tonic-bursting", weight=-100, beta=0).network()
    inputs = (10, 210, 410)
    expected = [start + 16 + 17 * spike for start in inputs for spike in range(6)]
    assert times(network, frames(600, {0: inputs})) == expected


def test_published_phasic_pair_bursts_for_the_first_spike_only() -> None:
    """Source: markplagge/NeMo, bioModel.c (commit 057f600), phasic bursting."""
    found = times(the(4).network, frames(600, {0: (10, 210, 410)}))
    assert found == [10 + 16 + 17 * spike for spike in range(6)]


def test_published_phasic_spiking_is_not_phasic_under_a_constant_current() -> None:
    """Why number 2 has parameters of our own. Source of the row: as that of the pairs."""
    neuron = NeuronType(s0=4, s1=20, s2=0, s3=0, leak=-2, alpha=2, beta=10, reset=-15)
    network = Circuit("published-phasic-spiking", neuron).input(0, 1).network()
    found = times(network, frames(100, {0: range(10, 100)}))
    assert {b - a for a, b in pairwise(found)} == {7}
    assert fault(the(2), network=network, stimulus=the(2).stimulus)


# --- Files, devices, pages ---


@every
def test_output_lines_tell_every_spike(behaviour: Behaviour) -> None:
    """So that a device's output is the record's spikes: neuron j on line j, at the same tick."""
    model = GoldenModel(behaviour.network)
    lines = [model.step(frame).lines for frame in behaviour.stimulus]
    assert (np.array(lines) == record(behaviour)[0]).all()


def test_networks_are_written_and_read_back(tmp_path: Path) -> None:
    paths = write(tmp_path / "networks")
    assert [path.name[:2] for path in paths] == [f"{number:02}" for number in range(1, 21)]
    for path, behaviour in zip(paths, GALLERY, strict=True):
        assert content_hash(load(path)) == content_hash(behaviour.network)


def test_sources_are_named() -> None:
    published = {b.number for b in GALLERY if b.source != OWN}
    assert published == {1, 4, 16}


@every
def test_drive_is_what_the_input_adds(behaviour: Behaviour) -> None:
    """Against the model: at the first input, before any spike, only input and leak act."""
    first = int(np.flatnonzero(behaviour.drive)[0])
    network = changed(behaviour.network, 0, leak=0, alpha=1000, gamma=0, reset=0, kappa=1, beta=999)
    _, potentials = record(behaviour.replace(network=network))
    assert potentials[first, 0] == behaviour.drive[first]


def test_echo_refuses_what_three_trits_cannot_write() -> None:
    with pytest.raises(ValueError, match=r"-13\.\.13, not 14"):
        Circuit("x", NeuronType()).echo(0, 0, [14])


@every
def test_documentation_says_what_the_code_says(behaviour: Behaviour) -> None:
    page = (Path(__file__).parents[2] / "docs" / "gallery.md").read_text()
    letter = chr(ord("A") + behaviour.number - 1)
    assert (
        f"| {letter} | {behaviour.name} | {behaviour.neurons} | {behaviour.shows} "
        f"| {behaviour.how} | {behaviour.source} |"
    ) in page
