"""Random traffic to two forms of one component at once: what one shows, the other shows."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def test_both_show_the_same(dut) -> None:
    draw = random.Random(cocotb.RANDOM_SEED)
    Clock(dut.clk, 10, unit="ns").start()
    depth = 1 << len(dut.address)
    written = draw.sample(range(depth), 200)
    shown = 0  # words compared
    known = set()
    valid = False  # a word was read, and nothing written since
    for _ in range(6_000):
        await FallingEdge(dut.clk)
        if valid:
            assert dut.differs.value == 0, f"after {shown} words the two stores differ"
            shown += 1
        action = draw.choice(["write", "host", "engine", "engine", "nothing"])
        address = draw.choice(written)
        if action in ("host", "engine") and address not in known:
            action = "nothing"
        dut.address.value = address
        dut.write_data.value = draw.getrandbits(len(dut.write_data))
        dut.write.value = action == "write"
        dut.host_read.value = action == "host"
        dut.engine_read.value = action == "engine"
        if action == "write":
            known.add(address)
            valid = False
        elif action != "nothing":
            valid = True
    assert shown > 3_000


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def test_both_count_the_same(dut) -> None:
    draw = random.Random(cocotb.RANDOM_SEED)
    Clock(dut.clk, 10, unit="ns").start()
    total = 0
    for _ in range(12_000):
        await FallingEdge(dut.clk)
        assert dut.differs.value == 0, f"at {total} the two counters differ"
        assert dut.count.value.to_unsigned() == total
        total += (step := draw.choice([0, 1, 16, 31]))
        dut.step.value = step
    assert total > 1 << 17  # the carry between the halves was seen twice
