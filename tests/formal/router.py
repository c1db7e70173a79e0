"""The router: every target of every spike goes out once, in order, and as the table has it."""

from typing import Any
from unittest import mock

from amaranth.hdl import Array, Assert, Assume, Cover, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sterna.rtl import router as rtl
from sterna.rtl.memory import HostPort
from sterna.rtl.signatures import layout_of
from sterna.spec import Hardware
from sterna.spec.hardware import MAX_LINE_BITS, RING_WORD
from sterna.spec.layout import TargetKind, target_fields

from .harness import Harness, Inside, constant, drive, never_reset, past, stream_rules


class Table(wiring.Component):
    """In place of the target table's memory: words that the solver chooses, and that stay."""

    def __init__(self, *, width: int, depth: int, deep: bool) -> None:
        self._width = width
        self._depth = depth
        self._deep = deep
        address = (depth - 1).bit_length()
        super().__init__(
            {
                "read_address": In(address),
                "read_enable": In(1),
                "read_data": Out(width),
                "host": In(HostPort(width=width, depth=depth)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.words = [constant(m, self._width, f"word_{i}") for i in range(self._depth)]
        word: Value = Array(self.words)[self.read_address]
        if self._deep:
            word = past(m, word)
        with m.If(self.read_enable):
            m.d.sync += self.read_data.eq(word)
        return m


def goes_out(m: Module, hw: Hardware, dut: rtl.Router, entry: Any, there: Value) -> None:
    """What the router sends is this target, while it is `there`."""
    axon = (entry.kind == TargetKind.AXON) & (entry.context < hw.contexts) & (entry.delay != 0)
    line = entry.kind == TargetKind.LINE
    routed, lines = dut.routed, dut.lines
    slot = (dut.slot + entry.delay)[: hw.slot_bits]
    number = (
        entry.axon
        + (entry.context << hw.axon_bits)
        + (entry.delay << hw.axon_bits + hw.context_bits)
    )
    axon_at, place = Signal(hw.axon_bits), Signal(32)
    m.d.comb += [
        axon_at.eq(entry.axon),
        place.eq(((slot << hw.context_bits) + entry.context << hw.ring_word_bits) + (axon_at >> 4)),
    ]
    m.d.comb += [
        Assert(routed.valid == (there & axon)),
        Assert(lines.valid == (there & line)),
        Assert(~routed.valid | (routed.p.address == place)),
        Assert(~routed.valid | (routed.p.axons == (1 << axon_at[:4])[:RING_WORD])),
        Assert(~lines.valid | (lines.p == number[: min(hw.line_bits, MAX_LINE_BITS)])),
        Assert(dut.dropped == (there & ~axon & (entry.kind != 0) & ~line)),
    ]
    stream_rules(m, dut.routed)
    stream_rules(m, dut.lines)


class RouterHarness(Harness):
    """The router beside a queue of its own and a walk by the table.

    Assumed: the table stays, and the tick's slot stays while the router is busy. The memory that
    holds the table is proved in `memory`.
    """

    def __init__(self, hardware: Hardware, module: object = rtl) -> None:
        super().__init__()
        self.hardware = hardware
        self.module = module

    def elaborate(self, platform: object) -> Module:
        m = Module()
        hw = self.hardware
        with mock.patch.object(self.module, "TileMemory", Table):
            self.dut = dut = self.module.Router(hardware=hw)
            inside = Inside(dut)
        table = inside["targets"]
        inside.open("targets")
        queue = inside.open("queue")
        contents = [queue["storage"].read_port(domain="comb") for _ in range(rtl.Router.queue)]
        m.submodules.dut = inside.module
        never_reset(m)
        drive(m, dut)
        stream_rules(m, dut.spikes, assume=True)
        m.d.comb += Assume(~past(m, dut.busy) | (dut.slot == past(m, dut.slot)))

        # spikes accepted and not yet walked, oldest first; the first is the one in hand
        size = rtl.Router.queue + 1
        waiting = [Signal(dut.spikes.p.shape(), name=f"waiting_{i}") for i in range(size + 1)]
        level = Signal(range(size + 1))
        walked = Signal()  # the first has begun; its next target is `at`
        at = Signal(dut.spikes.p.shape())
        valid, handled = inside["valid"], inside["handled"]
        steps = valid & handled
        entry = Signal(layout_of(target_fields(hw)))
        m.d.comb += entry.eq(Array(table.words)[at])
        done = steps & entry.last
        push = dut.spikes.valid & dut.spikes.ready
        m.d.sync += level.eq(level + push - done)
        for i in range(size):
            following = Mux(done, waiting[i + 1], waiting[i])
            m.d.sync += waiting[i].eq(Mux(push & (level - done == i), dut.spikes.p, following))
        # the spike walked next is the first, or the one behind it if the first ends now
        begins = inside["queue"].r_en & inside["queue"].r_rdy
        with m.If(steps & ~entry.last):
            m.d.sync += at.eq(at + 1)
        with m.Elif(begins):
            m.d.sync += [walked.eq(1), at.eq(Mux(done, waiting[1], waiting[0]))]
        with m.Elif(done):
            m.d.sync += walked.eq(0)

        # what goes out is the target in hand, and each is passed once
        goes_out(m, hw, dut, entry, walked)
        routed, lines = dut.routed, dut.lines
        m.d.comb += [
            Assert(valid == walked),
            # it goes on only when the target was taken, and then at once
            Assert(handled == Mux(routed.valid, routed.ready, ~lines.valid | lines.ready)),
            Assert(dut.busy == (level != 0)),
        ]

        # invariants: the queue holds what is waiting, without the one in hand
        component = inside["queue"]
        consume, produce = queue["consume"], queue["produce"]
        m.d.comb += [
            Assert(level == component.level + walked),
            Assert(component.level <= rtl.Router.queue),
            Assert((produce - consume)[:2] == component.level[:2]),
            Assert(~walked | ((table.read_data == entry.as_value()) & (inside["address"] == at))),
        ]
        for i, port in enumerate(contents):
            m.d.comb += [
                port.addr.eq(consume + i),
                Assert(
                    (component.level <= i) | (port.data == Mux(walked, waiting[i + 1], waiting[i]))
                ),
            ]

        m.d.comb += [
            Cover(routed.valid & routed.ready & past(m, lines.valid & lines.ready)),
            Cover(lines.valid & ~lines.ready & (level == size)),
            Cover(steps & ~entry.last & past(m, steps & ~entry.last)),
            Cover(steps & entry.last & past(m, steps & entry.last)),
            Cover(dut.dropped),
        ]
        return m
