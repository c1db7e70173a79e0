"""A board: its FPGA, its clock, and the preset that fits on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sterna.rtl.device import PinDevice
from sterna.rtl.fabric import Fabric
from sterna.spec import Hardware, preset
from sterna.spec.clock import Clock


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board that a device can be built for.

    Members
    -------
    name, title : short name, for commands and folders; name as its maker writes it.
    part : the FPGA, with its package.
    preset : name of the hardware parameters that fit.
    clock : of the device, and of its UART.
    fabric : what the device is made of.
    platform : makes Amaranth's platform, which knows the pins.
    top : makes the board's top around a device.
    pins : ports of the top, by what they are: `clk`, `button` (low while pressed), `rx`, `tx`, and
        the LEDs `busy` and `reset` (low while lit).
    synthesis : Yosys' command, but for the name of the top.
    nextpnr : program, and its arguments for the part.
    pack : program that turns the routed design into a bitstream.
    loader : the board's name in openFPGALoader.
    usb : vendor and product of its USB bridge.
    port : which of the bridge's serial ports the UART is on, the first being 0.
    """

    name: str
    title: str
    part: str
    preset: str
    clock: Clock
    fabric: Fabric
    platform: Callable[[], Any]
    top: Callable[[PinDevice], Any]
    pins: Mapping[str, str]
    synthesis: str
    nextpnr: tuple[str, ...]
    pack: str
    loader: str
    usb: tuple[int, int]
    port: int

    @property
    def hardware(self) -> Hardware:
        """The device's parameters."""
        return preset(self.preset)

    def device(self, *, build_hash: int) -> PinDevice:
        """The device, as it is built for the board."""
        return PinDevice(
            hardware=self.hardware,
            build_hash=build_hash,
            divisor=self.clock.divisor,
            fabric=self.fabric,
        )
