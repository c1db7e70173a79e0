"""Opens the device that --link names, starting the virtual board or the model for it if need be."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sterna.spec import ConfigError, Hardware, LinkError, preset_name
from sterna.spec.boards import BOARDS, BoardFacts, board_facts
from sterna.spec.clock import CLOCK, Clock

from .console import extra, step

if TYPE_CHECKING:
    from sterna.host import Device
    from sterna.simulator.board import VirtualBoard

#: A link that is a board's netlist begins so; the board's name follows, and a stage of its build.
NETLIST = "netlist:"
#: Help text of every --link option.
LINK_HELP = (
    "sim (RTL in Verilator), model, netlist:BOARD or netlist:BOARD:STAGE (a board's netlist in "
    "Verilator, after rtl, synthesis or routing), a serial port, auto (the port of the board that "
    "is plugged in), or socket://HOST:PORT."
)
#: The options --baud and --board, which go with every --link.
Baud = Annotated[
    int | None,
    typer.Option(min=1, help="Bit rate of a serial port, bits per second; default: the board's."),
]
BoardName = Annotated[
    str | None,
    typer.Option("--board", help="The board at the --link: sets its bit rate, finds its port."),
]


@contextlib.contextmanager
def open_device(
    link: str,
    hardware: Hardware,
    *,
    baud: int | None = None,
    board: str | None = None,
    pins: bool = False,
    wave: Path | None = None,
) -> "Iterator[Device]":
    """Open the device behind a link; `sim` and `model` get the parameters `hardware`.

    `board` : the board at a port; the device must then have its parameters.
    """
    if link != "sim" and (pins or wave):
        raise ConfigError(f"--pins and --wave go with --link sim, not with {link!r}")
    with contextlib.ExitStack() as stack:
        if link == "sim":
            device = stack.enter_context(_simulated(hardware, pins, wave))
        elif link.startswith(NETLIST):
            device = stack.enter_context(_netlist(link.removeprefix(NETLIST)))
        elif link == "model":
            from sterna.emulator import EmulatedLink
            from sterna.host import Device

            device = stack.enter_context(Device(EmulatedLink(hardware)))
        else:
            device = stack.enter_context(open_port(link, baud, board))
        step("device", describe(device))
        yield device


def open_port(link: str, baud: int | None, board: str | None) -> "Device":
    """The device at a serial port or a socket, with a word about what slows its link down."""
    from sterna.host import Device
    from sterna.host.links import SerialLink
    from sterna.host.ports import AUTO, LATENCY_MS, find_port, latency_advice

    facts = board_facts(board) if board else None
    if link == AUTO:
        facts, link = find_port(board)
        step("port", f"{link}, {facts.title}")
    device = Device.open(
        link,
        baud=baud or (built_baud(facts) if facts else None),
        board=facts.name if facts else None,
        expect=board_facts(board).hardware if board else None,
    )
    if isinstance(device.link, SerialLink) and (device.link.latency_ms or 0) > LATENCY_MS:
        step("port", latency_advice(device.link.latency_ms or 0))
    return device


def built_baud(board: BoardFacts) -> int:
    """The bit rate of a board's bitstream, as it was built here last; else as boards have it."""
    from sterna.builds.reports import read_report

    return (read_report(board.name) or {}).get("baud", board.clock.baud)


def clock_of(device: "Device", hardware: Hardware, board: str | None = None) -> Clock:
    """The clock that bounds a device: its own, else the board's, else that of such hardware."""
    if device.info.clock:
        return device.info.clock
    if board:
        return board_facts(board).clock
    return next((one.clock for one in BOARDS.values() if one.hardware == hardware), CLOCK)


def _simulated(
    hardware: Hardware, pins: bool, wave: Path | None
) -> "contextlib.AbstractContextManager[Device]":
    with extra("sim"):
        from sterna.simulator.board import VirtualBoard
        from sterna.simulator.hashes import build_hash
    board = VirtualBoard(hardware, pins=pins, wave=wave, progress=lambda text: step("build", text))
    return _served(board, hardware, build_hash(hardware))


def _netlist(name: str) -> "contextlib.AbstractContextManager[Device]":
    name, _, stage = name.partition(":")
    board_facts(name)
    with extra("fpga"):
        from sterna.boards import find_board
        from sterna.boards.netlist import REPLY_TIMEOUT_S, netlist_design
        from sterna.simulator.board import VirtualBoard
    board = find_board(name)
    design, build = netlist_design(board, stage or "synthesis")
    served = VirtualBoard(design, progress=lambda text: step("build", text))
    return _served(served, board.hardware, build, timeout_s=REPLY_TIMEOUT_S)


@contextlib.contextmanager
def _served(
    board: "VirtualBoard", hardware: Hardware, build: int, *, timeout_s: float = 5.0
) -> "Iterator[Device]":
    """The device on a virtual board, which is started for it."""
    from sterna.host import Device

    with board:
        step("board", f"pid {board.pid} serves {board.url}, log {board.log}")
        try:
            with Device.open(
                board.url, expect=hardware, expect_build=build, timeout_s=timeout_s
            ) as device:
                yield device
        except LinkError as error:
            if not board.ends_within(0.5):  # its end closes the connection first
                raise
            raise LinkError(
                f"the virtual board died ({error}); its log, {board.log}, ends: {board.log_tail()}"
            ) from None


def device_facts(device: "Device") -> dict[str, object]:
    """The facts from the handshake, for reports."""
    info = device.info
    return {
        "build_hash": f"{info.build_hash:016x}",
        "protocol": info.protocol,
        "clock_hz": info.clock.hz if info.clock else None,
        "baud": info.clock.baud if info.clock else None,
        "preset": preset_name(info.hardware),
        "hardware": info.hardware.as_dict(),
    }


def describe(device: "Device") -> str:
    """The facts from the handshake, in a line."""
    facts = device_facts(device)
    parameters = ", ".join(f"{n} {name}" for name, n in device.info.hardware.as_dict().items())
    return (
        f"build {facts['build_hash']}, protocol {facts['protocol']}, {facts['preset']}: "
        f"{parameters}"
    )
