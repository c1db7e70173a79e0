"""Registers in a stream, where the way from one part to the next would take too long."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Stage(wiring.Component):
    """A stream a cycle later, with registers on its way forth, and `both` ways by default.

    Members
    -------
    i, o : In(stream), Out(stream).
    busy : Out(1) - there is something here.
    """

    def __init__(self, shape: object, *, both: bool = True) -> None:
        self._both = both
        super().__init__(
            {
                "i": In(stream.Signature(shape)),
                "o": Out(stream.Signature(shape)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        m.d.comb += self.busy.eq(self.o.valid)
        if not self._both:
            payload = Signal.like(self.i.p, reset_less=True)
            m.d.comb += [self.i.ready.eq(~self.o.valid | self.o.ready), self.o.p.eq(payload)]
            with m.If(self.i.ready):
                m.d.sync += [self.o.valid.eq(self.i.valid), payload.eq(self.i.p)]
            return m

        # it came in while the way out was not free
        spare, spared = Signal.like(self.i.p), Signal()
        m.d.comb += self.i.ready.eq(~spared)
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += [self.o.valid.eq(spared | self.i.valid), spared.eq(0)]
            with m.If(spared):
                m.d.sync += self.o.p.eq(spare)
            with m.Else():
                m.d.sync += self.o.p.eq(self.i.p)
        with m.Elif(self.i.valid & ~spared):
            m.d.sync += [spare.eq(self.i.p), spared.eq(1)]
        return m
