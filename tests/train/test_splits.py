"""Which examples train, calibrate and judge: a stand-in for the training looks at them."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sterna.data.examples import Examples
from sterna.model import axon_activity
from sterna.spec import SternaError
from sterna.train import folds, judging, runs, train_recipe
from tests.layered import two_layers
from tests.train.test_judging import digits, untrained


def numbered(numbers, group=None):
    """Examples in MNIST's form whose first pixels are their number, a bit a pixel."""
    numbers = np.asarray(numbers)
    pixels = np.zeros((len(numbers), 1, 28, 28), np.uint8)
    pixels[:, 0, 0, :10] = 255 * (numbers[:, None] >> np.arange(10) & 1)
    group = np.zeros(0, np.int64) if group is None else np.asarray(group)
    return Examples(pixels, (numbers % 10).astype(np.int64), group)


def which(frames):
    """The numbers of frames or pixels."""
    bits = np.asarray(frames).reshape(len(frames), -1)[:, :10] > 0
    return (bits @ (1 << np.arange(10))).tolist()


TRAIN, TEST = numbered(range(200)), numbered(range(500, 560))


@pytest.fixture
def seen(monkeypatch):
    """What each step of a run is given, by its name; nothing is trained."""
    seen = {}

    class Trainer:
        def __init__(self, model, images, options, **rest):
            seen.setdefault("trained", []).append(which(images.frames))
            self.history, self.epochs_in_all = [None], 1

        def check_epochs(self): ...
        def close(self): ...
        def epochs(self, on_step):
            return []

    def accuracy(model, frames, labels):
        assert labels.tolist() == [number % 10 for number in which(frames)]
        seen.setdefault("accuracy", []).append(which(frames))
        return len(seen["accuracy"]) / 8

    def judged(made, model, network, test):
        seen.setdefault("judged", []).append(which(test.inputs))
        return network, 0.75, "as it is here"

    for module in (runs, folds):
        monkeypatch.setattr(module, "Trainer", Trainer)
        monkeypatch.setattr(module, "judged", judged)
        monkeypatch.setattr(module, "to_layers", lambda *a, **b: two_layers())
    monkeypatch.setattr(runs, "accuracy", accuracy)
    monkeypatch.setattr(
        runs,
        "calibrate",
        lambda model, frames: seen.setdefault("calibrated", []).append(which(frames)),
    )
    monkeypatch.setattr(runs, "activity_of", lambda made, model, network, test: {})
    return seen


def test_examples_kept_back_judge_and_do_not_train(seen):
    result = train_recipe("mnist-up5k", data=(TRAIN, TEST), hold=0.25)
    kept, held = seen["accuracy"]
    assert sorted(kept + held) == [*range(200)]
    assert len(held) == 50
    assert seen["trained"] == [kept]
    assert seen["judged"] == [[*range(500, 560)]]
    assert {*seen["calibrated"][0]} <= {*kept}
    accuracies = (result.train_accuracy, result.held_accuracy, result.test_accuracy)
    assert accuracies == (1 / 8, 2 / 8, 0.75)
    told = result.network.provenance
    assert (told["train_accuracy"], told["test_accuracy"]) == (0.125, 0.75)
    assert told["data_digest"] == f"{TRAIN.digest()} {TEST.digest()}"


def test_without_a_share_kept_back_all_of_the_training_set_trains(seen):
    result = train_recipe("mnist-up5k", data=(TRAIN, TEST))
    assert seen["trained"] == seen["accuracy"] == [[*range(200)]]
    assert seen["judged"] == [[*range(500, 560)]]
    assert result.held_accuracy is None


def test_calibration_draws_its_examples_by_the_seed(seen):
    images = SimpleNamespace(frames=torch.from_numpy(TRAIN.inputs))
    for count, seed in ((50, 0), (50, 0), (50, 1), (0, 0), (200, 0), (999, 0)):
        runs.calibrate_for(torch.nn.Identity(), images, count, seed)
    drawn, again, other, *whole = seen["calibrated"]
    assert len({*drawn}) == 50
    assert drawn == again != other
    assert {*drawn} != {*range(50)}
    assert whole == [[*range(200)]] * 3


@pytest.fixture
def spoken(monkeypatch):
    """A set of three groups, some of whose examples are test examples."""
    groups = np.arange(90) % 3
    parts = {"train": slice(0, 60), "test": slice(60, 90)}
    data = SimpleNamespace(
        name="x",
        shape=(1, 28, 28),
        tested=lambda folder: True,
        load=lambda folder, part: numbered(np.arange(90)[parts[part]], groups[parts[part]]),
    )
    options = SimpleNamespace(calibrate=0)
    made = SimpleNamespace(
        name="x",
        data=data,
        seed=0,
        options=options,
        grain=8,
        model=lambda seed: None,
        split=lambda examples: SimpleNamespace(frames=examples.inputs),
    )
    monkeypatch.setattr(folds, "recipe", lambda name: made)
    monkeypatch.setattr(folds, "data_folder", lambda folder, data: folder)


@pytest.mark.usefixtures("spoken")
def test_a_group_that_is_left_out_judges_and_does_not_train(seen):
    found = list(folds.leave_one_out("x", data="folder"))
    assert [(fold.group, fold.examples) for fold in found] == [(0, 30), (1, 30), (2, 30)]
    for group in range(3):
        own = [number for number in range(90) if number % 3 == group]
        assert seen["judged"][group] == own
        assert seen["trained"][group] == sorted({*range(90)} - {*own})
        assert seen["calibrated"][group] == seen["trained"][group]


@pytest.mark.control
def test_other_votes_for_the_same_classes_are_noticed(monkeypatch):
    made, model, network = untrained("mnist-up5k")
    own = judging.scores
    monkeypatch.setattr(judging, "scores", lambda model, frames: own(model, frames) + 1)
    with pytest.raises(SternaError, match="differ in the votes of 30 examples"):
        judging.judged(made, model, network, digits(30))


def test_the_activity_on_record_is_a_mean_over_the_first_200_test_examples():
    made, model, network = untrained("mnist-up5k")
    told = judging.activity_of(made, model, network, digits(250))
    frames = (digits(200).inputs >= 128).reshape(200, -1)
    assert told == axon_activity(network, frames)
    assert told != axon_activity(network, frames[:100])
