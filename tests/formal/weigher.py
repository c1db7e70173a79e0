"""The weigher: one lane, whichever, against a product and a sum in plain wide integers."""

from amaranth.hdl import Assert, Cover, Module, Mux, Signal, signed

from sterna.rtl.weigher import Weigher
from sterna.spec import Hardware

from .harness import Harness, Inside, constant, drive, never_reset, past

#: Wide enough for a sum of ten bits times a weight of nine, over four axon types.
WIDE = signed(24)


class WeigherHarness(Harness):
    """`total` is the sum over the axon types of sum times weight, with arbitrary stalls.

    Equal in the low `input_bits` bits; that a neuron's whole input fits these is by its width.
    """

    def __init__(self, hardware: Hardware, *, dut: Weigher | None = None) -> None:
        super().__init__()
        self.hardware = hardware
        self.dut = dut or Weigher(hardware=hardware)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut, bits = self.dut, self.hardware.input_bits
        inside = Inside(dut)
        probe = inside["accumulators"].read_port(domain="comb")
        m.submodules.dut = inside.module
        never_reset(m)
        drive(m, dut)
        lane = constant(m, dut.i.lane.shape(), "lane")
        weight, product, total = (Signal(WIDE, name=n) for n in ("eq_weight", "eq_p", "eq_total"))
        sign = Mux(dut.i.weight > 0, 1, Mux(dut.i.weight < 0, -1, 0))
        m.d.comb += weight.eq(Mux(dut.i.drawn, sign, dut.i.weight))
        # the factor is proved; two multipliers on equal factors are left to be one
        m.d.comb += Assert(inside["weight"] == weight)
        here, first, shown = Signal(), Signal(), Signal()
        with m.If(dut.advance):
            m.d.sync += [
                product.eq(dut.i.sum * inside["weight"]),
                here.eq(dut.valid & (dut.i.lane == lane)),
                first.eq(dut.i.first),
                shown.eq(here),
            ]
            with m.If(here):
                m.d.sync += total.eq(product + Mux(first, 0, total))
        m.d.comb += [
            Assert(~shown | (dut.total == total[:bits].as_signed())),
            # invariants
            probe.addr.eq(lane),
            Assert(probe.data == total[:bits].as_signed()),
            Assert(~here | (inside["product"] == product[:bits].as_signed())),
            Assert(~here | (inside["valid"] & (inside["lane"] == lane))),
            Assert(here | ~inside["valid"] | (inside["lane"] != lane)),
            Assert(~here | (inside["first"] == first)),
        ]
        m.d.comb += [
            Cover(shown & here & (total < -1000) & past(m, ~dut.advance)),
            Cover(shown & here & ~first & (total > 1000)),
        ]
        return m
