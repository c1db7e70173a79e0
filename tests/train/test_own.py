"""Training on a user's own data: folders, arrays, examples given in Python; judged again later."""

import json

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from sterna.data.examples import Examples
from sterna.data.trained import load_coded
from sterna.spec import ConfigError, DataError, load_layers
from sterna.train import recipe, train_recipe
from tests.data.test_own import NAMES, digits, write_folder
from tests.recipes import SMALL, small

OWN = (("neurons = 10, classes = 10", "neurons = 9, classes = 3"), ("scale = 0.2\n", ""))


@pytest.fixture
def folder(tmp_path):
    pixels, labels = digits(160)
    write_folder(tmp_path / "mine", pixels, labels)
    return tmp_path / "mine"


def own(tmp_path, kind):
    return small(tmp_path, ('set = "mnist"', f'set = "{kind}"'), *OWN)


def test_a_folder_of_pictures_is_trained_on_and_judged_by_what_was_kept_back(cli, tmp_path, folder):
    path = own(tmp_path, "folder")
    done = cli("train", path, "--data", folder, "--hold", "0.25", "--epochs", "16")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("epoch ")]
    assert [line.split(":")[0].split() for line in lines] == [
        ["epoch", str(number), "of", "16"] for number in range(1, 17)
    ]
    network = load_layers(tmp_path / "small.sterna")
    kept = network.provenance
    assert kept["data"] == "folder, 120 training and 40 test examples"
    assert kept["data_set"]["names"] == [*NAMES]
    assert kept["test_accuracy"] > 0.8
    row = json.loads(cli("accuracy", "small.sterna", "--data", folder, "--json").stdout)
    assert row["accuracy"] == pytest.approx(kept["test_accuracy"], abs=1e-6)
    assert (row["test_images"], row["classes"]) == (40, [*NAMES])
    assert load_coded(network, folder).known
    done = cli("estimate", "small.sterna")
    assert "at the activity measured on test examples" in done.stdout


def test_data_without_test_examples_takes_a_share_to_keep_back(tmp_path, folder):
    with pytest.raises(DataError, match=r"has no test examples apart: keep .* --hold 0\.2"):
        train_recipe(own(tmp_path, "folder"), data=folder)


def test_arrays_are_trained_on_and_any_network_is_judged_on_a_file_of_them(tmp_path, cli):
    pixels, labels = digits(80)
    np.savez(
        tmp_path / "mine.npz",
        x_train=pixels[:60],
        y_train=labels[:60],
        x_test=pixels[60:],
        y_test=labels[60:],
    )
    result = train_recipe(own(tmp_path, "npz"), data=tmp_path / "mine.npz")
    assert result.network.provenance["data"] == "npz, 60 training and 20 test examples"
    coded = load_coded(result.network, tmp_path / "mine.npz")
    assert coded.known is True
    assert len(coded.examples) == 20
    np.savez(tmp_path / "other.npz", x=pixels[..., None], y=labels)
    done = cli("accuracy", "mnist-up5k", "--data", "other.npz", "--json")
    row = json.loads(done.stdout)
    assert row["test_images"] == 80
    assert row["accuracy"] > 0.9


@pytest.mark.parametrize("loader", [False, True])
def test_a_data_set_of_pytorch_trains_the_network_that_its_arrays_train(tmp_path, loader):
    pixels, labels = digits(80)
    path = own(tmp_path, "given")
    frames = torch.from_numpy(pixels[:, None]).float() / 255
    given = [
        TensorDataset(frames[part], torch.from_numpy(labels[part]))
        for part in (slice(60), slice(60, 80))
    ]
    if loader:
        given = [DataLoader(one, batch_size=7) for one in given]
    arrays = [Examples(pixels[part, None], labels[part]) for part in (slice(60), slice(60, 80))]
    one, other = (train_recipe(path, data=tuple(pair)).network for pair in (given, arrays))
    assert one.provenance == other.provenance
    assert all(
        np.array_equal(a.weights, b.weights) for a, b in zip(one.layers, other.layers, strict=True)
    )
    with pytest.raises(DataError, match="examples are given in Python"):
        train_recipe(path, data=tmp_path)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (('set = "folder"', 'set = "folder"\nchannels = 0'), r"channels must be 1\.\.4096, not 0"),
        (('set = "folder"', 'set = "folder"\nrate = 10'), r"rate must be 1000\.\.192000 .* not 10"),
        (('set = "folder"', 'set = "folder"\nnames = ["a"]'), r"names must be the 3 classes"),
        (('set = "folder"', 'set = "folder"\nchannels = 3'), r"coded by bits is \[28, 28, 3\]"),
        (('set = "folder"', 'set = "mnist"\nchannels = 1'), "no key 'channels'"),
    ],
)
def test_wrong_keys_of_own_data_are_named_by_estimate_and_train_alike(cli, tmp_path, change, text):
    path = small(tmp_path, ('set = "mnist"', 'set = "folder"'), *OWN[:1], change)
    with pytest.raises(ConfigError, match=text):
        recipe(path)
    for command in ("train", "estimate"):
        done = cli(command, path)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_a_votes_share_of_the_logit_has_a_default_by_rule(tmp_path):
    assert recipe(own(tmp_path, "npz")).options.scale == pytest.approx(6 / 3)
    assert recipe(small(tmp_path)).options.scale == 0.2
    bare = SMALL[: SMALL.index("[training]")] + "[training]\n"
    (tmp_path / "bare.toml").write_text(bare)
    options = recipe(str(tmp_path / "bare.toml")).options
    assert (options.epochs, options.batch, options.optimizer) == (20, 100, "adam")


def test_a_run_goes_on_for_longer_than_it_was_planned_and_a_checkpoint_becomes_a_network(
    tmp_path, folder
):
    path, out = own(tmp_path, "folder"), tmp_path / "x.sterna"

    def trained(**how):
        return train_recipe(path, data=folder, hold=0.25, out=out, **how).network.provenance

    assert trained(epochs=2)["epochs"] == 2
    longer = trained(epochs=4, resume=True)
    assert (longer["epochs"], longer["plans"]) == (4, [[0, 2], [2, 4]])
    with pytest.raises(ConfigError, match="has had 4 epochs, more than the 3 to train"):
        trained(epochs=3, resume=True)
    out.unlink()
    again = trained(finish=True)
    assert again == longer
    with pytest.raises(ConfigError, match="leave out epochs"):
        trained(finish=True, epochs=5)


def test_a_recipe_is_printed_to_start_from(cli, tmp_path):
    text = cli("train", "mnist-up5k", "--show").stdout
    (tmp_path / "mine.toml").write_text(text)
    assert recipe(str(tmp_path / "mine.toml")).graph.order == recipe("mnist-up5k").graph.order


def test_a_network_is_judged_on_new_folders_and_not_on_those_that_it_was_trained_on(tmp_path):
    pixels, labels = digits(90)
    write_folder(tmp_path / "mine" / "train", pixels[:60], labels[:60])
    write_folder(tmp_path / "mine" / "test", pixels[60:], labels[60:])
    network = train_recipe(own(tmp_path, "folder"), data=tmp_path / "mine").network
    assert load_coded(network, tmp_path / "mine").known
    write_folder(tmp_path / "new", pixels[60:80], labels[60:80])
    coded = load_coded(network, tmp_path / "new")
    assert (coded.known, len(coded.examples)) == (False, 20)
    with pytest.raises(DataError, match="these are the examples that 'small' was trained on"):
        load_coded(network, tmp_path / "mine" / "train")


@pytest.mark.control
def test_accuracy_on_other_examples_is_noticed(tmp_path, folder):
    """Negative control: another share is kept back."""
    network = train_recipe(own(tmp_path, "folder"), data=folder, hold=0.25).network
    assert load_coded(network, folder).known
    other = network.replace(provenance={**network.provenance, "seed": 1})
    coded = load_coded(other, folder)  # which is then no share of anything, but all of it
    assert coded.known is False
    assert len(coded.examples) == 160
