"""`sterna estimate`: the cost of a network of layers, before training."""

import json

import numpy as np
import pytest

from sterna import model
from sterna.compile import graph, lower
from sterna.data import mnist_test, shipped_network
from sterna.spec import save
from tests.layered import two_layers
from tests.networks import chain
from tests.recipes import small


def test_the_one_chip_network_on_truenorth_is_the_published_count(cli):
    done = cli("estimate", "one-chip", "--target", "truenorth")
    assert "4,042" in done.stdout
    facts = json.loads(cli("estimate", "one-chip", "--target", "truenorth", "--json").stdout)
    assert (facts["cores"], facts["splitters"]) == (4042, 362)
    assert sum(facts["layers"].values()) == 3680


def test_layers_and_boards_are_tables_or_json(cli):
    done = cli("estimate", "mnist-25f")
    assert done.returncode == 0
    for text in ("votes", "frames/s of the core", "orangecrab-25f", "icebreaker: cut first cores"):
        assert text in done.stdout, text
    facts = json.loads(cli("estimate", "mnist-25f", "--json").stdout)
    fits = {name: device["fits"] for name, device in facts["devices"].items()}
    assert fits == {"icebreaker": False, "orangecrab-25f": True, "ulx3s-85f": True}
    assert [layer["name"] for layer in facts["layers"]] == ["patches", "groups", "votes"]
    cut = facts["devices"]["icebreaker"]["first_to_cut"]
    assert cut.startswith("cores, 13 of 8: fewer sites (a larger stride) or groups")
    assert facts["devices"]["ulx3s-85f"]["first_to_cut"] == ""


def test_a_file_of_layers_is_estimated_for_one_board(cli, tmp_path):
    save(two_layers(), tmp_path / "two.sterna")
    done = cli("estimate", "two.sterna", "--board", "ulx3s-85f", "--json")
    device = json.loads(done.stdout)["devices"]["ulx3s-85f"]
    assert device["fits"]
    assert device["uses"]["cores"] == [24, 32]


def test_cycles_are_counted_at_the_activity_that_was_measured_or_a_guess_is_called_one(
    cli, tmp_path
):
    facts = json.loads(cli("estimate", "mnist-up5k", "--json").stdout)
    network, frames = shipped_network(), mnist_test().frames()[:200]
    found = model.activity(network, frames)
    depth = model.core_depths(network)
    wired = np.concatenate(
        [network.targets[network.targets[:, 2] >= 0, 2], network.input_map[:, 1]]
    )
    there = np.bincount(wired, minlength=network.cores)
    for tick, share in enumerate(facts["activity"].values()):
        assert share == round(found.axons[depth == tick].sum() / there[depth == tick].sum(), 4)
    assert facts["activity_source"] == "measured"
    assert "a guess" in cli("estimate", "one-chip-half", "--board", "ulx3s-85f").stdout
    given = json.loads(cli("estimate", "mnist-up5k", "--activity", "0.2", "--json").stdout)
    assert (given["activity"], given["activity_source"]) == (0.2, "given")
    assert given["devices"]["icebreaker"]["cycles"] < facts["devices"]["icebreaker"]["cycles"]
    trained = two_layers(provenance={"activity": {"first": 0.5}})
    save(trained, tmp_path / "two.sterna")
    done = cli("estimate", "two.sterna")
    assert done.returncode == 2
    assert "the activity in its provenance has None for layer 'second'" in done.stderr


def test_what_cannot_be_estimated_is_named(cli, tmp_path):
    save(chain(), tmp_path / "chain.sterna")
    for arguments, text in (
        (["two-chip"], "no network 'two-chip'; there are: cifar10-25f, gtsrb, "),
        (["none.sterna"], "none.sterna: no such file"),
        (["chain.sterna"], "chain.sterna: it holds explicit cores"),
        (["one-chip", "--target", "loihi"], "no target 'loihi'; there is: truenorth"),
        (["one-chip", "--board", "arty"], "no board 'arty'"),
    ):
        done = cli("estimate", *arguments)
        assert done.returncode == 2
        assert text in done.stderr
        assert "Traceback" not in done.stderr


def test_weights_do_not_matter(cli, tmp_path):
    shapes = lower(graph("mnist-up5k"))
    rng = np.random.default_rng(1)
    trained = shapes.replace(
        layers=tuple(
            one.replace(weights=rng.integers(-1, 2, one.weights.shape).astype(np.int8))
            for one in shapes.layers
        )
    )
    save(trained, tmp_path / "trained.sterna")
    one, other = (
        json.loads(cli("estimate", name, "--activity", "0.2", "--json").stdout)
        for name in ("trained.sterna", "mnist-up5k")
    )
    assert one == other


@pytest.mark.parametrize("name", ["[/bold]", "[bold]:cat:$x$", "[link=file:/x]y[/link]"])
def test_names_are_printed_as_they_are(cli, tmp_path, name):
    path = small(tmp_path, ('"conv"', f'"{name}"'), ('"votes"', '"[/x]"'))
    done = cli("estimate", path)
    assert done.returncode == 0, done.stderr
    assert f" {name} " in done.stdout
    assert " [/x] " in done.stdout
    network = two_layers(name=name, provenance={name: name})
    network = network.replace(
        layers=tuple(layer.replace(name=f"{name}{at}") for at, layer in enumerate(network.layers))
    )
    save(network, tmp_path / "[b].sterna")
    done = cli("info", "[b].sterna")
    assert done.returncode == 0, done.stderr
    assert f" {name}0 " in done.stdout
    assert f"provenance: {name}" in done.stdout
    assert "[b].sterna" in done.stdout
    done = cli("plot", "[b].sterna", "--out", "[red]x[/].png")
    assert done.stdout.strip() == "[red]x[/].png"
    done = cli("info", "[/gone].sterna")
    assert done.returncode == 2
    assert "[/gone].sterna: no such file" in done.stderr
