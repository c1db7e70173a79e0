"""A board: its FPGA, its clock, and the preset that fits on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sterna.rtl.device import PinDevice
from sterna.rtl.fabric import Fabric
from sterna.spec import Hardware, preset
from sterna.spec.clock import Clock

from .family import Family


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board that a device can be built for.

    Members
    -------
    name, title : short name, for commands and folders; name as its maker writes it.
    part : the FPGA, with its package.
    preset : name of the hardware parameters that fit.
    changes : parameters that are others than the preset's.
    clock : of the device, and of its UART.
    fabric : what the device is made of.
    platform : makes Amaranth's platform, which knows the pins.
    top : makes the board's top around a device.
    pins : ports of the top, by what they are: `clk`, `button`, `rx`, `tx`, and the LEDs `busy` and
        `reset`; with `~` before it, a port is low while the button is pressed, or the LED lit.
    family : of the FPGA.
    synthesis : Yosys' command, but for the name of the top.
    nextpnr : arguments of the family's program for the part.
    loader : arguments of openFPGALoader that write the board's flash.
    usb : vendor and product of its USB device.
    port : which of its bridge's serial ports the UART is on, the first being 0; None: it has no
        bridge, and the UART is at pins.
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
    family: Family
    synthesis: str
    nextpnr: tuple[str, ...]
    loader: tuple[str, ...]
    usb: tuple[int, int]
    port: int | None
    changes: Mapping[str, int] = field(default_factory=dict)

    @property
    def hardware(self) -> Hardware:
        """The device's parameters."""
        return replace(preset(self.preset), **self.changes)

    def device(self, *, build_hash: int) -> PinDevice:
        """The device, as it is built for the board."""
        return PinDevice(
            hardware=self.hardware,
            build_hash=build_hash,
            divisor=self.clock.divisor,
            fabric=self.fabric,
        )
