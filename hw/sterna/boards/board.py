"""A board: its facts, and what a device is built with for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sterna.rtl.device import PinDevice
from sterna.rtl.fabric import Fabric
from sterna.rtl.self_test import SelfTest
from sterna.spec.boards import BoardFacts

from .family import Family


@dataclass(frozen=True, kw_only=True)
class Board(BoardFacts):
    """A board that a device is built for; members as of `BoardFacts`, and beside them:

    Members
    -------
    fabric : memories and counters of the device.
    platform : makes Amaranth's platform, which knows the pins.
    top : makes the board's top around a device.
    pins : ports of the top, by what they are: `clk`, `button`, `rx`, `tx`, the LEDs `busy` and
        `reset`, and `high` where a pin must be high; with `~` before it, a port is low while the
        button is pressed, or the LED lit.
    family : of the FPGA.
    synthesis : Yosys' command, but for the name of the top.
    nextpnr : arguments of the family's program for the part.
    seeds : of place and route, unless others are named; the clock must be met with each.
    self_test : the device is one that tests itself, and has no UART (`.self_test`).
    """

    fabric: Fabric
    platform: Callable[[], Any]
    top: Callable[[PinDevice | SelfTest], Any]
    pins: Mapping[str, str]
    family: Family
    synthesis: str
    nextpnr: tuple[str, ...]
    seeds: tuple[int, ...] = (1, 2, 3)
    self_test: bool = False

    def device(self, *, build_hash: int) -> PinDevice | SelfTest:
        """The device, as it is built for the board."""
        if self.self_test:
            from .self_test import make_self_test

            return make_self_test(self)
        return PinDevice(
            hardware=self.hardware,
            build_hash=build_hash,
            clock=self.clock,
            fabric=self.fabric,
        )
