"""RANC's network: 4 x 4 cores, for RANC's own simulator and for our engines.

RANC (Mack et al., arXiv 2011.00624; github.com/UA-RCL/RANC) is the nearest open peer. Its
simulator reads a network and its inputs as JSON, and its parameters as a second JSON file; the
members are those that `simulator/src/decode.hpp` and `config.hpp` ask for.
"""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

from sterna.spec import Network, NeuronType, preset

#: Cores along each side of the grid.
SIDE = 4
#: Axons, and neurons, of a core.
CORE = 256
#: Spikes a core and tick, of which each neuron sends a fourth of the time.
SPIKES = 64
_GAIN, _THRESHOLD = SPIKES, CORE


def ranc_network(seed: int = 0) -> Network:
    """16 cores, half of each crossbar connected, 64 spikes a core and tick.

    RANC's synapses have the sign of their axon's type: every other axon's weight is -1. A neuron
    gains 64 a tick, and fires at 256.
    """
    rng = np.random.default_rng(seed)
    cores, neurons = SIDE * SIDE, SIDE * SIDE * CORE
    core, neuron = np.divmod(np.arange(neurons), CORE)
    to_core, axon = np.divmod(rng.permutation(neurons), CORE)
    row = np.repeat(np.array([0, 1], np.int8), CORE // 2)
    rows = np.broadcast_to(row, (CORE, CORE))
    kind = NeuronType(leak=_GAIN, alpha=_THRESHOLD, beta=_THRESHOLD, gamma=1, s0=1, s1=-1)
    return Network(
        name="RANC's 16 cores",
        hardware=preset("truenorth"),
        crossbars=tuple(rng.permuted(rows, axis=1) for _ in range(cores)),
        core_crossbar=np.arange(cores, dtype=np.int32),
        types=np.array([kind.row()], np.int32),
        neuron_type=np.zeros(neurons, np.int32),
        neuron_potential=rng.integers(0, _THRESHOLD, neurons, dtype=np.int32),
        targets=np.stack([core, neuron, to_core, axon, np.ones_like(core)], 1).astype(np.int32),
        features=1,
        input_map=np.zeros((0, 3), np.int32),
        output_class=np.zeros(0, np.int32),
        latency=0,
        axon_type=(np.arange(neurons) % 2).astype(np.int32),
    )


def ranc_input(network: Network) -> dict[str, Any]:
    """The network as RANC's input: cores row by row; the output bus has a column of its own."""
    return {
        "packets": [[]],
        "output_bus": {"coordinates": [SIDE, 0], "num_outputs": CORE},
        "cores": [_core(network, core) for core in range(network.cores)],
    }


def ranc_config() -> dict[str, int]:
    """RANC's parameters for that input."""
    return {
        "num_neurons": CORE, "num_axons": CORE, "num_cores_x": SIDE + 1, "num_cores_y": SIDE,
        "num_weights": 2, "max_tick_offset": 16, "neuron_reset_type": 1,
        "neuron_block_trace_verbosity": 0, "core_controller_trace_verbosity": 0,
        "scheduler_trace_verbosity": 0,
    }  # fmt: skip


def _core(network: Network, core: int) -> dict[str, Any]:
    y, x = divmod(core, SIDE)
    kind = network.neuron_types()[0]
    rows = network.targets[network.targets[:, 0] == core]
    neurons: list[dict[str, Any]] = []
    for potential, (_, _, to_core, axon, delay) in zip(
        network.neuron_potential[core * CORE : (core + 1) * CORE].tolist(), rows.tolist(),
        strict=True,
    ):  # fmt: skip
        to_y, to_x = divmod(to_core, SIDE)
        neurons.append({
            "reset_potential": 0, "reset_mode": 1, "weights": [kind.s0, kind.s1],
            "leak": kind.leak, "positive_threshold": kind.alpha,
            "negative_threshold": -kind.beta, "current_potential": potential,
            "destination_core_offset": [to_x - x, to_y - y], "destination_axon": axon,
            "destination_tick": delay - 1,
        })  # fmt: skip
    return {
        "coordinates": [x, y], "axons": network.axon_types(core).tolist(), "neurons": neurons,
        "connections": network.weights(core).T.tolist(),
    }  # fmt: skip


def ranc_rate(program: Path, folder: Path, *, ticks: int = 200) -> float:
    """Ticks/s of RANC's simulator on that network; the time that it takes to read is left out."""
    for name, content in (("input", ranc_input(ranc_network())), ("config", ranc_config())):
        (folder / f"{name}.json").write_text(json.dumps(content))

    def seconds(count: int) -> float:
        files = [str(folder / f"{name}.json") for name in ("input", "output", "config")]
        start = time.perf_counter()
        subprocess.run(
            [str(program), *files, str(count), "-r", str(count + 1)], check=True,
            capture_output=True, timeout=280,
        )  # fmt: skip
        return time.perf_counter() - start

    short = seconds(1)
    return (ticks - 1) / (seconds(ticks) - short)
