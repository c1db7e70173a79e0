"""The co-verification run: a device and the golden model in lockstep, frame by frame."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from sterna import model as engines
from sterna.host import Device
from sterna.model import Engine, Tick
from sterna.spec import OUTPUT, DataError, MismatchError, Network
from sterna.spec.clock import CLOCK
from sterna.spec.presets import is_deep
from sterna.spec.results import TickResult, accuracy, votes, with_latency

from .report import Report, Speed, Spikes

logger = logging.getLogger(__name__)

#: Told after each frame: frames done, how many of them the device has right.
FrameProgress = Callable[[int, int], None]
#: Mismatches that are kept by name; all are counted.
_NAMED = 20


@dataclass
class Run:
    """The result of a run: its report, and the data of the raster.

    Members
    -------
    report : figures, and the first mismatches by name.
    ticks : the golden model's first ticks.
    votes : int [frames, classes] - votes of the device.
    """

    report: Report
    ticks: list[Tick] = field(default_factory=list)
    votes: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.int64))

    def check(self) -> None:
        """Raise MismatchError, naming the first mismatch, if there is one."""
        if self.report.mismatches:
            raise MismatchError(
                f"{self.report.first_mismatches[0]} ({self.report.mismatches} mismatches in all)"
            )


class _Differences:
    """Counts what differs, and names the first few."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.count = 0
        self.named: list[str] = []

    def _add(self, text: str) -> None:
        self.count += 1
        if len(self.named) < _NAMED:
            self.named.append(text)

    def lines(self, tick: Tick, seen: np.ndarray) -> None:
        """Compare the spikes on every output line in one tick."""
        for line in np.flatnonzero(tick.lines != seen):
            core, neuron = self._source(int(line), tick)
            self._add(
                f"tick {tick.tick}, core {core}, neuron {neuron}: expected {tick.lines[line]} "
                f"spikes on output line {line}, seen {seen[line]}"
            )

    def _source(self, line: int, tick: Tick) -> tuple[int, int]:
        """The neuron behind a line: one that fired, if several share it and any did."""
        targets = self._network.targets
        rows = targets[(targets[:, 2] == OUTPUT) & (targets[:, 3] == line)]
        pairs = [(int(row[0]), int(row[1])) for row in rows]
        fired = [pair for pair in pairs if tick.spikes[pair[0]][pair[1]]]
        return (fired or pairs or [(-1, -1)])[0]

    def potentials(self, tick: int, expected: list[np.ndarray], seen: list[np.ndarray]) -> None:
        """Compare every membrane potential after tick `tick`."""
        for core, (want, got) in enumerate(zip(expected, seen, strict=True)):
            for neuron in np.flatnonzero(want != got):
                self._add(
                    f"after tick {tick}, core {core}, neuron {neuron}: expected potential "
                    f"{want[neuron]}, seen {got[neuron]}"
                )

    def counter(self, name: str, expected: int, seen: int) -> None:
        if expected != seen:
            self._add(f"counter {name}: expected {expected}, seen {seen}")


def compare_device(
    device: Device,
    network: Network,
    frames: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    keep: int = 30,
    every_tick: bool = False,
    hz: int = CLOCK.hz,
    deep: bool | None = None,
    progress: FrameProgress | None = None,
) -> Run:
    """Stream frames through a device that holds `network`, freshly loaded, and the golden model.

    Every output line of every tick is compared, then all potentials, then the counters.

    Parameters
    ----------
    frames : bool [n, features] - one a tick; empty ones follow until the last frame's votes are
        out.
    labels : int [n] - true classes, for the accuracy.
    keep : ticks of the golden model that the result keeps, from the first on.
    every_tick : compare all potentials after every tick; the device then waits for the host.
    hz : the chip's clock, for its time in the report.
    deep : the chip is a deep build, for its bound; None: if its preset is.

    Raises
    ------
    DataError : no frames, or labels that do not go with them; LinkError, ProtocolError: the link.
    """
    if frames.ndim != 2 or not len(frames):
        raise DataError(f"frames must be [n, features], n at least 1, not {list(frames.shape)}")
    if labels is not None and len(labels) != len(frames):
        raise DataError(f"there are {len(labels)} labels for {len(frames)} frames")
    model = engines.open(network, engine="golden")
    differences = _Differences(network)
    before = device.counters()
    ticks: list[Tick] = []
    counted = np.zeros((2, len(frames), max(1, network.classes)), np.int64)  # device, model
    cycles: list[int] = []
    bounds: list[int] = []
    neurons = network.neurons.tolist()
    hardware = device.info.hardware
    deep = is_deep(hardware) if deep is None else deep
    correct = 0
    start = time.perf_counter()
    for expected, frame, result in _lockstep(device, model, frames, one_by_one=every_tick):
        differences.lines(expected, result.lines)
        if every_tick:
            differences.potentials(expected.tick, model.potentials, device.potentials())
        cycles.append(result.cycles)
        bounds.append(hardware.bound(expected.active_by_type(network), neurons, deep=deep))
        if len(ticks) < keep:
            ticks.append(expected)
        if frame < 0:
            continue
        both = np.stack([result.lines, expected.lines])
        counted[:, frame] = votes(both, network.output_class)
        if labels is not None:
            correct += int(counted[0, frame].argmax() == labels[frame])
        if progress:
            progress(frame + 1, correct)
    wall_s = time.perf_counter() - start
    differences.potentials(model.tick - 1, model.potentials, device.potentials())
    counters = _since(before, device.counters())
    spikes = Spikes(model.spikes_in, model.spikes_routed, model.spikes_out)
    seen = [counters[name] for name in ("SPIKES_IN", "SPIKES_ROUTED", "SPIKES_OUT")]
    for name, want, got in zip(("in", "routed", "out"), spikes.all, seen, strict=True):
        differences.counter(f"spikes {name}", want, got)
    for name in ("DROPPED", "OVERRUNS"):
        differences.counter(name.lower(), 0, counters[name])
    # no build: the golden model, whose cycles are the bound itself
    counted_cycles = cycles if device.info.build_hash else None
    report = Report(
        network=network.name,
        frames=len(frames),
        mismatches=differences.count,
        first_mismatches=differences.named,
        accuracy_device=None if labels is None else accuracy(counted[0], labels),
        accuracy_model=None if labels is None else accuracy(counted[1], labels),
        spikes=spikes,
        potentials=int(network.first_neuron[-1]) * (1 + every_tick * len(bounds)),
        speed=Speed.measured(counted_cycles, bounds, len(frames), wall_s, hz),
        crc_errors=counters["CRC_ERRORS"],
        refused_frames=counters["REFUSED_FRAMES"],
    )
    return Run(report, ticks, counted[0])


def _lockstep(
    device: Device, model: Engine, frames: np.ndarray, *, one_by_one: bool
) -> Iterator[tuple[Tick, int, TickResult]]:
    """Run both; yield the model's tick, the frame whose votes it holds (or -1), the device's tick.

    Unless `one_by_one`, the device is given frames ahead of the model, as far as the link's credit
    goes.
    """
    latency = model.network.latency
    sent: deque[np.ndarray] = deque()

    def feed() -> Iterator[np.ndarray]:
        for frame in with_latency(model.network, frames):
            sent.append(frame)
            yield frame

    def results() -> Iterator[TickResult]:
        if not one_by_one:
            yield from device.stream(feed())
            return
        for frame in feed():
            yield from device.stream(frame[None])

    for result in results():
        tick = model.step(sent.popleft())
        yield tick, tick.tick - latency if tick.tick >= latency else -1, result


def _since(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """Differences of counters of 32 bits, which wrap."""
    return {name: (after[name] - before[name]) % (1 << 32) for name in after}
