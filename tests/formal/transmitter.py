"""The link's sending half: credit, the order of its offsets, its ring, the bytes it sends."""

from types import ModuleType
from unittest import mock

from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal, Value

from sterna.rtl import transmitter as rtl
from sterna.spec.link import HALF_BITS, HEADER, OFFSET_BITS, Flag

from .harness import Harness, Inside, constant, drive, never_reset, past, stream_rules

#: The credit of a peer is at most this far ahead of what it acknowledged.
WINDOW = 1 << 14


#: Sizes that the proof takes in place of the real ones, which are too many bits for the solvers.
RING_BYTES, MAX_PAYLOAD, SHORT_PAYLOAD = 8, 3, 2
NEAR_BITS = RING_BYTES.bit_length()
SMALL = {
    "MAX_PAYLOAD": MAX_PAYLOAD,
    "SHORT_PAYLOAD": SHORT_PAYLOAD,
    "FLUSH_CYCLES": 4,
}


class TransmitterHarness(Harness):
    """The transmitter, with one byte of its stream, whichever, followed into every frame.

    Assumed of the peer: its credit never shrinks, and is at most `WINDOW` ahead of what is
    acknowledged. Of its `ack` nothing is assumed.
    """

    def __init__(self, *, follow: bool = False, module: ModuleType = rtl) -> None:
        super().__init__()
        self.follow = follow
        self.module = module

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.dut = dut = self.module.Transmitter(ring_bytes=RING_BYTES)
        received = dut.received
        with mock.patch.multiple(self.module, **SMALL):
            inside = Inside(dut)
        self.probe = inside["ring"].read_port(domain="comb")
        m.submodules.dut = inside.module
        never_reset(m)
        drive(m, dut)
        state, n = inside.state, inside
        stream_rules(m, dut.payload, assume=True, unless=received.syn)
        acked, sent, top, head = (n[name] for name in ("acked", "sent", "top", "head"))
        limit, length, stale, after = n["peer_limit"], n["length"], n["stale"], n["after"]
        rewind_due = n["rewind_due"]

        # the peer
        session_before = past(m, received.syn)  # the receiver takes the number with the SYN
        base = Mux(n["believable"], received.ack, acked)
        m.d.comb += [
            Assume(~(received.syn & received.valid)),
            Assume(~(received.again & (received.syn | received.valid))),
            Assume(~(received.foreign & (received.syn | received.valid | received.again))),
            Assume(~received.valid | ((received.limit - limit)[:HALF_BITS] <= WINDOW)),
            Assume(~received.valid | ((received.limit - base)[:HALF_BITS] <= WINDOW)),
            Assume(~received.syn | (received.limit <= WINDOW)),
            Assume(session_before | (received.session == past(m, received.session))),
            # a frame's fields stand still before it is judged, and frames are far apart
            Assume(~received.valid | (received.ack == past(m, received.ack))),
            Assume(~received.valid | ~past(m, received.valid | received.syn)),
        ]

        # offsets from `acked` on
        def near(value: Signal, name: str) -> Signal:
            distance = Signal(NEAR_BITS, name=f"near_{name}")
            m.d.comb += distance.eq(value - acked)
            return distance

        near_top, near_head = near(top, "top"), near(head, "head")
        ahead = Signal(range(-(1 << HALF_BITS - 1), 1 << HALF_BITS - 1))  # `sent`, of `acked`
        m.d.comb += ahead.eq((sent - acked)[:HALF_BITS].as_signed())
        making = state("HEADER", "PAYLOAD", "CRC", "WRITE", "FINISH") & ~stale
        # the whole offset that is acknowledged, counted apart; `sent` in whole, as frames tell it
        whole = Signal(OFFSET_BITS)
        with m.If(received.syn):
            m.d.sync += whole.eq(0)
        with m.Elif(received.valid & n["believable"]):
            m.d.sync += whole.eq(whole + n["newly_acked"])
        whole_sent = Signal(OFFSET_BITS)
        m.d.comb += whole_sent.eq(whole + ahead)
        known = making | (state("IDLE") & (n["settled"] != 0) & ~rewind_due)
        ends = state("FINISH") & ~stale
        write = n["ring_write"].en
        m.d.comb += [
            # acked <= top <= head <= acked + ring; and acked <= sent <= top, or it goes back there
            Assert(near_top <= near_head),
            Assert(near_head <= RING_BYTES),
            Assert(ahead <= near_top),
            Assert((ahead >= 0) | rewind_due),
            Assert(near_top - ahead <= RING_BYTES),
            # no offset but the one meant, be it rounds away
            Assert(Cat(acked, n["acked_high"]) == whole),
            Assert(~known | (ahead < 0) | (Cat(sent, n["sent_high"]) == whole_sent)),
            # no byte that may be needed again is overwritten
            Assert(~write | (near_head < RING_BYTES)),
            # no frame goes beyond the peer's credit, nor beyond what there is
            Assert(~ends | ~(limit - after)[HALF_BITS - 1]),
            Assert(~ends | (ahead + length <= near_head)),
            Assert(~making | (length <= MAX_PAYLOAD)),
            # RESET goes to another session and takes nothing of this one along
            Assert(~making | (n["flags"] != Flag.RESET) | (length == 0)),
            Assert(~making | (n["flags"] == Flag.RESET) | (n["session"] == received.session)),
        ]
        stream_rules(m, dut.bytes)

        # invariants
        settled, room, waiting = n["settled"], n["room"], n["waiting"]
        calm = state("IDLE") & (settled != 0)
        m.d.comb += [
            Assert(inside.known_state()),
            Assert((limit - sent)[:HALF_BITS] < WINDOW + 2 * RING_BYTES),
            Assert((limit - acked)[:HALF_BITS] <= WINDOW),
            Assert(dut.bytes.valid == state("SEND")),
            Assert((n["longest"] == MAX_PAYLOAD) | (n["longest"] == SHORT_PAYLOAD)),
            Assert(~calm | (room == (limit - sent)[:HALF_BITS])),
            Assert(~calm | rewind_due | (waiting <= (head - sent)[:NEAR_BITS])),
            Assert(~(calm & (settled > 1)) | rewind_due | (n["most"] <= (head - sent)[:NEAR_BITS])),
            Assert(n["most"] <= MAX_PAYLOAD),
            Assert(~(state("IDLE") & rewind_due) | (settled != rtl.SETTLED) | calm),
            Assert(~making | ~(limit - after)[HALF_BITS - 1]),
            Assert(~making | (ahead + length <= near_head)),
            Assert(near_head - near_top <= RING_BYTES),
            Assert(n["full"] | (near_head < RING_BYTES)),
        ]
        if self.follow:
            self._follow(m, inside, making, near_head, ahead)
        m.d.comb += [
            Cover(ends & (length != 0) & (ahead >= 0)),
            Cover(state("IDLE") & rewind_due & (acked != 0)),
            Cover(state("FINISH") & stale),
            Cover(ends & (n["flags"] == Flag.RESET)),
            Cover(ends & (n["flags"] == Flag.SYN) & (near_head != 0)),
            Cover(dut.bytes.valid & ~dut.bytes.ready),
        ]
        return m

    def _follow(
        self, m: Module, inside: Inside, making: Value, near_head: Signal, ahead: Signal
    ) -> None:
        """One byte of the stream, whichever: in a frame, it is the byte that was put in."""
        dut, received, n, state = self.dut, self.dut.received, inside, inside.state
        acked, sent, head, length = n["acked"], n["sent"], n["head"], n["length"]
        write = n["ring_write"].en
        probe = self.probe
        at = constant(m, HALF_BITS, "at")
        put, held, known = Signal(HALF_BITS), Signal(8), Signal()
        with m.If(received.syn):
            m.d.sync += [put.eq(0), known.eq(0)]
        with m.Elif(write):
            m.d.sync += put.eq(put + 1)
            with m.If(put == at):
                m.d.sync += [held.eq(dut.payload.p), known.eq(1)]
        step, read_at = n["step"], n["read_at"]
        early = step < HEADER.size - 1  # the header's last byte is yet to come
        distance = Signal(HALF_BITS)
        stored = Signal()
        position = (sent + step)[:HALF_BITS]
        showing = state("PAYLOAD") & making & (step < length) & (position == at) & (ahead >= 0)
        ring_write, ring_read = n["ring_write"], n["ring_read"]
        # it was read two cycles before
        clash = past(m, past(m, ring_write.en & (ring_write.addr == ring_read.addr)))
        m.d.comb += [
            distance.eq(at - acked),
            stored.eq(distance < near_head),
            Assert(~showing | (known & (n["byte"] == held))),
            # no byte is taken that was read while it was written: block RAM would show anything
            Assert(~showing | ~clash),
            # invariants
            Assert(put[:NEAR_BITS] == head),
            Assert((put - acked)[:HALF_BITS] == near_head),
            Assert(~(state("IDLE") & (n["settled"] != 0)) | (read_at == sent[: len(read_at)])),
            Assert(
                ~(state("HEADER") & making)
                | (read_at == (sent + Mux(early, 0, 1))[: len(read_at)]) & (step < HEADER.size)
            ),
            Assert(~(state("PAYLOAD") & making) | (read_at == (sent + step + 2)[: len(read_at)])),
            probe.addr.eq(at),
            Assert(~stored | (known & (probe.data == held))),
            Assert(~(state("PAYLOAD") & making) | (step <= length)),
        ]
        m.d.comb += Cover(showing & (held == 0))
