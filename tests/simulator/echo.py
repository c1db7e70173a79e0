"""Stand-ins for a device, with its ports: they answer every byte with its complement."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from sterna.simulator.verilog import Design, to_verilog


class Echo(wiring.Component):
    """Sends back each byte, complemented, some cycles later."""

    rx: In(stream.Signature(8))
    tx: Out(stream.Signature(8))
    idle: Out(1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=8, depth=4)
        m.d.comb += [
            fifo.w_data.eq(~self.rx.payload),
            fifo.w_en.eq(self.rx.valid),
            self.rx.ready.eq(fifo.w_rdy),
            self.tx.payload.eq(fifo.r_data),
            self.tx.valid.eq(fifo.r_rdy),
            fifo.r_en.eq(self.tx.ready),
            self.idle.eq(~fifo.r_rdy),
        ]
        return m


class PinEcho(wiring.Component):
    """Inverts each data bit between its start and its stop bit, one bit time late."""

    rx: In(1, init=1)
    tx: Out(1, init=1)
    idle: Out(1)

    def __init__(self, *, divisor: int) -> None:
        self._divisor = divisor
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        divisor = self._divisor
        count = Signal(range(10 * divisor))  # cycles left of the byte under way
        late = Signal(divisor, init=-1)
        framed = Signal()
        m.d.comb += framed.eq((count >= divisor) & (count < 9 * divisor))
        with m.If(count):
            m.d.sync += count.eq(count - 1)
        with m.Elif(~self.rx):
            m.d.sync += count.eq(10 * divisor - 1)
        level = Signal(init=1)
        m.d.comb += level.eq(self.rx ^ framed)
        m.d.sync += late.eq((late << 1) | level)
        m.d.comb += [self.tx.eq(late[-1]), self.idle.eq((count == 0) & late.all())]
        return m


def echo_design(*, pins: bool = False, divisor: int = 8) -> Design:
    """A design of the stand-in for `sterna.simulator.build`."""

    def convert() -> str:
        top = PinEcho(divisor=divisor) if pins else Echo()
        return to_verilog(top, pins=pins)

    key = f"echo {pins} {divisor}"
    return Design(
        name="echo-pins" if pins else "echo", key=key, convert=convert, pins=pins, divisor=divisor
    )
