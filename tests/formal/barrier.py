"""The tile's barrier: a tick ends once, when all is done, and inputs never come too late."""

from typing import Any
from unittest import mock

from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal, Value
from amaranth.lib import wiring

from sterna.rtl import tile as rtl
from sterna.spec import Hardware
from sterna.spec.layout import EventKind

from .harness import Harness, Inside, constant, drive, free, never_reset, past, stream_rules

PARTS = ("DelayRing", "Scanner", "Integrator", "NeuronUnit", "Router")


def stub(kind: type[wiring.Component]) -> type[wiring.Component]:
    """A part that does anything: its outputs are the solver's."""

    class Stub(kind):
        def elaborate(self, platform: object) -> Module:
            m = Module()
            for path, member, value in self.signature.flatten(self):
                if member.flow is wiring.Out:
                    port = Value.cast(value)
                    m.d.comb += port.eq(free(m, len(port), "_".join(map(str, path))))
            return m

    return Stub


class BarrierHarness(Harness):
    """The tile with its five parts replaced by anything that keeps to this:

    what is empty while a tick runs stays so (work moves only downstream, and starts from the
    scanner; `engine` and `router` prove it of each part); a spike on a line is counted busy by the
    router and waits unchanged; no spike is under way between ticks.
    """

    def __init__(self, hardware: Hardware, module: Any = rtl) -> None:
        super().__init__()
        self.hardware = hardware
        self.module = module

    def elaborate(self, platform: object) -> Module:
        m = Module()
        hw = self.hardware
        stubs = {name: stub(getattr(self.module, name)) for name in PARTS}
        dut = self.module.Tile(hardware=hw)
        with mock.patch.multiple(self.module, **stubs):
            inside = Inside(dut)
        m.submodules.dut = inside.module
        never_reset(m)
        drive(m, dut)
        running, empty, drained = (inside[name] for name in ("running", "empty", "drained"))
        outstanding, router, ring = inside["outstanding"], inside["router"], inside["ring"]
        stream_rules(m, dut.grants, assume=True)
        stream_rules(m, dut.inputs, assume=True)
        stream_rules(m, router.lines, assume=True)
        m.d.comb += [
            Assume(~past(m, running & empty) | ~running | empty),
            Assume(~router.lines.valid | router.busy),
            Assume(~router.busy | running),
            Assume(~dut.grants.valid | (dut.grants.p != 0)),
        ]
        events, counters = dut.events, dut.counters
        sends = events.valid & events.ready
        done = sends & (events.p.kind == EventKind.TICK_DONE)
        line = sends & (events.p.kind == EventKind.LINE)
        granted = Mux(dut.grants.valid & dut.grants.ready, dut.grants.p, 0)
        owed = Signal(18)  # ticks granted and not done
        ticks = Signal.like(counters.ticks)
        m.d.sync += [owed.eq(owed + granted - done), ticks.eq(ticks + done)]
        stream_rules(m, events)
        m.d.comb += [
            Assert(owed == outstanding),
            Assert(dut.idle == (owed == 0)),
            Assert(~running | (owed != 0)),
            Assert(counters.ticks == ticks),
            # the end of a tick comes with nothing under way, tells its number, and ends it
            Assert(~done | (empty & ~router.busy & (events.p.tick == ticks[:16]))),
            Assert(~drained | (running & empty)),
            Assert(~past(m, done) | ~running),
            Assert(past(m, done) | ~past(m, running) | running),
            # spikes on lines pass as they are, while their tick runs
            Assert(~line | (running & router.lines.ready & (events.p.line == router.lines.p))),
            Assert(~events.valid | ~dut.idle),
            Assert(~(router.lines.valid & events.ready) | router.lines.ready),
        ]

        # an input is set in the slot of the tick that it is due at, and that slot is not in use
        put = ring.inputs.valid & ring.inputs.ready
        ahead = Signal(20)  # ticks from the one that runs, or runs next
        m.d.comb += [
            ahead.eq(owed + dut.inputs.p.delay),
            # it is acknowledged once, in the cycle after
            Assert((dut.inputs.valid & dut.inputs.ready) == past(m, put)),
            Assert(~(put | dut.inputs.ready) | dut.inputs.valid),
            Assert(~(put & dut.inputs.ready)),
            Assert(~ring.inputs.valid | (dut.inputs.valid & ~dut.inputs.ready)),
            Assert(~put | (ahead < hw.delay_slots)),
            Assert(~put | (ring.inputs.p.axons == dut.inputs.p.axons)),
            Assert(
                ~put | (ring.inputs.p.address[-hw.slot_bits :] == (ticks + ahead)[: hw.slot_bits])
            ),
            # nothing is put in the slot that is being scanned, once its tick has started
            Assert(~(put & running) | (ahead != 0)),
        ]
        lines = constant(m, 1, "lines")
        m.d.comb += [
            Cover(done & past(m, past(m, line))),
            Cover(done & (ticks == 1) & lines),
            Cover(put & (ahead == hw.delay_slots - 1)),
            Cover(dut.inputs.valid & ~dut.inputs.ready),
            Cover(events.valid & ~events.ready & drained),
        ]
        return m
