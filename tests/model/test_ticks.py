"""Ticks of every engine: delays, fan-out, output lines, and refusals."""

import numpy as np
import pytest

from sterna.spec import OUTPUT, ConfigError, DataError, NeuronType
from tests.model.conftest import Opener
from tests.networks import chain, int32


def frame(*features: int) -> np.ndarray:
    return np.isin(np.arange(4), features)


def test_a_spike_walks_from_frame_to_line(opened: Opener) -> None:
    model = opened(chain())
    first = model.step(frame(2))
    assert [axons.tolist() for axons in first.axons] == [[False, False, True, False], [False] * 4]
    assert first.spikes[0].tolist() == [False, False, True, False]
    assert not first.lines.any()
    second = model.step()
    assert second.active == [0, 1]
    assert second.lines.tolist() == [0, 0, 1, 0]
    assert not model.step().lines.any()
    assert (model.spikes_in, model.spikes_routed, model.spikes_out) == (1, 1, 1)


def test_frames_are_pipelined_one_a_tick(opened: Opener) -> None:
    model = opened(chain())
    lines = [model.step(frame(tick % 4)).lines.argmax() for tick in range(9)]
    assert lines[1:] == [tick % 4 for tick in range(8)]


@pytest.mark.parametrize("delay", [1, 2, 3])
def test_delay_counts_ticks(delay: int, opened: Opener) -> None:
    model = opened(chain(targets=int32((0, 0, 1, 3, delay))))
    ticks = [model.step(frame(0))] + [model.step() for _ in range(4)]
    assert [tick.active[1] for tick in ticks] == [int(i == delay) for i in range(5)]


def test_fan_out_reaches_every_target_and_lines_count(opened: Opener) -> None:
    targets = int32((0, 0, 1, 1, 1), (0, 0, 1, 2, 2), (0, 0, OUTPUT, 3, 0), (0, 1, OUTPUT, 3, 0))
    model = opened(chain(targets=targets))
    first = model.step(frame(0, 1))
    assert first.lines.tolist() == [0, 0, 0, 2]  # two neurons on one line are two spikes
    assert model.step().axons[1].tolist() == [False, True, False, False]
    assert model.step().axons[1].tolist() == [False, False, True, False]


def test_two_spikes_due_on_one_axon_are_one(opened: Opener) -> None:
    model = opened(chain(targets=int32((0, 0, 1, 1, 1), (0, 1, 1, 1, 1))))
    model.step(frame(0, 1))
    assert model.step().active == [0, 1]


def test_inject_puts_a_spike_on_an_axon_after_a_delay(opened: Opener) -> None:
    model = opened(chain())
    model.inject(1, 3, delay=2)
    assert [model.step().active[1] for _ in range(4)] == [0, 0, 1, 0]


@pytest.mark.parametrize(
    ("core", "axon", "delay", "text"),
    [
        (2, 0, 0, "core is 2, the limit is 0..1"),
        (-1, 0, 0, "core is -1"),
        (0, 4, 0, "axon is 4, the limit is 0..3"),
        (0, 0, 4, "delay is 4, the limit is 0..3"),
        ("0", 0, 0, "core must be an integer, not '0'"),
    ],
)
def test_inject_refuses_what_does_not_exist(
    core: int, axon: int, delay: int, text: str, opened: Opener
) -> None:
    with pytest.raises(ConfigError, match=text):
        opened(chain()).inject(core, axon, delay)
    if isinstance(core, int):
        with pytest.raises(ConfigError, match=text):
            opened(chain()).inject_all(np.array([(0, 0, 0), (core, axon, delay)]))


def test_injected_at_once_is_injected_one_by_one(opened: Opener) -> None:
    spikes = [(0, 1, 2), (1, 3, 0), (0, 0, 3), (0, 0, 3)]
    one, other = opened(chain()), opened(chain())
    for spike in spikes:
        one.inject(*spike)
    other.inject_all(np.array(spikes))
    other.inject_all(np.zeros((0, 3), np.int64))
    assert one.spikes_in == other.spikes_in == 4
    for _ in range(6):
        assert (one.step().lines == other.step().lines).all()


def test_frame_of_the_wrong_shape_is_refused(opened: Opener) -> None:
    with pytest.raises(DataError, match=r"shape \[4\], not \[5\]"):
        opened(chain()).step(np.zeros(5))


def test_reset_forgets_everything(opened: Opener) -> None:
    network = chain(
        neuron_potential=np.full(8, -3, np.int32), types=int32(NeuronType(alpha=5, beta=9).row())
    )
    model = opened(network)
    runs = []
    for _ in range(2):
        runs.append([model.step(frame(0, 1, 2, 3)).potentials for _ in range(6)])
        model.reset()
    assert np.array_equal(runs[0], runs[1])
    assert runs[0][0][0].tolist() == [-2] * 4
