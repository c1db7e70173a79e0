"""The compiler: what is equal is stored once, paths meet, and every limit names its core."""

import dataclasses

import numpy as np
import pytest

from sterna.compile import INPUT, CorePlan, compile_network, report
from sterna.compile.schedule import targets
from sterna.model import GoldenModel
from sterna.spec import OUTPUT, ConfigError, NeuronType, preset

UP5K = preset("up5k")


def core(name, sources, *, neurons=4, seed=0, classes=None, leak=0):
    sources = np.array(sources, np.int64).reshape(-1, 2)
    rng = np.random.default_rng(seed)
    return CorePlan(
        name=name,
        sources=sources,
        weights=rng.integers(-1, 2, (len(sources), neurons)).astype(np.int8),
        leak=np.full(neurons, leak, np.int64),
        classes=None if classes is None else np.array(classes),
    )


def frame_core(name, axons=4, **rest):
    return core(name, [(INPUT, feature) for feature in range(axons)], **rest)


def behind(name, source, axons=4, **rest):
    return core(name, [(source, neuron) for neuron in range(axons)], **rest)


def compiled(*cores, features=4, hardware=UP5K):
    return compile_network(name="n", cores=cores, features=features, hardware=hardware)


def relay(name, sources, classes=None):
    """A core whose neurons repeat its axons."""
    count = len(sources)
    return CorePlan(
        name=name,
        sources=np.array(sources, np.int64).reshape(-1, 2),
        weights=np.eye(count, dtype=np.int8),
        leak=np.zeros(count, np.int64),
        classes=classes,
    )


def test_equal_crossbars_are_stored_once():
    net = compiled(frame_core("a"), frame_core("b"), frame_core("c", seed=1))
    assert len(net.crossbars) == 2
    assert net.core_crossbar.tolist() == [0, 0, 1]


def test_equal_trits_in_another_shape_are_not_one_crossbar():
    net = compiled(frame_core("a", axons=2, neurons=4), frame_core("b", axons=4, neurons=2))
    assert len(net.crossbars) == 2


def test_equal_leaks_are_one_neuron_type():
    net = compiled(frame_core("a", leak=3), frame_core("b", leak=-255), frame_core("c", leak=3))
    assert net.types.tolist() == [NeuronType(leak=-255).row(), NeuronType(leak=3).row()]
    assert net.neuron_type.tolist() == [1] * 4 + [0] * 4 + [1] * 4


def test_paths_of_different_length_meet_at_one_tick():
    inputs = [(INPUT, feature) for feature in range(2)]
    net = compiled(
        relay("early", inputs),
        relay("late", [(0, 0), (0, 1)]),
        # fires only if spikes of both paths are there at once
        CorePlan(
            name="both",
            sources=np.array([(0, 0), (1, 0)]),
            weights=np.ones((2, 1), np.int8),
            leak=np.array([-1]),
            classes=np.array([0]),
        ),
        features=2,
    )
    assert net.latency == 2
    assert sorted(net.targets[net.targets[:, 2] == 2][:, 4].tolist()) == [1, 2]
    model = GoldenModel(net)
    ticks = [model.step(np.array([True, False]))] + [model.step() for _ in range(4)]
    assert [int(tick.lines.sum()) for tick in ticks] == [0, 0, 1, 0, 0]


@pytest.mark.control
def test_paths_without_longer_delays_are_noticed(monkeypatch):
    """Negative control: every delay is one tick."""

    def hasty(cores, ticks):
        rows = targets(cores, ticks)
        rows[:, 4] = 1
        return rows

    monkeypatch.setattr("sterna.compile.compiler.targets", hasty)
    with pytest.raises(AssertionError, match=r"\[1, 1\] == \[1, 2\]"):
        test_paths_of_different_length_meet_at_one_tick()


def test_votes_of_cores_at_different_depths_come_out_together():
    votes = np.array([0, 1])
    net = compiled(
        relay("one", [(INPUT, 0), (INPUT, 1)]),
        relay("two", [(0, 0), (0, 1)]),
        relay("deep", [(1, 0), (1, 1)], votes),
        relay("shallow", [(0, 0), (0, 1)], votes),
        features=2,
    )
    model = GoldenModel(net)
    lines = [model.step(np.array([True, True])).lines] + [model.step().lines for _ in range(3)]
    assert [line.tolist() for line in lines] == [[0] * 4, [0] * 4, [1] * 4, [0] * 4]


def test_each_voting_neuron_has_a_line_and_others_none():
    net = compiled(frame_core("a", classes=[2, -1, 0, 2]))
    assert net.output_class.tolist() == [2, 0, 2]
    assert net.targets.tolist() == [
        [0, 0, OUTPUT, 0, 0],
        [0, 2, OUTPUT, 1, 0],
        [0, 3, OUTPUT, 2, 0],
    ]


def test_input_map_has_every_axon_that_reads_the_frame():
    net = compiled(core("a", [(INPUT, 3), (INPUT, 3)]), frame_core("b"))
    assert net.input_map.tolist() == [
        [3, 0, 0],
        [3, 0, 1],
        [0, 1, 0],
        [1, 1, 1],
        [2, 1, 2],
        [3, 1, 3],
    ]


def test_report_counts_what_the_network_takes():
    net = compiled(frame_core("a"), behind("b", 0, seed=1, classes=[0, 1, 0, 1]))
    used = {use.resource: use.used for use in report(net)}
    assert used == {
        "cores": 2,
        "axons": 8,
        "neurons": 8,
        "crossbar words": 8,
        "neuron types": 1,
        "target entries": 8,
        "output lines": 4,
    }
    assert str(report(net)[0]) == "cores: 2 of 8"


def wide(axons=256, neurons=256):
    return CorePlan(
        name="wide",
        sources=np.stack([np.full(axons, INPUT), np.arange(axons)], axis=1),
        weights=np.zeros((axons, neurons), np.int8),
        leak=np.zeros(neurons, np.int64),
    )


def test_a_core_of_256_by_256_fits():
    assert compiled(wide(), features=256).axons.tolist() == [256]


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        (wide(axons=300), r"core 'wide': its fan-in is 300, a core has 256: 44 too many"),
        (wide(neurons=257), r"core 'wide': its number of neurons is 257, .* 256: 1 too many"),
    ],
)
def test_a_core_too_large_is_refused_by_name_and_by_how_much(plan, text):
    with pytest.raises(ConfigError, match=text):
        compiled(plan, features=300)


def test_too_many_cores_are_refused():
    with pytest.raises(ConfigError, match=r"core 'c8' is one too many: .* 9 cores, the device 8"):
        compiled(*(frame_core(f"c{index}") for index in range(9)))


def test_too_many_targets_are_refused():
    # 256 neurons to each of 7 cores: 1,792 entries and more
    cores = [wide(), *(behind(f"b{index}", 0, axons=256, seed=index) for index in range(7))]
    with pytest.raises(ConfigError, match=r"target entries .* the device has 1536"):
        compiled(*cores, features=256)


def changed(**changes):
    return dataclasses.replace(frame_core("odd"), **changes)


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        (changed(weights=np.full((4, 4), 2, np.int8)), "axon 0 to neuron 0 is 2, not -1, 0 or 1"),
        (changed(weights=np.full((4, 4), -128, np.int8)), "neuron 0 is -128"),
        (changed(weights=np.zeros((4, 4))), "weights must be int8"),
        (changed(weights=np.zeros((4, 0), np.int8)), "each at least 1"),
        (changed(leak=np.array([0, 0, 512, 0])), r"leak of neuron 2 is 512, .* -512..511"),
        (changed(leak=np.array([0, 0, 0, -513])), r"leak of neuron 3 is -513"),
        (changed(leak=np.zeros(4)), r"leak must be integers \[4\], not float64"),
        (changed(sources=np.zeros((3, 2), int)), r"sources must be integers \[4, 2\]"),
        (changed(classes=np.zeros(3, int)), r"classes must be integers \[4\]"),
        (core("odd", [(INPUT, 4)]), r"source of axon 0 is feature 4, the limit is 0..3"),
        (core("odd", [(INPUT, -1)]), r"source of axon 0 is feature -1"),
        (core("odd", [(1, 0)]), r"source of axon 0 is core 1; there are 1 cores"),
        (core("odd", [(0, 4)]), r"is neuron of core 'odd' 4, the limit is 0..3"),
        (core("odd", [(0, 0)]), r"is in a loop"),
    ],
)
def test_a_malformed_core_is_refused_by_name(plan, text):
    with pytest.raises(ConfigError, match=text) as error:
        compiled(plan)
    assert "core 'odd'" in str(error.value)


def test_a_network_without_cores_is_refused():
    with pytest.raises(ConfigError, match="at least one core"):
        compiled()


def test_two_cores_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="two cores are named 'a'"):
        compiled(frame_core("a"), frame_core("a"))


def test_a_loop_of_cores_is_refused():
    with pytest.raises(ConfigError, match="core 'a' is in a loop"):
        compiled(behind("a", 1), behind("b", 0), frame_core("c"))


def test_a_core_that_reads_frame_and_neurons_is_refused():
    with pytest.raises(ConfigError, match="core 'b' reads the frame and neurons both"):
        compiled(frame_core("a"), core("b", [(INPUT, 0), (0, 0)]))


def test_a_vote_that_cannot_wait_is_refused():
    with pytest.raises(ConfigError, match="core 'a' votes 1 ticks before the others"):
        compiled(frame_core("a", classes=[0, 1, 2, 3]), behind("b", 0, classes=[0, 1, 2, 3]))


def test_a_delay_beyond_the_device_is_refused():
    chain = [frame_core("c0"), *(behind(f"c{index}", index - 1) for index in range(1, 4))]
    with pytest.raises(ConfigError, match=r"'last' needs a delay of 4 .* 'c0', .* 3: 1 too many"):
        compiled(*chain, core("last", [(0, 0), (3, 0)]))
