"""The parts of a deep build that a shallow one has in another form: ring and stage."""

from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal

from sterna.rtl.ring import DelayRing
from sterna.rtl.stage import Stage
from sterna.spec import Hardware

from .harness import Harness, Inside, constant, drive, never_reset, past, stream_rules


class DeepRingHarness(Harness):
    """A bit appears in a word taken if and only if it was set since the word was taken last.

    As `ring.RingHarness`, for the ring that writes four cycles after the choice. Assumed besides:
    nothing is under way to a word that is taken, or read by the host (`barrier`: the tick of a
    word that is set has not started, and starts later than that).
    """

    def __init__(self, hardware: Hardware, dut: DelayRing | None = None) -> None:
        super().__init__()
        self.dut = dut or DelayRing(hardware=hardware, deep=True)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut, host = self.dut, self.dut.host
        inside = Inside(dut)
        probe = inside["words"].read_port(domain="comb")
        m.submodules.dut = inside.module
        never_reset(m)
        drive(m, dut)
        word = constant(m, dut.take_address.shape(), "word")
        bit = constant(m, 4, "bit")
        stream_rules(m, dut.routed, assume=True)
        stream_rules(m, dut.inputs, assume=True)

        # the contract, from the ports alone; `lately`: cycles since the word was set or written
        due, lately = Signal(), Signal(range(6))
        host_busy = host.read | host.write
        taken = dut.take & ~host_busy & (dut.take_address == word)
        read = host.read & (host.address == word)
        set_, touched = Signal(), Signal()
        for s in (dut.routed, dut.inputs):
            hits = s.valid & s.ready & (s.p.address == word)
            with m.If(hits):
                m.d.comb += [touched.eq(1), set_.eq(s.p.axons.bit_select(bit, 1))]
        with m.If(host.write & (host.address == word)):
            m.d.comb += touched.eq(1)
            m.d.sync += due.eq(host.write_data.bit_select(bit, 1))
        with m.Elif(taken):
            m.d.sync += due.eq(0)
        with m.Elif(set_):
            m.d.sync += due.eq(1)
        with m.If(touched | taken):
            m.d.sync += lately.eq(5)
        with m.Elif(lately != 0):
            m.d.sync += lately.eq(lately - 1)
        m.d.comb += [
            Assume(~(host.read & host.write)),
            Assume(~(taken | read) | (lately == 0)),
        ]

        # three cycles after it was asked for, the word is shown as it was
        asked, was_due = taken | read, due
        for number in range(3):
            later, later_due = Signal(name=f"asked_{number}"), Signal(name=f"due_{number}")
            m.d.sync += [later.eq(asked), later_due.eq(was_due)]
            asked, was_due = later, later_due
        m.d.comb += [
            Assert(~asked | (dut.taken.bit_select(bit, 1) == was_due)),
            Assert(~asked | (host.read_data.bit_select(bit, 1) == was_due)),
            Assert(~(host_busy | dut.take) | ~(dut.routed.ready | dut.inputs.ready)),
            Assert((host_busy | dut.take) | dut.routed.ready),
            Assert((host_busy | dut.take | dut.routed.valid) | dut.inputs.ready),
        ]

        # invariants: the bit is due if it is, once all that is under way has been written
        write, stages = inside["write"], inside["under_way"]
        stored = probe.data.bit_select(bit, 1)
        stores = [kind[0] & (at == word) for kind, at, _ in stages]
        known = inside["known"].bit_select(bit, 1)
        kept = [value.bit_select(bit, 1) for value in inside["kept"]]
        # the block RAM shows anything before its first read; that comes into the register behind it
        shows, holds = Signal(), Signal()
        m.d.sync += [shows.eq(1), holds.eq(shows)]
        value = before = Mux(stores[4], write.data.bit_select(bit, 1), stored)
        for number in (3, 2, 1):
            kind, _, bits = stages[number]
            after = bits.bit_select(bit, 1) | (kind[1] & value)
            value = Mux(stores[number], after, value)
        m.d.comb += [
            probe.addr.eq(word),
            Assert(value == due),
            Assert((write.en == stages[4][0][0]) & (write.addr == stages[4][1])),
            Assert(~holds | (stages[3][1] != word) | (known == before)),
            Assert(~holds | shows),
            Assert(kept[0] == write.data.bit_select(bit, 1)),
            Assert(~stores[5] | (kept[1] == stored)),
            # what the block RAM shows was read before the write of the access four before
            Assert(
                ~shows
                | (stages[2][1] != word)
                | stores[5]
                | (inside["read"].data.bit_select(bit, 1) == stored)
            ),
            *(Assert(~stores[cycle] | (lately >= 6 - cycle)) for cycle in range(1, 5)),
        ]
        m.d.comb += [
            Cover(asked & was_due),
            Cover(asked & ~was_due & (due == 0)),
            Cover(set_ & due & (lately == 5)),
            Cover(set_ & ~due & (lately == 3)),
        ]
        return m


class StageHarness(Harness):
    """What goes into a stage comes out once, in order; `busy` while anything is in it."""

    def __init__(self, *, both: bool, dut: Stage | None = None) -> None:
        super().__init__()
        self.both = both
        self.dut = dut or Stage(4, both=both)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut = self.dut
        inside = Inside(dut)
        m.submodules.dut = inside.module
        never_reset(m)
        drive(m, dut)
        stream_rules(m, dut.i, assume=True)
        stream_rules(m, dut.o)
        first, second, level = Signal(4), Signal(4), Signal(range(3))
        put, got = dut.i.valid & dut.i.ready, dut.o.valid & dut.o.ready
        m.d.sync += level.eq(level + put - got)
        with m.If(got):
            m.d.sync += first.eq(second)
        with m.If(put & (level - got == 0)):
            m.d.sync += first.eq(dut.i.p)
        with m.If(put & (level - got == 1)):
            m.d.sync += second.eq(dut.i.p)
        m.d.comb += [
            Assert(dut.o.valid == (level != 0)),
            Assert(dut.busy == (level != 0)),
            Assert(~dut.o.valid | (dut.o.p == first)),
            Assert(level <= 1 + self.both),
            *(
                (
                    Assert(inside["spared"] == (level == 2)),
                    Assert((level != 2) | (inside["spare"] == second)),
                )
                if self.both
                else ()
            ),
            Cover(put & got & past(m, put & got)),
            Cover(dut.i.valid & ~dut.i.ready),
        ]
        return m
