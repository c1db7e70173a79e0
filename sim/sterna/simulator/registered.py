"""A device with registered inputs, which the virtual board runs."""

from typing import Any

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class RegisteredPorts(wiring.Component):
    """A device with a register behind each input, the reset included, and its `tx` always taken.

    No output then depends on an input within a cycle, and the simulator need not evaluate the
    device's logic once more for its inputs' sake, which a reset would otherwise have it do.

    Parameters
    ----------
    device : a component with the members of `sterna.rtl.device.Device`, or of `PinDevice`.
    pins : the latter.

    Members
    -------
    clk, rst : In(1).
    rx : In(stream(8)) - bytes from the host, every other cycle at most; or In(1), the pin.
    tx : Out(stream(8)) - bytes to the host; `ready` has no effect; or Out(1), the pin.
    idle : Out(1) - nothing will happen until a byte comes.
    """

    def __init__(self, *, device: Any, pins: bool) -> None:
        self._device = device
        self._pins = pins
        wire = 1 if pins else stream.Signature(8)
        super().__init__(
            {"clk": In(1), "rst": In(1), "rx": In(wire), "tx": Out(wire), "idle": Out(1)}
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        m.domains.start = ClockDomain(reset_less=True, local=True)
        m.domains.sync = ClockDomain(local=True)
        rst_q = Signal(init=1)
        m.d.start += rst_q.eq(self.rst)
        m.d.comb += [
            ClockSignal("start").eq(self.clk),
            ClockSignal("sync").eq(self.clk),
            ResetSignal("sync").eq(rst_q),
        ]
        m.submodules.device = device = self._device
        if self._pins:
            rx_q = Signal(init=1)
            m.d.sync += rx_q.eq(self.rx)
            m.d.comb += [device.rx.eq(rx_q), self.tx.eq(device.tx), self.idle.eq(device.idle)]
            return m
        full = Signal()
        byte = Signal(8)
        m.d.comb += [
            self.rx.ready.eq(~full),
            device.rx.valid.eq(full),
            device.rx.payload.eq(byte),
            device.tx.ready.eq(1),
            self.tx.valid.eq(device.tx.valid),
            self.tx.payload.eq(device.tx.payload),
            self.idle.eq(device.idle & ~full),
        ]
        with m.If(full):
            m.d.sync += full.eq(~device.rx.ready)
        with m.Else():
            m.d.sync += [full.eq(self.rx.valid), byte.eq(self.rx.payload)]
        return m
