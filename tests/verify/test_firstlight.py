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
from sterna.spec import DataError, MismatchError, Network
from sterna.spec.link import PROTOCOL_VERSION
from sterna.verify.firstlight import covalidate
from sterna.verify.report import write_json
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

    def __post_init__(self) -> None:
        self._model = GoldenModel(self.network)
        self.info = DeviceInfo(
            protocol=PROTOCOL_VERSION, build_hash=0, hardware=self.network.hardware
        )

    def stream(self, frames: Iterable[np.ndarray]) -> Iterator[SimpleNamespace]:
        for frame in frames:
            tick = self._model.step(frame)
            result = SimpleNamespace(tick=tick.tick, lines=tick.lines.copy(), cycles=100)
            self.spanner(tick.tick, result)
            yield result

    def potentials(self) -> list[np.ndarray]:
        values = copy.deepcopy(self._model.potentials)
        values[1][2] += self.potential_error
        return values

    def counters(self) -> dict[str, int]:
        model = self._model
        return {
            "SPIKES_IN": model.spikes_in, "SPIKES_ROUTED": model.spikes_routed,
            "SPIKES_OUT": model.spikes_out + (self.spikes_error if model.tick else 0),
            "DROPPED": 0, "OVERRUNS": 0, "CRC_ERRORS": 0, "REFUSED_FRAMES": 0,
        }  # fmt: skip


def test_equal_sides_have_no_mismatch_and_true_figures() -> None:
    network = chain()
    run = covalidate(ModelDevice(network), network, FRAMES, LABELS)
    run.check()
    report = run.report
    assert report.mismatches == 0
    assert report.speed.ticks == len(FRAMES) + network.latency
    assert report.spikes.into == report.spikes.between == report.spikes.out == FRAMES.sum()
    assert report.accuracy_device == report.accuracy_model
    classes = network.output_class
    votes = np.array([[frame[classes == c].sum() for c in range(network.classes)]
                      for frame in FRAMES])  # fmt: skip
    assert (run.votes == votes).all()
    assert report.accuracy_device == (votes.argmax(axis=1) == LABELS).mean()


@pytest.mark.control
def test_one_wrong_spike_is_named_by_tick_core_and_neuron() -> None:
    network = chain()

    def spanner(tick: int, result: SimpleNamespace) -> None:
        if tick in (7, 20):
            result.lines[3] ^= 1

    run = covalidate(ModelDevice(network, spanner), network, FRAMES, LABELS)
    assert run.report.mismatches == 2
    seen = 1 - int(FRAMES[7 - network.latency, 3])
    with pytest.raises(MismatchError) as caught:
        run.check()
    assert caught.value.exit_code == 1
    assert str(caught.value).startswith(
        f"tick 7, core 1, neuron 3: expected {1 - seen} spikes on output line 3, seen {seen}"
    )


def test_one_wrong_potential_is_named() -> None:
    network = chain()
    run = covalidate(ModelDevice(network, potential_error=-5), network, FRAMES)
    assert run.report.mismatches == 1
    last = len(FRAMES) + network.latency - 1
    with pytest.raises(MismatchError, match=rf"after tick {last}, core 1, neuron 2: .* seen -5"):
        run.check()


def test_a_counter_that_differs_is_a_mismatch() -> None:
    network = chain()
    run = covalidate(ModelDevice(network, spikes_error=1), network, FRAMES)
    with pytest.raises(MismatchError, match="counter spikes out"):
        run.check()


def test_frames_and_labels_must_go_together() -> None:
    network = chain()
    with pytest.raises(DataError, match="3 labels for 30 frames"):
        covalidate(ModelDevice(network), network, FRAMES, LABELS[:3])
    with pytest.raises(DataError, match="n at least 1"):
        covalidate(ModelDevice(network), network, FRAMES[:0])


def test_raster_and_report_are_written_whole(tmp_path: Path) -> None:
    network = chain()
    run = covalidate(ModelDevice(network), network, FRAMES, LABELS)
    path = tmp_path / "raster.png"
    draw_raster(path, network, FRAMES[:20], run.ticks[:20], run.votes, LABELS, "chain")
    assert path.read_bytes().startswith(b"\x89PNG")
    write_json(tmp_path / "report.json", run.report.as_dict())
    assert json.loads((tmp_path / "report.json").read_text())["mismatches"] == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["raster.png", "report.json"]


def test_layers_follow_the_targets() -> None:
    assert core_depths(chain()).tolist() == [0, 1]
