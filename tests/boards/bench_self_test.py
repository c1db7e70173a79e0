"""The top of a board with the device that tests itself: what its LEDs say, and its button."""

import os

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, First, RisingEdge

#: Cycles after which it has neither passed nor failed.
MOST = int(os.environ.get("STERNA_MOST", "40000000"))
PASSES = os.environ.get("STERNA_PASSES", "1") == "1"
#: How often it is run to its end; then the button is pressed once more.
RUNS = int(os.environ.get("STERNA_RUNS", "1"))


async def ended(dut) -> bool:
    """Whether it has passed; waits for that."""
    passed, failed = FallingEdge(dut.idle), RisingEdge(dut.in_reset)
    first = await First(passed, failed, ClockCycles(dut.clk, MOST))
    assert first in (passed, failed), f"nothing after {MOST} cycles"
    return first is passed


@cocotb.test()
async def test_leds_tell_how_it_ended_and_the_button_repeats_it(dut) -> None:
    Clock(dut.clk, 10, unit="ns").start()
    dut.rx.value = 1
    for run in range(RUNS + 1):
        dut.rst.value = 1
        await ClockCycles(dut.clk, 10)
        assert (dut.in_reset.value, dut.idle.value) == (1, 1)
        dut.rst.value = 0
        await FallingEdge(dut.in_reset)
        if run == RUNS:
            return  # it has begun anew
        assert await ended(dut) == PASSES
        await ClockCycles(dut.clk, 100)
        assert (dut.in_reset.value, dut.idle.value) == (not PASSES, PASSES is False)
