"""The generator's pipeline, against the known answers and the function of the spec."""

import random

import pytest
from amaranth.sim import Simulator

from sterna.rtl.threefry import Threefry
from sterna.spec.threefry import Purpose
from tests.formal.mutant import mutant
from tests.spec.test_threefry import KNOWN_ANSWERS, threefry


def blocks(dut: Threefry, inputs: list[tuple[int, int, int]], seed: int = 1) -> list[int]:
    """Run (seed, tick, index) through the pipeline, one an advance, with random stalls."""
    outputs: list[int] = []
    rng = random.Random(seed)

    async def bench(ctx) -> None:
        fed = 0
        while len(outputs) < len(inputs):
            advance = rng.random() < 0.7
            ctx.set(dut.advance, advance)
            if fed < len(inputs):
                for port, value in zip((dut.seed, dut.tick, dut.index), inputs[fed], strict=True):
                    ctx.set(port, value)
            await ctx.tick()
            fed += advance
            if advance and fed >= dut.delay:
                outputs.append(ctx.get(dut.block))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return outputs


@pytest.mark.parametrize(("key", "counter", "block"), KNOWN_ANSWERS)
def test_known_answers(key: tuple[int, int], counter: tuple[int, int], block: tuple) -> None:
    # the second word of the key is the purpose, and here any number
    assert blocks(Threefry(purpose=key[1]), [(key[0], *counter)]) == [block[0] | block[1] << 32]


@pytest.mark.parametrize("purpose", list(Purpose))
def test_pipeline_gives_what_the_spec_gives(purpose: Purpose) -> None:
    rng = random.Random(2)
    inputs = [tuple(rng.getrandbits(32) for _ in range(3)) for _ in range(50)]
    expected = []
    for seed, tick, index in inputs:
        first, second = threefry((seed, purpose), (tick, index))
        expected.append(first | second << 32)
    assert blocks(Threefry(purpose=purpose), inputs) == expected


@pytest.mark.control
def test_a_wrong_rotation_is_noticed() -> None:
    faulty = mutant("sterna.rtl.threefry", "ROTATIONS[step %", "ROTATIONS[(step + 1) %")
    key, counter, block = KNOWN_ANSWERS[0]
    dut = faulty.Threefry(purpose=key[1])
    assert blocks(dut, [(key[0], *counter)]) != [block[0] | block[1] << 32]
