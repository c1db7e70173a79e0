"""`sterna train`: its list, its table, and recipes as files."""

import json
import re

from sterna.compile import fewest_cores
from sterna.spec import load_layers
from tests.idx import write_mnist
from tests.recipes import small

CHANGES = (
    ('coding = "bits"', 'coding = "thermometer"\nlevels = 2'),
    ("[28, 28, 1]", "[28, 28, 2]"),
    ("kernel = 4, stride = 4, neurons = 10", "kernel = 3, stride = 3, neurons = 20"),
    ("epochs = 1", "epochs = 3\npenalty = 1e-4"),
)


def test_the_list_says_data_layers_cores_and_accuracy(cli):
    done = cli("train", "--list")
    assert done.returncode == 0
    assert "…" not in done.stdout
    assert re.search(r"one-chip +cifar10 +14 +1,792 +4,042 ", done.stdout)
    assert re.search(r"mnist-up5k +mnist +3 +8 +98\.59 % +\d", done.stdout)
    assert re.search(r"nmnist +nmnist \* ", done.stdout)
    assert "* nmnist: measured with 1,000 training recordings and 100 test" in done.stdout
    told = json.loads(cli("train", "--list", "--json").stdout)["recipes"]
    assert {"name", "about", "data", "layers", "cores", "accuracy", "time"} <= {*told[0]}


def test_a_recipe_of_ones_own_is_estimated_trained_and_read(cli, tmp_path):
    write_mnist(tmp_path / "digits", slice(400), slice(400, 500))
    small(tmp_path, *CHANGES)
    assert "conv" in cli("estimate", "small.toml").stdout
    done = cli("train", "small.toml", "--data", "digits", "--hold", "0.25", columns=140)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    for words in (
        r"examples kept back +│ +\d",
        r"pixels to spikes by +│ +thermometer",
        r"equal to the layers engine on 100 examples",
    ):
        assert re.search(words, done.stdout), done.stdout
    network = load_layers(tmp_path / "small.sterna")
    assert re.search(rf"cores, packed +│ +{fewest_cores(network)} ", done.stdout)
    assert network.provenance["coding"] == {"kind": "thermometer", "edges": [86, 171]}
    assert network.features == 2 * 28 * 28
    lines = [json.loads(line) for line in (tmp_path / "small.jsonl").read_text().splitlines()]
    assert [line["number"] for line in lines] == [1, 2, 3]
    assert all(0 < line["activity"] < 1 for line in lines)
    assert (tmp_path / "small.png").read_bytes().startswith(b"\x89PNG")


def test_no_recipe_at_all_lists_them(cli):
    done = cli("train")
    assert done.returncode == 2
    assert "name a recipe: cifar10-25f, gtsrb" in done.stderr
