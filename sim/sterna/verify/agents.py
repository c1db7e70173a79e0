"""Cocotb agents: stream source and sink with random stalls, the memory bus, and the trace monitor.

Names follow Amaranth's Verilog: a stream `x` is `x__payload`, `x__valid`, `x__ready`. Values read
right after `RisingEdge` are those that the registers saw at that edge.
"""

import random
from collections.abc import Iterator
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.task import Task
from cocotb.triggers import Event, RisingEdge

#: Cycles within which a word that is read comes.
READ_CYCLES = 16


def stalls(pattern: str, rng: random.Random) -> Iterator[bool]:
    """Yields for each cycle, without end, whether it is a pause; 'bursts' pauses long.

    `pattern` is one of `sterna.simulator.tile_process.STALLS`.
    """
    while True:
        if pattern == "none":
            yield False
        elif pattern == "random":
            yield rng.random() < 0.5
        else:
            yield from [True] * rng.randrange(200)
            yield from [False] * rng.randrange(1, 200)


async def start_clock(dut: Any) -> None:
    """Start the clock and go through reset."""
    Clock(dut.clk, 10, unit="ns").start()
    dut.rst.value = 1
    for _ in range(3):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    await RisingEdge(dut.clk)


class StreamSource:
    """Sends payloads into a stream, in order; `pause` says in which cycles it holds back."""

    def __init__(self, dut: Any, name: str, pause: Iterator[bool]) -> None:
        self._clk = dut.clk
        self._payload: Any = dut[f"{name}__payload"]
        self._valid: Any = dut[f"{name}__valid"]
        self._ready: Any = dut[f"{name}__ready"]
        self._pause = pause
        self._valid.value = 0

    async def send(self, payload: int) -> None:
        """Return after the edge at which the payload was taken."""
        while next(self._pause):
            await RisingEdge(self._clk)
        self._payload.value = payload
        self._valid.value = 1
        while True:
            await RisingEdge(self._clk)
            if self._ready.value == 1:
                break
        self._valid.value = 0


class StreamSink:
    """Takes payloads from a stream into `received`; checks that a payload waits unchanged."""

    def __init__(self, dut: Any, name: str, pause: Iterator[bool]) -> None:
        self._clk = dut.clk
        self._name = name
        self._payload: Any = dut[f"{name}__payload"]
        self._valid: Any = dut[f"{name}__valid"]
        self._ready: Any = dut[f"{name}__ready"]
        self._pause = pause
        self.received: list[int] = []
        self.arrived = Event()
        self.task: Task[None] = cocotb.start_soon(self._run())

    async def _run(self) -> None:
        waiting: int | None = None
        while True:
            ready = not next(self._pause)
            self._ready.value = ready
            await RisingEdge(self._clk)
            if self._valid.value != 1:
                assert waiting is None, f"{self._name}: valid fell before the payload was taken"
                continue
            payload = int(self._payload.value)
            assert waiting in (None, payload), f"{self._name}: payload changed while it waited"
            waiting = None if ready else payload
            if ready:
                self.received.append(payload)
                self.arrived.set()


class BusDriver:
    """The host's side of a memory bus."""

    def __init__(self, dut: Any) -> None:
        self._dut = dut
        dut.bus__read.value = 0
        dut.bus__write.value = 0

    async def write(self, space: int, words: list[int], address: int = 0) -> None:
        """Store words from `address` on, one a cycle."""
        dut = self._dut
        dut.bus__space.value = space
        dut.bus__write.value = 1
        for offset, word in enumerate(words):
            dut.bus__address.value = address + offset
            dut.bus__write_data.value = word
            await RisingEdge(dut.clk)
        dut.bus__write.value = 0

    async def read(self, space: int, count: int, address: int = 0) -> list[int]:
        """Read `count` words from `address` on."""
        dut = self._dut
        words = []
        dut.bus__space.value = space
        for offset in range(count):
            dut.bus__address.value = address + offset
            dut.bus__read.value = 1
            await RisingEdge(dut.clk)
            dut.bus__read.value = 0
            await RisingEdge(dut.clk)
            for _ in range(READ_CYCLES):
                if dut.bus__read_valid.value == 1:
                    break
                await RisingEdge(dut.clk)
            assert dut.bus__read_valid.value == 1
            words.append(int(dut.bus__read_data.value))
        return words


class TraceMonitor:
    """Collects neuron updates: (context, neuron) -> (spike, potential); each once a tick."""

    def __init__(self, dut: Any) -> None:
        self._dut = dut
        self.updates: dict[tuple[int, int], tuple[int, int]] = {}
        self.task: Task[None] = cocotb.start_soon(self._run())

    async def _run(self) -> None:
        dut = self._dut
        while True:
            await RisingEdge(dut.clk)
            if dut.trace__valid.value == 1:
                key = (
                    int(dut.trace__context.value),
                    int(dut.trace__neuron.value),
                )
                assert key not in self.updates, f"neuron {key} was updated twice in a tick"
                self.updates[key] = (
                    int(dut.trace__spike.value),
                    dut.trace__potential.value.to_signed(),
                )

    def collect(self) -> dict[tuple[int, int], tuple[int, int]]:
        """The updates since the last call."""
        updates, self.updates = self.updates, {}
        return updates
