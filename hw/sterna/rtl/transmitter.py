"""The link's sending half: a stream of bytes to frames, kept until acknowledged.

Unacknowledged bytes stay in a ring, from which they are sent again when the peer asks. A frame is
first written into a buffer in one pass: each byte to its place, except that in the cycle of a zero
byte the COBS code before it is written instead, since a zero's own place will hold the next code.
A byte is fetched in one cycle, and written and added to the CRC in the next.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.wiring import In, Out

from sterna.spec.link import (
    HALF_BITS,
    HIGH_BYTES,
    MAX_PAYLOAD,
    OFFSET_BITS,
    PROTOCOL_VERSION,
    RING_BYTES,
    SHORT_PAYLOAD,
    Flag,
    credit,
)

from .memory import UNCHECKED
from .receiver import CRC_BYTES, ReceivedFrame

#: Cycles without a new byte after which a frame is sent that could still grow.
FLUSH_CYCLES = 64
#: The place in the header of the first byte of `ack`.
ACK_AT = 5
#: Cycles from a change of the offsets until `sendable` follows from it.
SETTLED = 4


class Transmitter(wiring.Component):
    """The sending half.

    Parameters
    ----------
    ring_bytes : bytes that its ring holds, a power of 2, and the receiver's.

    Members
    -------
    payload : In(stream(8)) - the stream to send; held back while the ring is full.
    received : In(ReceivedFrame) - from the receiver.
    near : Out(16) - to the receiver: high half of the `ack` whose low half comes in.
    bytes : Out(stream(8)) - to the wire.
    idle : Out(1) - there is nothing to send, or nothing that the peer would accept.
    """

    def __init__(self, *, ring_bytes: int = RING_BYTES) -> None:
        self._ring_bytes = ring_bytes
        super().__init__(
            {
                "payload": In(stream.Signature(8)),
                "received": In(ReceivedFrame()),
                "near": Out(HALF_BITS),
                "bytes": Out(stream.Signature(8)),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        ring_bytes = self._ring_bytes
        # low bits that tell the difference of two offsets in one ring
        near_bits = ring_bytes.bit_length()
        credit_step = ring_bytes // 4  # growth of the credit that is worth its own frame
        m.submodules.crc = crc = catalog.CRC32_ISO_HDLC(data_width=8).create()
        # a byte goes out cycles after it came into the ring, and a frame when all of it is made
        m.submodules.ring = ring = memory.Memory(
            shape=8, depth=ring_bytes, init=[], attrs=UNCHECKED
        )
        m.submodules.frame = frame = memory.Memory(shape=8, depth=256, init=[], attrs=UNCHECKED)
        ring_write, ring_read = ring.write_port(), ring.read_port()
        frame_write, frame_read = frame.write_port(), frame.read_port()
        received = self.received

        # offsets: acked <= sent <= top <= head; `top` is the highest that was ever sent. All lie
        # within a ring of `acked`, so that their low bits tell their differences, sign included.
        # The high half of one that comes after it is the same, or one more where bit 15 has fallen.
        acked, sent = Signal(HALF_BITS), Signal(HALF_BITS)
        acked_high, sent_high = Signal(HALF_BITS), Signal(HALF_BITS)
        top, head = Signal(near_bits), Signal(near_bits)
        peer_limit = Signal(HALF_BITS)
        advertised = Signal(HALF_BITS, init=credit(ring_bytes))
        m.d.sync += self.near.eq(acked_high + (acked[-1] & ~received.ack[-1]))
        full = Signal()  # `level` lags by one cycle, so stop one byte before full
        m.d.sync += full.eq((head - acked)[:near_bits] >= ring_bytes - 1)
        m.d.comb += [
            self.payload.ready.eq(~full),
            ring_write.addr.eq(head),
            ring_write.data.eq(self.payload.p),
            ring_write.en.eq(self.payload.valid & self.payload.ready),
        ]
        flush_in = Signal(range(FLUSH_CYCLES))
        with m.If(ring_write.en):
            m.d.sync += [head.eq(head + 1), flush_in.eq(FLUSH_CYCLES - 1)]
        with m.Elif(flush_in != 0):
            m.d.sync += flush_in.eq(flush_in - 1)

        # requests and offsets of the peer
        syn_due, answer_due, repeat_due, rewind_due, reset_due = (
            Signal(name=f"{name}_due") for name in ("syn", "answer", "repeat", "rewind", "reset")
        )
        reset_session = Signal(8)  # the session that RESET is sent to
        newly_acked = Signal(HALF_BITS)
        sent_so_far = Signal(near_bits)
        believable, overtaken = Signal(), Signal()
        m.d.comb += [
            newly_acked.eq(received.ack - acked),
            sent_so_far.eq(top - acked),
            believable.eq(
                (newly_acked[near_bits:] == 0)
                & (newly_acked[:near_bits] <= sent_so_far)
                & ~received.strayed
            ),
            # more is acknowledged than was sent since the stream was rewound
            overtaken.eq((sent - received.ack)[near_bits]),
        ]

        # bytes that could be sent now
        waiting = Signal(near_bits)
        room = Signal(HALF_BITS)
        most = Signal(range(MAX_PAYLOAD + 1))
        sendable = Signal(range(MAX_PAYLOAD + 1))
        # a retransmission goes in short frames, until some of it is acknowledged
        longest = Signal(range(MAX_PAYLOAD + 1), init=MAX_PAYLOAD)
        ready_to_send, credit_due = Signal(), Signal()
        m.d.sync += [
            waiting.eq(head - sent),
            most.eq(Mux(waiting < longest, waiting, longest)),
            room.eq(peer_limit - sent),
            # the peer sends no more than the advertised credit: it grows by less than a ring
            credit_due.eq((received.credit - advertised)[:near_bits] >= credit_step),
            sendable.eq(Mux(room[-1], 0, Mux((room[8:] == 0) & (room[:8] < most), room[:8], most))),
        ]
        m.d.comb += [
            ready_to_send.eq((sendable == longest) | ((sendable != 0) & (flush_in == 0))),
        ]

        # writing the frame
        length = Signal(range(MAX_PAYLOAD + 1))  # of its payload
        # `sent` and `advertised` hold until the frame is made; a SYN changes them, and voids it
        flags, session, size = Signal(4), Signal(8), Signal(8)
        ack_rest = Signal(OFFSET_BITS - 8)  # of the same cycle as its low byte
        m.d.comb += size.eq(length + HIGH_BYTES)
        header = [
            *(Cat(flags, Const(PROTOCOL_VERSION, 4)), session, size),
            *(
                sent[:8],
                sent[8:],
                received.expected[:8],
                ack_rest[:8],
                advertised[:8],
                advertised[8:],
            ),
            *(sent_high[:8], sent_high[8:], ack_rest[8:16], ack_rest[16:]),
        ]
        step = Signal(8)
        # a byte is fetched, and counts for the CRC; the same a cycle later; the frame's last code
        fetched, byte, counts = Signal(), Signal(8), Signal()
        put, data = Signal(), Signal(8)
        finish = Signal()
        # where the ring is read: two bytes ahead of the one that is fetched
        read_at = Signal(range(ring_bytes))
        m.d.sync += read_at.eq(sent)
        position, code_at = Signal(8), Signal(8)
        stale = Signal()  # a SYN came while the frame was being made
        m.d.sync += [put.eq(fetched), data.eq(byte), crc.valid.eq(counts)]
        m.d.comb += [
            crc.data.eq(data),
            frame_write.en.eq(put | finish),
            frame_write.addr.eq(Mux((data == 0) | finish, code_at, position)),
            frame_write.data.eq(Mux((data == 0) | finish, position - code_at, data)),
            ring_read.addr.eq(read_at),
        ]
        from_ring = Signal(8, reset_less=True)  # two cycles after its address
        m.d.sync += from_ring.eq(ring_read.data)
        with m.If(fetched):
            m.d.sync += step.eq(step + 1)
        with m.If(put):
            m.d.sync += position.eq(position + 1)
            with m.If(data == 0):
                m.d.sync += code_at.eq(position)

        after = Signal(HALF_BITS)  # the offset behind the frame
        m.d.comb += after.eq(sent + length)
        settled = Signal(range(SETTLED + 1))  # cycles since the offsets last changed, up to SETTLED
        with m.FSM() as fsm:
            with m.State("IDLE"):
                # it stays while a frame is made, in which `acked` may overtake `sent`
                m.d.sync += sent_high.eq(acked_high + (acked[-1] & ~sent[-1]))
                with m.If(settled != SETTLED):
                    m.d.sync += settled.eq(settled + 1)
                with m.If(rewind_due):
                    m.d.sync += settled.eq(0)
                    with m.If(~received.valid):  # otherwise `acked` may be about to change
                        m.d.sync += [sent.eq(acked), rewind_due.eq(0)]
                with m.Elif(
                    (settled == SETTLED)
                    & (syn_due | reset_due | answer_due | credit_due | ready_to_send)
                ):
                    m.d.sync += [
                        stale.eq(0),
                        step.eq(0),
                        position.eq(1),
                        code_at.eq(0),
                    ]
                    with m.If(reset_due & ~syn_due):
                        # another session: the frame carries no offset of this one
                        m.d.sync += [
                            length.eq(0),
                            flags.eq(Flag.RESET),
                            session.eq(reset_session),
                            reset_due.eq(0),
                        ]
                    with m.Else():
                        m.d.sync += [
                            length.eq(Mux(syn_due, 0, sendable)),
                            flags.eq(Mux(syn_due, Flag.SYN, 0) | Mux(repeat_due, Flag.RESEND, 0)),
                            session.eq(received.session),
                            advertised.eq(received.credit),
                            syn_due.eq(0),
                            answer_due.eq(0),
                            repeat_due.eq(0),
                        ]
                    m.d.comb += crc.start.eq(1)
                    m.next = "HEADER"
            with m.State("HEADER"):
                m.d.comb += [fetched.eq(1), counts.eq(1)]
                with m.Switch(step):
                    for index, field in enumerate(header):
                        with m.Case(index):
                            m.d.comb += byte.eq(field)
                            if index == ACK_AT:
                                m.d.sync += ack_rest.eq(received.expected[8:])
                with m.If(step >= len(header) - 2):
                    m.d.sync += read_at.eq(read_at + 1)
                with m.If(step == len(header) - 1):
                    m.d.sync += step.eq(0)
                    m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                m.d.sync += read_at.eq(read_at + 1)
                with m.If(step != length):
                    m.d.comb += [fetched.eq(1), counts.eq(1), byte.eq(from_ring)]
                with m.Else():
                    m.d.sync += step.eq(0)
                    m.next = "CRC"
            with m.State("CRC"):
                m.d.comb += [fetched.eq(1), byte.eq(crc.crc.word_select(step[:2], 8))]
                with m.If(step == CRC_BYTES - 1):
                    m.next = "WRITE"
            with m.State("WRITE"):  # the last byte
                m.next = "FINISH"
            with m.State("FINISH"):
                m.d.comb += finish.eq(1)
                m.d.sync += step.eq(0)
                m.next = "FETCH"
                with m.If(stale):
                    m.d.sync += settled.eq(0)
                    m.next = "IDLE"
                with m.Else():
                    m.d.sync += sent.eq(after)
                    with m.If(~(after - top)[near_bits - 1]):
                        m.d.sync += top.eq(after)
            with m.State("FETCH"):
                m.d.comb += frame_read.addr.eq(step)
                m.d.sync += self.bytes.valid.eq(1)
                m.next = "SEND"
            with m.State("SEND"):
                ended = Signal()
                following = Signal(8)
                m.d.comb += [
                    following.eq(step + 1),
                    self.bytes.p.eq(Mux(ended, 0, frame_read.data)),
                    frame_read.en.eq(self.bytes.ready),
                    frame_read.addr.eq(following),
                ]
                with m.If(self.bytes.ready):
                    m.d.sync += step.eq(following)
                    with m.If(following == position):
                        m.d.sync += ended.eq(1)
                    with m.If(ended):
                        m.d.sync += [ended.eq(0), self.bytes.valid.eq(0), settled.eq(0)]
                        m.next = "IDLE"

        m.d.comb += self.idle.eq(
            fsm.ongoing("IDLE")
            & (settled == SETTLED)
            & (flush_in == 0)
            & ~(syn_due | reset_due | answer_due | credit_due | ready_to_send | rewind_due)
        )
        with m.If(received.answer):
            m.d.sync += answer_due.eq(1)
            with m.If(received.repeat):
                m.d.sync += repeat_due.eq(1)
        with m.If(received.foreign):
            m.d.sync += [reset_due.eq(1), reset_session.eq(received.from_session)]
        with m.If(received.again):
            m.d.sync += [syn_due.eq(1), rewind_due.eq(1)]
        with m.If(received.valid):
            with m.If(believable):
                m.d.sync += [
                    acked.eq(received.ack),
                    acked_high.eq(self.near),
                    peer_limit.eq(received.limit),
                ]
                with m.If(received.resend):
                    m.d.sync += longest.eq(SHORT_PAYLOAD)
                with m.Elif(newly_acked != 0):
                    m.d.sync += longest.eq(MAX_PAYLOAD)
                with m.If(received.resend | overtaken):
                    m.d.sync += rewind_due.eq(1)
            with m.If(fsm.ongoing("IDLE")):
                m.d.sync += settled.eq(0)
        with m.If(received.syn):
            m.d.sync += [
                acked.eq(0),
                acked_high.eq(0),
                sent.eq(0),
                top.eq(0),
                head.eq(0),
                longest.eq(MAX_PAYLOAD),
                peer_limit.eq(received.limit),
                syn_due.eq(1),
                answer_due.eq(0),
                repeat_due.eq(0),
                rewind_due.eq(0),
                reset_due.eq(0),
                stale.eq(1),
                settled.eq(0),
            ]
        return m
