"""`sterna estimate`: the cost of a network of layers, before training."""

import json

import numpy as np

from sterna.compile import graph, lower
from sterna.spec import save
from tests.layered import two_layers
from tests.networks import chain


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
    assert facts["devices"]["icebreaker"]["first_to_cut"]


def test_a_file_of_layers_is_estimated_for_one_board(cli, tmp_path):
    save(two_layers(), tmp_path / "two.sterna")
    done = cli("estimate", "two.sterna", "--board", "ulx3s-85f", "--json")
    device = json.loads(done.stdout)["devices"]["ulx3s-85f"]
    assert device["fits"]
    assert device["uses"]["cores"] == [24, 32]
    quiet, busy = (
        json.loads(cli("estimate", "two.sterna", "--activity", share, "--json").stdout)
        for share in ("0.1", "0.9")
    )
    board = "ulx3s-85f"
    assert quiet["devices"][board]["cycles"] <= busy["devices"][board]["cycles"]


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
    trained = shapes.replace(layers=tuple(
        one.replace(weights=rng.integers(-1, 2, one.weights.shape).astype(np.int8))
        for one in shapes.layers
    ))  # fmt: skip
    save(trained, tmp_path / "trained.sterna")
    one = json.loads(cli("estimate", "trained.sterna", "--json").stdout)
    assert one == json.loads(cli("estimate", "mnist-up5k", "--json").stdout)
