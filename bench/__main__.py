"""Benchmarks: cycles a tick against the bound, and frames/s of board and model.

`make bench` runs this, writes build/bench/results.json and replaces the README's table. Everything
is simulated; cycles are exact, rates are medians of several runs on this machine. `python -m bench
engine` measures the engines in its place (see `bench.engine`), `results` trained networks.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import sterna.model
from sterna.cli.boards import frame_rates
from sterna.data import mnist_test, shipped_network
from sterna.host import Device
from sterna.simulator.board import VirtualBoard
from sterna.simulator.verilog import device_design
from sterna.spec import OUTPUT, Hardware, Network, NeuronType, preset
from sterna.spec.clock import CLOCK
from sterna.spec.pages import write_section
from sterna.spec.tables import table

from . import engine, results
from .machine import machine

ROOT = Path(__file__).parents[1]
LANES = (8, 16, 32, 64)
ACTIVITY = (0, 16, 32, 64, 128, 256)
POINT_TICKS = 9
RUNS = 3


def full_core(hardware: Hardware, rng: np.random.Generator) -> Network:
    """One core with every axon and neuron in use; about a tenth of the neurons fire at 64."""
    axons, neurons = hardware.axons, hardware.neurons
    return Network(
        name="full core",
        hardware=hardware,
        crossbars=(rng.integers(-1, 2, (axons, neurons)).astype(np.int8),),
        core_crossbar=np.zeros(1, np.int32),
        types=np.array([_neuron_type(hardware).row()], np.int32),
        neuron_type=np.zeros(neurons, np.int32),
        neuron_potential=np.zeros(neurons, np.int32),
        targets=np.array([(0, n, OUTPUT, n, 0) for n in range(neurons)], np.int32),
        features=axons,
        input_map=np.array([(a, 0, a) for a in range(axons)], np.int32),
        output_class=np.zeros(neurons, np.int32),
        latency=0,
        axon_type=(np.arange(axons) % hardware.axon_types).astype(np.int32),
    )


def _neuron_type(hardware: Hardware) -> NeuronType:
    """With weights and draws where the build has them."""
    if not hardware.weight_bits:
        return NeuronType(alpha=8)
    drawn = hardware.stochastic_synapses
    return NeuronType(
        alpha=200,
        tm=4,
        leak=9,
        c=1,
        s0=30,
        s1=-20,
        s2=20,
        s3=-30,
        b0=drawn,
        b1=drawn,
        b2=drawn,
        b3=drawn,
    )


def builds() -> dict[str, tuple[Hardware, bool]]:
    """The builds whose cycles are measured, and whether they are deep, by the name of their row."""
    plain, whole = preset("core256").as_dict(), preset("truenorth").as_dict()
    rows = {f"{lanes} lanes": (Hardware(**plain | {"lanes": lanes}), False) for lanes in LANES}
    rows["16 lanes, 4 axon types"] = Hardware(**whole | {"stochastic_synapses": 0}), False
    rows["16 lanes, 4 axon types, drawn synapses"] = Hardware(**whole), False
    for lanes in LANES[1:]:
        rows[f"{lanes} lanes, deep build"] = Hardware(**plain | {"lanes": lanes}), True
    return rows


def cycles_against_bound() -> dict[str, dict[int, float]]:
    """Median cycles a tick over the bound: build -> active axons -> ratio."""
    result: dict[str, dict[int, float]] = {}
    for name, (hardware, deep) in builds().items():
        rng = np.random.default_rng(hardware.lanes)
        network = full_core(hardware, rng)
        print(f"cycles: {name}", flush=True)
        design = device_design(hardware, deep=deep)
        with VirtualBoard(design) as board, Device.open(board.url) as device:
            device.load(network)
            result[name] = {}
            for active in ACTIVITY:
                frames = np.zeros((POINT_TICKS, hardware.axons), np.bool_)
                for frame in frames:
                    frame[rng.choice(hardware.axons, active, replace=False)] = True
                ratios = [
                    tick.cycles
                    / hardware.bound(
                        [np.bincount(network.axon_type[frame], minlength=1).tolist()],
                        [hardware.neurons],
                        deep=deep,
                    )
                    for tick, frame in zip(device.stream(frames), frames, strict=True)
                ]
                result[name][active] = statistics.median(ratios)
    return result


def rate(run: Callable[[], object], count: int) -> float:
    """Median frames/s of several runs."""
    rates: list[float] = []
    for _ in range(RUNS):
        start = time.perf_counter()
        run()
        rates.append(count / (time.perf_counter() - start))
    return statistics.median(rates)


def digits() -> dict[str, Any]:
    """The shipped network on real digits: frames/s of each way to run it, and what bounds it."""
    network, frames = shipped_network(), mnist_test().frames()
    result: dict[str, Any] = {"network": network.name}
    print("frames/s: golden model", flush=True)
    model = sterna.model.open(network, engine="golden")
    ticks = [model.step(frame) for frame in frames[:1000]]
    result["model_frames_per_s"] = rate(lambda: [model.step(f) for f in frames[:1000]], 1000)
    neurons = network.neurons.tolist()
    bounds = [network.hardware.bound(t.active_by_type(network), neurons) for t in ticks]
    for name, pins, count in (("bytes", False, 1000), ("pins", True, 100)):
        print(f"frames/s: virtual board, {name}", flush=True)
        with VirtualBoard("up5k", pins=pins) as board, Device.open(board.url) as device:
            device.load(network)
            cycles = [tick.cycles for tick in device.stream(frames[:count])]
            result[f"{name}_frames_per_s"] = rate(
                lambda n=count, d=device: d.run(frames[:n]), count
            )
            if not pins:
                result["cycles_median"] = statistics.median(cycles)
                result["cycles_over_bound"] = statistics.median(
                    c / b for c, b in zip(cycles, bounds, strict=True)
                )
    return result | frame_rates(network, frames, result["cycles_median"], CLOCK)


def report(ratios: dict[str, dict[int, float]], run: dict[str, Any]) -> str:
    """The README's part."""
    cycles = table(
        ("cycles a tick / bound", *(f"{active} active" for active in ACTIVITY)),
        ((name, *(f"{r:.3f}" for r in row.values())) for name, row in ratios.items()),
    )
    rates = table(
        ("shipped network, one frame a tick", "frames/s"),
        (
            ("virtual board (RTL in Verilator), bytes", f"{run['bytes_frames_per_s']:,.0f}"),
            ("virtual board (RTL in Verilator), UART pins", f"{run['pins_frames_per_s']:,.0f}"),
            ("golden model", f"{run['model_frames_per_s']:,.0f}"),
            (
                f"bound by the core: {run['cycles_median']:,.0f} cycles a tick (median, measured "
                f"in simulation) at {CLOCK.hz / 1e6:g} MHz",
                f"{run['core_frames_per_s']:,.0f}",
            ),
            (
                f"bound by the UART: {run['link_bytes_a_frame']:.0f} bytes in a frame, framing "
                f"included, at {CLOCK.baud / 1e6:g} Mbaud",
                f"{run['link_frames_per_s']:,.0f}",
            ),
        ),
    )
    return (
        "One core of 256 x 256, some tenth of its neurons firing; the bound is that of "
        "docs/architecture.md, section 3:\n\n"
        f"{cycles}\n{rates}\n"
        f"With the shipped network the cycles of a tick are {run['cycles_over_bound']:.3f} of the "
        f"bound (median). Measured in simulation on {machine()}; medians of "
        f"{RUNS} runs.\n"
    )


def main() -> None:
    """Run everything; write the results and the README's table."""
    ratios, run = cycles_against_bound(), digits()
    folder = ROOT / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps({"cycles": ratios, **run}, indent=1))
    text = report(ratios, run)
    write_section(ROOT / "README.md", "`make bench`", text)
    print(text)


if __name__ == "__main__":
    if sys.argv[1:2] == ["engine"]:
        engine.main(sys.argv[2:])
    elif sys.argv[1:2] == ["results"]:
        results.main(sys.argv[2:])
    else:
        main()
