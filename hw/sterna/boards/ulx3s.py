"""ULX3S: an ECP5 of 85,000 LUTs with 25 MHz and a FT231X.

Clock: the PLL makes 100 MHz of the 25 MHz that the board has.

The button FIRE1 resets. LED 0 is lit while the device works, LED 7 while it is in reset.

Source: amaranth-boards for the pins.
"""

from functools import partial
from typing import Any

from amaranth_boards.ulx3s import ULX3S_85F_Platform

from sterna.rtl.device import PinDevice
from sterna.rtl.fabric import DEEP
from sterna.spec.clock import Clock

from .board import Board
from .ecp5 import ECP5, pll
from .top import Top

#: The FT231X does 3 Mbaud at most; its bit is 33 and a third cycles.
CLOCK = Clock(hz=100_000_000, baud=3_000_000)


def ports(platform: Any) -> dict[str, Any]:
    """The board's ports, by what they are."""
    uart = platform.request("uart", dir={"rx": "-", "tx": "-", "rts": "-", "dtr": "-"})
    return {
        "clock": platform.request("clk25", dir="-"),
        "rx": uart.rx,
        "tx": uart.tx,
        "button": platform.request("button_fire", 0, dir="-"),
        "busy": platform.request("led", 0, dir="-"),
        "reset": platform.request("led", 7, dir="-"),
    }


def top(device: PinDevice) -> Top:
    return Top(
        device, hz=CLOCK.hz, pll=partial(pll, hz=CLOCK.hz, divide=1, multiply=4), ports=ports
    )


ULX3S_85F = Board(
    name="ulx3s-85f",
    title="ULX3S 85F",
    part="LFE5U-85F-6BG381C",
    preset="ecp5-85f",
    clock=CLOCK,
    fabric=DEEP,
    platform=ULX3S_85F_Platform,
    top=top,
    pins={
        "clk": "clk25_0__io",
        "button": "button_fire_0__io",
        "rx": "uart_0__rx__io",
        "tx": "uart_0__tx__io",
        "busy": "led_0__io",
        "reset": "led_7__io",
    },
    family=ECP5,
    synthesis="synth_ecp5",
    nextpnr=("--85k", "--package", "CABGA381", "--speed", "6"),
    loader=("--board", "ulx3s", "--write-flash"),
    usb=(0x0403, 0x6015),
    port=0,
)
