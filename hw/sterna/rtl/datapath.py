"""The neuron's arithmetic after the synapses: leak, clamp, threshold, reset, one neuron a cycle.

The stages are those of `sterna.model.neuron.update`, and named so; no control is here, so that the
whole can be proved equal to the equations.

    draw       the leak and the thresholds of this tick
    leak
    clamp
    threshold  both comparisons, and the values that the reset may need
    reset

Behind a draw, the clamp and the reset there are registers; in a deep build behind each stage. At an
iCE40's clock they are not needed, and cost some 200 flip-flops.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import DRAW_BITS, LEAK_BITS, MAX_NOISE_BITS, Hardware
from sterna.spec.layout import type_fields

from .signatures import layout_of


def type_layout(hardware: Hardware) -> data.StructLayout:
    """A neuron type as the build keeps it."""
    return layout_of(type_fields(hardware))


def integrated_shape(hardware: Hardware) -> Shape:
    """A potential with its synaptic input, exact, and room for the leak: a sum of three."""
    return signed(max(hardware.potential_bits, hardware.input_bits, LEAK_BITS) + 2)


class NeuronDatapath(wiring.Component):
    """The datapath; moves when `advance` is asserted.

    Parameters
    ----------
    deep : with a register behind each stage.

    Members
    -------
    advance : In(1).
    integrated : In(signed) - membrane potential plus synaptic input.
    type : In - the neuron's type; its weights are not looked at.
    draws : In(64) - block of the generator; not looked at in builds that do not draw.
    potential : Out(signed) - membrane potential after the tick, `delay` advances later.
    fires : Out(1) - the neuron fires; with it.
    """

    def __init__(self, *, hardware: Hardware, deep: bool = False) -> None:
        self._hardware = hardware
        self._deep = deep
        super().__init__(
            {
                "advance": In(1),
                "integrated": In(integrated_shape(hardware)),
                "type": In(type_layout(hardware)),
                "draws": In(64),
                "potential": Out(signed(hardware.potential_bits)),
                "fires": Out(1),
            }
        )

    @property
    def delay(self) -> int:
        """Advances from input to output."""
        return self.delay_of(self._hardware, deep=self._deep)

    @staticmethod
    def delay_of(hardware: Hardware, *, deep: bool = False) -> int:
        """The delay of a datapath with these parameters."""
        return 5 if deep else 3 if hardware.draws_in_neuron else 2

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        hw = self._hardware
        wide, narrow = integrated_shape(hw), signed(hw.potential_bits)
        modes = data.StructLayout(
            {
                "leak": signed(LEAK_BITS),
                "epsilon": 1,
                "top": max(hw.threshold_bits, hw.noise_bits) + 1,  # with its noise
                "bottom": max(hw.threshold_bits, hw.noise_bits) + 1,
                "gamma": 2,
                "kappa": 1,
                "reset": narrow,
            }
        )

        def register(value: Value, shape: object, name: str) -> Signal:
            held = Signal(shape, name=name)
            with m.If(self.advance):
                m.d.sync += Value.cast(held).eq(value)
            return held

        # draw: the leak of this tick, alpha + eta, beta + eta
        p = Signal(modes)
        leak, eta = self._draw(m)
        m.d.comb += [
            *(p[name].eq(self.type[name]) for name in ("epsilon", "gamma", "kappa", "reset")),
            p.leak.eq(leak),
            p.top.eq(self.type.alpha + eta),
            p.bottom.eq(self.type.beta + Mux(self.type.kappa, 0, eta)),
        ]
        v: Value = self.integrated
        if hw.draws_in_neuron or self._deep:
            v, p = register(v, wide, "v_drawn"), register(p.as_value(), modes, "p_drawn")

        # leak: with epsilon = 1 along V; a V that it would carry across 0 stops at 0, and one that
        # is 0 stays there. One adder does it: less the leak is plus its complement and a carry.
        against = Signal()
        along = Signal(wide)
        carried = Signal(wide.width + 1)
        leaked = Signal(wide)
        crossed = Signal()
        m.d.comb += [
            against.eq(p.epsilon & (v < 0)),
            along.eq(Mux(against, ~p.leak, p.leak)),
            carried.eq(Cat(Const(1, 1), v) + Cat(against, along)),
            leaked.eq(carried[1:].as_signed()),
            crossed.eq(p.epsilon & ((v == 0) | ((v < 0) != (leaked < 0)))),
        ]

        v = Signal(wide)
        m.d.comb += v.eq(Mux(crossed, 0, leaked))
        if self._deep:
            v, p = register(v, wide, "v_leaked"), register(p.as_value(), modes, "p_leaked")

        # clamp
        high, low = Const(hw.potential_max), Const(hw.potential_min)
        v = register(Mux(v > high, high, Mux(v < low, low, v)), narrow, "v_clamped")
        p = register(p.as_value(), modes, "p_clamped")

        # threshold
        over, under = v - p.top, v + p.bottom  # >= 0: fires; < 0: below -bottom
        fires, below = over >= 0, under < 0
        if self._deep:
            v, p = register(v, narrow, "v_compared"), register(p.as_value(), modes, "p_compared")
            over = register(over, over.shape(), "over")
            under = register(under, under.shape(), "under")
            fires, below = register(fires, 1, "fires_compared"), register(below, 1, "below")

        # reset
        after = Signal(narrow)
        m.d.comb += after.eq(v)
        with m.If(fires):
            with m.Switch(p.gamma):
                with m.Case(0):
                    m.d.comb += after.eq(p.reset)
                with m.Case(1):
                    m.d.comb += after.eq(over)
        with m.Elif(below):
            with m.If(p.kappa):
                m.d.comb += after.eq(-p.bottom)
            with m.Else():
                with m.Switch(p.gamma):
                    with m.Case(0):
                        m.d.comb += after.eq(-p.reset)
                    with m.Case(1):
                        m.d.comb += after.eq(under)
        m.d.comb += [
            self.potential.eq(register(after, narrow, "v_reset")),
            self.fires.eq(register(fires, 1, "fires_reset")),
        ]
        return m

    def _draw(self, m: Module) -> tuple[Value, Value]:
        """The leak of this tick, and the threshold noise."""
        hw, p = self._hardware, self.type
        leak, eta = Value.cast(p.leak), Value.cast(0)
        if hw.stochastic_leak:
            rho = self.draws[32 : 32 + DRAW_BITS]
            drawn = Signal(signed(2))
            with m.If(abs(leak) >= rho):
                m.d.comb += drawn.eq(Mux(leak < 0, -1, leak != 0))
            leak = Mux(p.c, drawn, leak)
        if hw.noise_bits:
            mask = ((1 << p.tm) - 1)[: hw.noise_bits]
            eta = self.draws[:MAX_NOISE_BITS] & mask
        return leak, eta
