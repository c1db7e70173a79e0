"""The tile in Verilator against the golden model: launches `bench_tile`."""

import functools
import json
from pathlib import Path

import pytest
from amaranth.back import verilog

from sterna.cosim.bench import run_bench
from sterna.rtl.tile import Tile
from sterna.spec import Hardware, preset
from tests.cosim.faults import FAULTS

BUILD = Path("build/cocotb").resolve()

NARROW = dict(contexts=1, crossbars=1, delay_slots=16, targets=600, types=256,
              potential_bits=9, threshold_bits=8)  # fmt: skip

#: Parameter sets: the presets, and corners of A, N, L, K, M.
HARDWARE = {
    "tiny": preset("tiny"),
    "core256": preset("core256"),
    "up5k": preset("up5k"),
    "a32n256": Hardware(**NARROW, lanes=64, axons=32, neurons=256),
    "a256n32": Hardware(**NARROW, lanes=8, axons=256, neurons=32),
    "a64n128": Hardware(**NARROW, lanes=16, axons=64, neurons=128),
    "a128n64k8": Hardware(
        contexts=8, crossbars=3, lanes=64, axons=128, neurons=64, delay_slots=8, targets=1024,
        types=7, potential_bits=12, threshold_bits=11,
    ),
    "k5m1": Hardware(
        contexts=5, crossbars=1, lanes=8, axons=32, neurons=64, delay_slots=2, targets=777,
        types=100, potential_bits=24, threshold_bits=23,
    ),
    "whole": Hardware(
        contexts=3, crossbars=2, lanes=8, axons=32, neurons=32, delay_slots=16, targets=256,
        types=16, potential_bits=20, threshold_bits=18, axon_types=4, weight_bits=9, noise_bits=18,
        stochastic_leak=1, stochastic_synapses=1,
    ),
    "smallest": Hardware(
        contexts=1, crossbars=1, lanes=8, axons=32, neurons=32, delay_slots=2, targets=1, types=1,
        potential_bits=8, threshold_bits=4,
    ),
    "types2": Hardware(
        contexts=2, crossbars=2, lanes=16, axons=64, neurons=64, delay_slots=4, targets=256,
        types=16, potential_bits=12, threshold_bits=11, axon_types=2, weight_bits=5, noise_bits=7,
    ),
    "drawn": Hardware(
        contexts=2, crossbars=2, lanes=32, axons=64, neurons=64, delay_slots=8, targets=256,
        types=16, potential_bits=10, threshold_bits=9, weight_bits=4, stochastic_leak=1,
        stochastic_synapses=1,
    ),
}  # fmt: skip


@functools.cache
def tile_verilog(name: str) -> str:
    return verilog.convert(Tile(hardware=HARDWARE[name]), name=f"tile_{name}", emit_src=False)


def launch(
    name: str,
    *,
    module: str = "tests.cosim.bench_tile",
    testcase: str | None = None,
    seed: int = 1,
    ticks: int = 30,
    stalls: str = "none",
    fault: str = "",
) -> None:
    """Run a bench module on the tile of these parameters; raises when a test in it fails."""
    hardware = HARDWARE[name]
    run_bench(
        tile_verilog(name),
        name=f"tile_{name}",
        module=module,
        build_root=BUILD,
        testcase=testcase,
        seed=seed,
        env={
            "STERNA_HARDWARE": json.dumps(hardware.as_dict()),
            "STERNA_SEED": str(seed),
            "STERNA_TICKS": str(ticks),
            "STERNA_STALLS": stalls,
            "STERNA_FAULT": fault,
        },
    )


@pytest.mark.sim
@pytest.mark.parametrize("name", HARDWARE)
def test_tile_equals_the_golden_model_at_every_tick(name: str) -> None:
    for seed, stalls in enumerate(("none", "random", "bursts"), start=1):
        launch(name, seed=seed, stalls=stalls)


@pytest.mark.sim
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault])
def test_deliberate_fault_is_caught(fault: str) -> None:
    """Some seed out of a few must show each fault; the others may not exercise it."""

    def campaign() -> None:
        for seed in range(1, 6):
            launch("tiny", seed=seed, ticks=100, fault=fault,
                   testcase="test_random_network_equals_the_golden_model")  # fmt: skip

    with pytest.raises((SystemExit, AssertionError)):
        campaign()


@pytest.mark.sim
@pytest.mark.parametrize("name", ["core256", "up5k"])
def test_cycles_a_tick_are_near_the_bound(name: str) -> None:
    launch(name, module="tests.cosim.bench_cycles")
