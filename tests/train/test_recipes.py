"""Recipe files: those that ship, and what is said of one that is wrong."""

import dataclasses
import math
import re
import time

import pytest

from sterna.compile import GRAPHS, graph, lower
from sterna.compile.recipe import _TRAINING
from sterna.data.sets import SETS, data_set
from sterna.spec import ConfigError, DataError
from sterna.train import Options, build, recipe, train
from sterna.train.trinary import TrinaryLayer
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
    assert len(made.about) > 10
    assert 0 < made.expected.get("accuracy", 100) <= 100
    assert re.search(r"\d (min|h), \d core", str(made.expected["time"]))
    assert made.data.name in SETS
    layers = [one for one in build(made.graph).modules() if isinstance(one, TrinaryLayer)]
    assert len(layers) == len(made.graph.order)


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
        (
            ('coding = "bits"', 'coding = "thermometer"\nlevels = 0'),
            r"levels must be 1\.\.255, not 0",
        ),
        (('coding = "bits"', "coding = [2]"), "coding must be str, not"),
        (('coding = "bits"', 'coding = "none"'), "mnist has pixels, which need a coding"),
        (
            ('coding = "bits"', 'coding = "planes"\nbits = 2'),
            r"frame is \[28, 28, 1\]; mnist coded by planes is \[28, 28, 2\]",
        ),
        (("classes = 10", "classes = 5"), "the last layer votes for 5 classes; mnist has 10"),
        ((", classes = 10", ""), "votes for no class"),
        (("[28, 28, 1]", "[28, 28]"), r"frame must be \[rows, columns, planes\]"),
        (("neurons = 10", "neurones = 10"), r"layers\[1\]: no key 'neurones'; there are: name"),
        (("stride = [4, 4]", "stride = [4]"), r"layers\[0\]: stride must be a number or"),
        (('name = "votes", ', ""), r"layers\[1\]: name is missing"),
        (("[training]", "[trainings]"), "no key 'trainings'; there are: about, data, network"),
        (("rate = 0.05", 'rate = "high"'), "rate must be float or int, not 'high'"),
        (("dropout = 0.5", "dropout = 1.5"), "'conv': dropout must be at least 0 and below 1"),
        (("[training]", '[result]\nhardware = "up6k"\n[training]'), "no hardware preset 'up6k'"),
        (("epochs = 1", "epochs = true"), "epochs must be int, not True"),
        (("scale = 0.2", "scale = 0.2\nwarp = { twist = 1 }"), "warp: no key 'twist'"),
        (('optimizer = "adam"', "optimizer = adam"), "small.toml: Invalid value"),
        (
            ("kernel = 4, stride = 4, neurons = 10", "stride = 17, neurons = 10"),
            r"stride must be 1\.\.16, not 17 x 17",
        ),
    ],
)
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


HOSTILE = {
    "deep array": ("network = " + "[" * 500 + "]" * 500, "lie deeper than 16"),
    "deeper array": ("network = " + "[" * 9000 + "]" * 9000, "lie deeper than 16"),
    "deep table": ("[" + ".".join(["a"] * 40) + "]\nx = 1", "lie deeper than 16"),
    "many dots": ("a" + ".a" * 20_000 + " = 1", "a line has 20,000 dots, the limit is 256"),
    "many digits": ("about = " + "9" * 5000, "more than 4,300 digits"),
    "many hexadecimal digits": ("about = 0x" + "f" * 5000, "20,000 bits, the limit is 63"),
    "a long text": ('about = "' + "x" * 5000 + '"', "5,000 characters, the limit is 4,096"),
    "a long name": ('["' + "x" * 5000 + '"]', "5,000 characters"),
    "a long file": ("#" * 300_000, "300,000 bytes, the limit is 262,144"),
    "no text": (b"\xff\xfe", "cannot be read"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_at_once(tmp_path, name):
    content, text = HOSTILE[name]
    path = tmp_path / "x.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    began = time.process_time()
    with pytest.raises(ConfigError, match=text):
        recipe(str(path))
    assert time.process_time() - began < 2


def test_a_device_is_no_recipe(tmp_path):
    (tmp_path / "x.toml").symlink_to("/dev/zero")
    with pytest.raises(ConfigError, match="a device or a pipe"):
        recipe(str(tmp_path / "x.toml"))


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("rate = 0.05", "rate = 1e308", "training: rate must be at most 10000"),
        ("rate = 0.05", "rate = inf", "rate must be a number from 0 up"),
        ("rate = 0.05", "rate = nan", "rate must be a number from 0 up"),
        ("scale = 0.2", "scale = 1e308", "scale must be at most 10000"),
        ("scale = 0.2", "scale = 0.2\nthreads = 1000000000000", "threads must be at most 1,024"),
        ("scale = 0.2", "scale = 0.2\nshift = 1000000000", "shift must be at most 256"),
        ("scale = 0.2", "scale = 0.2\ncalibrate = 99999999999", "calibrate must be at most"),
        ("scale = 0.2", "scale = 0.2\nmomentum = 1e9", "momentum must be at most 1"),
        ("scale = 0.2", "scale = 0.2\ndecay = 1e300", "decay must be at most 10000"),
        ("scale = 0.2", "scale = 0.2\npenalty = 1e300", "penalty must be at most 10000"),
        ("scale = 0.2", "scale = 0.2\nsurrogate = 1e300", "surrogate must be at most 10000"),
        ("scale = 0.2", "scale = 0.2\nwarp = { turn = 1e9 }", "warp: turn must be 0..180"),
        ("scale = 0.2", "scale = 0.2\nwarp = { shift = nan }", "warp: shift must be 0..256"),
        ("epochs = 1", "epochs = 1000000000", "epochs must be at most 100,000"),
        ("batch = 20", "batch = 1000000000", "batch must be at most 65,536"),
        ('coding = "bits"', 'coding = "transduction"\nplanes = 1000000000', "planes must be 1.."),
        ('coding = "bits"', 'coding = "thermometer"\nlevels = 1000000000', "levels must be 1..255"),
        ('coding = "bits"', 'coding = "planes"\nbits = 1000000000', "bits must be 1..8"),
        ('coding = "bits"', 'coding = "transduction"\nkernel = 1000000001', "kernel must be 1..5"),
    ],
)
def test_every_number_has_a_greatest_value(tmp_path, old, new, text):
    with pytest.raises(ConfigError, match=text):
        recipe(small(tmp_path, (old, new)))


def test_a_training_that_diverges_says_so(tmp_path, mnist_folder):
    made = recipe(small(tmp_path))
    model = made.model(0)
    images = made.split(made.data.load(mnist_folder, "train"))
    model[-1].register_forward_hook(lambda module, inputs, votes: votes * math.nan)
    with pytest.raises(DataError, match="training has diverged: the loss of a step is nan"):
        train(model, images, made.options, seed=0)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("neurons = 8", "neurons = 200, groups = 4000", "must|limit|too many|groups"),
        ("frame = [28, 28, 1]", "frame = [28, 28, 999999999]", "features must be an integer"),
        ("kernel = 4, stride = [4, 4]", "kernel = 4, stride = [4, 4], pad = 999", "pad must be"),
        ("neurons = 8", "neurons = 999999999", "neurons must be an integer"),
    ],
)
def test_layers_that_no_network_has_are_refused_before_the_training(tmp_path, old, new, text):
    with pytest.raises(ConfigError, match=text):
        recipe(small(tmp_path, (old, new))).check_device()
