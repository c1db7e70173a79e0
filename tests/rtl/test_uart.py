"""The UART's pins: bit rates that differ, glitches, breaks."""

import gc
import random

import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator

from sterna.rtl.uart import UartReceiver, UartTransmitter

DIVISOR = 8
#: The least that the UART takes, and a board's; one with more room; one that is odd.
DIVISORS = (4, 8, 13)
MESSAGE = bytes([0x00, 0xFF, 0x55, 0xAA, 0x01, 0x80]) + random.Random(1).randbytes(20)


def receive(levels: list[tuple[int, float]], divisor: int = DIVISOR) -> bytes:
    """Bytes that the receiver makes of a pin that has each level for that many clock cycles."""
    dut = UartReceiver(divisor=divisor)
    seen = bytearray()

    async def pin(ctx) -> None:
        clock_ns = 40
        for level, cycles in levels:
            ctx.set(dut.rx, level)
            await ctx.delay(cycles * clock_ns * 1e-9)

    async def monitor(ctx) -> None:
        async for _, _, valid, byte in ctx.tick().sample(dut.bytes.valid, dut.bytes.p):
            if valid:
                seen.append(byte)

    sim = Simulator(dut)
    sim.add_clock(40e-9)
    sim.add_testbench(pin)
    sim.add_testbench(monitor, background=True)
    sim.run()
    return bytes(seen)


def wire(message: bytes, bit: float = DIVISOR) -> list[tuple[int, float]]:
    """A message as levels of the pin, idle before and after; `bit` cycles a bit."""
    levels = [(1, 20.3)]
    for byte in message:
        levels += [(0, bit), *((byte >> i & 1, bit) for i in range(8)), (1, bit)]
    return [*levels, (1, 3 * DIVISOR)]


@pytest.mark.parametrize("divisor", DIVISORS)
@pytest.mark.parametrize("error", [-0.02, 0, 0.02])
def test_receiver_follows_a_bit_clock_that_is_off_by_two_percent(
    error: float, divisor: int
) -> None:
    assert receive(wire(MESSAGE, divisor * (1 + error)), divisor) == MESSAGE


@pytest.mark.control
@pytest.mark.parametrize("divisor", DIVISORS)
def test_receiver_does_not_follow_one_that_is_off_by_a_tenth(divisor: int) -> None:
    assert receive(wire(MESSAGE, divisor * 1.1), divisor) != MESSAGE


@pytest.mark.parametrize("divisor", DIVISORS)
def test_glitch_of_less_than_half_a_bit_is_no_byte(divisor: int) -> None:
    for length in (0.1, 0.25, 0.4, 0.49):
        for moment in (0.3, 0.7):  # of a clock cycle
            glitch = [(1, 20 + moment), (0, length * divisor), (1, 20 * divisor)]
            assert receive([*glitch, *wire(b"\x42", divisor)], divisor) == b"\x42"


@pytest.mark.control
def test_low_of_more_than_half_a_bit_is_a_start_bit() -> None:
    low = [(1, 20.3), (0, 0.8 * DIVISOR), (1, 20 * DIVISOR)]
    assert receive([*low, *wire(b"\x42")]) == b"\xff\x42"


def test_break_and_byte_without_stop_bit_are_dropped() -> None:
    assert receive([(1, 20), (0, 400), (1, 40), *wire(b"\x42")]) == b"\x42"
    torn = wire(b"\x0f")[:-2]  # its stop bit is low
    assert receive([*torn, (0, DIVISOR), (1, 40), *wire(b"\x42")]) == b"\x42"


def test_transmitter_and_receiver_loop_back_to_back() -> None:
    m = Module()
    m.submodules.sender = sender = UartTransmitter(divisor=DIVISOR)
    m.submodules.receiver = receiver = UartReceiver(divisor=DIVISOR)
    m.d.comb += receiver.rx.eq(sender.tx)
    seen = bytearray()
    cycles = 0

    async def source(ctx) -> None:
        nonlocal cycles
        ctx.set(sender.bytes.valid, 1)
        for byte in MESSAGE:
            ctx.set(sender.bytes.p, byte)
            cycles += 1
            _, _, ready = await ctx.tick().sample(sender.bytes.ready)
            while not ready:
                cycles += 1
                _, _, ready = await ctx.tick().sample(sender.bytes.ready)
        ctx.set(sender.bytes.valid, 0)
        await ctx.tick().repeat(12 * DIVISOR)

    async def monitor(ctx) -> None:
        async for _, _, valid, byte in ctx.tick().sample(receiver.bytes.valid, receiver.bytes.p):
            if valid:
                seen.append(byte)

    sim = Simulator(m)
    sim.add_clock(40e-9)
    sim.add_testbench(source)
    sim.add_testbench(monitor, background=True)
    sim.run()
    assert bytes(seen) == MESSAGE
    assert cycles <= len(MESSAGE) * (10 * DIVISOR + 1)


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
@pytest.mark.parametrize("divisor", [0, 3, 8.0])
def test_divisor_is_checked(divisor: float) -> None:
    for component in (UartReceiver, UartTransmitter):
        with pytest.raises(ValueError, match=f"at least 4, not {divisor}"):
            component(divisor=divisor)
    gc.collect()  # the half-made components tell now that they were never used, not at the end
