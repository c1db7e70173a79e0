"""The boards, as data: what each is called, its FPGA, its clock, and the parameters that fit.

`sterna.boards` adds what builds them: pins, tops and tools.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from .clock import CLOCK, Clock
from .errors import ConfigError
from .hardware import Hardware
from .presets import preset


@dataclass(frozen=True, kw_only=True)
class Loader:
    """How openFPGALoader writes to a board.

    Members
    -------
    board : its name for the board.
    flash : options that write the flash memory.
    sram : options that write the FPGA's own memory, until power is off; None: it cannot.
    slot_bytes : bytes that a bitstream in flash has room in; None: far more than the part's.
    dfu : the board takes bitstreams by USB's DFU (device firmware upgrade), whose files end with a
        suffix that names the board.
    before : first step of its owner; "": none.
    """

    board: str
    flash: tuple[str, ...] = ()
    sram: tuple[str, ...] | None = None
    slot_bytes: int | None = None
    dfu: bool = False
    before: str = ""


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
    product : words that its USB device names itself with.
    port : which of its bridge's serial ports the UART is on, the first being 0; None: it has no
        bridge, and the UART is at pins.
    packer : arguments of the program that makes the bitstream.
    loader : how the bitstream comes into the board.
    """

    name: str
    title: str
    part: str
    preset: str
    clock: Clock
    usb: tuple[int, int]
    product: str
    port: int | None
    loader: Loader
    packer: tuple[str, ...] = ()
    changes: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def hardware(self) -> Hardware:
        """The device's parameters."""
        return replace(preset(self.preset), **self.changes)


#: End of the name of a build that tests its board without a host.
SELF_TEST = "-self-test"
#: A line of udev's: FTDI bridges send short packets after 1 ms, in place of 16.
LATENCY_RULE = 'ACTION=="add", SUBSYSTEM=="usb-serial", DRIVER=="ftdi_sio", ATTR{latency_timer}="1"'
#: All boards, by name.
BOARDS = {
    facts.name: facts
    for facts in (
        BoardFacts(
            name="icebreaker", title="iCEBreaker", part="iCE40UP5K-SG48", preset="up5k",
            clock=CLOCK, usb=(0x0403, 0x6010), product="iCEBreaker", port=1,
            loader=Loader(board="ice40_generic", flash=("--write-flash",), sram=("--write-sram",)),
        ),
        # its bit rate is what common adapters do
        BoardFacts(
            name="orangecrab-25f", title="OrangeCrab 25F", part="LFE5U-25F-8MG285C",
            preset="ecp5-25f", clock=Clock(hz=96_000_000, baud=3_000_000), usb=(0x1209, 0x5AF0),
            product="OrangeCrab", port=None,
            # its bootloader leaves a bitstream half a megabyte, less than one has uncompressed
            packer=("--compress", "--freq", "38.8"),
            loader=Loader(
                board="orangeCrab", slot_bytes=0x80000, dfu=True,
                before="hold its button while you plug it in: its bootloader waits then",
            ),
        ),
        # its bit rate is what the FT231X does at most; at 100 MHz a bit is 33 and a third cycles
        BoardFacts(
            name="ulx3s-85f", title="ULX3S 85F", part="LFE5U-85F-6BG381C", preset="ecp5-85f",
            clock=Clock(hz=100_000_000, baud=3_000_000), usb=(0x0403, 0x6015),
            product="ULX3S", port=0,
            packer=("--compress", "--freq", "62.0"),
            loader=Loader(board="ulx3s", flash=("--write-flash",), sram=("--write-sram",)),
        ),
    )
}  # fmt: skip


def board_facts(name: str) -> BoardFacts:
    """The board of that name; raises ConfigError if there is none, and lists those there are."""
    try:
        return BOARDS[name]
    except KeyError:
        raise ConfigError(f"no board {name!r}; there are {', '.join(BOARDS)}") from None


def build_name(board: BoardFacts, *, self_test: bool) -> str:
    """The name of a board's build: the board's, or that of the one that tests the board itself."""
    return f"{board.name}{SELF_TEST}" if self_test else board.name


def udev_rules(boards: Iterable[BoardFacts]) -> str:
    """A file of Linux's udev: boards open to the users at the machine, bridges without delay."""
    usb = sorted({board.usb for board in boards})
    lines = [
        f'ATTRS{{idVendor}}=="{vendor:04x}", ATTRS{{idProduct}}=="{product:04x}", MODE="0660", '
        'TAG+="uaccess"'
        for vendor, product in usb
    ]
    return "\n".join([*lines, LATENCY_RULE]) + "\n"
