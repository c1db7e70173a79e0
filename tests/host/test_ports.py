"""Ports: which is the board's, what its bridge can do, how long it holds packets."""

import re
from pathlib import Path
from typing import Any

import pytest
from serial.tools.list_ports_common import ListPortInfo

from sterna.host import Device, open_link, ports
from sterna.host.links import SerialLink
from sterna.spec import LinkError
from sterna.spec.boards import BOARDS


def port(device: str, vid: int, pid: int, **facts: Any) -> ListPortInfo:
    """A port as pyserial lists it."""
    made = ListPortInfo(device, skip_link_detection=True)
    for name, value in {"vid": vid, "pid": pid, "product": "USB", **facts}.items():
        setattr(made, name, value)
    made.apply_usb_info()
    return made


def icebreaker(first: int = 0, place: str = "1-2", **facts: Any) -> list[ListPortInfo]:
    """On Linux; pyserial lists ports in no order."""
    facts = {"product": "iCEBreaker V1.0e", "serial_number": "ib3K", **facts}
    return [
        port(f"/dev/ttyUSB{first + n}", 0x0403, 0x6010, location=f"{place}:1.{n}", **facts)
        for n in (1, 0)
    ]


ULX3S = port("/dev/ttyUSB5", 0x0403, 0x6015, product="ULX3S FPGA 85K v3.0.8", location="1-3")
CP2102 = port("/dev/ttyUSB6", 0x10C4, 0xEA60, product="CP2102 USB to UART Bridge", location="1-4")
CP2102N = port("/dev/ttyUSB7", 0x10C4, 0xEA60, product="CP2102N USB to UART", location="1-5")
CH340 = port("/dev/ttyUSB8", 0x1A86, 0x7523, location="1-6")
ARDUINO = port("/dev/ttyACM0", 0x2341, 0x0043, location="1-7")
OTHER = [port(f"/dev/ttyUSB{8 + n}", 0x0403, 0x6010, location=f"1-8:1.{n}") for n in (0, 1)]


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch):
    """Makes these the machine's ports."""

    def plug(*there: ListPortInfo) -> None:
        monkeypatch.setattr(ports, "comports", lambda: list(there))

    return plug


@pytest.mark.parametrize(
    ("there", "board", "found"),
    [
        (icebreaker(), None, ("icebreaker", "/dev/ttyUSB1")),
        (icebreaker(8), None, ("icebreaker", "/dev/ttyUSB9")),
        (icebreaker(9), None, ("icebreaker", "/dev/ttyUSB10")),
        ([ULX3S, CP2102], None, ("ulx3s-85f", "/dev/ttyUSB5")),
        ([*icebreaker(), ULX3S], "ulx3s-85f", ("ulx3s-85f", "/dev/ttyUSB5")),
        ([*icebreaker(), ULX3S], "icebreaker", ("icebreaker", "/dev/ttyUSB1")),
        ([*OTHER, *icebreaker()], None, ("icebreaker", "/dev/ttyUSB1")),
        (OTHER, None, ("icebreaker", "/dev/ttyUSB9")),
        ([CH340, ARDUINO], "orangecrab-25f", ("orangecrab-25f", "/dev/ttyUSB8")),
        # Windows and macOS tell no place
        (
            [
                port(f"COM{n}", 0x0403, 0x6010, serial_number=f"IB{c}")
                for n, c in ((7, "A"), (4, "B"))
            ],
            None,
            ("icebreaker", "COM4"),
        ),
        (
            [port(f"/dev/cu.usbserial-ib{n}", 0x0403, 0x6010, serial_number="ib") for n in (1, 0)],
            None,
            ("icebreaker", "/dev/cu.usbserial-ib1"),
        ),
    ],
)
def test_port_is_found_by_device_and_channel(
    plugged: Any, there: list[ListPortInfo], board: str | None, found: tuple[str, str]
) -> None:
    plugged(*there)
    facts, path = ports.find_port(board)
    assert (facts.name, path) == found


@pytest.mark.control
@pytest.mark.parametrize(
    ("there", "board", "text"),
    [
        ([], None, "no serial port of a board (iCEBreaker, ULX3S 85F) is there (USB "),
        ([ARDUINO], None, "(USB serial ports: /dev/ttyACM0 (USB)): is it plugged in"),
        ([ULX3S], "icebreaker", "no serial port of a board (iCEBreaker)"),
        (
            [*icebreaker(), ULX3S],
            None,
            "iCEBreaker? /dev/ttyUSB0, /dev/ttyUSB1 (iCEBreaker V1.0e); ULX3S 85F? /dev/ttyUSB5",
        ),
        ([*icebreaker(), *icebreaker(2, "1-9")], "icebreaker", "several ports may be the board's"),
        (icebreaker()[1:], None, "its UART is serial port 1 of its bridge, counted from 0"),
        ([CH340, CP2102], "orangecrab-25f", "several ports may be the board's"),
        ([ARDUINO], "orangecrab-25f", "has no serial port of its own, and no adapter that is"),
    ],
)
def test_what_cannot_be_found_is_told_with_what_is_there(
    plugged: Any, there: list[ListPortInfo], board: str | None, text: str
) -> None:
    plugged(*there)
    with pytest.raises(LinkError, match=re.escape(text)):
        ports.find_port(board)


@pytest.mark.parametrize(
    ("there", "baud", "name"),
    [
        (CP2102, 3_000_000, "CP2102"),
        (CP2102N, 3_000_001, "CP2102N"),
        (CH340, 3_000_000, "CH340"),
        (ULX3S, 6_000_000, "FT231X"),
    ],
)
def test_adapter_that_cannot_do_the_rate_is_named(
    plugged: Any, there: ListPortInfo, baud: int, name: str
) -> None:
    plugged(there)
    with pytest.raises(LinkError, match=f"its USB adapter, a {name}, does .* baud at most, and"):
        open_link(there.device, baud=baud)
    ports.check_rate(there.device, baud // 4)
    ports.check_rate("/dev/another", baud)


def test_macos_ends_at_three_megabaud(plugged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plugged()
    monkeypatch.setattr("sys.platform", "darwin")
    ports.check_rate("/dev/cu.usbserial-ib1", 3_000_000)
    with pytest.raises(LinkError, match=r"macOS sets 3,000,000 baud at most, .*--baud 3000000"):
        ports.check_rate("/dev/cu.usbserial-ib1", 6_000_000)


def test_boards_bridges_do_their_boards_rates() -> None:
    for board in BOARDS.values():
        if board.port is not None:
            assert ports.BRIDGES[board.usb].most_baud >= board.clock.baud


def test_rate_that_the_system_did_not_set_is_noticed(
    terminal: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, path = terminal
    for baud in (3_000_000, 6_000_000):
        open_link(path, baud=baud).close()  # told back by the system itself
    monkeypatch.setattr(ports, "_set_rate", lambda port: 2_000_000)
    with pytest.raises(LinkError, match="the port runs at 2,000,000 baud in place of 3,000,000"):
        open_link(path, baud=3_000_000)


class Port:
    """A port whose driver can set its timer, or cannot."""

    def __init__(self, timer: Path, *, obeys: bool) -> None:
        self._timer, self._obeys = timer, obeys

    def set_low_latency_mode(self, low: bool) -> None:
        if not self._obeys:
            raise ValueError("Failed to update ASYNC_LOW_LATENCY flag")
        self._timer.write_text("1\n")


@pytest.fixture
def timer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which Linux shows the timer of /dev/ttyUSB1's bridge, 16 ms."""
    monkeypatch.setattr(ports, "SYSFS", tmp_path)
    path = tmp_path / "class/tty/ttyUSB1/device/latency_timer"
    path.parent.mkdir(parents=True)
    path.write_text("16\n")
    return path


def test_timer_is_set_by_the_driver_else_by_its_file(timer: Path) -> None:
    assert ports.lower_latency(Port(timer, obeys=True), "/dev/ttyUSB1") == 1
    timer.write_text("16\n")
    assert ports.lower_latency(Port(timer, obeys=False), "/dev/ttyUSB1") == 1
    assert timer.read_text() == "1"


@pytest.mark.control
def test_timer_that_stays_long_is_told_with_the_way_out(
    timer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, text: str) -> int:
        raise PermissionError(path)

    monkeypatch.setattr(Path, "write_text", refuse)
    held = ports.lower_latency(Port(timer, obeys=False), "/dev/ttyUSB1")
    assert held == 16
    assert 'ATTR{latency_timer}="1"' in ports.latency_advice(held)


def test_port_without_a_timer_tells_none(timer: Path, terminal: tuple[int, str]) -> None:
    timer.unlink()
    assert ports.lower_latency(Port(timer, obeys=False), "/dev/ttyUSB1") is None
    link = open_link(terminal[1])
    assert isinstance(link, SerialLink)
    assert link.latency_ms is None
    link.close()


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (True, ["port 0 of the bridge of iCEBreaker", "try --link {second}"]),
        (False, ["asked at 3,000,000 baud", "iCEBreaker 6,000,000", "--baud RATE"]),
    ],
)
def test_silent_port_names_rate_and_the_second_port(
    plugged: Any, terminal: tuple[int, str], first: bool, words: list[str]
) -> None:
    there = icebreaker()
    second = "/dev/ttyUSB1"
    if first:
        there[1].device = terminal[1]
    else:
        there[0].device = second = terminal[1]
    plugged(*there)
    with pytest.raises(LinkError) as caught:
        Device.open(terminal[1], baud=3_000_000, timeout_s=0.2)
    for word in ["no answer for 0.2 s", *words]:
        assert word.format(second=second) in str(caught.value)


def test_silent_port_that_is_no_boards_names_the_boards_rates(terminal: tuple[int, str]) -> None:
    with pytest.raises(LinkError, match=r"asked at 6,000,000 baud. Boards speak at \(iCEBreaker 6"):
        Device.open(terminal[1], timeout_s=0.2)


def test_device_is_opened_at_the_port_that_is_found(
    plugged: Any, terminal: tuple[int, str]
) -> None:
    ulx3s = port(terminal[1], 0x0403, 0x6015, location="1-3")
    plugged(ulx3s)
    with pytest.raises(LinkError, match=r"asked at 3,000,000 baud. Boards speak at \(ULX3S 85F 3,"):
        Device.open("auto", timeout_s=0.2)
