"""The generator of all draws, Threefry-2x32-20, pipelined: a block of 64 bits a cycle.

Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11; what is drawn for what
stands in `sterna.spec.threefry`.
"""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.threefry import INJECTION, PARITY, ROTATIONS, ROUNDS, Purpose

#: Rounds from register to register.
ROUNDS_A_STAGE = 2


class Threefry(wiring.Component):
    """A pipeline of rounds; moves when `advance` is asserted.

    Parameters
    ----------
    purpose : second word of the key.

    Members
    -------
    advance : In(1).
    seed : In(32) - first word of the key: the core's seed.
    tick, index : In(32) - the counter.
    block : Out(64) - word 0 in the low half; of the inputs `delay` advances before.
    """

    #: Advances from input to output.
    delay = ROUNDS // ROUNDS_A_STAGE

    def __init__(self, *, purpose: Purpose) -> None:
        self._purpose = purpose
        super().__init__(
            {
                "advance": In(1),
                "seed": In(32),
                "tick": In(32),
                "index": In(32),
                "block": Out(64),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        seed: Value = self.seed

        def key(number: int) -> Value:
            choice = number % 3
            if choice == 1:
                return Value.cast(int(self._purpose))
            return seed if choice == 0 else seed ^ (PARITY ^ int(self._purpose))

        x0, x1 = (self.tick + key(0))[:32], (self.index + key(1))[:32]
        for step in range(ROUNDS):
            x0 = (x0 + x1)[:32]
            x1 = x1.rotate_left(ROTATIONS[step % len(ROTATIONS)]) ^ x0
            if step % INJECTION == INJECTION - 1:
                count = step // INJECTION + 1
                x0, x1 = (x0 + key(count))[:32], (x1 + key(count + 1) + count)[:32]
            if step % ROUNDS_A_STAGE == ROUNDS_A_STAGE - 1:
                held = [Signal(32, name=f"{name}_{step}") for name in ("x0", "x1", "seed")]
                with m.If(self.advance):
                    m.d.sync += [
                        register.eq(value)
                        for register, value in zip(held, (x0, x1, seed), strict=True)
                    ]
                x0, x1, seed = held
        m.d.comb += self.block.eq(Cat(x0, x1))
        return m
