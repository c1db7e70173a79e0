"""`sterna sim --network`: networks of layers in the layer engine, with the golden model."""

import json
import re

import numpy as np
import pytest

from sterna.cli.sim_layers import sim_layers
from sterna.compile import graph, lower
from sterna.data.trained import load_coded
from sterna.spec import MismatchError, save
from sterna.verify import engines
from sterna.verify.regression import Mismatch
from tests.idx import write_mnist


def drawn(**provenance):
    """The network of the recipe mnist-free, with weights and leaks drawn at random."""
    rng = np.random.default_rng(1)
    shapes = lower(graph("mnist-free"))
    return lower(
        graph("mnist-free"),
        {
            layer.name: (
                rng.integers(-1, 2, layer.weights.shape, np.int8),
                rng.integers(-3, 4, layer.leak.shape, np.int32),
            )
            for layer in shapes.layers
        },
    ).replace(provenance=provenance)


@pytest.fixture
def file(tmp_path):
    save(drawn(data="MNIST, 60000 training and 10000 test images"), tmp_path / "net.sterna")
    return "net.sterna"


def test_frames_run_in_the_layer_engine_and_the_first_in_the_golden_model(cli, file, tmp_path):
    done = cli("sim", "--network", file, "-n", 700)
    assert done.returncode == 0, done.stderr
    for words in (
        r"in the engine layers",
        r"frames +│ +700 ",
        r"ticks compared .*│ +8 ",
        r"mismatches +│ +none",
    ):
        assert re.search(words, done.stdout), done.stdout
    report = json.loads((tmp_path / "build/sim/report.json").read_text())
    assert report["mismatch"] is None
    assert report["compared_updates"] > 100_000


def test_examples_come_from_the_folder(cli, file, tmp_path):
    write_mnist(tmp_path / "digits", slice(10), slice(100, 140))
    done = cli("sim", "--network", file, "-n", 40, "--data", "digits", "--json")
    assert json.loads(done.stdout)["frames"] == 40
    done = cli("sim", "--network", file, "-n", 41, "--data", "digits")
    assert done.returncode == 2
    assert "--frames is 41, the test set of mnist has 40 examples" in done.stderr


@pytest.mark.parametrize("more", [["--board", "icebreaker"], ["--link", "model"], ["--pins"]])
def test_a_device_is_refused_with_the_way_out(cli, file, more):
    done = cli("sim", "--network", file, *more)
    assert done.returncode == 2
    assert "runs in the layer engine" in done.stderr
    assert "sterna compile" in done.stderr


def test_a_set_that_does_not_ship_is_asked_for(cli, tmp_path):
    save(drawn(data="cifar10, 50000 training and 10000 test images"), tmp_path / "net.sterna")
    done = cli("sim", "--network", "net.sterna")
    assert done.returncode == 2
    assert "which does not ship with Sterna: name its folder with --data DIR" in done.stderr


@pytest.mark.control
def test_a_mismatch_is_told_after_the_report_is_written(tmp_path, monkeypatch):
    lie = Mismatch(3, "spikes of neuron 4")
    monkeypatch.setattr(engines, "compare_traces", lambda *_: lie)
    (tmp_path / "out").mkdir()
    with pytest.raises(MismatchError, match="tick 3: spikes of neuron 4"):
        sim_layers(drawn(), load_coded(drawn(), None, most=5), tmp_path / "out", True)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["mismatch"] == "tick 3: spikes of neuron 4"
