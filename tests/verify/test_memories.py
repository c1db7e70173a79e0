"""A crossbar store handed in from the top: another kind of RAM, the same results."""

from dataclasses import replace

import pytest
from amaranth.back import verilog
from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring

from sterna.rtl import neuron, router, scanner, synapses
from sterna.rtl.fabric import GENERIC, Fabric
from sterna.rtl.memory import CrossbarStore, TileMemory
from sterna.rtl.tile import Tile
from sterna.simulator.build import build
from sterna.simulator.tile_process import TileProcess, tile_program
from sterna.spec import preset
from sterna.verify.regression import Mismatch, draw, run

pytestmark = pytest.mark.sim
TINY = preset("tiny")


class Banked(CrossbarStore):
    """Two RAMs of half the depth, as a board with small ones needs; `crossed` mixes them up."""

    def __init__(self, *, lanes: int, depth: int, crossed: bool) -> None:
        super().__init__(lanes=lanes, depth=depth)
        self._crossed = crossed

    def elaborate(self, platform: object) -> Module:
        m = Module()
        banks = [CrossbarStore(lanes=self._lanes, depth=self._depth // 2) for _ in range(2)]
        host = self.host
        address = Mux(host.read | host.write, host.address, self.read_address)
        chosen = Signal()  # the bank that was read last
        with m.If(host.read | self.read_enable):
            m.d.sync += chosen.eq(address[-1] ^ (self._crossed & ~host.read))
        for number, bank in enumerate(banks):
            m.submodules[f"bank{number}"] = bank
            here = address[-1] == number
            m.d.comb += [
                bank.read_address.eq(self.read_address[:-1]),
                bank.read_enable.eq(self.read_enable),
                bank.host.address.eq(host.address[:-1]),
                bank.host.write.eq(host.write & here),
                bank.host.write_data.eq(host.write_data),
                bank.host.read.eq(host.read & here),
            ]
        data = Mux(chosen, banks[1].read_data, banks[0].read_data)
        m.d.comb += [Cat(self.read_data).eq(data), host.read_data.eq(data)]
        return m


class SmallRams(Fabric):
    def __init__(self, *, crossed: bool = False) -> None:
        self._crossed = crossed

    def crossbars(self, *, lanes: int, depth: int) -> wiring.Component:
        return Banked(lanes=lanes, depth=depth, crossed=self._crossed)


def first_mismatch(fabric: Fabric, name: str) -> Mismatch | None:
    """Of some regressions on the tile in this fabric."""

    def convert() -> str:
        tile = Tile(hardware=TINY, fabric=fabric)
        return verilog.convert(tile, name="tile", emit_src=False)

    plain = tile_program(TINY)
    program = replace(plain, name=name, key=f"{plain.key} {name}", convert=convert)
    with TileProcess(TINY, executable=build(program)) as tile:
        for number in range(20):
            if found := run(tile, draw(TINY, [3, number], several=number % 2 == 1)):
                return found
    return None


def test_tile_with_another_store_is_the_same() -> None:
    assert first_mismatch(SmallRams(), "banked") is None


class Clashing(TileMemory):
    """A word that is read while it is written comes out with all its bits the other way round.

    FPGAs' block RAM shows anything then. With `after`, a word that is read in the cycle after.
    """

    after = False

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.plain = plain = TileMemory(width=self._width, depth=self._depth)
        wiring.connect(m, wiring.flipped(self.host), plain.host)
        host, clash = self.host, Signal()
        writes = host.write | self.write_enable
        written = Mux(self.write_enable, self.write_address, host.address)
        if self.after:
            before, at = Signal(), Signal.like(self.write_address)
            m.d.sync += [before.eq(writes), at.eq(written)]
            writes, written = before, at
        with m.If(host.read | self.read_enable):
            read = Mux(host.read, host.address, self.read_address)
            m.d.sync += clash.eq(writes & (written == read))
        shown = plain.read_data ^ clash.replicate(self._width)
        m.d.comb += [
            plain.read_address.eq(self.read_address),
            plain.read_enable.eq(self.read_enable),
            plain.write_address.eq(self.write_address),
            plain.write_data.eq(self.write_data),
            plain.write_enable.eq(self.write_enable),
            self.read_data.eq(shown),
            host.read_data.eq(shown),
        ]
        return m


class ClashingLate(Clashing):
    after = True


def clashing(kind: type[Clashing], monkeypatch: pytest.MonkeyPatch) -> Mismatch | None:
    for module in (neuron, router, scanner, synapses):
        monkeypatch.setattr(module, "TileMemory", kind)
    return first_mismatch(GENERIC, kind.__name__)


def test_no_word_is_looked_at_that_was_read_while_it_was_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert clashing(Clashing, monkeypatch) is None


@pytest.mark.control
def test_word_read_a_cycle_after_it_was_written_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mismatch = clashing(ClashingLate, monkeypatch)
    assert mismatch is not None
    assert "expected" in str(mismatch)


@pytest.mark.control
def test_store_that_mixes_up_its_banks_is_noticed() -> None:
    mismatch = first_mismatch(SmallRams(crossed=True), "crossed")
    assert mismatch is not None
    assert "expected" in str(mismatch)
