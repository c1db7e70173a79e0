"""The boards, as data: what each is called, its FPGA, its clock, and the parameters that fit.

`sterna.boards` adds what builds them: pins, tops and tools.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .clock import CLOCK, Clock
from .errors import ConfigError
from .hardware import Hardware
from .presets import preset


@dataclass(frozen=True, kw_only=True)
class BoardFacts:
    """A board that a device can be built for.

    Members
    -------
    name, title : short name, for commands and folders; name as its maker writes it.
    part : the FPGA, with its package.
    preset : name of the hardware parameters that fit.
    changes : parameters that are others than the preset's.
    clock : of the device, and of its UART.
    usb : vendor and product of its USB device.
    port : which of its bridge's serial ports the UART is on, the first being 0; None: it has no
        bridge, and the UART is at pins.
    """

    name: str
    title: str
    part: str
    preset: str
    clock: Clock
    usb: tuple[int, int]
    port: int | None
    changes: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def hardware(self) -> Hardware:
        """The device's parameters."""
        return replace(preset(self.preset), **self.changes)


#: All boards, by name.
BOARDS = {
    facts.name: facts
    for facts in (
        BoardFacts(
            name="icebreaker", title="iCEBreaker", part="iCE40UP5K-SG48", preset="up5k",
            clock=CLOCK, usb=(0x0403, 0x6010), port=1,
        ),
        # its bit rate is what common adapters do
        BoardFacts(
            name="orangecrab-25f", title="OrangeCrab 25F", part="LFE5U-25F-8MG285C",
            preset="ecp5-25f", clock=Clock(hz=96_000_000, baud=3_000_000), usb=(0x1209, 0x5AF0),
            port=None,
        ),
        # its bit rate is what the FT231X does at most; at 100 MHz a bit is 33 and a third cycles
        BoardFacts(
            name="ulx3s-85f", title="ULX3S 85F", part="LFE5U-85F-6BG381C", preset="ecp5-85f",
            clock=Clock(hz=100_000_000, baud=3_000_000), usb=(0x0403, 0x6015), port=0,
        ),
    )
}  # fmt: skip


def board_facts(name: str) -> BoardFacts:
    """The board of that name; raises ConfigError if there is none, and lists those there are."""
    try:
        return BOARDS[name]
    except KeyError:
        raise ConfigError(f"no board {name!r}; there are {', '.join(BOARDS)}") from None
