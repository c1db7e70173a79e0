"""The decoder: what is executed is what the message says, and nothing outside the limits."""

from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal

from sterna.rtl.decoder import Decoder
from sterna.spec import Hardware
from sterna.spec.hardware import RING_WORD
from sterna.spec.layout import Space, depth, word_bits, word_bytes
from sterna.spec.link import DeviceOp, ErrorCode, HostOp

from .harness import Harness, Inside, drive, never_reset, past, stream_rules


class DecoderHarness(Harness):
    """The decoder beside a record of the message's bytes.

    Assumed: the tile stays idle until it is granted a tick; a word comes only after it was asked
    for (any time later), and is the same when it is asked for again.
    """

    def __init__(self, hardware: Hardware, dut: Decoder | None = None) -> None:
        super().__init__()
        self.hardware = hardware
        self.dut = dut or Decoder(hardware=hardware)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        hw, dut, bus = self.hardware, self.dut, self.dut.bus
        inside = Inside(dut)
        m.submodules.dut = inside.module
        never_reset(m)
        drive(m, dut)
        messages, reply, failure = dut.messages, dut.reply, dut.failure
        inputs, grants = dut.inputs, dut.grants
        stream_rules(m, messages, assume=True)
        granted = grants.valid & grants.ready
        m.d.comb += Assume(~past(m, dut.tile_idle & ~granted) | dut.tile_idle)

        # the message: op, its first bytes, and the latest ones; what was done of it
        took = messages.valid & messages.ready
        starts = inside.state("OP")
        op, args, seen = Signal(8), Signal(40), Signal(range(8))
        latest = Signal(64)  # the bytes that came last, newest on top
        done = Signal(16)  # words stored, read, or delivered
        halted = inside.state("HALT")
        with m.If(took & ~halted):
            with m.If(starts):
                # bytes that do not come are those of old; nothing depends on them
                m.d.sync += [op.eq(messages.p), seen.eq(0), done.eq(0), args.eq(inside["args"])]
            with m.Else():
                m.d.sync += latest.eq(Cat(latest[8:], messages.p))
                with m.If(seen != 5):
                    m.d.sync += seen.eq(seen + 1)
                    with m.If(inside.state("ARGUMENTS")):
                        m.d.sync += args.word_select(seen, 8).eq(messages.p)
        space, address, count = args[:8], args[8:24], args[24:40]
        delay, context, third, fourth = (args[8 * i : 8 * i + 8] for i in range(4))
        is_op = {code: op == code for code in HostOp}
        spike, axons = is_op[HostOp.SPIKE], is_op[HostOp.AXONS]
        access = is_op[HostOp.READ] | is_op[HostOp.WRITE]
        words = Signal(17)
        for known in Space:
            with m.If(space == known):
                m.d.comb += words.eq(depth(known, hw))
        with m.If(bus.write | (bus.read & ~bus.again) | (inputs.valid & inputs.ready)):
            m.d.sync += done.eq(done + 1)

        # deliveries
        axon_words = hw.axons // RING_WORD
        spike_bit = Signal(RING_WORD)
        m.d.comb += spike_bit.eq(1 << third[:4])
        m.d.comb += [
            Assert(~inputs.valid | spike | axons),
            Assert(~inputs.valid | ((delay <= hw.max_delay) & (context < hw.contexts))),
            Assert(~inputs.valid | ((inputs.p.delay == delay) & (inputs.p.context == context))),
            Assert(~(inputs.valid & spike) | (third < hw.axons)),
            Assert(~(inputs.valid & spike) | (inputs.p.word == third[4:])),
            Assert(~(inputs.valid & spike) | (inputs.p.axons == spike_bit)),
            Assert(~(inputs.valid & axons) | (third + done < axon_words)),
            Assert(~(inputs.valid & axons) | (inputs.p.word == third + done)),
            Assert(~(inputs.valid & axons) | (inputs.p.axons == latest[48:])),
            Assert(~(inputs.valid & axons) | (done < fourth)),
            Assert(~grants.valid | (is_op[HostOp.TICK] & (grants.p == args[:16]))),
        ]

        # accesses
        at = (address + done - bus.again)[:16]
        m.d.comb += [
            Assert(~bus.write | is_op[HostOp.WRITE]),
            Assert(~bus.read | is_op[HostOp.READ]),
            Assert(~(bus.write | bus.read) | dut.tile_idle),
            Assert(~(bus.write | bus.read) | ((bus.space == space) & (bus.address == at))),
            Assert(~(bus.write | bus.read) | (bus.address < words)),
            Assert(~(bus.write | (bus.read & ~bus.again)) | (done < count)),
            Assert(~bus.again | bus.read),
        ]
        for known in Space:
            if depth(known, hw):
                size, bits = 8 * word_bytes(known, hw), word_bits(known, hw)
                m.d.comb += Assert(
                    ~(bus.write & (space == known))
                    | (bus.write_data[:bits] == latest[64 - size :][:bits])
                )

        # replies: DATA, the fields, then the word that was read
        got, sent = Signal(len(inside["word"])), Signal(range(8))
        came = bus.read_valid & inside.state("GET")
        m.d.comb += Assume(~(came & (sent != 0)) | (bus.read_data == got))
        with m.If(came):
            m.d.sync += got.eq(bus.read_data)
        with m.Elif(inside.state("REPLY OP") | (bus.read & ~bus.again)):
            m.d.sync += sent.eq(0)
        with m.Elif(reply.valid & reply.ready):
            m.d.sync += sent.eq(sent + 1)
        in_word = inside.state("REPLY BYTE")
        m.d.comb += [
            Assert(~reply.valid | is_op[HostOp.READ]),
            Assert(~inside.state("REPLY OP") | (reply.p == DeviceOp.DATA)),
            Assert(~inside.state("REPLY FIELDS") | (reply.p == args.word_select(sent, 8))),
            Assert(~in_word | (reply.p == got.word_select(sent, 8))),
        ]

        # errors, and none without a cause; after one, nothing until a reset
        code, detail = failure.p.code, failure.p.detail
        bad = {
            ErrorCode.OPCODE: (op > max(HostOp)) & (detail == op),
            ErrorCode.SPACE: access & (space > max(Space)) & (detail == space),
            ErrorCode.ADDRESS: access
            & (space <= max(Space))
            & (detail == address)
            & ((address + count > words) | (count == 0)),
            ErrorCode.DELAY: (spike | axons) & (delay > hw.max_delay) & (detail == delay),
            ErrorCode.CONTEXT: (spike | axons) & (context >= hw.contexts) & (detail == context),
            ErrorCode.AXON: (detail == third)
            & Mux(
                spike, third >= hw.axons, axons & ((third + fourth > axon_words) | (fourth == 0))
            ),
        }
        for number, condition in bad.items():
            m.d.comb += Assert(~(failure.valid & (code == number)) | condition)
        m.d.comb += Assert(~failure.valid | ((code >= 1) & (code <= max(ErrorCode))))
        failed = Signal()
        with m.If(failure.valid & failure.ready):
            m.d.sync += failed.eq(1)
        quiet = ~(inputs.valid | grants.valid | reply.valid | failure.valid | bus.read | bus.write)
        m.d.comb += [
            Assert(failed == halted),
            Assert(~failed | (quiet & messages.ready)),
            Assert(~dut.idle | quiet),
        ]
        for s in (reply, failure, inputs, grants):
            stream_rules(m, s)

        # invariants: what the decoder keeps of the message is what was recorded
        s, n = inside.state, inside
        running = s(
            "GATHER", "STORE", "DELIVER", "REPLY OP", "REPLY FIELDS", "ASK", "GET", "REPLY BYTE"
        )
        storing = s("GATHER", "STORE") & access
        replying = s("REPLY OP", "REPLY FIELDS", "ASK", "GET", "REPLY BYTE")
        gathering = s("GATHER", "STORE", "DELIVER")
        kept = n["args"]
        sizes = {HostOp.READ: 5, HostOp.WRITE: 5, HostOp.AXONS: 4, HostOp.SPIKE: 3, HostOp.TICK: 2}
        left = Signal(17)
        # a read that was asked for is counted, and its word is still to be sent
        in_hand = s("GET", "REPLY BYTE") | bus.again
        m.d.comb += left.eq(count - done + in_hand)
        compared = {
            "access": access,
            "spike": spike,
            "no_space": space > max(Space),
            "no_words": (n["end"] > n["space_depth"]) | (count == 0),
            "no_delay": delay > hw.max_delay,
            "no_context": context >= hw.contexts,
            "no_axon": third >= hw.axons,
            "no_axons": (third + fourth > axon_words) | (fourth == 0),
        }
        m.d.comb += [
            Assert(inside.known_state()),
            Assert(starts | halted | (n["op"] == op)),
            Assert(~s("ARGUMENTS") | ((n["index"] == seen) & (done == 0))),
            Assert(~s("LOOK UP", "COMPARE", "CHECK") | (done == 0)),
            Assert(~s("LOOK UP", "COMPARE", "CHECK", "GRANT") | (kept == args)),
            Assert(~s("ARGUMENTS") | (kept == args)),
            Assert(~s("GRANT") | is_op[HostOp.TICK]),
            Assert(
                ~s("COMPARE", "CHECK")
                | ~access
                | (space > max(Space))
                | (n["space_depth"] == words)
            ),
            Assert(~s("COMPARE", "CHECK") | (n["end"] == address + count)),
            Assert(~(storing | replying) | (access & (space <= max(Space)))),
            Assert(~(storing | replying) | (address + count <= words)),
            Assert(~(storing | replying) | dut.tile_idle),
            Assert(~storing | is_op[HostOp.WRITE]),
            Assert(~replying | is_op[HostOp.READ]),
            Assert(~s("REPLY OP", "REPLY FIELDS") | ((done == 0) & (kept == args))),
            Assert(~s("REPLY FIELDS") | ((n["index"] == sent) & (sent < 5))),
            Assert(~s("GET", "REPLY BYTE") | (n["word_at"] == sent)),
            Assert(~s("ASK") | (n["word_at"] == 0) | (n["word_at"] == sent)),
            Assert(~s("REPLY OP", "REPLY FIELDS") | (n["word_at"] == 0)),
            Assert(~in_word | (n["answer"] == got.word_select(sent, 8))),
            Assert(~(storing | replying) | (kept[:8] == space)),
            Assert(~(storing | replying) | (kept[8:24] == (address + done - in_hand)[:16])),
            Assert(~(storing | replying) | (kept[24:40] == left[:16])),
            Assert(~(storing | replying) | ((left != 0) & (left <= count))),
            Assert(~(gathering & ~access) | spike | axons),
            Assert(~(gathering & spike) | (s("DELIVER") & (kept == args) & (done == 0))),
            Assert(~(gathering & axons) | (kept[:16] == args[:16])),
            Assert(~(gathering & axons) | (kept[16:24] == (third + done)[:8])),
            Assert(~(gathering & axons) | (kept[24:32] == (fourth - done)[:8])),
            Assert(~(gathering & axons) | ((done < fourth) & (third + fourth <= axon_words))),
            Assert(~(gathering & ~access) | ((delay <= hw.max_delay) & (context < hw.contexts))),
            Assert(~(gathering & spike) | (third < hw.axons)),
            Assert(~(gathering & axons) | (n["last_at"] == 1)),
            Assert(~s("ARGUMENTS", "LOOK UP", "COMPARE", "CHECK", "STORE") | (n["word_at"] == 0)),
            Assert(~(s("DELIVER") & axons) | (n["word_at"] == 0)),
            Assert(~s("ASK", "GET", "REPLY BYTE", "GATHER") | (n["word_at"] <= n["last_at"])),
            Assert(~s("FAIL") | ~running),
            *(Assert(~s("CHECK") | (n[name] == value)) for name, value in compared.items()),
        ]
        for number, size in sizes.items():
            m.d.comb += [
                Assert(~s("ARGUMENTS") | ~is_op[number] | (n["length"] == size - 1)),
                Assert(~s("ARGUMENTS") | ~is_op[number] | (seen < size)),
            ]
        known_op = Cat(is_op[number] for number in sizes).any()
        m.d.comb += Assert(starts | halted | s("FAIL") | known_op)
        for known in Space:
            size = word_bytes(known, hw)
            here = (storing | replying) & (space == known)
            m.d.comb += [
                Assert(~here | (n["last_at"] == size - 1)),
                Assert(
                    ~(s("COMPARE", "CHECK") & access & (space == known))
                    | (n["last_at"] == size - 1)
                ),
            ]
        for size in range(1, len(n["word"]) // 8 + 1):
            # the bytes of the word in hand that have come
            whole = s("STORE") | (s("DELIVER") & axons)
            some = s("GATHER") & (n["word_at"] == size)
            m.d.comb += [
                Assert(
                    ~(whole & (n["last_at"] == size - 1))
                    | (n["word"][: 8 * size] == latest[64 - 8 * size :])
                ),
                Assert(~some | (n["word"][: 8 * size] == latest[64 - 8 * size :])),
            ]

        ends = past(m, ~starts) & starts
        m.d.comb += [
            *(Cover(ends & condition) for number, condition in is_op.items() if number),
            Cover(ends & (done == 2) & is_op[HostOp.READ]),
            Cover(inputs.valid & (done == 1)),
            *(Cover(failure.valid & (code == number)) for number in bad),
            Cover(failed & past(m, took)),
            Cover(grants.valid & ~grants.ready),
        ]
        return m
