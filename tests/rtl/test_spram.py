"""Crossbars in SPRAM: the same words as in block RAM, and the same tile."""

from pathlib import Path

import pytest
from amaranth.back import verilog
from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sterna.rtl.memory import CrossbarStore
from sterna.rtl.spram import SPRAM_WORDS, SpramStore
from sterna.verify.bench import run_bench

pytestmark = pytest.mark.sim

#: The cell, cut out of a vendor's library of many; same behaviour on the ports that are used. A
#: word is unknown until it is written, and so is the output after a write: all ones here.
CELL = (Path(__file__).parent / "spram.v").read_text()


class Pair(wiring.Component):
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


def compare(folder: Path, **sizes: object) -> None:
    text = verilog.convert(Pair(**sizes), name="pair", emit_src=False)
    run_bench(text + CELL, name="pair", module="tests.rtl.bench_store", build_root=folder)


@pytest.mark.parametrize(
    ("lanes", "depth"),
    [(32, SPRAM_WORDS), (8, 2 * SPRAM_WORDS), (20, 256)],
    ids=["four in a row", "two banks", "a part of three"],
)
def test_spram_shows_what_block_ram_shows(lanes: int, depth: int, tmp_path: Path) -> None:
    compare(tmp_path, lanes=lanes, depth=depth)


@pytest.mark.control
def test_store_with_lanes_in_another_order_is_noticed(tmp_path: Path) -> None:
    with pytest.raises((AssertionError, SystemExit)):
        compare(tmp_path, lanes=32, depth=SPRAM_WORDS, crossed=True)
