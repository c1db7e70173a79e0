"""RANC's network: 4 x 4 cores, for RANC's own simulator and for our engines.

RANC (Mack et al., arXiv 2011.00624; github.com/UA-RCL/RANC) is the nearest open peer. Its
simulator reads a network and its inputs as JSON, and its parameters as a second JSON file; the
members are those that `simulator/src/decode.hpp` and `config.hpp` ask for.
"""

import json
import subprocess
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from sterna.gallery.chip import TICKS_A_SECOND, chip
from sterna.spec import Network
from sterna.spec.network import TARGET_COLUMNS
from sterna.spec.neuron import TYPE_COLUMNS

#: Cores along each side of the grid.
SIDE = 4
#: Axons, and neurons, of a core.
CORE = 256
#: Spikes a core and tick.
SPIKES = 64


def ranc_network(seed: int = 0) -> Network:
    """16 cores, half of each crossbar connected, 64 spikes a core and tick, delays of one tick.

    RANC's synapses have the sign of their axon's type: every other axon's weight is -1.
    """
    cores = SIDE * SIDE
    plain = chip(cores=cores, rate=TICKS_A_SECOND * SPIKES // CORE, synapses=CORE // 2, seed=seed)
    types, targets = plain.types.copy(), plain.targets.copy()
    types[:, TYPE_COLUMNS.index("s1")] = -1
    targets[:, TARGET_COLUMNS.index("delay")] = 1
    return plain.replace(
        name="RANC's 16 cores",
        crossbars=tuple(np.abs(one) for one in plain.crossbars),
        types=types,
        targets=targets,
        axon_type=(np.arange(cores * CORE) % 2).astype(np.int32),
    )


def ranc_input(network: Network) -> dict[str, Any]:
    """The network as RANC's input: cores row by row; the output bus has its own column."""
    return {
        "packets": [[]],
        "output_bus": {"coordinates": [SIDE, 0], "num_outputs": CORE},
        "cores": [_core(network, core) for core in range(network.cores)],
    }


def ranc_config() -> dict[str, int]:
    """RANC's parameters for that input."""
    return {
        "num_neurons": CORE,
        "num_axons": CORE,
        "num_cores_x": SIDE + 1,
        "num_cores_y": SIDE,
        "num_weights": 2,
        "max_tick_offset": 16,
        "neuron_reset_type": 1,
        "neuron_block_trace_verbosity": 0,
        "core_controller_trace_verbosity": 0,
        "scheduler_trace_verbosity": 0,
    }


def _core(network: Network, core: int) -> dict[str, Any]:
    y, x = divmod(core, SIDE)
    kind = network.neuron_types()[0]
    rows = network.targets[network.targets[:, 0] == core]
    neurons: list[dict[str, Any]] = []
    for potential, (_, _, to_core, axon, delay) in zip(
        network.neuron_potential[core * CORE : (core + 1) * CORE].tolist(),
        rows.tolist(),
        strict=True,
    ):
        to_y, to_x = divmod(to_core, SIDE)
        neurons.append(
            {
                "reset_potential": 0,
                "reset_mode": 1,
                "weights": [kind.s0, kind.s1],
                "leak": kind.leak,
                "positive_threshold": kind.alpha,
                "negative_threshold": -kind.beta,
                "current_potential": potential,
                "destination_core_offset": [to_x - x, to_y - y],
                "destination_axon": axon,
                "destination_tick": delay - 1,
            }
        )
    return {
        "coordinates": [x, y],
        "axons": network.axon_types(core).tolist(),
        "neurons": neurons,
        "connections": network.weights(core).T.tolist(),
    }


def ranc_rate(program: Path, folder: Path, *, ticks: int = 200) -> float:
    """Ticks/s of RANC's simulator on that network; the time that it takes to read is left out."""
    for name, content in (("input", ranc_input(ranc_network())), ("config", ranc_config())):
        (folder / f"{name}.json").write_text(json.dumps(content))

    def seconds(count: int) -> float:
        files = [str(folder / f"{name}.json") for name in ("input", "output", "config")]
        start = perf_counter()
        subprocess.run(
            [str(program), *files, str(count), "-r", str(count + 1)],
            check=True,
            capture_output=True,
            timeout=280,
        )
        return perf_counter() - start

    short = seconds(1)
    return (ticks - 1) / (seconds(ticks) - short)
