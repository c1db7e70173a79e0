"""iCEBreaker: an iCE40 UP5K with 12 MHz and a FT2232H.

Clock: the PLL makes 24 MHz of the 12 MHz that the board has. The chip's own oscillator would need
no PLL, but is off by up to 10 %, and a UART stands some 4 %.

The user button resets. The green LED is lit while the device works, the red one while in reset.

Source: amaranth-boards for the pins; Lattice FPGA-TN-02052, iCE40 sysCLOCK PLL.
"""

from typing import Any

from amaranth.hdl import Const, Instance, Module, Signal
from amaranth_boards.icebreaker import ICEBreakerPlatform

from sterna.rtl.device import PinDevice
from sterna.rtl.self_test import SelfTest
from sterna.rtl.ultraplus import UltraPlus
from sterna.spec.boards import board_facts

from .board import Board
from .ice40 import ICE40
from .plls import UltraPlusPll
from .top import Top

FACTS = board_facts("icebreaker")
PLL = UltraPlusPll(input=12_000_000, output=FACTS.clock.hz, divr=0, divf=63, divq=5)


def pll(m: Module, clock: Any) -> tuple[Signal, Signal]:
    """The PLL at its pad."""
    fast, locked = Signal(name="clk24"), Signal(name="locked")
    m.submodules.pll = Instance(
        "SB_PLL40_PAD",
        p_FEEDBACK_PATH="SIMPLE",
        p_DIVR=Const(PLL.divr, 4),
        p_DIVF=Const(PLL.divf, 7),
        p_DIVQ=Const(PLL.divq, 3),
        p_FILTER_RANGE=Const(PLL.filter_range, 3),
        i_PACKAGEPIN=clock.io,
        i_RESETB=Const(1),
        i_BYPASS=Const(0),
        o_PLLOUTGLOBAL=fast,
        o_LOCK=locked,
    )
    return fast, locked


def ports(platform: ICEBreakerPlatform) -> dict[str, Any]:
    """The board's ports, by what they are."""
    uart = platform.request("uart", dir={"rx": "-", "tx": "-"})
    return {
        "clock": platform.request("clk12", dir="-"),
        "rx": uart.rx,
        "tx": uart.tx,
        "button": platform.request("button", dir="-"),
        "busy": platform.request("led_g", dir="-"),
        "reset": platform.request("led_r", dir="-"),
    }


def top(device: PinDevice | SelfTest) -> Top:
    """The board's top around a device."""
    return Top(device, hz=FACTS.clock.hz, pll=pll, ports=ports)


ICEBREAKER = Board(
    **vars(FACTS),
    fabric=UltraPlus(),
    platform=ICEBreakerPlatform,
    top=top,
    pins={
        "clk": "clk12_0__io",
        "button": "~button_0__io",
        "rx": "uart_0__rx__io",
        "tx": "uart_0__tx__io",
        "busy": "~led_g_0__io",
        "reset": "~led_r_0__io",
    },
    family=ICE40,
    # without -dsp: it takes our accumulators for its own multipliers, and rewires them
    synthesis="synth_ice40 -spram -abc9 -device u",
    nextpnr=("--up5k", "--package", "sg48"),
)
