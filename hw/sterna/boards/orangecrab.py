"""OrangeCrab: an ECP5 of 25,000 LUTs with 48 MHz.

Clock: the PLL makes 96 MHz of the 48 MHz that the board has.

Its bitstream comes in through its bootloader, by USB's DFU: hold the button while plugging it in.
The bootloader leaves a bitstream half a megabyte of the flash, so that it must be compressed.

Its USB goes to the FPGA itself, and there is no bridge: the UART is at the pins that a Feather has
it at, RX at 0 and TX at 1, for an adapter with 3.3 V.

The button resets. The green LED is lit while the device works, the red one while it is in reset.

Source: amaranth-boards for the pins; the board's documentation (orangecrab-fpga) for the packer's
options and the bootloader.
"""

from functools import partial
from typing import Any

from amaranth.build import Attrs
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_25FPlatform
from amaranth_boards.resources import UARTResource

from sterna.rtl.device import PinDevice
from sterna.rtl.fabric import DEEP
from sterna.rtl.self_test import SelfTest
from sterna.spec.boards import board_facts

from .board import Board
from .ecp5 import ECP5, pll
from .plls import Ecp5Pll
from .top import Top

FACTS = board_facts("orangecrab-25f")
#: With pull-ups: without an adapter, RX would float.
UART = UARTResource(
    0, rx="0", tx="1", conn=("io", 0), attrs=Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP")
)
PLL = Ecp5Pll(input=48_000_000, output=FACTS.clock.hz, divide=1, multiply=2)


def ports(platform: Any) -> dict[str, Any]:
    """The board's ports, by what they are."""
    platform.add_resources([UART])
    uart = platform.request("uart", dir={"rx": "-", "tx": "-"})
    led = platform.request("rgb_led", dir={"r": "-", "g": "-", "b": "-"})
    return {
        "clock": platform.request("clk", dir="-"),
        "rx": uart.rx,
        "tx": uart.tx,
        "button": platform.request("button", dir="-"),
        "busy": led.g,
        "reset": led.r,
    }


def top(device: PinDevice | SelfTest) -> Top:
    """The board's top around a device."""
    return Top(device, hz=FACTS.clock.hz, pll=partial(pll, settings=PLL), ports=ports)


ORANGECRAB_25F = Board(
    **vars(FACTS),
    fabric=DEEP,
    platform=OrangeCrabR0_2_25FPlatform,
    top=top,
    pins={
        "clk": "clk_0__io",
        "button": "~button_0__io",
        "rx": "uart_0__rx__io",
        "tx": "uart_0__tx__io",
        "busy": "~rgb_led_0__g__io",
        "reset": "~rgb_led_0__r__io",
    },
    family=ECP5,
    synthesis="synth_ecp5",
    nextpnr=("--25k", "--package", "CSFBGA285", "--speed", "8"),
)
