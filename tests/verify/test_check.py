"""The owner's check: over pins, over a USB bridge, and with each fault put in."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sterna.emulator import EmulatedLink, EmulatedTile
from sterna.host import ports
from sterna.host.links import Link
from sterna.simulator.board import VirtualBoard
from sterna.spec import preset
from sterna.spec.clock import Clock
from sterna.verify.check import NAMES, Item, State, Wanted, check
from tests.host.faulty import FaultyLink
from tests.host.servers import serial_port
from tests.host.test_ports import port
from tests.link.bridge import PACKETS, Bridge
from tests.networks import chain
from tests.verify.test_loop import LateReset, StuckBit

TINY, CLOCK, BUILD = preset("tiny"), Clock(hz=24_000_000, baud=6_000_000), 0xABC
FRAMES = np.random.default_rng(5).random((10, 4)) < 0.5
WANTED = Wanted(
    link="",
    board=None,
    baud=None,
    builds={f"{BUILD:016x}": "it"},
    shipped=lambda hardware: chain(),
    frames=FRAMES,
    networks=2,
    seed=1,
)


def device(tile: EmulatedTile | None = None) -> EmulatedLink:
    return EmulatedLink(TINY, build_hash=BUILD, clock=CLOCK, tile=tile)


def checked(link: str, **changes: Any) -> dict[str, Item]:
    items = check(replace(WANTED, link=link, **changes))
    assert [item.name for item in items] == list(NAMES)
    return {item.name: item for item in items}


def states(items: dict[str, Item]) -> dict[State, list[str]]:
    found: dict[State, list[str]] = {}
    for item in items.values():
        found.setdefault(item.state, []).append(item.name)
    return found


@pytest.fixture
def timer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Makes a port's bridge show a timer of so many milliseconds, which nobody can set."""
    monkeypatch.setattr(ports, "SYSFS", tmp_path)

    def show(path: str, milliseconds: int) -> None:
        file = tmp_path / "class/tty" / Path(path).name / "device/latency_timer"
        file.parent.mkdir(parents=True)
        file.write_text(str(milliseconds))
        monkeypatch.setattr(Path, "write_text", refuse)

    def refuse(path: Path, text: str) -> int:
        raise PermissionError(path)

    return show


@pytest.mark.sim
def test_sound_board_passes_at_its_pins() -> None:
    with VirtualBoard(TINY, pins=True) as board:
        items = checked(board.url)
    assert states(items) == {
        State.OK: ["port", "device", "memories", "shipped network", "random networks", "link"],
        State.NONE: ["bit rate", "bridge's timer", "build"],
    }
    assert "6,000,000 baud" in items["bit rate"].seen


@pytest.mark.parametrize("packet", PACKETS.values(), ids=list(PACKETS))
def test_sound_board_passes_over_its_bridge(packet: int, timer: Callable[[str, int], None]) -> None:
    with serial_port(device(), bridge=Bridge(packet, 1e-3)) as path:
        timer(path, 1)
        items = checked(path)
    assert states(items) == {State.OK: list(NAMES)}
    assert items["build"].seen == f"{BUILD:016x}: it"


def test_long_timer_fails_and_the_rest_passes(timer: Callable[[str, int], None]) -> None:
    with serial_port(device(), bridge=Bridge(62, 16e-3)) as path:
        timer(path, 16)
        items = checked(path, networks=0)
    assert states(items)[State.FAILED] == ["bridge's timer"]
    assert "latency_timer" in items["bridge's timer"].advice
    assert items["memories"].state == State.OK


def damaging(link: Link) -> Link:
    """One frame in fifty comes with a bit turned over, each way."""
    faulty = FaultyLink(link, seed=3)
    faulty.break_(0.02, ("damage",))
    return faulty


@pytest.mark.control
@pytest.mark.parametrize(
    ("made", "changes", "failed", "text"),
    [
        (lambda: device(StuckBit(TINY)), {}, "memories", "word 7 of CROSSBAR: written"),
        (lambda: device(EmulatedTile(TINY, model=LateReset)), {}, "shipped network", "(8 named)"),
        (lambda: damaging(device()), {}, "link", " damaged"),
        (device, {"board": "icebreaker"}, "device", "protocol 5, 24 MHz; iCEBreaker has up5k"),
        (
            lambda: EmulatedLink(TINY, clock=Clock(hz=24_000_000, baud=3_000_000)),
            {},
            "bit rate",
            "port 6,000,000 baud, device 3,000,000 (-50.0%)",
        ),
    ],
    ids=["memory", "neuron", "wire", "bitstream", "rate"],
)
def test_fault_is_named_with_what_to_try(
    made: Callable[[], Link], changes: dict[str, Any], failed: str, text: str
) -> None:
    with serial_port(made()) as path:
        items = checked(path, **changes)
    assert failed in states(items)[State.FAILED]
    assert text in items[failed].seen
    advice = {"link": "another cable", "device": "--board icebreaker", "bit rate": "--baud 3000000"}
    assert advice.get(failed, "please report it with this table") in items[failed].advice
    assert State.LEFT_OUT not in states(items)


def test_port_at_another_rate_is_tried_at_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sterna.verify.check._OPEN_S", 0.5)
    monkeypatch.setattr("sterna.verify.check._TRY_S", 0.3)
    with serial_port(device(), baud=3_000_000) as path:
        items = checked(path, baud=1_000_000)
    assert items["bit rate"].seen == "silent at 1,000,000 baud, answers at 3,000,000"
    assert items["bit rate"].advice == "--baud 3000000"
    assert states(items)[State.LEFT_OUT] == list(NAMES[2:])


def test_board_that_is_not_there_or_says_nothing_ends_the_check(
    monkeypatch: pytest.MonkeyPatch, terminal: tuple[int, str]
) -> None:
    monkeypatch.setattr("sterna.verify.check._OPEN_S", 0.2)
    monkeypatch.setattr("sterna.verify.check._TRY_S", 0.05)
    monkeypatch.setattr(ports, "comports", list)
    for link, text in (
        ("auto", "is it plugged in"),
        (terminal[1], "no answer for 0.2 s"),
        ("socket://127.0.0.1:1", "nothing listens there"),
    ):
        items = checked(link)
        assert states(items) == {State.FAILED: ["port"], State.LEFT_OUT: list(NAMES[1:])}
        assert text in items["port"].seen


def test_board_is_found_and_unknown_builds_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with serial_port(device(), baud=3_000_000) as path:
        monkeypatch.setattr(ports, "comports", lambda: [port(path, 0x0403, 0x6015)])
        items = checked("auto", builds={}, networks=0)
    assert items["port"].seen == f"{path}, ULX3S 85F"
    assert "none that was built here" in items["build"].seen
    assert items["device"].seen == "tiny, protocol 5, 24 MHz; ULX3S 85F has ecp5-85f"
