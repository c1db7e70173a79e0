"""The neuron's arithmetic, against the equations of `sterna.model.neuron` in plain wide integers.

Two proofs make one. While it always advances, the outputs are those of the equations for the inputs
of `delay` cycles before (`DatapathEquations`); and what does not advance does not change
(`Stands`). So stalls only stretch time, whenever they come.
"""

from typing import Any

from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring

from sterna.rtl.datapath import NeuronDatapath, type_layout
from sterna.spec.hardware import DRAW_BITS, MAX_NOISE_BITS, Hardware

from .harness import Harness, Inside, covers, drive, free, never_reset, past

#: Wide enough that nothing here can overflow.
WIDE = signed(40)


def equations(
    m: Module, potential: Value, synaptic: Value, p: Any, draws: Value, hardware: Hardware
) -> tuple[Signal, Signal]:
    """(V, fires) after a tick, as the golden model's `update` has it, line by line."""

    def let(name: str, value: Any) -> Signal:
        signal = Signal(WIDE, name=f"eq_{name}")
        m.d.comb += signal.eq(value)
        return signal

    def field(name: str) -> Signal:
        return let(name, p[name]) if name in type_layout(hardware).members else let(name, 0)

    def sign(value: Signal) -> Value:
        return Mux(value > 0, 1, Mux(value < 0, -1, 0))

    def clip(value: Signal) -> Value:
        high, low = hardware.potential_max, hardware.potential_min
        return Mux(value > high, high, Mux(value < low, low, value))

    leak, epsilon, c, tm = (field(name) for name in ("leak", "epsilon", "c", "tm"))
    alpha, beta, gamma, kappa, reset = (
        field(name) for name in ("alpha", "beta", "gamma", "kappa", "reset")
    )
    rho_t = draws[:MAX_NOISE_BITS]
    rho = draws[32 : 32 + DRAW_BITS]

    v0 = let("integrate", potential + synaptic)
    magnitude = let("magnitude", Mux(leak < 0, -leak, leak))
    drawn = let("drawn", Mux(magnitude >= rho, sign(leak), 0))
    amount = let("amount", Mux(c == 1, drawn, leak))
    v0_sign = let("v0_sign", sign(v0))
    # Omega times the amount, without a multiplier
    step = let(
        "step", Mux(epsilon == 0, amount, Mux(v0_sign == 1, amount, Mux(v0_sign == -1, -amount, 0)))
    )
    leaked = let("leaked", v0 + step)
    leaked_sign = let("leaked_sign", sign(leaked))
    crossed = (epsilon == 1) & (leaked_sign == -v0_sign)
    v1 = let("leak_done", Mux(crossed, 0, leaked))
    v2 = let("clamp", clip(v1))
    eta = let("eta", Value.cast(rho_t) & ((Value.cast(1) << tm[:5]) - 1))
    top = let("top", alpha + eta)
    bottom = let("bottom", beta + Mux(kappa == 1, 0, eta))
    fires = Signal(name="eq_fires")
    m.d.comb += fires.eq(v2 >= top)
    under = ~fires & (v2 < -bottom)
    after_fire = Mux(gamma == 0, reset, Mux(gamma == 1, v2 - top, v2))
    unsaturated = Mux(gamma == 0, -reset, Mux(gamma == 1, v2 + bottom, v2))
    after_under = Mux(kappa == 1, -beta, unsaturated)
    after = let("after", Mux(fires, after_fire, Mux(under, after_under, v2)))
    return after, fires


def allowed(m: Module, p: Any, hardware: Hardware) -> None:
    """A neuron type within the limits of `sterna.spec.neuron`."""
    m.d.comb += Assume((p.gamma != 3) & (p.reset != hardware.potential_min))
    if hardware.noise_bits:
        m.d.comb += Assume(p.tm <= hardware.noise_bits)


class DatapathEquations(Harness):
    """Outputs equal the equations of the inputs `delay` cycles before, for every input.

    Parameters
    ----------
    gamma, kappa : look at this mode only; None: at all.
    cover : ask for interesting cases instead.
    """

    def __init__(
        self,
        hardware: Hardware,
        *,
        gamma: int | None = None,
        kappa: int | None = None,
        cover: bool = False,
        dut: wiring.Component | None = None,
    ) -> None:
        super().__init__()
        self.hardware, self.gamma, self.kappa, self.cover = hardware, gamma, kappa, cover
        self.dut = dut or NeuronDatapath(hardware=hardware)

    @property
    def depth(self) -> int:
        """Cycles after which the outputs depend on nothing but inputs."""
        return self.dut.delay + 1

    def elaborate(self, platform: object) -> Module:
        m = Module()
        hw, dut = self.hardware, self.dut
        m.submodules.dut = dut
        never_reset(m)
        potential = free(m, signed(hw.potential_bits), "potential")
        synaptic = free(m, signed(hw.input_bits), "synaptic")
        p = free(m, type_layout(hw), "type")
        draws = free(m, 64, "draws")
        m.d.comb += [
            dut.advance.eq(1),
            dut.integrated.eq(potential + synaptic),
            dut.type.eq(p),
            dut.draws.eq(draws),
        ]
        allowed(m, p, hw)
        for name, value in (("gamma", self.gamma), ("kappa", self.kappa)):
            if value is not None:
                m.d.comb += Assume(p[name] == value)
        after, fires = equations(m, potential, synaptic, p, draws, hw)
        there: Value = Value.cast(1)
        expected: tuple[Value, Value] = after, fires
        for _ in range(dut.delay):
            there = past(m, there)
            expected = tuple(past(m, value) for value in expected)
        if self.cover:
            v = dut.potential
            m.d.comb += [
                Cover(there & dut.fires & (v == hw.potential_max)),
                Cover(there & ~dut.fires & (v == hw.potential_min)),
                Cover(there & dut.fires & past(m, ~dut.fires) & past(m, past(m, dut.fires))),
            ]
        else:
            m.d.comb += Assert(~there | (dut.potential == expected[0]))
            m.d.comb += Assert(~there | (dut.fires == expected[1]))
        return m


class Stands(Harness):
    """A pipeline with an `advance`: no register of it changes without.

    `cover` : ask for one that changes with it instead.
    """

    def __init__(self, dut: wiring.Component, *, cover: bool = False) -> None:
        super().__init__()
        self.dut, self.cover = dut, cover

    def elaborate(self, platform: object) -> Module:
        m = Module()
        inside = Inside(self.dut)
        m.submodules.dut = inside.module
        never_reset(m)
        dut = self.dut
        drive(m, dut)
        stood = past(m, ~dut.advance)
        registers = inside.registers()
        assert registers, "nothing to prove"
        if self.cover:
            changed = [register != past(m, register) for register in registers]
            covers(m, ~stood & Cat(*changed).any())
            return m
        for register in registers:
            m.d.comb += Assert(~stood | (register == past(m, register)))
        return m
