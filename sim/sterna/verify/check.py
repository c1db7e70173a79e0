"""The check of a board that an owner runs: from the port to random networks, on one screen."""

import contextlib
import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from sterna.host import Device
from sterna.host.links import SerialLink
from sterna.host.ports import AUTO, LATENCY_MS, find_port, latency_advice, rate_of
from sterna.spec import Hardware, LinkError, Network, ProtocolError, preset_name
from sterna.spec.boards import BOARDS, BoardFacts, board_facts

from .loop import Loop, LoopProgress

#: Rates that a silent port is tried at, beside the boards' own, in bits a second.
OTHER_RATES = (3_000_000, 1_000_000, 115_200)
#: How long a port may be silent, and how long at one of the other rates, in seconds.
_OPEN_S, _TRY_S = 5.0, 1.0
#: A UART cannot be read whose rate differs from the port's by more than this fraction.
_OFF = 0.02


class State(enum.StrEnum):
    """How an item ended."""

    OK = "ok"
    FAILED = "failed"
    #: It does not apply here.
    NONE = "n/a"
    #: An item that it needs has failed.
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class Item:
    """A line of the check: its name, how it ended, what was seen, what to try if it failed."""

    name: str
    state: State
    seen: str
    advice: str = ""

    def as_dict(self) -> dict[str, str]:
        """The item as text by name, for JSON."""
        return {name: str(value) for name, value in asdict(self).items()}


#: The items, in order.
NAMES = (
    "port",
    "bit rate",
    "bridge's timer",
    "device",
    "build",
    "memories",
    "shipped network",
    "random networks",
    "link",
)
_LOOSE = (
    "another cable, without a hub; a lower bit rate (sterna build --board BOARD --baud 3000000)"
)
_WRONG = (
    "the bitstream once more (sterna flash --board BOARD --verify); if it stays, the board, its "
    "supply or its FPGA is at fault: please report it with this table"
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The extent of a check.

    Members
    -------
    link : a port, a socket's URL, or `auto`.
    board : name of the board; None: whichever it is.
    baud : bit rate; None: the board's.
    builds : build hashes that are known, and what has them.
    shipped : the network to run on a device with these parameters.
    frames : of that network, bool [n, features].
    networks, seed : random networks, and what they are drawn from.
    """

    link: str
    board: str | None
    baud: int | None
    builds: Mapping[str, str]
    shipped: Callable[[Hardware], Network]
    frames: np.ndarray
    networks: int
    seed: int


def check(wanted: Wanted, *, progress: LoopProgress = lambda name, done, total: None) -> list[Item]:
    """Check a board; what fails is an item, not an error. All of `NAMES` are in the result.

    What the device held before is lost.
    """
    items: list[Item] = []
    if device := _opened(wanted, items):
        with device:
            try:
                items += _loop(device, wanted, progress)
            except (LinkError, ProtocolError) as error:
                items.append(Item("link", State.FAILED, str(error), _LOOSE))
    done = {item.name: item for item in items}
    return [done.get(name) or Item(name, State.LEFT_OUT, "") for name in NAMES]


def _opened(wanted: Wanted, items: list[Item]) -> Device | None:
    """The device, after the items up to its build; None if one of them ends the check."""
    facts = board_facts(wanted.board) if wanted.board else None
    link = wanted.link
    try:
        if link == AUTO:
            facts, link = find_port(wanted.board)
    except LinkError as error:
        items.append(Item("port", State.FAILED, str(error)))
        return None
    rate = rate_of(facts, wanted.baud)
    try:
        device = Device.open(
            link, baud=rate, board=facts.name if facts else None, timeout_s=_OPEN_S
        )
    except (LinkError, ProtocolError) as error:
        if not (found := _answers_at(link, rate)):
            items.append(Item("port", State.FAILED, str(error)))
            return None
        text = f"silent at {rate:,} baud, answers at {found:,}"
        items.append(Item("port", State.OK, link))
        items.append(Item("bit rate", State.FAILED, text, f"--baud {found}"))
        return None
    items.append(Item("port", State.OK, f"{link}, {facts.title}" if facts else link))
    items.append(_rate(device, rate))
    items.append(_timer(device))
    items.append(_device(device, facts))
    items.append(_build(device, wanted.builds))
    return device


def _answers_at(link: str, silent: int) -> int | None:
    """A bit rate that a device at a serial port answers at; None if at none that is tried."""
    if "://" in link:
        return None
    rates = {board.clock.baud for board in BOARDS.values()} | {*OTHER_RATES}
    for rate in sorted(rates - {silent}, reverse=True):
        with contextlib.suppress(LinkError, ProtocolError):
            Device.open(link, baud=rate, timeout_s=_TRY_S).close()
            return rate
    return None


def _rate(device: Device, rate: int) -> Item:
    clock = device.info.clock
    if clock is None:
        return Item("bit rate", State.NONE, "the device has no UART: it is simulated")
    if not isinstance(device.link, SerialLink):
        return Item("bit rate", State.NONE, f"the device's UART: {clock.baud:,} baud")
    off = clock.hz / clock.divisor / rate - 1
    seen = f"port {rate:,} baud, device {clock.hz / clock.divisor:,.0f} ({off:+.1%})"
    if abs(off) > _OFF:
        return Item("bit rate", State.FAILED, seen, f"--baud {clock.baud}")
    return Item("bit rate", State.OK, seen)


def _timer(device: Device) -> Item:
    held = device.link.latency_ms if isinstance(device.link, SerialLink) else None
    if held is None:
        return Item("bridge's timer", State.NONE, "the port tells none")
    if held > LATENCY_MS:
        return Item("bridge's timer", State.FAILED, f"{held} ms", latency_advice(held))
    return Item("bridge's timer", State.OK, f"{held} ms")


def _device(device: Device, board: BoardFacts | None) -> Item:
    info = device.info
    clock = f", {info.clock.hz / 1e6:g} MHz" if info.clock else ""
    seen = f"{preset_name(info.hardware)}, protocol {info.protocol}{clock}"
    if board and info.hardware != board.hardware:
        advice = f"the board's own bitstream: sterna flash --board {board.name}"
        return Item("device", State.FAILED, f"{seen}; {board.title} has {board.preset}", advice)
    return Item("device", State.OK, seen)


def _build(device: Device, builds: Mapping[str, str]) -> Item:
    build_hash = f"{device.info.build_hash:016x}"
    if not device.info.build_hash:
        return Item("build", State.NONE, "none: it is the model")
    if build_hash in builds:
        return Item("build", State.OK, f"{build_hash}: {builds[build_hash]}")
    return Item("build", State.NONE, f"{build_hash}: none that was built here, or is in --from")


def _loop(device: Device, wanted: Wanted, progress: LoopProgress) -> Iterator[Item]:
    """The items from the memories on."""
    loop = Loop(device, seed=wanted.seed, progress=progress)
    report, named = loop.report, 0

    def item(name: str, seen: str, advice: str) -> Item:
        nonlocal named
        new, named = report.mismatches[named:], len(report.mismatches)
        if not new:
            return Item(name, State.OK, seen)
        return Item(name, State.FAILED, f"{new[0]} ({len(new)} named)", advice)

    loop.memories()
    yield item("memories", f"{report.words:,} words written and read back", _WRONG)
    network = wanted.shipped(device.info.hardware)
    loop.shipped(network, wanted.frames)
    if report.unfit:
        yield Item("shipped network", State.NONE, f"{network.name} does not fit: {report.unfit}")
    else:
        yield item("shipped network", f"{network.name}, {report.frames:,} digits", _WRONG)
    loop.random(wanted.networks)
    yield item("random networks", f"{report.networks:,}, {report.ticks:,} ticks", _WRONG)
    loop.ended()
    statistics = device.statistics
    damaged = report.crc_errors + statistics.damaged
    seen = f"{statistics.sent + statistics.received:,} frames, {damaged} damaged"
    yield Item("link", State.FAILED if damaged else State.OK, seen, _LOOSE if damaged else "")
