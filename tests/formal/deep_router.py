"""The router of a deep build: every target of every spike goes out once, in order."""

from unittest import mock

from amaranth.hdl import Array, Assert, Assume, Cat, Cover, Module, Mux, Signal, Value
from amaranth.lib import data

from sterna.rtl import deep_router as rtl
from sterna.rtl import router as shallow
from sterna.rtl.signatures import layout_of
from sterna.spec import Hardware
from sterna.spec.layout import target_fields

from .harness import Harness, Inside, constant, drive, never_reset, past, stream_rules
from .router import Table, goes_out


class DeepRouterHarness(Harness):
    """A walk by the table beside the router's, which goes on where the router keeps a target.

    A neuron's first target is kept, and it comes after the last one of the neuron before; then the
    one behind it in the table, and so on to the last; all others that were asked for are passed
    over. What is kept goes out in the same order, by the queue.

    Assumed: as in `router.RouterHarness`, and a neuron's last target is among its entries.
    """

    def __init__(self, hardware: Hardware, module: object = rtl) -> None:
        super().__init__()
        self.hardware = hardware
        self.module = module

    def elaborate(self, platform: object) -> Module:
        m = Module()
        hw = self.hardware
        with mock.patch.object(shallow, "TileMemory", Table):
            self.dut = dut = self.module.DeepRouter(hardware=hw)
            inside = Inside(dut)
        table = inside["targets"]
        inside.open("targets")
        queue, found = inside.open("queue"), inside.open("found")
        m.submodules.dut = inside.module
        never_reset(m)
        drive(m, dut)
        stream_rules(m, dut.spikes, assume=True)
        m.d.comb += Assume(~past(m, dut.busy) | (dut.slot == past(m, dut.slot)))
        words = Array(table.words)
        layout = layout_of(target_fields(hw))
        lasts = Cat(layout(word).last for word in table.words)

        def last(address: Value) -> Value:
            return lasts.bit_select(address, 1)

        def among(first: Value, count: Value) -> Value:
            """The last target is among `count` entries from `first`, and the table holds them."""
            span = ((1 << count) - 1) << first
            return (first + count <= hw.targets) & (lasts & span).any()

        spike = dut.spikes.p
        m.d.comb += Assume(~dut.spikes.valid | among(spike.first, spike.count))

        # the addresses of what is on the way: asked for, read, fetched
        address, more, room = inside["address"], inside["more"], inside["room"]
        stages = [
            (inside["addressed"], inside["start"], address),
            (inside["read"], inside["read_start"], past(m, address)),
            (inside["fetched"], inside["fetched_start"], past(m, past(m, address))),
        ]
        # the walk: the target kept last, and whether it was its neuron's last
        kept_at, over, begun = Signal.like(address), Signal(init=1), Signal()
        valid, start, at = stages[2]
        keeps = valid & (start | ~over)
        with m.If(keeps):
            m.d.sync += [kept_at.eq(at), over.eq(last(at)), begun.eq(1)]
        word, kept = inside["word"].as_value(), inside["kept"]
        popped = inside["queue"].r_en & inside["queue"].r_rdy
        first = inside["spike"].first
        m.d.comb += [
            Assert(inside["keeps"] == keeps),
            Assert(~(valid & start) | over),
            Assert(~(valid & ~start & ~over) | (at == kept_at + 1)),
            Assert(kept == past(m, keeps)),
            Assert(~begun | (word == words[kept_at])),
            Assert(begun | ~kept),
            Assert(~begun | (over == last(kept_at))),
            Assert(begun | over),
            # spikes begin as they come out of the queue
            Assert((stages[0][0] & stages[0][1]) == past(m, popped)),
            Assert(~past(m, popped) | (address == past(m, first))),
        ]

        # what is kept goes out in order: the queue gives back what was put into any one place
        place = constant(m, 4, "place")
        put, shown = Signal.like(word), inside["entry"].as_value()
        produce, consume = found["produce"], found["consume"]
        level, got = inside["found"].level, inside["valid"] & inside["handled"]
        with m.If(kept & (produce == place)):
            m.d.sync += put.eq(word)
        there = (place - consume)[:4] < level
        stored = found["storage"].read_port(domain="comb")
        goes_out(m, hw, dut, inside["entry"], inside["valid"])
        routed, lines = dut.routed, dut.lines
        m.d.comb += [
            stored.addr.eq(place),
            Assert(~there | (stored.data == put)),
            Assert(~(there & (consume == place)) | (shown == put)),
            Assert(inside["valid"] == (level != 0)),
            Assert(consume == (past(m, consume) + past(m, got))[:4]),
            Assert(produce == (past(m, produce) + past(m, kept))[:4]),
            Assert((produce - consume)[:4] == level[:4]),
            Assert(~routed.valid | (inside["handled"] == routed.ready)),
            Assert(~lines.valid | (inside["handled"] == lines.ready)),
            Assert(routed.valid | lines.valid | inside["handled"]),
            Assert(~kept | (level < rtl.TARGETS)),
        ]

        # invariants: there is room for what is on the way
        pending = sum((stage[0] for stage in stages), start=kept + level)
        m.d.comb += [
            Assert(pending <= rtl.TARGETS - 1),
            Assert(~room | (pending <= rtl.TARGETS - 2)),
            Assert(~(more | (level != 0) | inside["queue"].r_rdy) | dut.busy),
            Assert(~more | ~past(m, room) | stages[0][0]),
            Assert(room | (past(m, level, init=rtl.ENOUGH) >= rtl.ENOUGH)),
        ]
        # along the way: a target follows the one before, a first one a last one
        before, ended, after = kept_at, over, begun
        for valid, start, at in reversed(stages):
            m.d.comb += [
                Assert(~(valid & start) | ended),
                Assert(~(valid & ~start & ~ended) | (at == before + 1)),
                Assert(~(valid & ~start) | after),
            ]
            after = after | valid
            before = Mux(valid, at, before)
            ended = Mux(valid, last(at) | (~start & ended), ended)
        left = inside["left"]
        m.d.comb += [
            Assert(more | ended),
            Assert(~more | after),
            Assert(~more | (address == before) | ended),
            Assert(~more | ended | among(address + 1, left)),
            Assert(~more | (left != 0)),
        ]
        component = inside["queue"]
        for i in range(rtl.DeepRouter.queue):
            port = queue["storage"].read_port(domain="comb")
            waits = data.View(rtl.DeepRouter.spike_shape(hw), port.data)
            m.d.comb += [
                port.addr.eq(queue["consume"] + i),
                Assert((component.level <= i) | among(waits.first, waits.count)),
            ]
        m.d.comb += [
            Assert(component.level <= rtl.DeepRouter.queue),
            Assert((queue["produce"] - queue["consume"])[:3] == component.level[:3]),
        ]

        m.d.comb += [
            Cover(routed.valid & routed.ready & past(m, lines.valid & lines.ready)),
            Cover(~dut.spikes.ready & inside["valid"] & ~inside["handled"]),
            Cover(got & past(m, got) & past(m, past(m, got))),
            Cover(inside["seen"] & more),
        ]
        return m
