"""ULX3S: an ECP5 of 85,000 LUTs with 25 MHz and a FT231X.

Clock: the PLL makes 100 MHz of the 25 MHz that the board has.

The button FIRE1 resets. LED 0 is lit while the device works, LED 7 while it is in reset.

Source: amaranth-boards for the pins; the board's own constraints (emard/ulx3s, ulx3s_v20.lpf) for
pull-ups, the ESP32's pin, compression and the clock that the bitstream is read with.
"""

from dataclasses import replace
from functools import partial
from typing import Any

from amaranth.build import Attrs, Pins, Resource
from amaranth_boards.resources import UARTResource
from amaranth_boards.ulx3s import ULX3S_85F_Platform

from sterna.rtl.device import PinDevice
from sterna.rtl.fabric import DEEP
from sterna.rtl.self_test import SelfTest
from sterna.spec.boards import board_facts

from .board import Board
from .ecp5 import ECP5, pll
from .plls import Ecp5Pll
from .top import Top

FACTS = board_facts("ulx3s-85f")
INPUT_HZ = 25_000_000
#: Of seeds 1 to 6 these meet 100 MHz. With the others a block RAM, or a counter, lies far from what
#: it leads to (docs/boards.md).
SEEDS = (1, 3, 4)
#: The pins of the UART with pull-ups, as the board's own constraints have them; and the ESP32's
#: GPIO0, which must be high: low, the ESP32 may start a program that takes the board over.
UART = UARTResource(1, rx="M1", tx="L4", attrs=Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP"))
WIFI = Resource("wifi_gpio0", 0, Pins("L2", dir="o"), Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP"))


def ports(platform: Any) -> dict[str, Any]:
    """The board's ports, by what they are."""
    platform.add_resources([UART, WIFI])
    uart = platform.request("uart", 1, dir={"rx": "-", "tx": "-"})
    return {
        "clock": platform.request("clk25", dir="-"),
        "rx": uart.rx,
        "tx": uart.tx,
        "button": platform.request("button_fire", 0, dir="-"),
        "busy": platform.request("led", 0, dir="-"),
        "reset": platform.request("led", 7, dir="-"),
        "high": platform.request("wifi_gpio0", dir="-"),
    }


def ulx3s(
    name: str,
    *,
    hz: int,
    divide: int,
    multiply: int,
    seeds: tuple[int, ...] = Board.seeds,
    **changes: int,
) -> Board:
    """The board, at a clock that its 25 MHz make by `multiply` / `divide`.

    `changes` : parameters that are others than the preset's.
    """
    facts = {**vars(FACTS), "name": name, "clock": replace(FACTS.clock, hz=hz), "changes": changes}

    def top(device: PinDevice | SelfTest) -> Top:
        settings = Ecp5Pll(input=INPUT_HZ, output=hz, divide=divide, multiply=multiply)
        made = partial(pll, settings=settings)
        return Top(device, hz=hz, pll=made, ports=ports)

    return Board(
        **facts,
        fabric=DEEP,
        platform=ULX3S_85F_Platform,
        top=top,
        pins={
            "clk": "clk25_0__io",
            "button": "button_fire_0__io",
            "rx": "uart_1__rx__io",
            "tx": "uart_1__tx__io",
            "busy": "led_0__io",
            "reset": "led_7__io",
            "high": "wifi_gpio0_0__io",
        },
        family=ECP5,
        synthesis="synth_ecp5",
        nextpnr=("--85k", "--package", "CABGA381", "--speed", "6"),
        seeds=seeds,
    )


ULX3S_85F = ulx3s(FACTS.name, hz=FACTS.clock.hz, divide=1, multiply=4, seeds=SEEDS)
#: The same with other lanes, to compare (`python -m bench.lanes`); an address of 16 bits reaches
#: 16 crossbars of 16 lanes.
BY_LANES = {
    16: ulx3s("ulx3s-85f-16", hz=100_000_000, divide=1, multiply=4, lanes=16, crossbars=16),
    32: ULX3S_85F,
    # 87.5 MHz: 90 would need a phase detector at 5 MHz
    64: ulx3s("ulx3s-85f-64", hz=87_500_000, divide=2, multiply=7, lanes=64),
}
