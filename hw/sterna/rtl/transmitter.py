"""The link's sending half: a stream of bytes to frames, kept until acknowledged.

Unacknowledged bytes stay in a ring, from which they are sent again when the peer asks. A frame is
first written into a buffer in one pass: each byte to its place, except that in the cycle of a zero
byte the COBS code before it is written instead, since a zero's own place will hold the next code.
"""

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.wiring import In, Out

from sterna.spec.link import DEVICE_CREDIT, MAX_PAYLOAD, PROTOCOL_VERSION, RING_BYTES, Flag

from .receiver import OFFSET_BITS, Heard

#: Cycles without a new byte after which a frame is sent that could still grow.
PATIENCE = 64
#: Growth of the credit that is worth a frame of its own.
CREDIT_STEP = RING_BYTES // 4


class Transmitter(wiring.Component):
    """The sending half.

    Members
    -------
    payload : In(stream(8)) - the stream to send; held back while the ring is full.
    heard : In(Heard) - from the receiver.
    bytes : Out(stream(8)) - to the wire.
    idle : Out(1) - there is nothing to send, or nothing that the peer would accept.
    """

    payload: In(stream.Signature(8))
    heard: In(Heard())
    bytes: Out(stream.Signature(8))
    idle: Out(1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.crc = crc = catalog.CRC16_IBM_3740(data_width=8).create()
        m.submodules.ring = ring = memory.Memory(shape=8, depth=RING_BYTES, init=[])
        m.submodules.frame = frame = memory.Memory(shape=8, depth=256, init=[])
        ring_write, ring_read = ring.write_port(), ring.read_port()
        frame_write, frame_read = frame.write_port(), frame.read_port()
        heard = self.heard

        # offsets: acked <= sent <= top <= head; `top` is the highest that was ever sent
        acked, sent, top, head = (
            Signal(OFFSET_BITS, name=name) for name in ("acked", "sent", "top", "head")
        )
        peer_limit = Signal(OFFSET_BITS)
        told = Signal(OFFSET_BITS, init=DEVICE_CREDIT)
        held = Signal(range(RING_BYTES + 1))
        m.d.comb += [
            held.eq(head - acked),
            self.payload.ready.eq(held != RING_BYTES),
            ring_write.addr.eq(head),
            ring_write.data.eq(self.payload.p),
            ring_write.en.eq(self.payload.valid & self.payload.ready),
        ]
        patience = Signal(range(PATIENCE))
        with m.If(ring_write.en):
            m.d.sync += [head.eq(head + 1), patience.eq(PATIENCE - 1)]
        with m.Elif(patience != 0):
            m.d.sync += patience.eq(patience - 1)

        # what the peer said
        syn_due, answer_due, repeat_due, rewind_due = (
            Signal(name=name) for name in ("syn_due", "answer_due", "repeat_due", "rewind_due")
        )
        fresh = Signal(OFFSET_BITS)
        sent_so_far = Signal(OFFSET_BITS)
        m.d.comb += [fresh.eq(heard.ack - acked), sent_so_far.eq(top - acked)]

        # what could be sent now
        waiting = Signal(OFFSET_BITS)
        room = Signal(OFFSET_BITS)
        sendable = Signal(range(MAX_PAYLOAD + 1))
        ready_to_send, credit_due = Signal(), Signal()
        m.d.sync += [
            waiting.eq(head - sent),
            room.eq(peer_limit - sent),
            credit_due.eq((heard.credit - told)[:OFFSET_BITS] >= CREDIT_STEP),
        ]
        most = Mux(room[-1], 0, Mux(room < waiting, room, waiting))
        m.d.comb += [
            sendable.eq(Mux(most < MAX_PAYLOAD, most, MAX_PAYLOAD)),
            ready_to_send.eq((sendable == MAX_PAYLOAD) | ((sendable != 0) & (patience == 0))),
        ]

        # writing the frame
        length = Signal(range(MAX_PAYLOAD + 1))  # of its payload
        flags, seq, ack, limit = Signal(8), Signal(16), Signal(16), Signal(16)
        header = [flags, seq[:8], seq[8:], ack[:8], ack[8:], limit[:8], limit[8:]]
        step = Signal(8)
        put, finish, data = Signal(), Signal(), Signal(8)
        position, code_at = Signal(8), Signal(8)
        stale = Signal()  # a SYN came while the frame was being made
        m.d.comb += [
            crc.data.eq(data),
            frame_write.en.eq(put | finish),
            frame_write.addr.eq(Mux((data == 0) | finish, code_at, position)),
            frame_write.data.eq(Mux((data == 0) | finish, position - code_at, data)),
            ring_read.addr.eq(sent),
        ]
        with m.If(put):
            m.d.sync += [position.eq(position + 1), step.eq(step + 1)]
            with m.If(data == 0):
                m.d.sync += code_at.eq(position)

        after = Signal(OFFSET_BITS)  # the offset behind the frame
        m.d.comb += after.eq(seq + length)
        settled = Signal(2)  # cycles since the offsets last changed, up to 2
        with m.FSM() as fsm:
            with m.State("IDLE"):
                with m.If(settled != 2):
                    m.d.sync += settled.eq(settled + 1)
                with m.If(rewind_due):
                    m.d.sync += [sent.eq(acked), rewind_due.eq(0), settled.eq(0)]
                with m.Elif((settled == 2) & (syn_due | answer_due | credit_due | ready_to_send)):
                    m.d.sync += [
                        length.eq(Mux(syn_due, 0, sendable)),
                        flags.eq(
                            Const(PROTOCOL_VERSION << 4, 8)
                            | Mux(syn_due, Flag.SYN, 0)
                            | Mux(repeat_due, Flag.RESEND, 0)
                        ),
                        seq.eq(sent),
                        ack.eq(heard.expected),
                        limit.eq(heard.credit),
                        told.eq(heard.credit),
                        syn_due.eq(0),
                        answer_due.eq(0),
                        repeat_due.eq(0),
                        stale.eq(0),
                        step.eq(0),
                        position.eq(1),
                        code_at.eq(0),
                    ]
                    m.d.comb += crc.start.eq(1)
                    m.next = "HEADER"
            with m.State("HEADER"):
                m.d.comb += [put.eq(1), crc.valid.eq(1)]
                with m.Switch(step):
                    for index, byte in enumerate(header):
                        with m.Case(index):
                            m.d.comb += data.eq(byte)
                with m.If(step == len(header) - 1):
                    m.d.sync += step.eq(0)
                    m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                with m.If(step != length):
                    m.d.comb += [
                        put.eq(1),
                        crc.valid.eq(1),
                        data.eq(ring_read.data),
                        ring_read.addr.eq(seq + step + 1),
                    ]
                with m.Else():
                    m.d.comb += [put.eq(1), data.eq(crc.crc[8:])]
                    m.next = "CRC"
            with m.State("CRC"):
                m.d.comb += [put.eq(1), data.eq(crc.crc[:8])]
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
                    with m.If((after - acked)[:OFFSET_BITS] > sent_so_far):
                        m.d.sync += top.eq(after)
            with m.State("FETCH"):
                m.d.comb += frame_read.addr.eq(step)
                m.d.sync += self.bytes.valid.eq(1)
                m.next = "SEND"
            with m.State("SEND"):
                ended = Signal()
                m.d.comb += [
                    self.bytes.p.eq(Mux(ended, 0, frame_read.data)),
                    frame_read.en.eq(self.bytes.ready),
                    frame_read.addr.eq(step + 1),
                ]
                with m.If(self.bytes.ready):
                    m.d.sync += step.eq(step + 1)
                    with m.If(step == position - 1):
                        m.d.sync += ended.eq(1)
                    with m.If(ended):
                        m.d.sync += [ended.eq(0), self.bytes.valid.eq(0), settled.eq(0)]
                        m.next = "IDLE"

        m.d.comb += self.idle.eq(
            fsm.ongoing("IDLE")
            & (settled == 2)
            & (patience == 0)
            & ~(syn_due | answer_due | credit_due | ready_to_send | rewind_due)
        )
        with m.If(heard.answer):
            m.d.sync += answer_due.eq(1)
            with m.If(heard.repeat):
                m.d.sync += repeat_due.eq(1)
        with m.If(heard.valid):
            m.d.sync += peer_limit.eq(heard.limit)
            with m.If(fresh <= sent_so_far):
                m.d.sync += acked.eq(heard.ack)
                # what was acknowledged needs no sending again, though the stream was rewound
                with m.If((sent - acked)[:OFFSET_BITS] < fresh):
                    m.d.sync += rewind_due.eq(1)
                with m.If(heard.resend):
                    m.d.sync += rewind_due.eq(1)
            with m.If(fsm.ongoing("IDLE")):
                m.d.sync += settled.eq(0)
        with m.If(heard.syn):
            m.d.sync += [
                acked.eq(0),
                sent.eq(0),
                top.eq(0),
                head.eq(0),
                peer_limit.eq(heard.limit),
                syn_due.eq(1),
                answer_due.eq(0),
                repeat_due.eq(0),
                rewind_due.eq(0),
                stale.eq(1),
                settled.eq(0),
            ]
        return m
