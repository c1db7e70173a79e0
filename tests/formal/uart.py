"""The UART: every byte on the pin bit by bit, and every byte from the pin."""

from amaranth.hdl import Assert, Cat, Const, Cover, Module, Mux, Signal

from sterna.rtl.uart import UartReceiver, UartTransmitter

from .harness import Harness, Inside, drive, free, never_reset, past, stream_rules

#: A start bit, eight of data, a stop bit.
BITS = 10


class TransmitterHarness(Harness):
    """The pin shows start, data and stop bit, each `divisor` cycles; idle, it is high."""

    def __init__(self, *, divisor: int, dut: UartTransmitter | None = None) -> None:
        super().__init__()
        self.divisor = divisor
        self.dut = dut or UartTransmitter(divisor=divisor)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut, last = self.dut, self.divisor - 1
        inside = Inside(dut)
        m.submodules.dut = inside.module
        never_reset(m)
        drive(m, dut)
        stream_rules(m, dut.bytes, assume=True)
        busy, bit, cycle = Signal(), Signal(range(BITS)), Signal(range(self.divisor))
        frame = Signal(BITS)
        with m.If(dut.bytes.valid & dut.bytes.ready):
            m.d.sync += [busy.eq(1), bit.eq(0), cycle.eq(0)]
            m.d.sync += frame.eq(Cat(Const(0, 1), dut.bytes.p, Const(1, 1)))
        with m.Elif(busy):
            m.d.sync += cycle.eq(cycle + 1)
            with m.If(cycle == last):
                m.d.sync += [cycle.eq(0), bit.eq(bit + 1), busy.eq(bit != BITS - 1)]
        m.d.comb += [
            Assert(dut.tx == Mux(busy, frame.bit_select(bit, 1), 1)),
            Assert(dut.bytes.ready == ~busy),
            Assert(dut.idle == ~busy),
            # invariants
            Assert(~busy | ((bit < BITS) & (cycle <= last))),
            Assert(inside["bits"] == Mux(busy, BITS - bit, 0)),
            Assert(~busy | (inside["timer"] == last - cycle)),
            Assert(~busy | (inside["shift"] == (Cat(frame, Const(0xFFFF, 16)) >> (bit + 1))[:9])),
        ]
        begins = past(m, ~busy) & busy
        m.d.comb += [Cover(begins & frame[1:9].all()), Cover(past(m, busy) & ~busy & ~frame[1])]
        return m


class ReceiverHarness(Harness):
    """Each byte of a sound sender comes out once, right, in the middle of its stop bit.

    Assumed: the sender keeps `divisor` cycles a bit; it may begin a byte at any time, and at once
    after a stop bit. Its clock is the receiver's; tests see to those that are a little off.
    """

    def __init__(self, *, divisor: int, dut: UartReceiver | None = None) -> None:
        super().__init__()
        self.divisor = divisor
        self.dut = dut or UartReceiver(divisor=divisor)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut, last, middle = self.dut, self.divisor - 1, self.divisor // 2
        inside = Inside(dut)
        m.submodules.dut = inside.module
        never_reset(m)

        # the sender
        busy, bit, cycle = Signal(), Signal(range(BITS)), Signal(range(self.divisor))
        frame = Signal(BITS)
        ends = busy & (bit == BITS - 1) & (cycle == last)
        with m.If(busy & ~ends):
            m.d.sync += cycle.eq(cycle + 1)
            with m.If(cycle == last):
                m.d.sync += [cycle.eq(0), bit.eq(bit + 1)]
        with m.Else():
            m.d.sync += [busy.eq(free(m, 1, "send")), bit.eq(0), cycle.eq(0)]
            m.d.sync += frame.eq(Cat(Const(0, 1), free(m, 8, "byte"), Const(1, 1)))
        m.d.comb += dut.rx.eq(Mux(busy, frame.bit_select(bit, 1), 1))
        m.d.comb += Assert((bit < BITS) & (cycle <= last))

        # as the receiver sees it, two cycles later
        lines = [past(m, dut.rx, 1)]
        lines.append(past(m, lines[0], 1))
        for _ in range(2):
            busy, bit, cycle, frame = (past(m, value) for value in (busy, bit, cycle, frame))
        m.d.comb += [
            Assert(dut.bytes.valid == (busy & (bit == BITS - 1) & (cycle == middle + 1))),
            Assert(~dut.bytes.valid | (dut.bytes.p == frame[1:9])),
        ]

        # invariants: where in the byte the receiver is
        state = inside.state
        after = cycle > middle  # the middle of this bit
        taken = bit + after  # bits sampled, the start bit included
        seen = Signal(range(BITS + 1))
        m.d.comb += seen.eq(Mux(busy, taken, 0))
        idle = ~busy | ((bit == 0) & (cycle == 0)) | ((bit == BITS - 1) & (cycle > middle))
        m.d.comb += [
            Assert(inside.known_state()),
            Assert((bit < BITS) & (cycle <= last)),
            Assert(inside["rx"] == Mux(busy, frame.bit_select(bit, 1), 1)),
            Assert(inside["rx"] == lines[1]),
            Assert(~frame[0] & (frame[9] | ~busy)),
            Assert(state("IDLE") == idle),
            Assert(state("START") == (busy & (bit == 0) & (cycle != 0) & ~after)),
            Assert(state("DATA") == (~idle & (seen >= 1) & (seen <= 8))),
            Assert(state("STOP") == (seen == 9)),
            Assert(~state("BREAK")),
            Assert(~state("START") | (inside["timer"] == middle - cycle)),
            Assert(
                ~state("DATA", "STOP")
                | (inside["timer"] == Mux(after, self.divisor + middle - cycle, middle - cycle))
            ),
            Assert(~state("DATA") | (inside["bits"] == 8 - seen)),
        ]
        for count in range(1, 9):
            m.d.comb += Assert(
                (seen != count + 1) | (inside["shift"][8 - count :] == frame[1 : 1 + count])
            )
        m.d.comb += Assert((seen != BITS) | (inside["shift"] == frame[1:9]) | ~busy)
        m.d.comb += [
            Cover(dut.bytes.valid & (dut.bytes.p == 0xA5)),
            Cover(past(m, busy & (bit == BITS - 1)) & busy & (bit == 0)),
        ]
        return m
