"""Serial ports of this machine: which is a board's, what its USB bridge can, how long it waits."""

import contextlib
import re
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import serial
from serial.tools.list_ports import comports
from serial.tools.list_ports_common import ListPortInfo

from sterna.spec import LinkError
from sterna.spec.boards import BOARDS, LATENCY_RULE, BoardFacts, board_facts
from sterna.spec.link import BAUD

#: A link of this name is the port that is found by its USB device.
AUTO = "auto"
#: Where Linux tells of its devices.
SYSFS = Path("/sys")
#: A bridge whose timer is longer holds the link up, in milliseconds.
LATENCY_MS = 2
#: Bits a second that macOS sets at most.
MACOS_BAUD = 3_000_000
#: A port that runs so far off the rate that was asked for does not run at it, as a fraction.
_OFF = 0.03
_LIST = "`python -m serial.tools.list_ports -v` lists all ports"


@dataclass(frozen=True)
class Bridge:
    """A USB bridge: its name, and the bits a second that it does at most (its data sheet's)."""

    name: str
    most_baud: int


#: Bridges by vendor and product of their USB device. The CP2102N shares its number with the CP2102,
#: and names itself.
BRIDGES = {
    (0x0403, 0x6001): Bridge("FT232R", 3_000_000),
    (0x0403, 0x6010): Bridge("FT2232H", 12_000_000),
    (0x0403, 0x6011): Bridge("FT4232H", 12_000_000),
    (0x0403, 0x6014): Bridge("FT232H", 12_000_000),
    (0x0403, 0x6015): Bridge("FT231X", 3_000_000),
    (0x10C4, 0xEA60): Bridge("CP2102", 1_000_000),
    (0x10C4, 0xEA70): Bridge("CP2105", 2_000_000),
    (0x1A86, 0x7523): Bridge("CH340", 2_000_000),
    (0x1A86, 0x55D3): Bridge("CH343", 6_000_000),
    (0x1A86, 0x55D4): Bridge("CH9102", 4_000_000),
    (0x067B, 0x2303): Bridge("PL2303", 6_000_000),
}
_CP2102N = Bridge("CP2102N", 3_000_000)


def find_bridge(port: ListPortInfo) -> Bridge | None:
    """The USB bridge of a port; None if it is none that is known."""
    found = BRIDGES.get((port.vid or 0, port.pid or 0))
    if found == BRIDGES[0x10C4, 0xEA60] and _CP2102N.name in (port.product or ""):
        return _CP2102N
    return found


def find_port(board: str | None = None) -> tuple[BoardFacts, str]:
    """The port of the board that is plugged in, and which board it is.

    A board without a bridge needs an adapter: the only one that is plugged in.

    Parameters
    ----------
    board : its name; None: any board that has a bridge.

    Raises
    ------
    LinkError : there is none, or there are several; names what is there, and what to do.
    """
    wanted = [board_facts(board)] if board else [b for b in BOARDS.values() if b.port is not None]
    devices = usb_devices(comports())
    found = [(one, ports) for one in wanted for ports in devices if _may_be(one, ports[0])]
    # other makers' boards have the same bridges: one that names itself comes first
    named = [(one, ports) for one, ports in found if one.product in (ports[0].product or "")]
    found = named or found
    if not found:
        raise LinkError(_none(wanted, devices))
    if len(found) > 1:
        there = "; ".join(f"{one.title}? {_listed(ports)}" for one, ports in found)
        raise LinkError(f"several ports may be the board's: {there}: name one, --link PORT")
    ((one, ports),) = found
    number = one.port or 0
    if number >= len(ports):
        raise LinkError(
            f"{one.title} is there ({_listed(ports)}), and its UART is serial port {number} of its "
            f"bridge, counted from 0, which is not: is its driver bound to that one? {_LIST}"
        )
    return one, ports[number].device


def usb_devices(ports: Iterable[ListPortInfo]) -> list[list[ListPortInfo]]:
    """The ports of USB devices, device by device, each device's in the order of its channels."""

    def device(port: ListPortInfo) -> tuple[Any, ...]:
        place = (port.location or "").split(":")[0]
        # Windows puts the channel behind the serial number, and tells no place
        number = re.sub(r"[A-D]$", "", port.serial_number or "")
        return port.vid, port.pid, number, place

    def channel(port: ListPortInfo) -> tuple[Any, ...]:
        interface = re.search(r":\d+\.(\d+)$", port.location or "")
        digits = re.findall(r"\d+", port.device)
        return int(interface[1]) if interface else 0, port.serial_number or "", [*map(int, digits)]

    usb = sorted((port for port in ports if port.vid), key=device)
    return [sorted(group, key=channel) for _, group in groupby(usb, key=device)]


def check_rate(path: str, baud: int) -> None:
    """Raise LinkError if the system or the port's USB bridge is known not to do the bit rate."""
    if sys.platform == "darwin" and baud > MACOS_BAUD:
        raise LinkError(
            f"{path}: macOS sets {MACOS_BAUD:,} baud at most, and {baud:,} is asked for: build the "
            f"board's bitstream for it (sterna build --board BOARD --baud {MACOS_BAUD})"
        )
    for port in comports():
        if port.device == path and (bridge := find_bridge(port)) and bridge.most_baud < baud:
            raise LinkError(
                f"{path}: its USB adapter, a {bridge.name}, does {bridge.most_baud:,} baud at "
                f"most, and {baud:,} is asked for: take another (an FT232H does 12,000,000), or "
                "build the board's bitstream for less (sterna build --board BOARD --baud RATE)"
            )


def check_set_rate(port: serial.SerialBase, path: str, baud: int) -> None:
    """Raise LinkError if the system did not set the bit rate, where it tells which it set."""
    actual = _set_rate(port) if sys.platform == "linux" else None
    if actual and abs(actual - baud) > _OFF * baud:
        raise LinkError(
            f"{path}: the port runs at {actual:,} baud in place of {baud:,}, which its adapter "
            "or its driver cannot do: build the board's bitstream for less (sterna build --board "
            "BOARD --baud RATE), or take another adapter"
        )


def _set_rate(port: Any) -> int | None:
    """Bits a second that the port of a Linux system sends at; None if it does not tell."""
    import fcntl

    four_words, line_and_control, speeds = 16, 20, struct.Struct("=II")
    get_termios_2 = 0x802C542A  # struct termios2 of asm-generic/termbits.h
    buffer = bytearray(four_words + line_and_control + speeds.size)
    try:
        fcntl.ioctl(port.fileno(), get_termios_2, buffer)
    except OSError:
        return None
    _, out = speeds.unpack_from(buffer, four_words + line_and_control)
    return out or None


def lower_latency(port: Any, path: str) -> int | None:
    """Have a USB bridge send short packets at once.

    Returns
    -------
    int | None - for how many milliseconds it holds them now; None if it does not tell.
    """
    with contextlib.suppress(ValueError, OSError, AttributeError):
        port.set_low_latency_mode(True)  # Linux only; the driver takes 1 ms then
    timer = SYSFS / "class/tty" / Path(path).resolve().name / "device/latency_timer"
    try:
        if int(timer.read_text()) > LATENCY_MS:
            with contextlib.suppress(OSError):  # it is root's
                timer.write_text("1")
        return int(timer.read_text())
    except (OSError, ValueError):
        return None


def latency_advice(latency_ms: int) -> str:
    """Advice on a bridge that holds short packets for long."""
    return (
        f"the USB bridge holds short packets for {latency_ms} ms, and slows the link down "
        "(docs/boards.md, 'The bridge's timer'): on Linux, put this line into "
        f"/etc/udev/rules.d/53-sterna.rules and plug the board in again: {LATENCY_RULE}; on "
        "Windows, set the port's latency timer to 1 ms in the device manager (port, advanced)"
    )


def rate_of(board: BoardFacts | None, baud: int | None) -> int:
    """The bit rate to open a port with: what is asked for, else the board's, else the usual."""
    return baud or (board.clock.baud if board else BAUD)


def silent_port(path: str, baud: int, board: str | None = None) -> str:
    """Likely reasons why a serial port does not answer, in a sentence or two."""
    for ports in usb_devices(comports()):
        for port in ports:
            if port.device == path:
                return f"It was asked at {baud:,} baud. {_wrong_port(port, ports, baud, board)}"
    return f"It was asked at {baud:,} baud. {_rates(baud, board)}"


def _wrong_port(
    port: ListPortInfo, ports: Sequence[ListPortInfo], baud: int, board: str | None
) -> str:
    known = board_facts(board) if board else None
    known = known or next((b for b in BOARDS.values() if _is(b, port) and b.port is not None), None)
    if known is None or known.port is None or not _is(known, port):
        return _rates(baud, board)
    if known.port < len(ports) and ports[known.port].device != port.device:
        return (
            f"It is port {ports.index(port)} of the bridge of {known.title}, whose UART is port "
            f"{known.port}: try --link {ports[known.port].device}"
        )
    return _rates(baud, known.name)


def _rates(baud: int, board: str | None) -> str:
    boards = [board_facts(board)] if board else list(BOARDS.values())
    rates = ", ".join(f"{one.title} {one.clock.baud:,}" for one in boards)
    other = "" if board and boards[0].clock.baud == baud else ": try --board BOARD or --baud RATE"
    return f"Boards speak at ({rates}), unless they were built with another --baud{other}"


def _is(board: BoardFacts, port: ListPortInfo) -> bool:
    return (port.vid, port.pid) == board.usb


def _may_be(board: BoardFacts, port: ListPortInfo) -> bool:
    return find_bridge(port) is not None if board.port is None else _is(board, port)


def _listed(ports: Sequence[ListPortInfo]) -> str:
    return f"{', '.join(port.device for port in ports)} ({ports[0].description})"


def _none(wanted: Sequence[BoardFacts], devices: Sequence[Sequence[ListPortInfo]]) -> str:
    there = "; ".join(map(_listed, devices)) or "none"
    if len(wanted) == 1 and wanted[0].port is None:
        return (
            f"{wanted[0].title} has no serial port of its own, and no adapter that is known is "
            f"plugged in (USB serial ports: {there}): name its port, --link PORT; {_LIST}"
        )
    titles = ", ".join(board.title for board in wanted)
    return (
        f"no serial port of a board ({titles}) is there (USB serial ports: {there}): is it plugged "
        f"in, with a cable that carries data? For an adapter, name its port, --link PORT; {_LIST}"
    )
