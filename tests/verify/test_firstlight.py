"""The co-verification run: it agrees with itself, and names whatever does not agree."""

import copy
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sterna.host.session import DeviceInfo
from sterna.model import GoldenModel, core_depths
from sterna.plots.raster import draw_raster
from sterna.spec import DataError, MismatchError, Network, preset
from sterna.spec.link import PROTOCOL_VERSION
from sterna.spec.results import with_latency
from sterna.verify.firstlight import compare_device
from sterna.verify.random_network import random_network
from sterna.verify.report import Speed, write_json
from tests.networks import chain

FRAMES = np.random.default_rng(1).random((30, 4)) < 0.5
LABELS = np.random.default_rng(2).integers(0, 2, 30)


@dataclass
class ModelDevice:
    """A device that is the golden model itself, with a spanner to throw in."""

    network: Network
    spanner: Callable[[int, SimpleNamespace], None] = lambda tick, result: None
    potential_error: int = 0
    spikes_error: int = 0
    core: int = 1
    build_hash: int = 0

    def __post_init__(self) -> None:
        self._model = GoldenModel(self.network)
        self.info = DeviceInfo(
            protocol=PROTOCOL_VERSION, build_hash=self.build_hash, hardware=self.network.hardware
        )

    def stream(self, frames: Iterable[np.ndarray]) -> Iterator[SimpleNamespace]:
        for frame in frames:
            tick = self._model.step(frame)
            result = SimpleNamespace(
                tick=tick.tick, lines=tick.lines.copy(), cycles=100 + tick.tick
            )
            self.spanner(tick.tick, result)
            yield result

    def potentials(self) -> list[np.ndarray]:
        values = copy.deepcopy(self._model.potentials)
        values[self.core][2] += self.potential_error
        return values

    def counters(self) -> dict[str, int]:
        model = self._model
        return {
            "SPIKES_IN": model.spikes_in,
            "SPIKES_ROUTED": model.spikes_routed,
            "SPIKES_OUT": model.spikes_out + (self.spikes_error if model.tick else 0),
            "DROPPED": 0,
            "OVERRUNS": 0,
            "CRC_ERRORS": 0,
            "REFUSED_FRAMES": 0,
        }


def test_equal_sides_have_no_mismatch_and_true_figures() -> None:
    network = chain()
    run = compare_device(ModelDevice(network), network, FRAMES, LABELS)
    run.check()
    report = run.report
    assert report.mismatches == 0
    assert report.speed.ticks == len(FRAMES) + network.latency
    assert report.spikes.into == report.spikes.between == report.spikes.out == FRAMES.sum()
    assert report.accuracy_device == report.accuracy_model
    classes = network.output_class
    votes = np.array(
        [[frame[classes == c].sum() for c in range(network.classes)] for frame in FRAMES]
    )
    assert (run.votes == votes).all()
    assert report.accuracy_device == (votes.argmax(axis=1) == LABELS).mean()


@pytest.mark.control
def test_one_wrong_spike_is_named_by_tick_core_and_neuron() -> None:
    network = chain()

    def spanner(tick: int, result: SimpleNamespace) -> None:
        if tick in (7, 20):
            result.lines[3] ^= 1

    run = compare_device(ModelDevice(network, spanner), network, FRAMES, LABELS)
    assert run.report.mismatches == 2
    seen = 1 - int(FRAMES[7 - network.latency, 3])
    with pytest.raises(MismatchError) as caught:
        run.check()
    assert caught.value.exit_code == 1
    assert str(caught.value).startswith(
        f"tick 7, core 1, neuron 3: expected {1 - seen} spikes on output line 3, seen {seen}"
    )


@pytest.mark.control
@pytest.mark.parametrize("core", [0, 1])
@pytest.mark.parametrize("error", [-5, 5])
def test_one_wrong_potential_is_named(core: int, error: int) -> None:
    network = chain()
    device = ModelDevice(network, potential_error=error, core=core)
    run = compare_device(device, network, FRAMES)
    assert run.report.mismatches == 1
    last = len(FRAMES) + network.latency - 1
    where = rf"after tick {last}, core {core}, neuron 2: .* seen {error}"
    with pytest.raises(MismatchError, match=where):
        run.check()


@pytest.mark.control
@pytest.mark.parametrize("more", [-1, 1, 2])
def test_a_line_that_spikes_more_or_less_often_is_a_mismatch(more: int) -> None:
    network = chain()
    frame = int(np.flatnonzero(FRAMES[:, 3])[0])

    def spanner(tick: int, result: SimpleNamespace) -> None:
        result.lines[3] += more * (tick == frame + network.latency)

    run = compare_device(ModelDevice(network, spanner), network, FRAMES)
    assert run.report.mismatches == 1
    assert f"expected 1 spikes on output line 3, seen {1 + more}" in run.report.first_mismatches[0]


@pytest.mark.control
def test_all_mismatches_are_counted_and_the_first_named() -> None:
    network = chain()

    def spanner(tick: int, result: SimpleNamespace) -> None:
        result.lines += 1

    run = compare_device(ModelDevice(network, spanner), network, FRAMES)
    assert run.report.mismatches == 4 * (len(FRAMES) + network.latency)
    assert len(run.report.first_mismatches) == 20


def test_each_side_has_an_accuracy_of_its_own() -> None:
    """A device that votes for class 1 alone, and a model that is right by its own votes."""
    network = chain()
    other = network.output_class.tolist().index(1)

    def spanner(tick: int, result: SimpleNamespace) -> None:
        result.lines[:] = 0
        result.lines[other] = 9

    right = compare_device(ModelDevice(network), network, FRAMES).votes.argmax(axis=1)
    report = compare_device(ModelDevice(network, spanner), network, FRAMES, right).report
    assert report.accuracy_model == 1
    assert report.accuracy_device == (right == 1).mean() < 1


@pytest.mark.parametrize("deep", [None, True, False])
def test_cycles_are_held_against_the_bound_of_the_build(deep: bool | None) -> None:
    """Of its own preset, unless it is told; at the clock that is told."""
    hardware = preset("ecp5-25f")
    network = random_network(np.random.default_rng(3), hardware, cores=6)
    frames = np.random.default_rng(4).random((30, network.features)) < 0.2
    device = ModelDevice(network, build_hash=1)
    speed = compare_device(device, network, frames, deep=deep, hz=50_000_000).report.speed
    model, neurons = GoldenModel(network), network.neurons.tolist()
    active = [model.step(frame).active_by_type(network) for frame in with_latency(network, frames)]
    bounds, plain = (
        [hardware.bound(each, neurons, deep=stages) for each in active]
        for stages in (deep is not False, False)
    )
    assert speed.bound_median == np.median(bounds)
    assert (np.median(plain) == np.median(bounds)) == (deep is False)
    cycles = [100 + tick for tick in range(len(active))]
    assert speed.cycles_median == np.median(cycles)
    assert speed.ratio_median == round(float(np.median(np.divide(cycles, bounds))), 4)
    assert (speed.clock_hz, speed.chip_s) == (50_000_000, sum(cycles) / 50e6)


def test_a_counter_that_differs_is_a_mismatch() -> None:
    network = chain()
    run = compare_device(ModelDevice(network, spikes_error=1), network, FRAMES)
    with pytest.raises(MismatchError, match="counter spikes out"):
        run.check()


def test_frames_and_labels_must_go_together() -> None:
    network = chain()
    with pytest.raises(DataError, match="3 labels for 30 frames"):
        compare_device(ModelDevice(network), network, FRAMES, LABELS[:3])
    with pytest.raises(DataError, match="n at least 1"):
        compare_device(ModelDevice(network), network, FRAMES[:0])


def test_raster_and_report_are_written_whole(tmp_path: Path) -> None:
    network = chain()
    run = compare_device(ModelDevice(network), network, FRAMES, LABELS)
    path = tmp_path / "raster.png"
    draw_raster(path, network, FRAMES[:20], run.ticks[:20], run.votes, LABELS, "chain")
    assert path.read_bytes().startswith(b"\x89PNG")
    write_json(tmp_path / "report.json", run.report.as_dict())
    assert json.loads((tmp_path / "report.json").read_text())["mismatches"] == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["raster.png", "report.json"]


def test_layers_follow_the_targets() -> None:
    assert core_depths(chain()).tolist() == [0, 1]


def test_figures_of_a_run_are_those_of_its_ticks() -> None:
    """Four ticks for two frames, in half a second."""
    speed = Speed.measured([100, 300, 200, 900], [100, 100, 150, 300], 2, 0.5, 1_000_000)
    assert speed == Speed(
        ticks=4,
        cycles_median=250,
        cycles_max=900,
        bound_median=125,
        ratio_median=round((200 / 150 + 3) / 2, 4),
        clock_hz=1_000_000,
        chip_s=0.0015,
        wall_s=0.5,
        frames_per_s=4,
    )
    model = Speed.measured(None, [100, 200], 2, 0.5, 1_000_000)
    assert (model.cycles_median, model.ratio_median, model.chip_s) == (None, None, None)
    assert model.bound_median == 150


def test_the_table_has_each_figure_in_its_row() -> None:
    network = chain()
    report = compare_device(ModelDevice(network, build_hash=1), network, FRAMES, LABELS).report
    rows, speed = dict(report.rows()), report.speed
    assert rows["accuracy, chip"] == f"{report.accuracy_device:.2%}"
    assert rows["spikes out"] == f"{FRAMES.sum():,}"
    assert rows["cycles a tick, median"] == f"{speed.cycles_median:,.0f}"
    assert rows["lower bound, median"] == f"{speed.bound_median:,.0f}"
    assert rows["cycles over bound, median"] == f"{speed.ratio_median:.3f}"
    assert speed.chip_s is not None
    chip = f"{speed.chip_s:.3f} s ({len(FRAMES) / speed.chip_s:,.0f} frames/s)"
    assert rows["chip time at 24 MHz"] == chip
