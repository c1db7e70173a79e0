"""A board's top at its pins, with the real driver: wrong bit rates, glitches, breaks, resets.

The driver is a program that waits; it runs in a thread of its own, and its link is the pins. All
times are simulated: a wait of the driver's is as many simulated milliseconds as it has tenths of a
second, since a frame takes far less than a millisecond at this bit rate.

The launcher passes in the environment: STERNA_HARDWARE (parameters as JSON), STERNA_HZ and
STERNA_BAUD, of the board's clock and UART, and STERNA_BUILD, its build hash in hexadecimal.
"""

import json
import os
import random
from types import SimpleNamespace

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.task import bridge, resume
from cocotb.triggers import Event, FallingEdge, First, RisingEdge, Timer
from cocotb.utils import get_sim_time

from sterna.host import Device, channel
from sterna.host.messages import read_message
from sterna.link.frames import Frame
from sterna.spec import Hardware, LinkError
from sterna.spec.layout import Space, depth, word_bits
from sterna.verify.firstlight import compare_device
from tests.networks import chain

HARDWARE = Hardware(**json.loads(os.environ["STERNA_HARDWARE"]))
#: Picoseconds a cycle and a bit, if all clocks are right.
CYCLE_PS = 2 * round(5e11 / int(os.environ["STERNA_HZ"]))
BIT_PS = 1e12 / int(os.environ["STERNA_BAUD"])
#: Simulated seconds for each second that the driver waits.
SCALE = 0.01


class Pins:
    """A link over the board's UART pins, for a driver that runs in a thread.

    Parameters
    ----------
    off : by how much the host's bit time is too long, as a fraction.
    """

    name = "pins"

    def __init__(self, dut, *, off: float = 0.0) -> None:
        self._dut, self._bit_ps = dut, BIT_PS * (1 + off)
        self._heard, self._arrived = bytearray(), Event()
        self._receiver = cocotb.start_soon(self._receive())
        self.framing_errors = self.sent = 0

    def write(self, data: bytes) -> None:
        resume(self._send)(data)

    def read(self, timeout_s: float) -> bytes:
        return resume(self._wait)(timeout_s)

    def close(self) -> None:
        pass

    def cut(self) -> None:
        """Hear no more."""
        self._receiver.cancel()

    async def _send(self, data: bytes) -> None:
        for byte in data:
            await self.levels(0, *(byte >> place & 1 for place in range(8)), 1)
            self.sent += 1

    async def levels(self, *levels: int) -> None:
        """Drive the board's RX pin, a bit time each."""
        for level in levels:
            self._dut.rx.value = level
            await Timer(round(self._bit_ps), unit="ps")

    async def _wait(self, timeout_s: float) -> bytes:
        if not self._heard and timeout_s > 0:
            self._arrived.clear()
            await First(self._arrived.wait(), Timer(max(1, round(timeout_s * SCALE * 1e9)), "ns"))
        data = bytes(self._heard)
        self._heard.clear()
        return data

    async def _receive(self) -> None:
        while True:
            await FallingEdge(self._dut.tx)
            await Timer(round(self._bit_ps / 2), unit="ps")
            seen = []
            for _ in range(9):
                await Timer(round(self._bit_ps), unit="ps")
                seen.append(int(self._dut.tx.value))
            if seen.pop():
                self._heard.append(sum(level << place for place, level in enumerate(seen)))
                self._arrived.set()
            else:
                self.framing_errors += 1


async def power_up(dut) -> None:
    """Clock, and the button pressed for a while."""
    # the driver's clock is the simulation's, and stands still when that does
    channel.time = SimpleNamespace(monotonic=lambda: get_sim_time("sec") / SCALE)
    dut.rx.value = 1
    dut.rst.value = 1
    Clock(dut.clk, CYCLE_PS, unit="ps").start()
    await Timer(20 * CYCLE_PS, unit="ps")
    assert dut.tx.value == 1
    assert dut.in_reset.value == 1
    dut.rst.value = 0
    await Timer(20 * CYCLE_PS, unit="ps")
    assert dut.in_reset.value == 0
    assert dut.idle.value == 1


def open_device(link: Pins) -> Device:
    """Open the board; it must be the one that was built."""
    build = int(os.environ["STERNA_BUILD"], 16)
    return Device(link, expect=HARDWARE, expect_build=build, timeout_s=1)


def exchange(device: Device, draw: random.Random) -> None:
    """Random words into the crossbars and the types, and back."""
    for space in (Space.CROSSBAR, Space.TYPE):
        count = min(12, depth(space, HARDWARE))
        words = [draw.getrandbits(word_bits(space, HARDWARE)) for _ in range(count)]
        device.write_words(space, 0, words)
        assert device.read_words(space, 0, count) == words


def errors(device: Device) -> int:
    """Damaged frames that the board has counted, and those that the host has."""
    return device.counters()["CRC_ERRORS"] + device.statistics.damaged


@cocotb.test(timeout_time=100, timeout_unit="ms")
@cocotb.parametrize(off=[-0.02, 0.02])
async def test_host_clock_may_be_off_by_two_percent(dut, off: float) -> None:
    """Words and spikes pass, and not one frame is damaged."""
    await power_up(dut)
    link = Pins(dut, off=off)

    @bridge
    def drive() -> None:
        frames = np.random.default_rng(cocotb.RANDOM_SEED).random((20, 4)) < 0.5
        with open_device(link) as device:
            exchange(device, random.Random(cocotb.RANDOM_SEED))
            network = chain(hardware=HARDWARE)
            device.load(network)
            compare_device(device, network, frames).check()
            assert errors(device) == 0
            assert device.statistics.repairs == 0

    await drive()
    assert link.framing_errors == 0


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def test_host_clock_that_is_off_by_a_tenth_gets_no_answer(dut) -> None:
    await power_up(dut)
    link = Pins(dut, off=0.1)

    @bridge
    def drive() -> str:
        try:
            Device(link, timeout_s=0.3)
        except LinkError as error:
            return str(error)
        return ""

    assert "pins: " in await drive()


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def test_glitches_on_the_idle_line_are_no_bytes(dut) -> None:
    """Low for less than half a bit, of any length and at any time between two frames."""
    await power_up(dut)
    link, draw = Pins(dut), random.Random(cocotb.RANDOM_SEED)

    async def glitches() -> None:
        for _ in range(100):
            await glitch(dut, draw)
            await Timer(round(draw.uniform(1, 3) * BIT_PS), unit="ps")

    @bridge
    def drive() -> None:
        with open_device(link) as device:
            for _ in range(3):
                resume(glitches)()
                exchange(device, draw)
            assert errors(device) == 0
            assert device.statistics.repairs == 0

    await drive()


async def glitch(dut, draw: random.Random) -> None:
    """The other level on the board's RX pin, for less than half a bit."""
    before = int(dut.rx.value)
    dut.rx.value = 1 - before
    await Timer(round(draw.uniform(0.02, 0.49) * BIT_PS), unit="ps")
    dut.rx.value = before


@cocotb.test(timeout_time=200, timeout_unit="ms")
async def test_glitches_within_bytes_are_repaired(dut) -> None:
    """What they damage is noticed and sent again; all words arrive as they were sent."""
    await power_up(dut)
    link, draw = Pins(dut), random.Random(cocotb.RANDOM_SEED)

    async def glitches() -> None:
        while True:
            await Timer(round(draw.expovariate(1) * 300 * BIT_PS), unit="ps")
            await glitch(dut, draw)

    @bridge
    def drive() -> int:
        with open_device(link) as device:
            for _ in range(4):
                exchange(device, draw)
            return errors(device)

    noise = cocotb.start_soon(glitches())
    seen = await drive()
    noise.cancel()
    assert seen > 0, "no glitch has damaged anything: the test shows nothing"


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def test_breaks_are_no_bytes(dut) -> None:
    """The line is low for longer than a byte: nothing is lost between frames, nor within one."""
    await power_up(dut)
    link, draw = Pins(dut), random.Random(cocotb.RANDOM_SEED)

    @bridge
    def drive() -> None:
        with open_device(link) as device:
            for bits in (10, 11, 200):
                resume(link.levels)(*[0] * bits, 1, 1)
                exchange(device, draw)
            assert errors(device) == 0
            # half a frame, a break, and then the driver goes on
            half = read_frame()[:9]
            resume(link._send)(half)
            resume(link.levels)(*[0] * 30, 1, 1)
            exchange(device, draw)
            assert device.counters()["CRC_ERRORS"] > 0

    await drive()


def read_frame() -> bytes:
    """A frame that no session has asked for."""
    return Frame(payload=read_message(Space.REGISTER, 0, 1)).encode()


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def test_reset_in_mid_frame_ends_the_session_and_no_more(dut) -> None:
    """The driver says that the board was reset; opened again, it answers as ever."""
    await power_up(dut)
    link, draw = Pins(dut), random.Random(cocotb.RANDOM_SEED)

    async def press(after: int) -> None:
        """In the middle of the byte after that many, for three cycles."""
        start = link.sent
        while link.sent <= start + after:
            await RisingEdge(dut.clk)
        await Timer(round(4.3 * BIT_PS), unit="ps")
        dut.rst.value = 1
        await Timer(3 * CYCLE_PS, unit="ps")
        dut.rst.value = 0

    @bridge
    def drive() -> str:
        with open_device(link) as device:
            exchange(device, draw)
            cocotb_start(press(6))
            try:
                exchange(device, draw)
            except LinkError as error:
                return str(error)
        return ""

    def cocotb_start(coroutine) -> None:
        async def start() -> None:
            cocotb.start_soon(coroutine)

        resume(start)()

    @bridge
    def again() -> None:
        with open_device(link) as device:
            exchange(device, draw)
            assert errors(device) <= 1  # what was left of the frame, at most
            assert device.counters()["TICKS"] == 0

    assert "reset" in await drive()
    await again()
