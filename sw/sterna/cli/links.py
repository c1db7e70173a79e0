"""Opens the device that --link names, starting the virtual board or the model for it if need be."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sterna.spec import ConfigError, Hardware, LinkError, preset_name
from sterna.spec.boards import board_facts
from sterna.spec.link import BAUD

from .console import extra, step

if TYPE_CHECKING:
    from sterna.host import Device
    from sterna.simulator.board import VirtualBoard

#: A link that is a board's netlist begins so; the board's name follows, and a stage of its build.
NETLIST = "netlist:"
#: Help text of every --link option.
LINK_HELP = (
    "sim (RTL in Verilator), model, netlist:BOARD or netlist:BOARD:STAGE (a board's netlist in "
    "Verilator, after rtl, synthesis or routing), a serial port, or socket://HOST:PORT."
)
#: The option --baud, which goes with every --link.
Baud = Annotated[int, typer.Option(min=1, help="Bit rate of a serial port, bits per second.")]


@contextlib.contextmanager
def open_device(
    link: str,
    hardware: Hardware,
    *,
    baud: int = BAUD,
    pins: bool = False,
    wave: Path | None = None,
) -> "Iterator[Device]":
    """Open the device behind a link; `sim` and `model` get the parameters `hardware`."""
    if link != "sim" and (pins or wave):
        raise ConfigError(f"--pins and --wave go with --link sim, not with {link!r}")
    with contextlib.ExitStack() as stack:
        if link == "sim":
            device = stack.enter_context(_simulated(hardware, pins, wave))
        elif link.startswith(NETLIST):
            device = stack.enter_context(_netlist(link.removeprefix(NETLIST)))
        elif link == "model":
            from sterna.emulator import ModelLink
            from sterna.host import Device

            device = stack.enter_context(Device(ModelLink(hardware)))
        else:
            from sterna.host import Device

            device = stack.enter_context(Device.open(link, baud=baud))
        step("device", describe(device))
        yield device


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
        from sterna.boards.netlist import PATIENCE_S, netlist_design
        from sterna.simulator.board import VirtualBoard
    board = find_board(name)
    design, build = netlist_design(board, stage or "synthesis")
    served = VirtualBoard(design, progress=lambda text: step("build", text))
    return _served(served, board.hardware, build, timeout_s=PATIENCE_S)


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
