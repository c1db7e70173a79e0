"""The delay ring: one bit of one word, whichever, followed through every access."""

from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal

from sterna.rtl.ring import DelayRing
from sterna.spec import Hardware

from .harness import Harness, Inside, constant, drive, never_reset, past, stream_rules


class RingHarness(Harness):
    """A bit appears in a word taken if and only if it was set since the word was taken last.

    A bit is set by `routed`, by `inputs` or by the host; twice is once. Assumed: the host's
    addresses are below the depth, and it does not read and write at once.
    """

    def __init__(self, hardware: Hardware, dut: DelayRing | None = None) -> None:
        super().__init__()
        self.dut = dut or DelayRing(hardware=hardware)

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
        m.d.comb += Assume(~(host.read & host.write))
        stream_rules(m, dut.routed, assume=True)
        stream_rules(m, dut.inputs, assume=True)

        # the contract, from the ports alone
        due = Signal()
        host_busy = host.read | host.write
        taken = dut.take & ~host_busy & (dut.take_address == word)
        set_ = Signal()
        for s in (dut.routed, dut.inputs):
            hits = s.valid & s.ready & (s.p.address == word) & s.p.axons.bit_select(bit, 1)
            with m.If(hits):
                m.d.comb += set_.eq(1)
        with m.If(host.write & (host.address == word)):
            m.d.sync += due.eq(host.write_data.bit_select(bit, 1))
        with m.Elif(taken):
            m.d.sync += due.eq(0)
        with m.Elif(set_):
            m.d.sync += due.eq(1)
        was_due = past(m, due)
        host_read = past(m, host.read & (host.address == word))
        m.d.comb += [
            Assert(~past(m, taken) | (dut.taken.bit_select(bit, 1) == was_due)),
            Assert(~host_read | (host.read_data.bit_select(bit, 1) == was_due)),
            # a host or a take excludes all else; spikes from neurons go before inputs
            Assert(~(host_busy | dut.take) | ~(dut.routed.ready | dut.inputs.ready)),
            Assert((host_busy | dut.take) | dut.routed.ready),
            Assert((host_busy | dut.take | dut.routed.valid) | dut.inputs.ready),
        ]

        # invariant: the bit is due if it is in the memory, or in the write that is under way
        write = inside["write"]
        m.d.comb += [
            probe.addr.eq(word),
            Assert(
                Mux(write.en & (write.addr == word), write.data, probe.data).bit_select(bit, 1)
                == due
            ),
            # and what was written last is kept
            Assert(
                ~(inside["wrote"] & (inside["written_at"] == word))
                | (inside["written"].bit_select(bit, 1) == probe.data.bit_select(bit, 1))
            ),
        ]

        m.d.comb += [
            Cover(past(m, taken) & dut.taken.all()),
            Cover(past(m, taken) & was_due & past(m, past(m, set_))),  # set in the cycle before
            Cover(past(m, taken) & ~was_due & past(m, past(m, taken & due))),
            Cover(set_ & due),
            Cover(dut.inputs.valid & ~dut.inputs.ready & past(m, dut.inputs.valid)),
        ]
        return m
