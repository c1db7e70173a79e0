"""Two processes train one model together, by gloo on the CPU."""

import json
import subprocess
import sys

import pytest
import torch

from sterna.spec import ConfigError, load
from sterna.train import Options, Split, Trainer, recipe
from sterna.train.team import Team, join

#: Run by each process: trains on noise in each of the ways that are named, and writes its losses
#: and digests of its parameters to a file of its rank, as lines of two processes can run into each
#: other.
SCRIPT = """
import hashlib, json, pathlib, sys, torch
from sterna.train import Options, SpikingNeuron, Split, Trainer, from_layers, recipe, to_layers
from sterna.train.team import Team, join

def noise():
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 2, (80, 1, 28, 28), generator=generator, dtype=torch.uint8)
    return Split(frames, torch.randint(0, 10, (80,), generator=generator), binary=True)

def started(model):
    for module in model:
        if isinstance(module, SpikingNeuron):
            module.fold()
    return model

options = Options(epochs=2, batch=20, optimizer="adam", rate=0.05, scale=0.2, shift=1, threads=1)

def trained(how, team):
    images = noise()
    if how == "apart":
        team = Team(rank=team.rank)
        images = Split(images.frames[team.rank::2], images.labels[team.rank::2], binary=True)
    model = recipe("mnist-up5k").model(0)
    if how == "network":  # each process takes the biases from its own share of the batch
        made = recipe("mnist-free")
        network = to_layers(started(made.model(0)), (1, 28, 28), grain=made.grain)
        model = from_layers(network, made.graph)
    trainer = Trainer(model, images, options, seed=3, team=team)
    losses = [epoch.loss for epoch in trainer.epochs()]
    parameters = b"".join(one.detach().numpy().tobytes() for one in model.parameters())
    digest = hashlib.sha256(parameters).hexdigest()
    return {"size": team.size, "losses": losses, "digest": digest}

team = join("cpu")
results = {how: trained(how, team) for how in sys.argv[1:]}
team.leave()
pathlib.Path(__file__).with_name(f"{team.rank}.json").write_text(json.dumps(results))
"""


def team_of_two(*arguments):
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def results(folder, *ways):
    """By the way to train: what both processes ended with."""
    (folder / "member.py").write_text(SCRIPT)
    done = team_of_two(str(folder / "member.py"), *ways)
    assert done.returncode == 0, done.stderr
    first, second = (json.loads((folder / f"{rank}.json").read_text()) for rank in range(2))
    return {how: (first[how], second[how]) for how in ways}


@pytest.fixture(scope="module")
def of_network(tmp_path_factory):
    """Two ways in one start of two processes, which takes long."""
    return results(tmp_path_factory.mktemp("team"), "apart", "network")


def test_both_processes_end_with_the_same_model(of_network):
    first, second = of_network["network"]
    assert first == second
    assert first["size"] == 2
    assert first["losses"][1] < first["losses"][0]


def test_a_fresh_model_is_the_same_in_both(tmp_path):
    first, second = results(tmp_path, "together")["together"]
    assert first == second
    assert first["size"] == 2
    assert first["losses"][1] < first["losses"][0]


@pytest.mark.control
def test_processes_that_do_not_share_their_gradients_are_noticed(of_network):
    first, second = of_network["apart"]
    assert first["digest"] != second["digest"]


def test_the_command_trains_in_two_processes(tmp_path, mnist_folder):
    out = tmp_path / "n.sterna"
    done = team_of_two(
        "-m",
        "sterna.cli",
        "train",
        "mnist-up5k",
        "--data",
        str(mnist_folder),
        "--epochs",
        "2",
        "--out",
        str(out),
        "--json",
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["provenance"]["processes"] == 2
    assert told["train_accuracy"] > 0.2
    assert load(out).provenance["processes"] == 2
    assert len((tmp_path / "n.jsonl").read_text().splitlines()) == 2
    assert (tmp_path / "n.png").read_bytes().startswith(b"\x89PNG")
    assert done.stderr.count("n.sterna") == 1


def test_a_batch_without_equal_shares_is_refused():
    images = Split(torch.zeros(80, 1, 28, 28), torch.zeros(80).long(), binary=True)
    options = Options(epochs=1, batch=25, optimizer="adam", rate=0.1, scale=1.0)
    with pytest.raises(ConfigError, match="a batch of 25 images has no equal shares for 2 proc"):
        Trainer(recipe("mnist-up5k").model(0), images, options, seed=0, team=Team(0, 2))


@pytest.mark.parametrize(
    ("device", "text"), [("tpu", "cpu, cuda or auto, not 'tpu'"), ("cuda", "finds no CUDA device")]
)
def test_a_device_that_is_not_there_is_named(device, text, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=text):
        join(device)
    assert join("auto") == Team()
