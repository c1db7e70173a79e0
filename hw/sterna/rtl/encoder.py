"""The encoder: what the device says, as messages (docs/link-protocol.md, layer 4)."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.layout import EventKind
from sterna.spec.link import ERROR, LINE_FLAG, TICK_DONE, DeviceOp

from .decoder import FAILURE
from .signatures import EVENT


class Encoder(wiring.Component):
    """The encoder. A reset forgets the rest of a message, so that a new stream begins with one.

    Members
    -------
    events : In(stream(EVENT)) - from the tile.
    failure : In(stream(FAILURE)) - an ERROR.
    reply : In(stream(8)) - bytes of DATA messages; comes only while the tile is idle, and waits
        until all events have gone out.
    messages : Out(stream(8)) - to the link.
    idle : Out(1) - no message is in hand.
    """

    events: In(stream.Signature(EVENT))
    failure: In(stream.Signature(FAILURE))
    reply: In(stream.Signature(8))
    messages: Out(stream.Signature(8))
    idle: Out(1)

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        rest = Signal(8 * TICK_DONE.size)  # the message, its next byte in bits 7..0
        left = Signal(range(TICK_DONE.size + 1))
        event, failure = self.events.p, self.failure.p
        line = Cat(event.line[8:], Const(1, 1), event.line[:8])
        assert LINE_FLAG == 0x80, "bit 7 of the first byte marks a line"
        m.d.comb += [
            self.idle.eq(left == 0),
            self.messages.valid.eq(left != 0),
            self.messages.p.eq(rest[:8]),
        ]
        with m.If(left != 0):
            with m.If(self.messages.ready):
                m.d.sync += [rest.eq(rest >> 8), left.eq(left - 1)]
        with m.Elif(self.events.valid):
            m.d.comb += self.events.ready.eq(1)
            with m.If(event.kind == EventKind.LINE):
                m.d.sync += [rest.eq(line), left.eq(2)]
            with m.Else():
                m.d.sync += [
                    rest.eq(Cat(Const(DeviceOp.TICK_DONE, 8), event.tick, event.cycles)),
                    left.eq(TICK_DONE.size),
                ]
        with m.Elif(self.failure.valid):
            m.d.comb += self.failure.ready.eq(1)
            m.d.sync += [
                rest.eq(Cat(Const(DeviceOp.ERROR, 8), failure.code, failure.detail)),
                left.eq(ERROR.size),
            ]
        with m.Else():
            m.d.comb += [
                self.messages.valid.eq(self.reply.valid),
                self.messages.p.eq(self.reply.p),
                self.reply.ready.eq(self.messages.ready),
            ]
        return m
