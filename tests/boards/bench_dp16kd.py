"""Two memories behind one set of inputs: they show the same words, in every cycle.

No word is read while it is written: block RAM would show anything.
"""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

CYCLES = 2000


def drawn(names: dict[str, int], draw: random.Random) -> dict[str, int]:
    """Inputs for a cycle; few addresses, so that words come back, and both ends of the memory."""
    values = {name: draw.getrandbits(width) for name, width in names.items()}
    for name, width in names.items():
        if name.endswith("address"):
            low = draw.getrandbits(min(width, 5))
            values[name] = draw.choice([low, (1 << width) - 1 - low])
    for name in names:
        if name.endswith("write_enable"):  # two ports; the host is away
            memory = name.removesuffix("write_enable")
            values[f"{memory}host__read"] = values[f"{memory}host__write"] = 0
            if values[f"{memory}read_address"] == values[f"{memory}write_address"]:
                values[name] = 0
    return values


@cocotb.test()
async def test_words_are_the_same(dut) -> None:
    draw = random.Random(cocotb.RANDOM_SEED)
    Clock(dut.clk, 10, unit="ns").start()
    ports = {handle._name: handle for handle in dut if hasattr(handle, "value")}
    shown = [name.removesuffix("_words") for name in ports if name.endswith("_words")]
    inputs = {
        name: len(handle)
        for name, handle in ports.items()
        if name not in ("clk", "rst") and not name.endswith(("_words", "_cells"))
    }
    dut.rst.value = 1
    for name in inputs:
        ports[name].value = 0
    await FallingEdge(dut.clk)
    dut.rst.value = 0
    seen: dict[str, set[str]] = {name: set() for name in shown}
    for _ in range(CYCLES):
        await FallingEdge(dut.clk)
        for name in shown:
            word = ports[f"{name}_words"].value
            assert word == ports[f"{name}_cells"].value, name
            seen[name].add(str(word))
        for name, value in drawn(inputs, draw).items():
            ports[name].value = value
    assert all(len(words) > 1 for words in seen.values()), "words were not seen"
