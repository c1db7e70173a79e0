"""Training: reproducible from its seed, learns, and says what is wrong with its data."""

import dataclasses

import numpy as np
import pytest
import torch

from sterna.data import MNIST_DIGESTS, mnist_test, read_mnist, shipped_network
from sterna.spec import ConfigError, DataError, content_hash, load
from sterna.train import RECIPES, PatchNetwork, train_recipe
from sterna.train.data import Split, Warp, mnist, shift, warp
from sterna.train.training import accuracy, train

RECIPE = RECIPES["mnist-up5k"]


@pytest.fixture(scope="module")
def digits():
    """600 images, made of the shipped test set: 400 to train with, 200 to test with."""
    images = mnist_test()
    return {
        "train": (images.pixels[:400], images.labels[:400]),
        "t10k": (images.pixels[400:600], images.labels[400:600]),
    }


@pytest.fixture
def folder(tmp_path, digits):
    for split, arrays in digits.items():
        for array, name in zip(arrays, ("images-idx3", "labels-idx1"), strict=True):
            head = (0x800 + array.ndim).to_bytes(4, "big")
            head += b"".join(size.to_bytes(4, "big") for size in array.shape)
            (tmp_path / f"{split}-{name}-ubyte").write_bytes(head + array.tobytes())
    return tmp_path


def run(folder, **rest):
    return train_recipe("mnist-up5k", data=folder, epochs=2, progress=False, **rest)


def test_one_seed_gives_one_network_whatever_torch_did_before(folder):
    first = run(folder, seed=7)
    torch.rand(5)
    again = run(folder, seed=7)
    other = run(folder, seed=8)
    assert content_hash(first.network) == content_hash(again.network)
    assert content_hash(first.network) != content_hash(other.network)
    assert first.history == again.history


def test_the_file_written_is_the_network_returned(folder, tmp_path):
    result = run(folder, seed=1, out=tmp_path / "n.sterna")
    network = load(tmp_path / "n.sterna")
    assert content_hash(network) == content_hash(result.network)
    assert network.provenance["seed"] == 1
    assert network.provenance["epochs"] == 2
    assert network.provenance["test_accuracy"] == result.test_accuracy
    assert network.provenance["torch"] == torch.__version__


def test_training_leaves_torch_as_it_was(folder):
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    run(folder)
    assert before == (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled())


def test_a_few_hundred_images_are_learnt(digits):
    pixels, labels = digits["train"]
    images = Split(torch.from_numpy(pixels.reshape(-1, 784) >= 128).float(),
                   torch.from_numpy(labels.astype(np.int64)))  # fmt: skip
    net = PatchNetwork(config=RECIPE.network)
    options = dataclasses.replace(RECIPE.options, epochs=12, batch=50)
    steps = []
    history = train(net, images, options, seed=0, on_step=lambda *now: steps.append(now))
    assert history[-1].loss < history[0].loss / 2
    assert accuracy(net, images) > 0.9
    assert steps[-1] == (96, 96)


@pytest.mark.parametrize("change", [{"epochs": 0}, {"batch": 401}])
def test_no_step_to_take_is_refused(digits, change):
    images = Split(torch.zeros(400, 784), torch.zeros(400).long())
    options = dataclasses.replace(RECIPE.options, **change)
    with pytest.raises(ConfigError, match="at least one epoch of one batch"):
        train(PatchNetwork(config=RECIPE.network), images, options, seed=0)


def test_shifts_move_each_image_on_its_own_and_lose_nothing_inside():
    frames = torch.zeros(200, 28 * 28)
    frames[:, 14 * 28 + 14] = 1
    moved = shift(frames, side=28, most=2, generator=torch.Generator().manual_seed(0))
    places = {divmod(int(place), 28) for place in moved.argmax(dim=1)}
    assert torch.equal(moved.sum(dim=1), torch.ones(200))
    assert places == {(14 + down, 14 + right) for down in range(-2, 3) for right in range(-2, 3)}


NOTHING = Warp(turn=0, stretch=0, shear=0, shift=0)


def warped(frames, **most):
    generator = torch.Generator().manual_seed(0)
    return warp(frames, side=28, most=dataclasses.replace(NOTHING, **most), generator=generator)


def test_warp_of_nothing_changes_nothing():
    frames = torch.from_numpy(mnist_test().frames()[:50]).float()
    assert torch.equal(warped(frames), frames)


@pytest.mark.parametrize("kind", ["turn", "stretch", "shear", "shift"])
def test_warp_changes_each_image_on_its_own_and_leaves_bits(kind):
    frames = torch.from_numpy(mnist_test().frames()[:1]).float().expand(20, -1)
    most = {"turn": 10, "shift": 1}.get(kind, 0.1)
    seen = warped(frames, **{kind: most})
    assert torch.equal(seen, warped(frames, **{kind: most}))
    assert set(seen.unique().tolist()) == {0, 1}
    assert len(seen.unique(dim=0)) > 5
    # about as many pixels as before
    assert ((seen.sum(dim=1) / frames[0].sum() - 1).abs() < 0.3).all()


def test_warp_turns_about_the_middle():
    frames = torch.zeros(1, 28, 28)
    frames[0, 12:16, 12:16] = 1
    assert torch.equal(warped(frames.reshape(1, -1), turn=2), frames.reshape(1, -1))


def test_what_is_shifted_in_is_empty():
    moved = shift(torch.ones(50, 784), side=28, most=1, generator=torch.Generator().manual_seed(0))
    assert set(moved.sum(dim=1).tolist()) == {784.0, 756.0, 729.0}


def test_an_unknown_recipe_is_refused():
    with pytest.raises(ConfigError, match="no recipe 'cifar'; there are: mnist-up5k"):
        train_recipe("cifar")


def test_no_folder_to_write_to_is_said_before_training(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot write .*: there is no folder .*gone"):
        train_recipe("mnist-up5k", out=tmp_path / "gone" / "n.sterna")


def test_no_folder_at_all_says_how_to_name_one(monkeypatch):
    monkeypatch.delenv("STERNA_DATA", raising=False)
    with pytest.raises(DataError, match=r"--data DIR or the environment variable STERNA_DATA"):
        mnist()


def test_the_environment_names_the_folder(monkeypatch, folder):
    monkeypatch.setenv("STERNA_DATA", str(folder))
    images, test = mnist()
    assert (len(images), len(test)) == (400, 200)
    assert images.frames.unique().tolist() == [0, 1]


def test_an_absent_folder_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone: no such folder; .*train-images-idx3-ubyte"):
        mnist(tmp_path / "gone")


def test_provenance_says_what_was_read_and_names_mnist_only_where_it_is(folder):
    seen = run(folder).network.provenance
    assert seen["data"] == "unknown data in MNIST's form, 400 training and 200 test images"
    parts = [read_mnist(folder, split).digest() for split in ("train", "t10k")]
    assert seen["data_digest"] == " ".join(parts)
    assert mnist_test().digest() == MNIST_DIGESTS[1]


def test_shipped_network_was_trained_with_mnist():
    seen = shipped_network().provenance
    assert seen["data"] == "MNIST, 60000 training and 10000 test images"
    assert seen["data_digest"] == " ".join(MNIST_DIGESTS)


@pytest.mark.parametrize("seed", [-1, 1 << 63, 99999999999999999999])
def test_seed_out_of_range_is_named(folder, seed):
    with pytest.raises(ConfigError, match=r"seed must be 0\.\.9223372036854775807"):
        run(folder, seed=seed)
