"""The weigher: multiplies each axon type's sum by its weight, and adds the types of a neuron up.

Only in builds with weights. The sums of one chunk come axon type by axon type; those of a neuron
meet in an accumulator of their lane.
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import Hardware, bits_for


def weighed_layout(hardware: Hardware) -> data.StructLayout:
    """One neuron's sum over the axons of one type, the parameters that weigh it, and its place.

    `first`: no other type of this neuron came before. `drawn`: the synapses were drawn already, and
    count one each.
    """
    return data.StructLayout(
        {
            "sum": signed(hardware.sum_bits),
            "weight": signed(hardware.weight_bits),
            "drawn": 1,
            "lane": bits_for(hardware.lanes),
            "first": 1,
        }
    )


class Weigher(wiring.Component):
    """Multiply, then accumulate; moves when `advance` is asserted.

    Members
    -------
    advance : In(1).
    valid : In(1) - `i` holds something.
    i : In(weighed_layout).
    total : Out(signed) - the weighed sums of this neuron so far, `delay` advances later.
    """

    #: Advances from input to output.
    delay = 2

    def __init__(self, *, hardware: Hardware) -> None:
        self._hardware = hardware
        super().__init__(
            {
                "advance": In(1),
                "valid": In(1),
                "i": In(weighed_layout(hardware)),
                "total": Out(signed(hardware.input_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        hw = self._hardware
        m.submodules.accumulators = accumulators = memory.Memory(
            shape=signed(hw.input_bits), depth=hw.lanes, init=[]
        )
        write, read = accumulators.write_port(), accumulators.read_port(domain="comb")

        # multiply
        weight = Signal(signed(hw.weight_bits))
        m.d.comb += weight.eq(self.i.weight)
        with m.If(self.i.drawn):
            m.d.comb += weight.eq(Mux(self.i.weight < 0, -1, self.i.weight != 0))
        product = Signal(signed(hw.input_bits))
        valid, first, lane = Signal(), Signal(), Signal.like(self.i.lane)
        with m.If(self.advance):
            m.d.sync += [
                product.eq(self.i.sum * weight),
                valid.eq(self.valid),
                first.eq(self.i.first),
                lane.eq(self.i.lane),
            ]

        # accumulate
        total = Signal(signed(hw.input_bits))
        m.d.comb += [
            read.addr.eq(lane),
            total.eq(product + Mux(first, 0, read.data)),
            write.addr.eq(lane),
            write.data.eq(total),
            write.en.eq(valid & self.advance),
        ]
        with m.If(self.advance):
            m.d.sync += self.total.eq(total)
        return m
