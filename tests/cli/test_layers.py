"""`sterna info`, `compile`, `place` and `plot` of networks of layers."""

import json

import numpy as np
import pytest
from matplotlib.image import imread

from sterna.compile import compile_layers, graph
from sterna.compile.ibm_reader import read_ibm
from sterna.compile.recipe import drawn
from sterna.data import mnist_test, shipped_network
from sterna.spec import content_hash, load, preset, results, save
from sterna.spec.expand import expand
from tests.layered import eight_cores, two_layers
from tests.networks import chain
from tests.recipes import small


@pytest.fixture
def two(tmp_path):
    save(two_layers(provenance={"seed": 3}), tmp_path / "two.sterna")
    return "two.sterna"


def test_info_shows_layers_as_tables_or_json(cli, two):
    done = cli("info", two)
    for text in ("first", "second", "fan-in", "trits", "rows", "latency", "ulx3s-85f"):
        assert text in done.stdout, text
    facts = json.loads(cli("info", two, "--json").stdout)
    assert facts["kind"] == "layers"
    boards = {"icebreaker", "orangecrab-25f", "ulx3s-85f", "up5k", "ecp5-25f", "ecp5-85f"}
    assert set(facts["fits"]) == boards
    assert (facts["cores"], facts["packing"]) == (2, "packed")
    assert (facts["latency"], facts["groups"]) == (1, 3)
    assert (facts["largest_fan_in"], facts["trits"], facts["rows"]) == (27, 172, 48)
    assert [layer["fan_in"] for layer in facts["layers"]] == [27, 16]
    assert facts["provenance"] == {"seed": 3}
    assert facts["hash"] == content_hash(two_layers(provenance={"seed": 3}))


def test_info_says_where_cores_fit(cli, tmp_path):
    save(chain(), tmp_path / "chain.sterna")
    facts = json.loads(cli("info", "chain.sterna", "--json").stdout)
    assert facts["kind"] == "cores"
    assert "tiny" in facts["fits"]


def test_compile_writes_cores_for_a_board(cli, two, tmp_path):
    done = cli("compile", two, "--board", "ulx3s-85f", "-o", "two-85f.sterna", "--json")
    facts = json.loads(done.stdout)
    network = load(tmp_path / "two-85f.sterna")
    assert facts["cores"] == network.cores == 24
    assert facts["hash"] == content_hash(network)
    assert "24 of 32" in cli("compile", two, "--preset", "ecp5-85f", "-o", "x.sterna").stdout
    np.save(tmp_path / "frames.npy", np.ones((3, network.features), np.uint8))
    done = cli("run", "two-85f.sterna", "frames.npy", "--link", "model", "--json")
    assert json.loads(done.stdout)["frames"] == 3


def test_a_recipe_is_compiled_with_drawn_weights_and_says_so(cli, tmp_path):
    done = cli("compile", "mnist-25f", "--board", "ulx3s-85f", "-o", "x.sterna")
    assert done.returncode == 2
    assert "'mnist-25f' holds explicit cores, compiled for a device" in done.stderr
    done = cli("compile", small(tmp_path), "--board", "ulx3s-85f", "-o", "x.sterna", "--json")
    assert "not trained: its weights are drawn" in done.stderr
    again = compile_layers(drawn(graph(str(tmp_path / "small.toml"))), preset("ecp5-85f"))
    assert json.loads(done.stdout)["hash"] == content_hash(again)
    (tmp_path / "x.sterna").unlink()


def test_compile_writes_ibms_model_file(cli, two, tmp_path):
    done = cli("compile", two, "--target", "truenorth", "-o", "two.json", "--json")
    facts = json.loads(done.stdout)
    assert content_hash(read_ibm(tmp_path / "two.json")) == facts["hash"]
    assert json.loads(cli("info", "two.json", "--json").stdout)["cores"] == facts["cores"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["two.sterna", "-o", "x.sterna"], "name one of --board, --preset and --target"),
        (["two.sterna", "--board", "b", "--preset", "tiny", "-o", "x"], "name one of --board"),
        (["two.sterna", "--target", "loihi", "-o", "x"], "no target 'loihi'"),
        (
            ["two.sterna", "--preset", "tiny", "-o", "x"],
            "it needs 20 cores of 2 and 560",
        ),
        (["two.sterna", "--preset", "tiny", "-o", "x"], "boards that hold it: icebreaker, orange"),
        (["one-chip", "--board", "ulx3s-85f", "-o", "x"], "; no board holds it"),
        (["none.sterna", "--preset", "tiny", "-o", "x"], "none.sterna: no such file"),
        (["two.sterna", "--preset", "tiny", "-o", "two.sterna/x"], "two.sterna"),
    ],
)
def test_what_cannot_be_compiled_is_named_and_leaves_no_file(cli, two, tmp_path, arguments, text):
    done = cli("compile", *arguments)
    assert done.returncode == 2
    assert text in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["two.sterna"]


def test_a_file_of_layers_is_not_run_as_it_is(cli, two, tmp_path):
    np.save(tmp_path / "frames.npy", np.ones((3, 48), np.uint8))
    done = cli("run", two, "frames.npy", "--link", "model")
    assert done.returncode == 2
    assert "it holds layers (kind layers)" in done.stderr
    assert "sterna run --engine auto" in done.stderr


def test_layers_and_cores_run_in_every_engine_alike(cli, two, tmp_path):
    frames = np.random.default_rng(1).random((40, 48)) < 0.5
    np.save(tmp_path / "frames.npy", frames)
    found = []
    for engine in ("golden", "event", "layers", "auto"):
        done = cli("run", two, "frames.npy", "--engine", engine, "--out", f"{engine}.npy")
        assert done.returncode == 0, done.stderr
        assert f"{'layers' if engine == 'auto' else engine}, " in done.stderr
        found.append(np.load(tmp_path / f"{engine}.npy"))
    assert found[0].shape == (40, 2)
    assert found[0].any()
    assert all(np.array_equal(found[0], one) for one in found)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--engine", "quick"], "no engine 'quick'; there are: auto, golden, event, layers"),
        (["--engine", "auto", "--link", "model"], "--engine runs without a device"),
    ],
)
def test_engine_that_cannot_be_had_is_named(cli, two, tmp_path, arguments, text):
    np.save(tmp_path / "frames.npy", np.ones((3, 48), np.uint8))
    done = cli("run", two, "frames.npy", *arguments)
    assert done.returncode == 2
    assert text in done.stderr
    assert not (tmp_path / "spikes.npy").exists()


def test_place_tells_the_hops_of_each_placement(cli, tmp_path):
    save(expand(eight_cores()).network, tmp_path / "eight.sterna")
    done = cli("place", "eight.sterna", "--columns", "4", "--out", "places.npy", "--json")
    facts = json.loads(done.stdout)
    assert facts["hops"]["annealed"] <= facts["hops"]["greedy"]
    assert (facts["columns"], facts["rows"]) == (4, 2)
    assert np.load(tmp_path / "places.npy").tolist() == facts["places"]
    assert "annealed" in cli("place", "eight.sterna").stdout


@pytest.mark.parametrize("name", ["two.sterna", "cores.sterna", "two.json", "mnist-25f"])
def test_plot_draws_layers_and_cores(cli, two, tmp_path, name):
    cli("compile", two, "--preset", "ecp5-85f", "-o", "cores.sterna")
    cli("compile", two, "--target", "truenorth", "-o", "two.json")
    done = cli("plot", name, "--out", "picture.png")
    assert done.returncode == 0
    picture = imread(tmp_path / "picture.png")
    assert picture.ndim == 3
    assert picture[..., :3].std() > 0.05  # something is drawn


def test_plot_without_a_name_is_named_after_the_network(cli, two, tmp_path):
    assert cli("plot", two).stdout.strip() == "two.png"
    assert (tmp_path / "two.png").exists()
    assert cli("plot", "nothing").returncode == 2


@pytest.mark.parametrize("suffix", [".svg", ".pdf"])
def test_plot_writes_the_form_that_the_suffix_names(cli, two, tmp_path, suffix):
    assert cli("plot", two, "--out", f"p{suffix}").returncode == 0
    assert not (tmp_path / f"p{suffix}").read_bytes().startswith(b"\x89PNG")
    done = cli("plot", two, "--out", "p.jpg")
    assert done.returncode == 2
    assert "name a file .png or .svg or .pdf" in done.stderr


@pytest.mark.parametrize("how", [["--engine", "auto"], ["--link", "model"]])
def test_run_codes_pixels_and_takes_spikes_as_they_are(cli, tmp_path, how):
    network, digits = shipped_network(), mnist_test()
    save(network, tmp_path / "n.sterna")
    np.save(tmp_path / "grey.npy", digits.pixels[:30])
    np.save(tmp_path / "bits.npy", digits.frames()[:30])
    for name, flags in (("grey", []), ("bits", []), ("bits", ["--spikes"])):
        done = cli("run", "n.sterna", f"{name}.npy", *how, *flags, "--out", f"{name}-out.npy")
        assert done.returncode == 0, done.stderr
        assert ("coded by 'bits'" in done.stderr) == (name == "grey")
    seen = np.load(tmp_path / "grey-out.npy")
    assert np.array_equal(seen, np.load(tmp_path / "bits-out.npy"))
    right = results.classify(seen, network.output_class) == digits.labels[:30]
    assert right.mean() > 0.9
    done = cli("run", "n.sterna", "grey.npy", *how, "--spikes", "--out", "none.npy")
    assert done.returncode == 2
    assert "grey.npy: spikes must be [n, 784]" in done.stderr
    assert not (tmp_path / "none.npy").exists()
