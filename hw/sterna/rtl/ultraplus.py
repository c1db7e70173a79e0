"""Primitives of an iCE40 UltraPlus: crossbars in its single-port RAM, counters in its multipliers.

Its four SPRAMs have 16,384 words of 16 bits each; the accumulator behind each of its eight
multipliers is a counter of 32 bits that takes no logic cell.

Source: Lattice FPGA-TN-02022, iCE40 SPRAM usage guide, and FPGA-TN-02007, DSP function usage guide;
the cells as in Yosys' `ice40/cells_sim.v`.
"""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Mux, ResetSignal, Signal
from amaranth.lib import wiring

from sterna.spec.hardware import bits_for

from .counter import STEP_BITS, Counter
from .fabric import Fabric
from .memory import CrossbarStore

#: Bits and words of one RAM.
SPRAM_BITS, SPRAM_WORDS = 16, 16_384


class SpramStore(CrossbarStore):
    """A `CrossbarStore` of SB_SPRAM256KA: columns of 16 bits, banks of 16,384 words.

    Its contents are unknown at power-on. The RAM has no word to show in the cycle after a write.
    """

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
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


class MacCounter(Counter):
    """A `Counter` in SB_MAC16: both halves of its adder in a row, its product left aside."""

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        always_0, reset = Const(0), ResetSignal(allow_reset_less=True)
        m.submodules.mac = Instance(
            "SB_MAC16",
            p_MODE_8x8=Const(1, 1),  # its multipliers off: `icetime` times the adder's paths alone
            p_TOPOUTPUT_SELECT=Const(0b01, 2),  # the sum, from its register
            p_BOTOUTPUT_SELECT=Const(0b01, 2),
            p_TOPADDSUB_LOWERINPUT=Const(0b00, 2),  # A, and to it
            p_TOPADDSUB_UPPERINPUT=Const(0, 1),  # the register, and to it
            p_TOPADDSUB_CARRYSELECT=Const(0b10, 2),  # the lower half's carry
            p_BOTADDSUB_LOWERINPUT=Const(0b00, 2),  # B
            p_BOTADDSUB_UPPERINPUT=Const(0, 1),
            p_BOTADDSUB_CARRYSELECT=Const(0b00, 2),
            i_CLK=ClockSignal(),
            i_CE=Const(1),
            i_A=Const(0, 16),
            i_B=Cat(self.step, Const(0, 16 - STEP_BITS)),
            i_C=Const(0, 16),
            i_D=Const(0, 16),
            i_ORSTTOP=reset,
            i_ORSTBOT=reset,
            **{f"i_{name}": always_0 for name in UNUSED},
            o_O=self.count,
        )
        return m


#: Controls of SB_MAC16 that stay low: nothing held, loaded or subtracted, no carry from elsewhere.
UNUSED = (
    "AHOLD",
    "BHOLD",
    "CHOLD",
    "DHOLD",
    "IRSTTOP",
    "IRSTBOT",
    "OLOADTOP",
    "OLOADBOT",
    "ADDSUBTOP",
    "ADDSUBBOT",
    "OHOLDTOP",
    "OHOLDBOT",
    "CI",
    "ACCUMCI",
    "SIGNEXTIN",
)


class UltraPlus(Fabric):
    """Crossbars in SPRAM, counters in multipliers, all else as everywhere."""

    def crossbars(self, *, lanes: int, depth: int) -> wiring.Component:
        """The crossbar store of a tile, in SPRAM."""
        return SpramStore(lanes=lanes, depth=depth)

    def counter(self) -> wiring.Component:
        """A counter in the accumulator of a multiplier."""
        return MacCounter()
