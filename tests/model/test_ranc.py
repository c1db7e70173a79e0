"""RANC's network: what is exported for RANC's simulator, and its rate by a program."""

import json
import shlex
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.engine import ranc
from bench.engine.ranc import ranc_config, ranc_input, ranc_network
from sterna import model
from sterna.model.tables import WEIGHTED, Tables

#: Reads its files as RANC's decoder does, and keeps how many ticks were asked for.
PROGRAM = """
import json, sys
given, output, config = (sys.argv[i] for i in (1, 2, 3))
config, given = json.load(open(config)), json.load(open(given))
for core in given["cores"]:
    x, y = core["coordinates"]
    assert 0 <= x < config["num_cores_x"] and 0 <= y < config["num_cores_y"]
    assert [x, y] != given["output_bus"]["coordinates"]
    assert len(core["axons"]) == config["num_axons"]
    assert all(0 <= kind < config["num_weights"] for kind in core["axons"])
    assert len(core["neurons"]) == len(core["connections"]) == config["num_neurons"]
    for neuron in core["neurons"]:
        dx, dy = neuron["destination_core_offset"]
        assert 0 <= x + dx < config["num_cores_x"] and 0 <= y + dy < config["num_cores_y"]
        assert 0 <= neuron["destination_axon"] < config["num_axons"]
        assert 0 <= neuron["destination_tick"] < config["max_tick_offset"]
        assert len(neuron["weights"]) == config["num_weights"]
        for name in ("current_potential", "reset_potential", "leak", "positive_threshold",
                     "negative_threshold", "reset_mode"):
            assert isinstance(neuron[name], int)
with open(output, "a") as log:
    log.write(sys.argv[4] + " ")
"""


def test_export_is_what_rancs_decoder_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ranc_sim"
    # not `#!` with Python's path, in which there can be a space
    line = shlex.join([sys.executable, "-c", PROGRAM])
    program.write_text(f'#!/bin/sh\nexec {line} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    # one tick takes 2 s, a hundred take 22 s: 99 of them in 20 s, without the time to start
    times = iter([10.0, 12.0, 20.0, 42.0])
    monkeypatch.setattr(ranc, "perf_counter", lambda: next(times))
    assert ranc.ranc_rate(program, tmp_path, ticks=100) == 99 / 20
    assert (tmp_path / "output.json").read_text() == "1 100 "


def test_export_has_the_networks_synapses_and_targets() -> None:
    network = ranc_network()
    cores = ranc_input(network)["cores"]
    assert json.loads(json.dumps(cores)) == cores  # plain numbers all
    assert ranc_config()["num_cores_x"] == 5  # the output bus has a column of its own
    for number, core in enumerate(cores):
        x, y = core["coordinates"]
        assert number == 4 * y + x
        assert np.array_equal(np.array(core["connections"]).T, network.weights(number))
    rows = network.targets[network.targets[:, 0] == 6]
    for neuron, (_, _, to_core, axon, delay) in zip(cores[6]["neurons"], rows, strict=True):
        dx, dy = neuron["destination_core_offset"]
        assert (6 % 4 + dx) + 4 * (6 // 4 + dy) == to_core
        assert (neuron["destination_axon"], neuron["destination_tick"]) == (axon, delay - 1)


def test_network_has_64_spikes_a_core_and_tick_and_its_weights_lie_in_the_rows() -> None:
    network = ranc_network()
    engine = model.open(network, engine="event")
    engine.advance(500)
    assert abs(engine.spikes_routed / 500 / 16 - 64) < 1
    assert not any(mode & WEIGHTED for mode in Tables(network).structure.kept["modes"].tolist())
    golden = model.open(network, engine="golden")
    other = model.open(network, engine="event")
    for _ in range(20):
        one, two = golden.step(), other.step()
        assert all(
            np.array_equal(a, b) for a, b in zip(one.potentials, two.potentials, strict=True)
        )
