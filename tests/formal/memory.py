"""The tile's memories: what was stored last in a word is what is read from it."""

from amaranth.hdl import Assert, Assume, Cover, Module, Signal
from amaranth.lib import wiring

from sterna.rtl.memory import CrossbarStore, TileMemory

from .harness import Harness, Inside, constant, drive, never_reset, past


class MemoryHarness(Harness):
    """One word, whichever, followed through reads and writes of both sides.

    Assumed: the host reads and writes one at a time, and (crossbar) not while the engine reads, or
    (else) while it writes. A word read while it is written may come out as anything.
    """

    def __init__(self, dut: TileMemory | CrossbarStore) -> None:
        super().__init__()
        self.dut = dut

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut = self.dut
        inside = Inside(dut)
        host = dut.host
        word = constant(m, host.address.shape(), "word")
        probe = inside["words"].read_port(domain="comb")
        m.submodules.dut = inside.module
        never_reset(m)
        drive(m, dut)
        held = Signal(host.write_data.shape())  # what the word must hold

        write, address, value = host.write, host.address, host.write_data
        read, read_address = host.read, host.address
        engine_read = dut.read_enable & ~host.read
        writes = write & (address == word)  # the word, in this cycle
        if isinstance(dut, TileMemory):
            m.d.comb += Assume(~(dut.write_enable & host.write))
            engine_writes = dut.write_enable & (dut.write_address == word)
            writes = writes | engine_writes
            with m.If(engine_writes):
                m.d.sync += held.eq(dut.write_data)
        else:
            engine_read = engine_read & ~host.write
            read = read & ~host.write
        with m.If(write & (address == word)):
            m.d.sync += held.eq(value)
        m.d.comb += [probe.addr.eq(word), Assert(probe.data == held)]

        # a word that was read stays on the output until the next read
        reads = (read & (read_address == word)) | (engine_read & (dut.read_address == word))
        any_read = read | engine_read
        shown, shown_valid = Signal.like(held), Signal()
        with m.If(any_read):
            m.d.sync += [shown_valid.eq(reads & ~writes), shown.eq(held)]
        m.d.comb += [
            Assert(~shown_valid | (dut.read_data == shown)),
            Assert(~shown_valid | (host.read_data == shown)),
            Cover(shown_valid & (shown.any()) & past(m, past(m, write))),
            Cover(shown_valid & past(m, engine_read) & shown.all()),
        ]
        return m


def harness(kind: type[wiring.Component]) -> MemoryHarness:
    """The memory of this kind, small."""
    return MemoryHarness(
        kind(lanes=8, depth=16) if kind is CrossbarStore else kind(width=12, depth=16)
    )
