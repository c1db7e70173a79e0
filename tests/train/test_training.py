"""Training: reproducible from its seed, learns, and says what is wrong with its data."""

import dataclasses

import numpy as np
import pytest
import torch

from sterna.data import MNIST_DIGESTS, mnist_test, read_mnist, shipped_network
from sterna.spec import ConfigError, DataError, content_hash, load
from sterna.train import Options, Split, Warp, accuracy, calibrate, recipe, train, train_recipe
from sterna.train.augment import mirror, shift, warp
from tests.recipes import small


def run(folder, **rest):
    return train_recipe("mnist-up5k", data=folder, epochs=2, **rest)


def test_one_seed_gives_one_network_whatever_torch_did_before(mnist_folder):
    first = run(mnist_folder, seed=7)
    torch.rand(5)
    again = run(mnist_folder, seed=7)
    other = run(mnist_folder, seed=8)
    assert content_hash(first.network) == content_hash(again.network)
    assert content_hash(first.network) != content_hash(other.network)
    assert first.history == again.history


def test_the_file_written_is_the_network_returned(mnist_folder, tmp_path):
    result = run(mnist_folder, seed=1, out=tmp_path / "n.sterna")
    network = load(tmp_path / "n.sterna")
    assert content_hash(network) == content_hash(result.network)
    assert network.provenance["seed"] == 1
    assert network.provenance["epochs"] == 2
    assert network.provenance["test_accuracy"] == result.test_accuracy
    assert network.provenance["torch"] == torch.__version__


def test_training_leaves_torch_as_it_was(mnist_folder):
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    run(mnist_folder)
    assert before == (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled())


def split(pixels, labels):
    return Split(
        torch.from_numpy((pixels >= 128).astype(np.uint8))[:, None],
        torch.from_numpy(labels.astype(np.int64)),
        binary=True,
    )


OPTIONS = Options(epochs=12, batch=50, optimizer="adam", rate=0.05, scale=0.2, shift=1)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"optimizer": "adamw", "decay": 1e-4},
        {"optimizer": "sgd", "rate": 20.0},
        {"schedule": "steps", "cuts": (0.5,), "penalty": 1e-3},
        {"precision": "bfloat16"},
    ],
)
def test_a_few_hundred_images_are_learnt(change):
    images = split(mnist_test().pixels[:400], mnist_test().labels[:400])
    net = recipe("mnist-up5k").model(0)
    options = dataclasses.replace(OPTIONS, **change)
    steps = []
    history = train(net, images, options, seed=0, on_step=lambda *now: steps.append(now[:2]))
    assert history[-1].loss < history[0].loss / 2
    assert 0 < history[-1].activity < 1
    calibrate(net, images.frames)
    assert accuracy(net, images.frames, images.labels) > 0.9
    assert steps[-1] == (96, 96)


def test_the_penalty_makes_a_network_that_spikes_less():
    images = split(mnist_test().pixels[:400], mnist_test().labels[:400])

    def activity(penalty):
        options = dataclasses.replace(OPTIONS, epochs=5, penalty=penalty)
        return train(recipe("mnist-up5k").model(0), images, options, seed=0)[-1].activity

    assert activity(0.02) < activity(0.0) - 0.03


@pytest.mark.parametrize(
    ("done", "cosine", "steps"),
    [(0, 1, 1), (0.49, 0.5157, 1), (0.5, 0.5, 0.1), (0.8, 0.0955, 0.01)],
)
def test_schedules_lower_the_rate(done, cosine, steps):
    options = dataclasses.replace(OPTIONS, rate=1.0)
    assert options.rate_at(done) == pytest.approx(cosine, abs=1e-4)
    assert dataclasses.replace(options, schedule="steps").rate_at(done) == pytest.approx(steps)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"epochs": 0}, "epochs must be at least 1, not 0"),
        ({"batch": 1}, "batch must be at least 2"),
        ({"rate": float("nan")}, "rate must be a number"),
        ({"scale": -1.0}, "scale must be a number"),
        ({"optimizer": "lbfgs"}, "optimizer must be one of adam, adamw, sgd"),
        ({"cuts": (0.5, 2)}, r"cuts must be shares of the training, 0\.\.1, not 2"),
        ({"surrogate": 0.0}, "surrogate must be a number above 0, not 0"),
        ({"precision": "float16"}, "precision must be one of float32, bfloat16, not 'float16'"),
        ({"schedule": "flat"}, "schedule must be one of cosine, steps"),
    ],
)
def test_options_out_of_range_are_named(change, text):
    with pytest.raises(ConfigError, match=text):
        dataclasses.replace(OPTIONS, **change)


def test_fewer_images_than_a_batch_are_refused():
    images = Split(torch.zeros(49, 1, 28, 28), torch.zeros(49).long(), binary=True)
    with pytest.raises(ConfigError, match=r"at least one batch \(50 images\), not 49"):
        train(recipe("mnist-up5k").model(0), images, OPTIONS, seed=0)


def test_shifts_move_each_image_on_its_own_and_lose_nothing_inside():
    frames = torch.zeros(200, 2, 28, 28)
    frames[:, :, 14, 14] = 1
    moved = shift(frames, most=2, generator=torch.Generator().manual_seed(0)).flatten(2)
    assert torch.equal(moved[:, 0], moved[:, 1])
    moved = moved[:, 0]
    places = {divmod(int(place), 28) for place in moved.argmax(dim=1)}
    assert torch.equal(moved.sum(dim=1), torch.ones(200))
    assert places == {(14 + down, 14 + right) for down in range(-2, 3) for right in range(-2, 3)}


def test_mirror_turns_about_half_of_the_images_whole():
    frames = torch.zeros(100, 1, 2, 3)
    frames[:, 0, 0, 0] = 1
    turned = mirror(frames, generator=torch.Generator().manual_seed(0))
    assert 30 < turned[:, 0, 0, 2].sum() < 70
    assert torch.equal(turned.sum(dim=(1, 2, 3)), torch.ones(100))
    assert torch.equal(turned[:, 0, 0, 0] + turned[:, 0, 0, 2], torch.ones(100))


def warped(frames, binary=True, **most):
    generator = torch.Generator().manual_seed(0)
    frames = frames.reshape(-1, 1, 28, 28)
    return warp(frames, most=Warp(**most), binary=binary, generator=generator).flatten(1)


def test_warped_pixels_stay_whole():
    pixels = torch.from_numpy(mnist_test().pixels[:20].astype(np.float32))
    seen = warped(pixels, binary=False, turn=10)
    assert torch.equal(seen, seen.round())
    assert len(seen.unique()) > 100


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
    ones = torch.ones(50, 1, 28, 28)
    moved = shift(ones, most=1, generator=torch.Generator().manual_seed(0))
    assert set(moved.sum(dim=(1, 2, 3)).tolist()) == {784.0, 756.0, 729.0}


def test_an_unknown_recipe_is_refused():
    with pytest.raises(ConfigError, match=r"no network 'cifar'; there are: .*mnist-up5k"):
        train_recipe("cifar")


def test_no_folder_to_write_to_is_said_before_training(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot write .*: there is no folder .*gone"):
        train_recipe("mnist-up5k", out=tmp_path / "gone" / "n.sterna")


def test_a_network_too_large_for_its_device_is_said_before_training(tmp_path):
    path = small(tmp_path, ("[training]", '[result]\nhardware = "tiny"\n[training]'))
    with pytest.raises(
        ConfigError, match=r"small: cannot be compiled for tiny, .* 128 axons a core of 32"
    ):
        train_recipe(path, data=tmp_path / "gone")


def test_no_folder_at_all_says_how_to_name_one(monkeypatch):
    monkeypatch.delenv("STERNA_DATA", raising=False)
    with pytest.raises(DataError, match=r"--data DIR or the environment variable STERNA_DATA"):
        train_recipe("mnist-up5k")


def test_the_environment_names_the_folder(monkeypatch, mnist_folder):
    monkeypatch.setenv("STERNA_DATA", str(mnist_folder))
    result = train_recipe("mnist-up5k", epochs=1)
    assert len(result.history) == 1


def test_an_absent_folder_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone: no such folder; .*train-images-idx3-ubyte"):
        train_recipe("mnist-up5k", data=tmp_path / "gone")


def test_training_stopped_and_resumed_gives_the_same_network(mnist_folder, tmp_path):
    """The run ends by Ctrl-C in its second epoch, and goes on from the checkpoint of the first."""

    def interrupt(done, total, _):
        if done > total // 2:
            raise KeyboardInterrupt

    whole = run(mnist_folder)
    out = tmp_path / "n.sterna"
    with pytest.raises(KeyboardInterrupt):
        run(mnist_folder, out=out, on_step=interrupt)
    assert not out.exists()
    assert len((tmp_path / "n.jsonl").read_text().splitlines()) == 1
    again = run(mnist_folder, out=out, resume=True)
    assert content_hash(again.network) == content_hash(whole.network)
    assert again.history == whole.history
    assert len((tmp_path / "n.jsonl").read_text().splitlines()) == 2


def test_a_checkpoint_of_another_run_or_none_is_refused(mnist_folder, tmp_path):
    out = tmp_path / "n.sterna"
    with pytest.raises(ConfigError, match=r"n\.checkpoint: no such checkpoint"):
        run(mnist_folder, out=out, resume=True)
    run(mnist_folder, out=out)
    with pytest.raises(ConfigError, match="its seed is 0, this run's 3; use the same"):
        run(mnist_folder, out=out, resume=True, seed=3)
    (tmp_path / "n.checkpoint").write_bytes(b"no checkpoint")
    with pytest.raises(ConfigError, match="is no checkpoint"):
        run(mnist_folder, out=out, resume=True)


def test_of_equal_votes_the_lowest_class_wins():
    """As on a device: scores of ten classes, equal in part or all."""
    given = torch.tensor([[0, 3, 3], [5, 5, 5], [1, 0, 1], [0, 0, 2]]).repeat(1, 4)[:, :10].float()
    model = torch.nn.Identity()
    assert accuracy(model, given, torch.tensor([1, 0, 0, 2])) == 1
    assert accuracy(model, given, torch.tensor([2, 9, 9, 5])) == 0


def test_examples_kept_back_are_judged_apart(mnist_folder):
    result = run(mnist_folder, hold=0.25)
    assert 0 < result.held_accuracy < 1
    assert run(mnist_folder).held_accuracy is None


def test_provenance_says_what_was_read_and_names_mnist_only_where_it_is(mnist_folder):
    seen = run(mnist_folder).network.provenance
    assert seen["data"] == "unknown data in MNIST's form, 400 training and 200 test images"
    parts = [read_mnist(mnist_folder, split).digest() for split in ("train", "t10k")]
    assert seen["data_digest"] == " ".join(parts)
    assert mnist_test().digest() == MNIST_DIGESTS[1]


def test_shipped_network_was_trained_with_mnist():
    seen = shipped_network().provenance
    assert seen["data"] == "MNIST, 60000 training and 10000 test images"
    assert seen["data_digest"] == " ".join(MNIST_DIGESTS)


@pytest.mark.parametrize("seed", [-1, 1 << 63, 99999999999999999999])
def test_seed_out_of_range_is_named(mnist_folder, seed):
    with pytest.raises(ConfigError, match=r"seed must be 0\.\.9223372036854775807"):
        run(mnist_folder, seed=seed)
