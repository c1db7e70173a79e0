"""A board's top: the device between clock, reset, UART and LEDs.

Reset: while the PLL has not locked, and while the button is pressed. It is synchronous, as the
device wants it, and ends two cycles after its cause.

LEDs: one is lit while the device works, and winks while it does not, as long as its clock runs; one
is lit while it is in reset. With a device that tests itself, the first is lit when it has passed,
the second when it has failed.
"""

from collections.abc import Callable
from typing import Any

from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    Const,
    Elaboratable,
    Module,
    ResetSignal,
    Signal,
    Value,
)
from amaranth.lib import io

from sterna.rtl.device import PinDevice
from sterna.rtl.self_test import SelfTest

#: From wink to wink it is one to two seconds, of which the wink is 2 to the power of -`WINK_BITS`.
WINK_BITS = 4
#: Makes the device's clock of the clock's port: adds the PLL to a module; the clock and `locked`.
Pll = Callable[[Module, Any], tuple[Signal, Signal]]


class Top(Elaboratable):
    """The device on a board.

    Parameters
    ----------
    device : the device, or one that tests itself.
    hz : clock cycles a second that the PLL makes.
    pll : the PLL.
    ports : requests of a platform the ports `clock`, `rx`, `tx`, `button`, `busy` and `reset`, and
        `high` if there is a pin that must be high.
    """

    def __init__(
        self,
        device: PinDevice | SelfTest,
        *,
        hz: int,
        pll: Pll,
        ports: Callable[[Any], dict[str, Any]],
    ) -> None:
        self._device, self._hz, self._pll, self._ports = device, hz, pll, ports

    def elaborate(self, platform: Any) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        m.submodules.device = device = self._device
        ports = self._ports(platform)
        fast, locked = self._pll(m, ports["clock"])
        platform.add_clock_constraint(fast, self._hz)
        # `raw` is the same clock, and runs before the reset ends
        m.domains += [ClockDomain("sync"), ClockDomain("raw", reset_less=True)]
        m.d.comb += [ClockSignal("sync").eq(fast), ClockSignal("raw").eq(fast)]

        reset, almost = Signal(init=1), Signal(init=1)
        beat = Signal(self._hz.bit_length())
        m.d.sync += beat.eq(beat + 1)
        wink = beat[-WINK_BITS:].all()
        driven: dict[str, Value]
        if isinstance(device, SelfTest):
            passed, failed = device.passed, device.failed
            driven = {"tx": Const(1), "busy": passed | (wink & ~failed), "reset": reset | failed}
        else:
            driven = {"tx": device.tx, "busy": ~device.idle | wink, "reset": reset}
        driven["high"] = Const(1)
        for name, value in driven.items():
            if name not in ports:
                continue
            m.submodules[name] = buffer = io.Buffer("o", ports[name])
            m.d.comb += buffer.o.eq(value)
        for name in ("rx", "button"):
            m.submodules[name] = io.Buffer("i", ports[name])
        m.d.raw += [almost.eq(~locked | m.submodules.button.i), reset.eq(almost)]
        m.d.comb += ResetSignal().eq(reset)
        if isinstance(device, PinDevice):
            m.d.comb += device.rx.eq(m.submodules.rx.i)
        return m
