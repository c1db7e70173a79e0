"""The tile in Verilator against the golden model, in the presets and in corners of A, N, L, K, M.

All run as processes; three run under cocotb too, whose driver and monitors are other code.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from amaranth.back import verilog

from sterna.builds.folders import build_root
from sterna.model import GoldenModel
from sterna.rtl.tile import Tile
from sterna.simulator.tile_process import STALLS, TileProcess
from sterna.spec import OUTPUT, Hardware, Network, NeuronType, preset
from sterna.verify.bench import run_bench
from sterna.verify.mutations import HARDWARE as WHOLE
from sterna.verify.regression import Mismatch, Regression, check, draw, golden, run, simulate
from tests.verify import faults
from tests.verify.faults import FAULTS

BUILD = build_root() / "cocotb"

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


#: Of these, those that run under cocotb.
BENCHED = ("tiny", "k5m1", "whole")


@pytest.mark.sim
@pytest.mark.parametrize("name", HARDWARE)
def test_tile_equals_the_golden_model_at_every_tick(name: str) -> None:
    hardware = HARDWARE[name]
    with TileProcess(hardware) as tile:
        for seed, pattern in enumerate(STALLS):
            for several in {False, hardware.contexts > 1}:
                case = draw(hardware, [seed], several=several)
                assert run(tile, case.replace(stalls=(pattern,) * 3)) is None


@pytest.mark.sim
@pytest.mark.parametrize(("name", "pattern"), [*zip(BENCHED, STALLS, strict=True)])
def test_tile_equals_the_golden_model_under_cocotb(name: str, pattern: str) -> None:
    """Each with another of the stall patterns; as processes all have all of them."""
    hardware = HARDWARE[name]
    run_bench(
        verilog.convert(Tile(hardware=hardware), name=f"tile_{name}", emit_src=False),
        name=f"tile_{name}",
        module="tests.verify.bench_tile",
        build_root=BUILD,
        env={
            "STERNA_HARDWARE": json.dumps(hardware.as_dict()),
            "STERNA_SEED": "1",
            "STERNA_STALLS": pattern,
        },
    )


@pytest.mark.sim
def test_design_that_does_not_build_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)wrong does not build.*syntax error"):
        run_bench("module wrong(;\nendmodule\n", name="wrong", module="tests.verify.bench_tile",
                  build_root=tmp_path)  # fmt: skip


@pytest.mark.sim
@pytest.mark.parametrize(
    "ends", ["os.abort()", "os._exit(0)"], ids=["by a signal", "without results"]
)
def test_simulator_that_dies_is_no_test_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    (tmp_path / "dying.py").write_text(f"import os\n{ends}\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RuntimeError):
        run_bench("module still(input clk);\nendmodule\n", name="still", module="dying",
                  build_root=BUILD)  # fmt: skip


@pytest.mark.sim
def test_bench_builds_in_any_folder_with_the_python_that_runs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Verilator's makefiles run `python`; the first on the PATH is one that fails."""
    (tmp_path / "python").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    (tmp_path / "quiet.py").write_text("import cocotb\n@cocotb.test()\nasync def ends(dut): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    run_bench("module still(input clk);\nendmodule\n", name="still", module="quiet",
              build_root=tmp_path / "it's a build")  # fmt: skip


# deliberate faults of the model


def first_mismatch(tile: TileProcess, regressions: int = 30) -> Mismatch | None:
    """What the comparison says; no single regression exercises everything."""
    for seed in range(regressions):
        if found := run(tile, draw(WHOLE, [seed], several=seed % 2 == 1)):
            return found
    return None


@pytest.mark.sim
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.control
def test_fault_of_the_model_is_a_mismatch(tile: TileProcess, fault: str) -> None:
    with FAULTS[fault]():
        found = first_mismatch(tile)
    assert found is not None
    assert any(f"{what} expected" in found.what for what in ("spike", "potential")), found


@pytest.mark.sim
def test_without_a_fault_there_is_no_mismatch(tile: TileProcess) -> None:
    assert first_mismatch(tile) is None


@pytest.mark.sim
def test_a_fault_that_fails_by_itself_is_no_mismatch(tile: TileProcess) -> None:
    """A model that raises is an error of the test, and never passes for a fault that was caught."""

    def broken(*_: object) -> None:
        raise TypeError("of its own")

    with faults.changed_update(broken), pytest.raises(TypeError, match="of its own"):
        first_mismatch(tile)


# cycles


def full_network(rng: np.random.Generator, hardware: Hardware) -> Network:
    """Every core full-size; about a tenth of the neurons fire, each to one output line."""
    cores, axons = hardware.contexts, hardware.axons
    neurons = min(hardware.neurons, hardware.targets // cores)
    total = cores * neurons
    targets = [(c, n, OUTPUT, n, 0) for c in range(cores) for n in range(neurons)]
    inputs = [(c * axons + a, c, a) for c in range(cores) for a in range(axons)]
    crossbars = [rng.integers(-1, 2, (axons, neurons)).astype(np.int8) for _ in range(cores)]
    return Network(
        name="full",
        hardware=hardware,
        crossbars=tuple(crossbars),
        core_crossbar=np.arange(cores, dtype=np.int32),
        types=np.array([NeuronType(alpha=8).row()], np.int32),
        neuron_type=np.zeros(total, np.int32),
        neuron_potential=np.zeros(total, np.int32),
        targets=np.array(targets, np.int32),
        features=cores * axons,
        input_map=np.array(inputs, np.int32),
        output_class=np.zeros(neurons, np.int32),
        latency=0,
    )


@pytest.mark.sim
@pytest.mark.parametrize(("name", "deep"), [("core256", False), ("up5k", False), ("up5k", True)])
@pytest.mark.parametrize("active", [64, 256])
def test_cycles_a_tick_are_within_15_percent_of_the_bound(
    name: str, deep: bool, active: int
) -> None:
    """All cores full-size and firing."""
    hardware = HARDWARE[name]
    rng = np.random.default_rng(active)
    network = full_network(rng, hardware)
    inputs = [
        (0, core, axon, 0)
        for core in range(network.cores)
        for axon in sorted(rng.choice(hardware.axons, active, replace=False).tolist())
    ]
    case = Regression(network, np.array(inputs, np.int64), ticks=1, stalls=("none",) * 3, seed=0)
    model = GoldenModel(network)
    with TileProcess(hardware, deep=deep) as tile:
        seen, memory = simulate(tile, case)
    assert check(case, model, golden(case, model), seen, memory) is None
    bound = hardware.bound([[active]] * network.cores, network.neurons.tolist(), deep=deep)
    assert bound <= seen.ticks[0, 1] <= 1.15 * bound
