"""The decoder: executes the host's messages, one after another (docs/link-protocol.md, layer 4)."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import RING_WORD, Hardware
from sterna.spec.layout import Space, depth, word_bytes
from sterna.spec.link import ACCESS, AXONS, SPIKE, TICK, DeviceOp, ErrorCode, HostOp

from .signatures import MemoryBus, bus_bits, input_layout

#: Bytes of each message before its words, the opcode included.
LENGTHS = {
    HostOp.READ: ACCESS.size,
    HostOp.WRITE: ACCESS.size,
    HostOp.AXONS: AXONS.size,
    HostOp.SPIKE: SPIKE.size,
    HostOp.TICK: TICK.size,
}
#: An ERROR's fields.
FAILURE = data.StructLayout({"code": 8, "detail": 16})


class Decoder(wiring.Component):
    """The decoder. A reset forgets the message in hand, and leaves the halt after an error.

    Members
    -------
    messages : In(stream(8)) - the host's messages.
    reply : Out(stream(8)) - bytes of DATA messages.
    failure : Out(stream(FAILURE)) - an ERROR to send.
    bus : Out(MemoryBus) - the memories, and the registers as Space.REGISTER.
    inputs, grants : Out(stream) - to the tile.
    tile_idle : In(1) - no tick is granted and not done.
    idle : Out(1) - no message is in hand.
    """

    def __init__(self, *, hardware: Hardware) -> None:
        self._hardware = hardware
        super().__init__(
            {
                "messages": In(stream.Signature(8)),
                "reply": Out(stream.Signature(8)),
                "failure": Out(stream.Signature(FAILURE)),
                "bus": Out(MemoryBus(bus_bits(hardware))),
                "inputs": Out(stream.Signature(input_layout(hardware))),
                "grants": Out(stream.Signature(unsigned(16))),
                "tile_idle": In(1),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        hw = self._hardware
        byte, bus = self.messages.p, self.bus
        op = Signal(8)
        args = Signal(40)  # the bytes after the opcode, first in bits 7..0
        index = Signal(range(8))
        length = Signal(range(8))
        word = Signal(8 * -(-bus_bits(hw) // 8))
        answer = Signal(8)  # a byte of the word read
        word_at = Signal(range(len(word) // 8))  # byte of the word in hand
        last_at = Signal(range(len(word) // 8))
        end = Signal(18)
        space_depth = Signal(17)
        # the arguments
        access, spike, no_space, no_words, no_delay, no_context, no_axon, no_axons = (
            Signal(name=name)
            for name in (
                "access",
                "spike",
                "no_space",
                "no_words",
                "no_delay",
                "no_context",
                "no_axon",
                "no_axons",
            )
        )

        # READ, WRITE: space, address, count; both of the latter run along
        space, address, count = args[:8], args[8:24], args[24:40]
        # AXONS, SPIKE: delay, context, then word and count, or axon
        delay, context, third, fourth = (args[8 * i : 8 * i + 8] for i in range(4))
        inputs = self.inputs.p
        axon_bit = Signal(RING_WORD)
        m.d.comb += [
            bus.space.eq(space),
            bus.address.eq(address),
            bus.write_data.eq(word),
            inputs.delay.eq(delay),
            inputs.context.eq(context),
            axon_bit.eq(1 << third[:4]),
            inputs.word.eq(Mux(op == HostOp.SPIKE, third[4:], third)),
            inputs.axons.eq(Mux(op == HostOp.SPIKE, axon_bit, word[:RING_WORD])),
            self.grants.p.eq(args[:16]),
        ]

        def fail(code: ErrorCode, detail: object) -> None:
            m.d.sync += [self.failure.p.code.eq(code), self.failure.p.detail.eq(detail)]
            m.next = "FAIL"

        with m.FSM() as fsm:
            m.d.comb += self.idle.eq(fsm.ongoing("OP") | fsm.ongoing("HALT"))
            with m.State("OP"):
                m.d.comb += self.messages.ready.eq(1)
                m.d.sync += [op.eq(byte), index.eq(0), word_at.eq(0)]
                with m.If(self.messages.valid):
                    with m.Switch(byte):
                        with m.Case(HostOp.NOP):
                            pass
                        for code, size in LENGTHS.items():
                            with m.Case(code.value):
                                m.d.sync += length.eq(size - 2)
                                m.next = "ARGUMENTS"
                        with m.Default():
                            fail(ErrorCode.OPCODE, byte)
            with m.State("ARGUMENTS"):
                m.d.comb += self.messages.ready.eq(1)
                with m.If(self.messages.valid):
                    m.d.sync += [args.word_select(index, 8).eq(byte), index.eq(index + 1)]
                    with m.If(index == length):
                        m.next = "LOOK UP"
            with m.State("LOOK UP"):
                m.d.sync += end.eq(address + count)
                with m.Switch(space):
                    for known in Space:
                        with m.Case(known.value):
                            m.d.sync += [
                                space_depth.eq(depth(known, hw)),
                                last_at.eq(word_bytes(known, hw) - 1),
                            ]
                m.next = "COMPARE"
            with m.State("COMPARE"):
                m.d.sync += [
                    access.eq((op == HostOp.READ) | (op == HostOp.WRITE)),
                    *(spike.eq(op == HostOp.SPIKE), no_space.eq(space > max(Space))),
                    no_words.eq((end > space_depth) | (count == 0)),
                    *(no_delay.eq(delay > hw.max_delay), no_context.eq(context >= hw.contexts)),
                    no_axon.eq(third >= hw.axons),
                    no_axons.eq((third + fourth > hw.axons // RING_WORD) | (fourth == 0)),
                ]
                m.next = "CHECK"
            with m.State("CHECK"):
                with m.If(access):
                    with m.If(no_space):
                        fail(ErrorCode.SPACE, space)
                    with m.Elif(no_words):
                        fail(ErrorCode.ADDRESS, address)
                    with m.Elif(self.tile_idle):
                        m.next = "REPLY OP"
                        with m.If(op == HostOp.WRITE):
                            m.next = "GATHER"
                with m.Elif(op == HostOp.TICK):
                    m.next = "GRANT"
                with m.Elif(no_delay):
                    fail(ErrorCode.DELAY, delay)
                with m.Elif(no_context):
                    fail(ErrorCode.CONTEXT, context)
                with m.Elif(spike):
                    m.next = "DELIVER"
                    with m.If(no_axon):
                        fail(ErrorCode.AXON, third)
                with m.Elif(no_axons):
                    fail(ErrorCode.AXON, third)
                with m.Else():
                    m.d.sync += last_at.eq(RING_WORD // 8 - 1)
                    m.next = "GATHER"

            # READ: DATA and the same fields, then the words. Each byte is asked for anew, which is
            # cheaper than a word kept and shifted, and still faster than the bytes go out.
            with m.State("REPLY OP"):
                m.d.comb += [self.reply.valid.eq(1), self.reply.p.eq(DeviceOp.DATA)]
                m.d.sync += index.eq(0)
                with m.If(self.reply.ready):
                    m.next = "REPLY FIELDS"
            with m.State("REPLY FIELDS"):
                m.d.comb += [self.reply.valid.eq(1), self.reply.p.eq(args.word_select(index, 8))]
                with m.If(self.reply.ready):
                    m.d.sync += index.eq(index + 1)
                    with m.If(index == ACCESS.size - 2):
                        m.next = "ASK"
            with m.State("ASK"):
                m.d.comb += [bus.read.eq(1), bus.again.eq(word_at != 0)]
                m.next = "GET"
            with m.State("GET"), m.If(bus.read_valid):
                m.d.sync += answer.eq(bus.read_data.word_select(word_at, 8))
                m.next = "REPLY BYTE"
            with m.State("REPLY BYTE"):
                m.d.comb += [self.reply.valid.eq(1), self.reply.p.eq(answer)]
                with m.If(self.reply.ready):
                    m.d.sync += word_at.eq(word_at + 1)
                    m.next = "ASK"
                    with m.If(word_at == last_at):
                        m.d.sync += [word_at.eq(0), address.eq(address + 1), count.eq(count - 1)]
                        with m.If(count == 1):
                            m.next = "OP"

            # WRITE, AXONS: gather a word, then store or deliver it
            with m.State("GATHER"):
                m.d.comb += self.messages.ready.eq(1)
                with m.If(self.messages.valid):
                    m.d.sync += [word.word_select(word_at, 8).eq(byte), word_at.eq(word_at + 1)]
                    with m.If(word_at == last_at):
                        m.d.sync += word_at.eq(0)
                        m.next = "STORE"
                        with m.If(op == HostOp.AXONS):
                            m.next = "DELIVER"
            with m.State("STORE"):
                m.d.comb += bus.write.eq(1)
                m.d.sync += [address.eq(address + 1), count.eq(count - 1)]
                m.next = "GATHER"
                with m.If(count == 1):
                    m.next = "OP"
            with m.State("DELIVER"):
                m.d.comb += self.inputs.valid.eq(1)
                with m.If(self.inputs.ready):
                    m.d.sync += [third.eq(third + 1), fourth.eq(fourth - 1)]
                    m.next = "GATHER"
                    with m.If((op == HostOp.SPIKE) | (fourth == 1)):
                        m.next = "OP"
            with m.State("GRANT"):
                m.d.comb += self.grants.valid.eq(1)
                with m.If(self.grants.ready):
                    m.next = "OP"

            # after an error nothing is executed until the next SYN
            with m.State("FAIL"):
                m.d.comb += self.failure.valid.eq(1)
                with m.If(self.failure.ready):
                    m.next = "HALT"
            with m.State("HALT"):
                m.d.comb += self.messages.ready.eq(1)
        return m
