"""In-simulator tests: a tile against the golden model, every tick, spikes and potentials.

The launcher passes, in the environment: STERNA_HARDWARE (parameters as JSON), STERNA_SEED and
STERNA_STALLS.
"""

import json
import os
import random

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, with_timeout

from sterna.model import GoldenModel, Tick
from sterna.spec import OUTPUT, Hardware, Network, NeuronType
from sterna.spec.image import build_image
from sterna.spec.layout import (
    EVENT_FIELDS,
    TILE_COUNTERS,
    EventKind,
    Space,
    depth,
    input_fields,
    pack,
    unpack,
)
from sterna.verify.agents import (
    BusDriver,
    StreamSink,
    StreamSource,
    TraceMonitor,
    stalls,
    start_clock,
)
from sterna.verify.random_network import random_frames, random_network


class TileBench:
    """Drives one tile and compares it with the golden model."""

    def __init__(self, dut, hardware: Hardware, network: Network, pattern: str, seed: int) -> None:
        self.dut, self.hardware, self.network = dut, hardware, network
        rng = random.Random(seed)
        dut._log.info("stalls %s, seed %d", pattern, seed)
        self.bus = BusDriver(dut)
        self.inputs = StreamSource(dut, "inputs", stalls(pattern, rng))
        self.grants = StreamSource(dut, "grants", stalls(pattern, rng))
        self.events = StreamSink(dut, "events", stalls(pattern, rng))
        self.image = build_image(network, hardware)
        dut.used_contexts.value = 0
        dut.tick_period.value = 0
        dut.tick_base.value = 0

    async def start(self) -> None:
        """Clock, reset, load the network."""
        await start_clock(self.dut)
        self.trace = TraceMonitor(self.dut)
        for space, words in self.image.words.items():
            await self.bus.write(space, words)
        await self.bus.write(Space.RING, [0] * depth(Space.RING, self.hardware))
        self.dut.used_contexts.value = self.image.used_contexts

    async def put(self, frame: np.ndarray, delay: int = 0) -> None:
        """Send a frame's spikes, word by word, in a shuffled order."""
        words: dict[tuple[int, int], int] = {}
        _, cores, axons = self.network.input_map[frame[self.network.input_map[:, 0]] != 0].T
        for core, axon in zip(cores.tolist(), axons.tolist(), strict=True):
            key = (core, axon // 16)
            words[key] = words.get(key, 0) | 1 << axon % 16
        fields = input_fields(self.hardware)
        items = list(words.items())
        random.Random(len(items)).shuffle(items)
        for (core, word), bits in items:
            values = {"delay": delay, "context": core, "word": word, "axons": bits}
            await self.inputs.send(pack(fields, values))

    async def tick(self) -> tuple[list[int], int, int]:
        """Wait for a tick's end: lines of its spikes, its number, its cycles."""
        lines = []
        while True:
            while not self.events.received:
                self.events.arrived.clear()
                await self.events.arrived.wait()
            event = self.events.received.pop(0)
            fields = unpack(EVENT_FIELDS, event)
            if fields["kind"] == EventKind.LINE:
                lines.append(fields["line"])
                continue
            self.updates = self.trace.collect()
            return lines, fields["tick"], fields["cycles"]

    def compare(self, golden: Tick, lines: list[int], number: int) -> None:
        """Every spike and potential of a tick; the first difference is named."""
        assert number == golden.tick & 0xFFFF, f"tick {number}, expected {golden.tick}"
        updates = self.updates
        for core, (spikes, potentials) in enumerate(
            zip(golden.spikes, golden.potentials, strict=True)
        ):
            for neuron, want in enumerate(zip(spikes.tolist(), potentials.tolist(), strict=True)):
                seen = updates.pop((core, neuron), None)
                assert seen == want, (
                    f"tick {golden.tick}, core {core}, neuron {neuron}: (spike, potential) "
                    f"expected {want}, seen {seen}"
                )
        assert not updates, f"tick {golden.tick}: neurons that do not exist: {sorted(updates)}"
        count = np.bincount(np.array(lines, int), minlength=len(golden.lines))
        assert count.tolist() == golden.lines.tolist(), f"tick {golden.tick}: lines differ"

    async def compare_end(self, model: GoldenModel) -> None:
        """Potentials read back, and the counters."""
        await ClockCycles(self.dut.clk, 3)
        assert self.dut.idle.value == 1
        width = self.hardware.potential_bits
        for core, first in enumerate(self.image.first_potential.tolist()):
            want = [int(v) & (1 << width) - 1 for v in model.potentials[core]]
            seen = await self.bus.read(Space.POTENTIAL, len(want), first)
            assert seen == want, f"core {core}: potentials read back differ"
        counters = int(self.dut.counters.value)
        seen = {name: counters >> 32 * i & 0xFFFFFFFF for i, name in enumerate(TILE_COUNTERS)}
        assert seen.pop("busy_cycles") > 0
        want = dict(
            ticks=model.tick,
            spikes_in=model.spikes_in,
            dropped=0,
            overruns=0,
            spikes_routed=model.spikes_routed,
            spikes_out=model.spikes_out,
        )
        assert seen == want


#: Of a random network.
TICKS = 30


def setup() -> tuple[Hardware, int, str]:
    env = os.environ
    return (
        Hardware(**json.loads(env["STERNA_HARDWARE"])),
        int(env["STERNA_SEED"]),
        env["STERNA_STALLS"],
    )


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def test_random_network_equals_the_golden_model(dut) -> None:
    hardware, seed, pattern = setup()
    rng = np.random.default_rng(seed)
    network = random_network(rng, hardware)
    frames = random_frames(rng, network, TICKS)
    model = GoldenModel(network)
    golden = [model.step(frame) for frame in frames]
    bench = TileBench(dut, hardware, network, pattern, seed)
    await bench.start()

    async def drive() -> None:
        for frame in frames:
            await bench.put(frame)
            await bench.grants.send(1)

    driver = cocotb.start_soon(drive())
    worst = 0.0
    for expected in golden:
        lines, number, cycles = await with_timeout(bench.tick(), 10, "ms")
        bench.compare(expected, lines, number)
        bound = hardware.bound(expected.active_by_type(network), network.neurons.tolist())
        worst = max(worst, cycles / bound)
    await driver
    await bench.compare_end(model)
    dut._log.info("most cycles a tick: %.3f of the bound", worst)


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def test_inputs_with_delay_wait_for_their_slot(dut) -> None:
    """Inputs far ahead are held back until their slot is free, and land in their tick."""
    hardware, seed, pattern = setup()
    rng = np.random.default_rng(seed)
    network = random_network(rng, hardware)
    frame = np.ones(network.features, bool)
    ahead = hardware.max_delay
    model = GoldenModel(network)
    golden = [model.step() for _ in range(3)]
    for _, core, axon in network.input_map.tolist():
        model.inject(core, axon, ahead)
    golden += [model.step() for _ in range(ahead + 2)]
    bench = TileBench(dut, hardware, network, pattern, seed)
    await bench.start()

    async def drive() -> None:
        await bench.grants.send(3)
        await bench.put(frame, ahead)  # three ticks and `ahead` away: must wait
        await bench.grants.send(ahead + 2)

    driver = cocotb.start_soon(drive())
    for expected in golden:
        lines, number, _ = await with_timeout(bench.tick(), 10, "ms")
        bench.compare(expected, lines, number)
    await driver
    await bench.compare_end(model)


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def test_tick_period_paces_ticks_and_counts_overruns(dut) -> None:
    hardware, seed, *_ = setup()
    network = random_network(np.random.default_rng(seed), hardware)
    bench = TileBench(dut, hardware, network, "none", seed)
    await bench.start()
    await bench.grants.send(3)
    cycles = max([(await bench.tick())[2] for _ in range(3)])  # none has input: all alike
    for period, overruns in ((cycles + 100, 0), (cycles // 2, 4)):
        dut.tick_period.value = period
        before = cocotb.utils.get_sim_time("ns")
        counted = int(dut.counters.value) >> 32 * 5 & 0xFFFFFFFF
        await bench.grants.send(4)
        last = [await bench.tick() for _ in range(4)][-1][2]
        await ClockCycles(dut.clk, 2)
        assert (int(dut.counters.value) >> 32 * 5 & 0xFFFFFFFF) - counted == overruns
        took = (cocotb.utils.get_sim_time("ns") - before) / 10
        if not overruns:
            assert 3 * period <= took <= 4 * period + last + 50


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def test_target_that_does_not_exist_is_counted_as_dropped(dut) -> None:
    hardware, seed, *_ = setup()
    one = np.ones((1, 1), np.int8)
    network = Network(
        name="one",
        hardware=hardware,
        crossbars=(one,),
        core_crossbar=np.zeros(1, np.int32),
        types=np.array([NeuronType().row()], np.int32),
        neuron_type=np.zeros(1, np.int32),
        neuron_potential=np.zeros(1, np.int32),
        targets=np.array([[0, 0, OUTPUT, 0, 0]], np.int32),
        features=1,
        input_map=np.zeros((1, 3), np.int32),
        output_class=np.zeros(1, np.int32),
        latency=0,
    )
    bench = TileBench(dut, hardware, network, "none", seed)
    await bench.start()
    for entry, lines in ((bench.image.words[Space.TARGET][0], [0]), (1 | 4, []), (3 | 4, [])):
        await bench.bus.write(Space.TARGET, [entry])  # a line; an axon after no delay; no kind
        await bench.put(np.ones(1, bool))
        await bench.grants.send(1)
        assert (await bench.tick())[0] == lines
    await ClockCycles(dut.clk, 2)
    assert int(dut.counters.value) >> 32 * 4 & 0xFFFFFFFF == 2
