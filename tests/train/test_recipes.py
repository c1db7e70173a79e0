"""Recipe files: those that ship, and what is said of one that is wrong."""

import dataclasses

import pytest

from sterna.compile import GRAPHS, graph, lower
from sterna.data.sets import SETS, data_set
from sterna.spec import ConfigError
from sterna.train import Options, build, recipe
from sterna.train.recipes import _TRAINING
from tests.recipes import SMALL, small


def test_a_file_says_all_of_a_recipe(tmp_path):
    made = recipe(small(tmp_path))
    assert made.name == "small"
    assert made.dropout == {"conv": 0.5}
    assert [layer.kernel for layer in made.graph.order] == [(4, 4), (4, 4)]
    assert made.graph.order[0].stride == (4, 4)
    assert made.options == Options(epochs=1, batch=20, optimizer="adam", rate=0.05, scale=0.2)
    assert (made.seed, made.grain, made.hardware) == (0, 8, None)
    assert "Dropout(p=0.5" in repr(made.model(0))


@pytest.mark.parametrize("name", GRAPHS)
def test_every_recipe_that_ships_is_whole(name):
    made = recipe(name)
    assert made.about
    assert made.expected
    assert made.data.name in SETS
    assert build(made.graph)


def test_every_option_of_training_can_be_written_in_a_file():
    assert {*_TRAINING} == {field.name for field in dataclasses.fields(Options)} | {"seed"}


@pytest.mark.parametrize(
    ("name", "trits"),
    [("one-chip-eighth", 141_824), ("one-chip-quarter", 301_056), ("one-chip-half", 611_328)],
)
def test_the_one_chip_networks_siblings_fill_the_same_cores(name, trits):
    network = lower(graph(name))
    assert max(layer.fan_in for layer in network.layers) == 128
    assert sum(layer.weights.size for layer in network.layers) == trits


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (('set = "mnist"', 'set = "mnits"'), "no data set 'mnits'; there are: mnist"),
        (('coding = "bits"', 'coding = "bytes"'), "no coding 'bytes'; there are: none, bits"),
        (('coding = "bits"', 'coding = "bits"\nlevels = 2'), "data: no key 'levels'; there are: s"),
        (('coding = "bits"', 'coding = "thermometer"\nlevels = 0'),
         r"levels must be 1\.\.255, not 0"),
        (('coding = "bits"', "coding = [2]"), "coding must be str, not"),
        (('coding = "bits"', 'coding = "none"'), "mnist has pixels, which need a coding"),
        (('coding = "bits"', 'coding = "planes"\nbits = 2'),
         r"frame is \[28, 28, 1\]; mnist coded by planes is \[28, 28, 2\]"),
        (("classes = 10", "classes = 5"), "the last layer votes for 5 classes; mnist has 10"),
        ((", classes = 10", ""), "votes for no class"),
        (("[28, 28, 1]", "[28, 28]"), r"frame must be \[rows, columns, planes\]"),
        (("neurons = 10", "neurones = 10"), r"layers\[1\]: no key 'neurones'; there are: name"),
        (("stride = [4, 4]", "stride = [4]"), r"layers\[0\]: stride must be a number or"),
        (('name = "votes", ', ""), r"layers\[1\]: name is missing"),
        (("[training]", "[trainings]"), "no key 'trainings'; there are: about, data, network"),
        (("rate = 0.05", 'rate = "high"'), "rate must be float or int, not 'high'"),
        (("rate = 0.05", ""), "training: rate is missing"),
        (("dropout = 0.5", "dropout = 1.5"), "'conv': dropout must be at least 0 and below 1"),
        (("[training]", '[result]\nhardware = "up6k"\n[training]'), "no hardware preset 'up6k'"),
        (("epochs = 1", "epochs = true"), "epochs must be int, not True"),
        (("scale = 0.2", "scale = 0.2\nwarp = { twist = 1 }"), "warp: no key 'twist'"),
        (('optimizer = "adam"', "optimizer = adam"), "small.toml: Invalid value"),
        (("kernel = 4, stride = 4, neurons = 10", "kernel = 7, neurons = 10"),
         r"kernel must be 1\.\.4, not 7 x 7"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_recipe_is_named(tmp_path, change, text):
    with pytest.raises(ConfigError, match=text):
        recipe(small(tmp_path, change)).model(0)


def test_a_recipe_without_training_still_has_a_graph(tmp_path):
    path = small(tmp_path, (SMALL[SMALL.index("[training]") :], ""))
    assert len(graph(path).order) == 2
    with pytest.raises(ConfigError, match=r"the table \[training\] is missing"):
        recipe(path)


def test_an_absent_file_is_named():
    with pytest.raises(ConfigError, match=r"gone\.toml: cannot be read"):
        graph("gone.toml")


def test_an_unknown_set_is_refused():
    with pytest.raises(
        ConfigError, match="no data set 'imagenet'; there are: mnist, fashion-mnist"
    ):
        data_set("imagenet")
