"""The encoder: each event and each failure becomes its message, whole, in order, of these bytes."""

from amaranth.hdl import Assert, Assume, Cat, Const, Cover, Module, Mux, Signal

from sterna.rtl.encoder import Encoder
from sterna.spec.layout import EventKind
from sterna.spec.link import DeviceOp

from .harness import Harness, Inside, drive, never_reset, past, stream_rules


class EncoderHarness(Harness):
    """Assumed: no event and no failure comes while a byte of a reply waits.

    A reply comes only while the tile is idle, and from the decoder, which fails or replies.
    """

    def __init__(self, dut: Encoder | None = None) -> None:
        super().__init__()
        self.dut = dut or Encoder()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut = self.dut
        inside = Inside(dut)
        m.submodules.dut = inside.module
        never_reset(m)
        drive(m, dut)
        events, failure, reply, out = dut.events, dut.failure, dut.reply, dut.messages
        for s in (events, failure, reply):
            stream_rules(m, s, assume=True)
        other = events.valid | failure.valid
        m.d.comb += Assume(~past(m, reply.valid & ~other & ~reply.ready) | ~other)

        # the message in hand, byte by byte, of what was accepted last
        event, error = events.p, failure.p
        is_line = event.kind == EventKind.LINE
        text, size, sent = Signal(48), Signal(range(7)), Signal(range(7))
        with m.If(events.valid & events.ready):
            m.d.sync += [
                text.eq(
                    Mux(
                        is_line,
                        Cat(Const(0x80, 8) | event.line[8:], event.line[:8]),
                        Cat(Const(DeviceOp.TICK_DONE, 8), event.tick, event.cycles),
                    )
                ),
                size.eq(Mux(is_line, 2, 6)),
                sent.eq(0),
            ]
        with m.Elif(failure.valid & failure.ready):
            m.d.sync += [
                text.eq(Cat(Const(DeviceOp.ERROR, 8), error.code, error.detail)),
                size.eq(4),
                sent.eq(0),
            ]
        with m.Elif((sent != size) & out.ready):
            m.d.sync += sent.eq(sent + 1)
        pending = sent != size
        m.d.comb += [
            Assert(~pending | (out.valid & (out.p == text.word_select(sent, 8)))),
            # nothing else is accepted meanwhile; then events go first, and replies as they are
            Assert(~pending | ~(events.ready | failure.ready | reply.ready)),
            Assert(pending | ~events.valid | (events.ready & ~out.valid & ~reply.ready)),
            Assert(pending | events.valid | ~failure.valid | (failure.ready & ~out.valid)),
            Assert(pending | other | (out.valid == reply.valid)),
            Assert(
                pending | other | ~out.valid | ((out.p == reply.p) & (reply.ready == out.ready))
            ),
            Assert(dut.idle == ~pending),
            # invariants
            Assert(sent <= size),
            Assert(inside["left"] == size - sent),
            Assert(~pending | (inside["rest"] == text >> (sent << 3))),
        ]
        stream_rules(m, out)
        m.d.comb += [
            Cover(past(m, pending & (size == 6)) & ~pending & reply.valid),
            Cover(pending & (size == 2) & (sent == 1) & out.ready),
            Cover(pending & (size == 4) & (sent == 3) & ~out.ready),
            Cover(~pending & past(m, reply.valid & reply.ready) & events.valid & failure.valid),
        ]
        return m
