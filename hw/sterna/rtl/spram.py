"""Crossbars in the single-port RAM of an iCE40 UltraPlus: four of 16,384 words of 16 bits.

Source: Lattice FPGA-TN-02022, iCE40 SPRAM usage guide; the cell as in Yosys' `ice40/cells_sim.v`.
"""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Mux, Signal
from amaranth.lib import wiring

from sterna.spec.hardware import bits_for

from .memory import CrossbarStore, Memories

#: Bits and words of one RAM.
SPRAM_BITS, SPRAM_WORDS = 16, 16_384


class SpramStore(CrossbarStore):
    """A `CrossbarStore` of SB_SPRAM256KA: columns of 16 bits, banks of 16,384 words.

    Its contents are unknown at power-on. The RAM has no word to show in the cycle after a write.
    """

    def elaborate(self, platform: object) -> Module:
        m = Module()
        host, width = self.host, 2 * self._lanes
        within = bits_for(SPRAM_WORDS)
        address = Signal(max(self.read_address.shape().width, within))
        enable = Signal()
        m.d.comb += [
            address.eq(Mux(host.read | host.write, host.address, self.read_address)),
            enable.eq(host.read | host.write | self.read_enable),
        ]
        offset, bank = address[:within], address[within:]
        banks = -(-self._depth // SPRAM_WORDS)
        shown = Signal(range(banks)) if banks > 1 else Const(0)  # the bank that was read last
        if banks > 1:
            with m.If(enable):
                m.d.sync += shown.eq(bank)
        for number in range(banks):
            word = Signal(-(-width // SPRAM_BITS) * SPRAM_BITS, name=f"word_{number}")
            for column in range(0, width, SPRAM_BITS):
                given = host.write_data[column : column + SPRAM_BITS]
                m.submodules[f"ram_{number}_{column // SPRAM_BITS}"] = Instance(
                    "SB_SPRAM256KA",
                    i_CLOCK=ClockSignal(),
                    i_ADDRESS=offset,
                    i_DATAIN=Cat(given, Const(0, SPRAM_BITS - len(given))),
                    i_MASKWREN=Const(0b1111, 4),
                    i_WREN=host.write,
                    i_CHIPSELECT=enable & (bank == number) if banks > 1 else enable,
                    i_STANDBY=Const(0),
                    i_SLEEP=Const(0),
                    i_POWEROFF=Const(1),  # active low
                    o_DATAOUT=word[column : column + SPRAM_BITS],
                )
            with m.If(shown == number):
                m.d.comb += self.read_data.eq(word)
        m.d.comb += host.read_data.eq(self.read_data)
        return m


class Spram(Memories):
    """Crossbars in SPRAM, all else in block RAM."""

    def crossbars(self, *, lanes: int, depth: int) -> wiring.Component:
        return SpramStore(lanes=lanes, depth=depth)
