"""The link's receiving half: bytes to frames to a reliable stream (docs/link-protocol.md).

Payload bytes go into the ring as they come, behind what was accepted, and count only once the
frame's CRC and offset were found right.
"""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.wiring import In, Out

from sterna.spec.link import (
    CRC,
    HALF_BITS,
    HEADER,
    HIGH_BYTES,
    MAX_PAYLOAD,
    OFFSET_BITS,
    PROTOCOL_VERSION,
    RING_BYTES,
    Flag,
    credit,
)

from .memory import UNCHECKED

CRC_BYTES = CRC.size
#: The count of bytes after the header is that of `length`, which counts the high halves too.
assert HIGH_BYTES == CRC_BYTES


class ReceivedFrame(wiring.Signature):
    """Signals from the receiver to the transmitter, from the receiver's side.

    Members
    -------
    valid : Out(1) - strobe: a sound frame came; `ack` (its low half), `limit` and `resend` are its
        fields.
    strayed : Out(1) - with `valid`: the high half of its `ack` is not the one that was near.
    syn : Out(1) - strobe: a SYN of a new session came: start afresh; `limit` is valid with it too.
    again : Out(1) - strobe: the SYN of this session came once more: answer it, and send again.
    foreign : Out(1) - strobe: a sound frame of another session came; `from_session` is its number.
    session : Out(8) - number of the session, once there was a SYN.
    answer : Out(1) - strobe: tell the peer where we are.
    repeat : Out(1) - with `answer`: ask it to send again.
    expected : Out(32) - offset expected next.
    credit : Out(16) - low half of the offset up to which bytes are accepted.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "valid": Out(1),
                "syn": Out(1),
                "again": Out(1),
                "foreign": Out(1),
                "from_session": Out(8),
                "session": Out(8),
                "ack": Out(HALF_BITS),
                "strayed": Out(1),
                "limit": Out(HALF_BITS),
                "resend": Out(1),
                "answer": Out(1),
                "repeat": Out(1),
                "expected": Out(OFFSET_BITS),
                "credit": Out(HALF_BITS),
            }
        )


class Receiver(wiring.Component):
    """The receiving half.

    Parameters
    ----------
    ring_bytes : bytes that its ring holds, a power of 2.

    Members
    -------
    bytes : In(stream(8)) - from the wire; one a cycle, with a pause of a cycle after a frame.
    payload : Out(stream(8)) - the reliable stream.
    near : In(16) - high half of the `ack` whose low half is in `received`, if that is an offset
        of what was sent; valid two cycles after it.
    received : Out(ReceivedFrame).
    damaged, refused : Out(1) - strobes, for the counters.
    idle : Out(1) - no byte waits here.
    """

    def __init__(self, *, ring_bytes: int = RING_BYTES) -> None:
        self._ring_bytes = ring_bytes
        super().__init__(
            {
                "bytes": In(stream.Signature(8)),
                "payload": Out(stream.Signature(8)),
                "near": In(HALF_BITS),
                "received": Out(ReceivedFrame()),
                "damaged": Out(1),
                "refused": Out(1),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        m.submodules.crc = crc = catalog.CRC32_ISO_HDLC(data_width=8).create()
        m.submodules.ring = ring = memory.Memory(
            shape=8, depth=self._ring_bytes, init=[], attrs=UNCHECKED
        )
        write, read = ring.write_port(), ring.read_port()
        received = self.received

        # COBS: a code byte n says that n-1 bytes follow before the next zero
        left = Signal(8)  # bytes until the next code byte
        started = Signal()  # a code byte has come
        implicit = Signal()  # a zero stands before the next block
        emit = Signal()  # a byte of the frame is known in this cycle
        data = Signal(8)
        count = Signal(range(MAX_PAYLOAD + CRC_BYTES + 2))  # bytes after the header
        too_long = Signal()
        check = Signal()  # the frame has ended; judge it
        take = Signal()
        m.d.comb += [
            self.bytes.ready.eq(~check),
            take.eq(self.bytes.valid & ~check),
            crc.data.eq(data),
            crc.valid.eq(emit),
        ]
        with m.If(take & (self.bytes.p == 0)):
            m.d.sync += check.eq(started)
        with m.Elif(take & (left == 0)):
            m.d.sync += [left.eq(self.bytes.p - 1), started.eq(1), implicit.eq(self.bytes.p != 255)]
            m.d.comb += emit.eq(implicit)
        with m.Elif(take):
            m.d.sync += left.eq(left - 1)
            m.d.comb += [emit.eq(1), data.eq(self.bytes.p)]

        # the frame's bytes: header into registers, the rest into the ring; the high halves are
        # compared as they come, and not kept
        header = Signal(8 * (HEADER.size - HIGH_BYTES))
        header_left = Signal(range(HEADER.size + 1), init=HEADER.size)
        expected, consumed = Signal(OFFSET_BITS), Signal(HALF_BITS)
        near_byte, seq_strayed = Signal(8), Signal()
        high, low = expected[HALF_BITS:], expected[:HALF_BITS]
        # by the two low bits of the bytes that are left: 4, 3 are seq's, 2, 1 are ack's
        bytes_near = Cat(high[:8], self.near[8:], self.near[:8], high[8:])
        m.d.comb += near_byte.eq(bytes_near.word_select(header_left[:2], 8))
        used = Signal(range(self._ring_bytes + 1))
        at = Signal(range(2 * self._ring_bytes))  # where the byte would lie, from `consumed` on
        # a byte of the frame found no place: it passes the credit, which is the ring less the CRC;
        # a byte that is read meanwhile frees its place too late
        lost = Signal()
        # a cycle late: then it is the more that is used
        m.d.sync += used.eq(low - consumed)
        m.d.comb += [
            too_long.eq(count == MAX_PAYLOAD + CRC_BYTES + 1),
            at.eq(used + count),
            write.addr.eq(expected + count),
            write.data.eq(data),
            write.en.eq(emit & (header_left == 0) & (at < self._ring_bytes) & ~too_long),
        ]
        with m.If(emit & (header_left != 0)):
            m.d.sync += header_left.eq(header_left - 1)
            with m.If(header_left > HIGH_BYTES):
                m.d.sync += header.eq(Cat(header[8:], data))
            with m.Elif(data != near_byte):
                # the upper two are seq's
                m.d.sync += [
                    seq_strayed.eq(seq_strayed | (header_left > HIGH_BYTES // 2)),
                    received.strayed.eq(received.strayed | (header_left <= HIGH_BYTES // 2)),
                ]
        with m.Elif(emit & ~too_long):
            m.d.sync += [count.eq(count + 1), lost.eq(lost | (at >= self._ring_bytes))]

        # judge
        flags, session, length = (header[8 * i :][:8] for i in range(3))
        seq, ack, limit = (header[24 + 16 * i :][:HALF_BITS] for i in range(3))
        size = Signal(8)  # of the payload
        sound, version, fits, behind = Signal(), Signal(), Signal(), Signal()
        has_payload = Signal()
        within = (self._ring_bytes - 1).bit_length()  # bits of a place in the ring
        live, same = Signal(), Signal()  # there was a SYN; the frame is of its session
        # all of it stands still from the frame's last byte to the check, which comes after its zero
        m.d.sync += [
            sound.eq(
                (left == 0)
                & (header_left == 0)
                & (count == length)
                & ~too_long
                & crc.match_detected
                # a SYN of version 3 has no high halves
                & ((length >= HIGH_BYTES) | (flags & Flag.SYN).any())
            ),
            size.eq(length - HIGH_BYTES),
            version.eq(flags[4:] == PROTOCOL_VERSION),
            same.eq(live & (session == received.session)),
            has_payload.eq(length != HIGH_BYTES),
            fits.eq((seq == low) & ~seq_strayed & ~lost),
            # a seq ahead is so by less than a ring; one whose high half differs is old too
            behind.eq((seq - low)[within:].any() | ((seq == low) & seq_strayed)),
        ]
        m.d.comb += [
            received.ack.eq(ack),
            received.limit.eq(limit),
            received.from_session.eq(session),
            received.resend.eq((flags & Flag.RESEND) != 0),
            received.expected.eq(expected),
            received.credit.eq(consumed + credit(self._ring_bytes)),
        ]
        with m.If(check):
            m.d.sync += [
                *(check.eq(0), left.eq(0), started.eq(0), implicit.eq(0)),
                *(count.eq(0), header_left.eq(HEADER.size), lost.eq(0)),
                *(seq_strayed.eq(0), received.strayed.eq(0)),
            ]
            m.d.comb += crc.start.eq(1)
            with m.If(~sound):
                m.d.comb += [self.damaged.eq(1), received.answer.eq(live), received.repeat.eq(live)]
            with m.Elif((flags & Flag.SYN) != 0):
                m.d.comb += [received.syn.eq(~same), received.again.eq(same)]
            with m.Elif(version & ~same):
                m.d.comb += received.foreign.eq(1)
            with m.Elif(version):
                m.d.comb += [
                    received.valid.eq(1),
                    received.answer.eq(received.resend | has_payload),
                ]
                with m.If(has_payload):
                    # behind what is expected: doubled, and no more than acknowledged again
                    m.d.comb += [
                        received.repeat.eq(~fits & ~behind),
                        self.refused.eq(~fits),
                    ]
                    with m.If(fits):
                        m.d.sync += expected.eq(expected + size)

        # the accepted bytes, out of the ring: `fetched` runs ahead of `consumed` by one at most
        fetched = Signal(HALF_BITS)
        m.d.comb += [
            read.addr.eq(fetched),
            read.en.eq((fetched != low) & (~self.payload.valid | self.payload.ready)),
            self.payload.p.eq(read.data),
            self.idle.eq(~self.payload.valid & (fetched == low) & ~check & ~started),
        ]
        with m.If(self.payload.valid & self.payload.ready):
            m.d.sync += [consumed.eq(consumed + 1), self.payload.valid.eq(0)]
        with m.If(read.en):
            m.d.sync += [fetched.eq(fetched + 1), self.payload.valid.eq(1)]
        with m.If(received.syn):
            m.d.sync += [
                live.eq(1),
                received.session.eq(session),
                expected.eq(0),
                consumed.eq(0),
                fetched.eq(0),
                self.payload.valid.eq(0),
            ]
        return m
