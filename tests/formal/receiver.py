"""The link's receiving half: nothing beyond its credit, and no byte that was not sent so."""

from types import ModuleType

from amaranth.hdl import Assert, Cat, Cover, Module, Signal

from sterna.link.frames import Frame
from sterna.rtl import receiver as rtl
from sterna.spec.link import CRC, HALF_BITS, MAX_PAYLOAD, RING_BYTES, Flag, credit

from .harness import Harness, Inside, constant, drive, never_reset, past, play, stream_rules

#: Frames one behind another: a session begins, and again; one is damaged, one of another session,
#: one carries what is expected, one comes too early.
SCRIPT = b"".join(
    (
        Frame(flags=Flag.SYN, session=5).encode(),
        Frame(flags=Flag.SYN, session=5).encode(),
        Frame(session=5).encode()[:-3] + b"\1\0",
        Frame(session=6).encode(),
        Frame(session=5, payload=b"ab").encode(),
        Frame(session=5, seq=9, payload=b"c").encode(),
    )
)
#: A session, and a frame that comes twice.
DOUBLED = b"".join(
    (Frame(flags=Flag.SYN).encode(), *[Frame(payload=b"a").encode()] * 2),
)
#: A session, and a frame whose offset has the expected one's low half.
LATE = Frame(flags=Flag.SYN).encode() + Frame(seq=1 << HALF_BITS, payload=b"a").encode()


class ReceiverHarness(Harness):
    """The receiver, with one byte of the stream, whichever, followed through.

    The bytes on the wire are any. A byte comes out of `payload` if and only if a frame that was
    sound, in order and within the credit carried it at its offset; each once, in order.

    With `script`, the bytes on the wire are these, one a cycle: a solver takes long to find frames
    with a right CRC.
    """

    def __init__(
        self, *, script: bytes = b"", ring_bytes: int = RING_BYTES, module: ModuleType = rtl
    ) -> None:
        super().__init__()
        self.ring_bytes = ring_bytes
        self.script = script
        self.module = module

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.dut = dut = self.module.Receiver(ring_bytes=self.ring_bytes)
        inside = Inside(dut)
        received, out, n = dut.received, dut.payload, inside
        probe = inside["ring"].read_port(domain="comb")
        m.submodules.dut = inside.module
        never_reset(m)
        if self.script:
            drive(m, dut, "bytes")
            play(m, dut.bytes, self.script)
        else:
            drive(m, dut)
        stream_rules(m, dut.bytes, assume=True)
        stream_rules(m, out, unless=received.syn)
        expected, consumed, fetched = n["expected"], n["consumed"], n["fetched"]
        count, check, emit, write = n["count"], n["check"], n["emit"], n["write"]
        bits = HALF_BITS
        low, high = expected[:bits], expected[bits:]

        # credit
        used, waiting = Signal(bits), Signal(bits)
        m.d.comb += [used.eq(low - consumed), waiting.eq(fetched - consumed)]
        accepted = Signal()  # the payload of the frame just judged
        m.d.comb += accepted.eq(check & received.valid & n["has_payload"] & n["fits"])
        header = n["header"]
        length, seq = n["size"], header[24 : 24 + bits]
        # the high halves as they came, which the receiver does not keep
        halves, left = Signal(2 * bits), n["header_left"]
        with m.If(emit & (left != 0) & (left <= 4)):
            m.d.sync += halves.eq(Cat(halves[8:], n["data"]))
        strayed = n["seq_strayed"]
        m.d.comb += [
            Assert(strayed | (left != 3) | (halves[24:] == high[:8])),
            Assert(strayed | (left != 2) | (halves[16:] == high)),
            Assert(strayed | (left != 1) | (halves[8:24] == high)),
            Assert(strayed | (left != 0) | (halves[:16] == high)),
        ]
        granted = (consumed + credit(self.ring_bytes))[:bits]
        reach = Signal(bits)  # offset of the byte being stored, from `consumed`
        m.d.comb += reach.eq(used + count)
        verdicts = Signal(3)
        strobes = (received.syn, received.again, received.foreign, received.valid, dut.damaged)
        m.d.comb += verdicts.eq(sum(strobes))
        m.d.comb += [
            Assert(used <= credit(self.ring_bytes)),
            Assert(received.credit == granted),
            # what is accepted lies within the credit and follows what there was
            Assert(~accepted | (used + length <= credit(self.ring_bytes))),
            Assert(~accepted | (Cat(seq, halves[:bits]) == expected)),
            Assert(~accepted | (length <= MAX_PAYLOAD)),
            # nothing else moves the offset
            Assert(past(m, accepted | received.syn) | (expected == past(m, expected))),
            Assert(~past(m, received.syn) | ((expected == 0) & (consumed == 0) & ~out.valid)),
            # a byte that waits is never overwritten
            Assert(~write.en | (reach < self.ring_bytes)),
            # one verdict a frame; only a sound one of this session moves anything
            Assert(~check | (verdicts <= 1)),
            Assert(check | (verdicts == 0)),
            Assert((verdicts == 0) | dut.damaged | n["sound"]),
            Assert(~(received.valid & (header[:8] & Flag.SYN).any())),
            Assert(~received.valid | (n["live"] & (header[8:16] == received.session))),
            Assert(~received.again | (n["live"] & (header[8:16] == received.session))),
            Assert(past(m, received.syn) | (received.session == past(m, received.session))),
            Assert(~received.answer | n["live"]),
        ]

        # one byte, whichever: as the frame carried it, as it comes out
        at = constant(m, bits, "at")
        candidate, held = Signal(8), Signal(8)  # in the frame in hand; accepted
        here = emit & (n["header_left"] == 0) & ((low + count)[:bits] == at)
        with m.If(here & ~n["too_long"]):
            m.d.sync += candidate.eq(n["data"])
        offset = Signal(bits)
        m.d.comb += offset.eq(at - low)
        with m.If(accepted & (offset < length)):
            m.d.sync += held.eq(candidate)
        comes = out.valid & (consumed == at)
        distance = Signal(bits)
        m.d.comb += [
            distance.eq(at - consumed),
            Assert(~comes | (out.p == held)),
            probe.addr.eq(at),
            # invariants: what was accepted and not passed on lies in the ring; the candidate too
            Assert(~(distance < used) | (probe.data == held)),
            # no byte is read while it is written: block RAM would show anything
            Assert(~(n["read"].en & n["write"].en & (n["read"].addr == n["write"].addr))),
            Assert(~((offset < count) & ~n["lost"]) | (probe.data == candidate)),
            Assert(n["lost"] | (count == 0) | (reach <= self.ring_bytes)),
            Assert(waiting == out.valid),
            Assert(~out.valid | (used != 0)),
            Assert(count <= MAX_PAYLOAD + CRC.size + 1),
            Assert((count == 0) | (n["header_left"] == 0)),
        ]
        m.d.comb += [
            Cover(past(m, dut.bytes.valid & ~dut.bytes.ready)),
            Cover(check & ~n["sound"]),
            Cover(received.syn),
            Cover(received.again),
            Cover(received.foreign & n["live"]),
            Cover(received.valid & received.repeat),
            Cover(dut.refused),
            Cover(out.valid & out.ready & past(m, out.valid & out.ready)),
        ]
        return m
