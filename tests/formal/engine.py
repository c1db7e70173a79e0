"""Rules of the streams between scanner, integrator and neuron unit."""

from amaranth.hdl import Assert, Assume, Cover, Module

from sterna.rtl.integrator import Integrator
from sterna.rtl.neuron import NeuronUnit
from sterna.rtl.scanner import Scanner
from sterna.spec import Hardware

from .harness import Harness, Inside, drive, never_reset, past, stream_rules


class ScannerHarness(Harness):
    """`work` waits unchanged; a list is complete only when its words were all taken.

    Assumed: the host does not write while a tick runs.
    """

    def __init__(self, hardware: Hardware, dut: Scanner | None = None) -> None:
        super().__init__()
        self.dut = dut or Scanner(hardware=hardware)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut = self.dut
        inside = Inside(dut)
        words = inside.open("words")
        m.submodules.dut = inside.module
        never_reset(m)
        drive(m, dut)
        state = inside.state
        m.d.comb += Assume(~dut.running | ~(dut.host.read | dut.host.write))
        stream_rules(m, dut.work)
        complete = dut.active_axons.complete.bit_select(inside["half"], 1)
        m.d.comb += [
            Assert(inside.known_state()),
            Assert(~dut.take | state("SCAN")),
            Assert(~(past(m, state("SCAN")) & state("HAND OVER")) | words["all_asked"]),
            Assert(~state("HAND OVER") | complete | past(m, state("SCAN"))),
            Assert(~state("FETCH", "WAIT") | ~dut.work.valid),
            # once finished it starts no work, until the next tick
            Assert(~dut.finished | (state("FETCH", "WAIT") & ~dut.work.valid)),
            Assert(~past(m, dut.finished & dut.running) | dut.finished),
            Assert(~state("SCAN") | ~complete),
            Cover(dut.work.valid & ~dut.work.ready & state("HAND OVER")),
            Cover(dut.finished & past(m, ~dut.finished)),
            Cover(dut.take & past(m, dut.take)),
        ]
        return m


class IntegratorHarness(Harness):
    """`chunks` waits unchanged, sums and description; what is under way is busy."""

    def __init__(self, hardware: Hardware, dut: Integrator | None = None) -> None:
        super().__init__()
        self.dut = dut or Integrator(hardware=hardware)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut = self.dut
        inside = Inside(dut)
        m.submodules.dut = inside.module
        never_reset(m)
        drive(m, dut)
        stream_rules(m, dut.work, assume=True)
        stream_rules(m, dut.chunks)
        taken = dut.work.valid & dut.work.ready
        marker_a, axon_a = inside["word_markers"][0], inside["word_axons"][0]
        m.d.comb += [
            Assert(inside["marked"] == inside["markers"].any()),
            # one marker at a time, and no axon beside it: no sum changes while a chunk waits
            Assert(~(inside["marker_2"] & inside["axon_2"])),
            Assert(~(marker_a & (axon_a | inside["marker_2"]))),
            Assert(~(inside["marker_1"] & (inside["axon_1"] | marker_a))),
            Assert(~(inside["marker_1"] & inside["marker_2"])),
            Assert(~dut.chunks.valid | dut.busy),
            Assert(~past(m, taken) | dut.busy),
            # what was idle stays so until work is taken
            Assert(dut.busy <= (past(m, dut.busy) | past(m, taken))),
            Cover(dut.chunks.valid & ~dut.chunks.ready & inside["axon_1"]),
            Cover(taken & dut.busy),
            Cover(dut.chunks.valid & (dut.chunks.p.sums[0] == -2)),
        ]
        return m


class NeuronHarness(Harness):
    """`spikes` waits unchanged; neurons leave one for one, in order, and none is lost.

    A neuron, whichever, is counted as its chunk is taken, and as its new potential is stored.
    """

    def __init__(self, hardware: Hardware, dut: NeuronUnit | None = None) -> None:
        super().__init__()
        self.dut = dut or NeuronUnit(hardware=hardware)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut = self.dut
        inside = Inside(dut)
        m.submodules.dut = inside.module
        never_reset(m)
        drive(m, dut)
        stream_rules(m, dut.chunks, assume=True)
        m.d.comb += Assume(~dut.chunks.valid | (dut.chunks.p.count != 0))
        stream_rules(m, dut.spikes)
        taken = dut.chunks.valid & dut.chunks.ready
        m.d.comb += [
            Assert(~past(m, taken) | dut.busy),
            Assert(dut.busy <= (past(m, dut.busy) | past(m, taken))),
            Assert(~dut.spikes.valid | dut.busy),
            Assert((dut.spikes.valid & dut.spikes.ready) == (dut.trace.valid & dut.trace.spike)),
            Assert(~dut.trace.valid | dut.busy),
            Cover(dut.spikes.valid & ~dut.spikes.ready),
            Cover(past(m, dut.trace.valid) & dut.trace.valid & dut.trace.spike),
            Cover(past(m, dut.busy) & ~dut.busy),
        ]
        return m
