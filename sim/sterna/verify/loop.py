"""Hardware in the loop: a device behind a link against the golden model, as its owner checks it."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field

import numpy as np

from sterna.host import Device
from sterna.spec import ConfigError, MismatchError, Network
from sterna.spec.image import check_fit
from sterna.spec.layout import Space, depth, word_bits
from sterna.verify.firstlight import compare_device
from sterna.verify.random_network import random_frames, random_network

#: Ticks of a random network.
STIMULUS_TICKS = 50
#: Words of a memory that are named, if they read back otherwise.
_NAMED = 10
#: Told what is under way: its name, how much of it is done, and how much there is.
LoopProgress = Callable[[str, int, int], None]


@dataclass
class LoopReport:
    """The result of a check.

    Members
    -------
    words : memory words that were written and read back.
    frames : of the shipped network; 0 if that does not fit, for the reason `unfit`.
    networks, ticks : random networks, and ticks of them.
    potentials : membrane potentials that were compared.
    spikes_out : output spikes of the device.
    crc_errors, refused_frames : of the device's link meanwhile; they were repaired.
    mismatches : all of them; empty if the device does as the model says.
    """

    words: int = 0
    frames: int = 0
    unfit: str = ""
    networks: int = 0
    ticks: int = 0
    potentials: int = 0
    spikes_out: int = 0
    crc_errors: int = 0
    refused_frames: int = 0
    mismatches: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """The report by name, for JSON."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """Names and values for a table."""
        shipped = f"{self.frames:,} digits" if self.frames else f"does not fit: {self.unfit}"
        return [
            ("memory words read back", f"{self.words:,}"),
            ("shipped network", shipped),
            ("random networks", f"{self.networks:,}, {self.ticks:,} ticks"),
            ("potentials compared", f"{self.potentials:,}"),
            ("output spikes", f"{self.spikes_out:,}"),
            ("damaged, refused frames", f"{self.crc_errors}, {self.refused_frames}"),
            ("mismatches", f"{len(self.mismatches)}"),
        ]


def check_device(
    device: Device,
    *,
    shipped: Network,
    frames: np.ndarray,
    networks: int,
    seed: int,
    progress: LoopProgress = lambda name, done, total: None,
) -> LoopReport:
    """Check a device: every memory word, the shipped network, random networks, counters.

    What the device held before is lost. Every output spike of every tick is compared, and all
    counters after each network. The shipped network and each second random one are streamed, and
    all potentials are compared at the end; the others stop after each tick, and all potentials are
    compared then.

    Parameters
    ----------
    shipped, frames : a network and its frames, bool [n, features]; left out if it does not fit.
    networks : how many random networks, drawn for the device from `seed`.

    Raises
    ------
    LinkError, ProtocolError : the link.
    """
    loop = Loop(device, seed=seed, progress=progress)
    loop.memories()
    loop.shipped(shipped, frames)
    loop.random(networks)
    return loop.ended()


class Loop:
    """A check of a device, part by part; `check_device` has what each does.

    Members
    -------
    report : of the parts done so far.
    """

    def __init__(
        self,
        device: Device,
        *,
        seed: int,
        progress: LoopProgress = lambda name, done, total: None,
    ) -> None:
        self._device, self._progress = device, progress
        self._rng = np.random.default_rng(seed)
        self._before = device.counters()
        self.report = LoopReport()

    def memories(self) -> None:
        """Every word of every memory."""
        _memories(self._device, self._rng, self.report, self._progress)

    def shipped(self, network: Network, frames: np.ndarray) -> None:
        """A network and its frames; left out if it does not fit."""
        try:
            check_fit(network, self._device.info.hardware)
        except ConfigError as error:
            self.report.unfit = str(error)
            return
        self.report.frames = len(frames)
        _network(self._device, network, frames, self.report, self._progress, every_tick=False)

    def random(self, networks: int) -> None:
        """Random networks, so many."""
        for number in range(networks):
            self._progress("random networks", number, networks)
            network = random_network(self._rng, self._device.info.hardware)
            stimulus = random_frames(self._rng, network, STIMULUS_TICKS)
            self.report.networks += 1
            self.report.ticks += STIMULUS_TICKS
            _network(self._device, network, stimulus, self.report, every_tick=number % 2 == 1)

    def ended(self) -> LoopReport:
        """The report, with what the link has repaired."""
        after = self._device.counters()
        for name in ("crc_errors", "refused_frames"):
            count = after[name.upper()] - self._before[name.upper()]
            setattr(self.report, name, count % (1 << 32))
        return self.report


def _memories(
    device: Device, rng: np.random.Generator, report: LoopReport, progress: LoopProgress
) -> None:
    """Random words into all of every memory, then all of them back, then their complements."""
    hardware = device.info.hardware
    spaces = [s for s in Space if s != Space.REGISTER and depth(s, hardware)]
    total = 2 * sum(depth(space, hardware) for space in spaces)
    words = {
        space: [
            int.from_bytes(rng.bytes(bits // 8 + 1), "little") % (1 << bits)
            for bits in [word_bits(space, hardware)] * depth(space, hardware)
        ]
        for space in spaces
    }
    for _ in range(2):
        for space, content in words.items():
            device.write_words(space, 0, content)
        for space, content in words.items():
            wrong = [
                f"word {at} of {space.name}: written {want:#x}, read back {got:#x}"
                for at, (want, got) in enumerate(
                    zip(content, _read(device, space, len(content)), strict=True)
                )
                if want != got
            ]
            report.mismatches += wrong[:_NAMED]
            if more := len(wrong[_NAMED:]):
                report.mismatches.append(f"and {more:,} more words of {space.name}")
            report.words += len(content)
            progress("memories", report.words, total)
        words = {
            space: [word ^ ((1 << word_bits(space, hardware)) - 1) for word in content]
            for space, content in words.items()
        }


def _read(device: Device, space: Space, count: int) -> Iterator[int]:
    piece = 4096
    for at in range(0, count, piece):
        yield from device.read_words(space, at, min(piece, count - at))


def _network(
    device: Device,
    network: Network,
    frames: np.ndarray,
    report: LoopReport,
    progress: LoopProgress = lambda name, done, total: None,
    *,
    every_tick: bool,
) -> None:
    try:
        device.load(network)
    except MismatchError as error:
        report.mismatches.append(f"{network.name}: {error}")
        return
    found = compare_device(
        device,
        network,
        frames,
        every_tick=every_tick,
        progress=lambda done, right: progress("shipped network", done, len(frames)),
    ).report
    report.potentials += found.potentials
    report.spikes_out += found.spikes.out
    report.mismatches += [f"{network.name}: {text}" for text in found.first_mismatches]
