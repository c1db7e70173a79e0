"""What a trained network's provenance says of its data."""

import numpy as np
import pytest

from sterna.data import SHIPPED, SHIPPED_LAYERS, mnist_test, shipped
from sterna.data.examples import DataSet, Examples, held_out
from sterna.data.sets import SETS
from sterna.data.trained import Coded, _test_examples, coding_of, load_coded, set_of
from sterna.spec import DataError
from tests.idx import write_mnist
from tests.networks import chain


@pytest.mark.parametrize("name", [*SHIPPED, *SHIPPED_LAYERS])
def test_every_network_that_ships_says_its_set_and_coding(name):
    network = shipped(name)
    assert set_of(network).name == network.provenance["data"].split(",")[0].lower()
    assert coding_of(network)["kind"] in ("bits", "transduction")


def test_mnists_test_set_is_at_hand_and_known():
    tests = load_coded(shipped("mnist-up5k"), None)
    assert len(tests.examples) == 10_000
    assert tests.known is True
    assert np.array_equal(tests.frames, mnist_test().frames())


def test_the_first_examples_alone():
    tests = load_coded(shipped("mnist-up5k"), None, most=7)
    assert len(tests.examples) == len(tests.frames) == 7
    assert tests.known is True


@pytest.mark.control
def test_other_digits_are_not_those_it_was_judged_on(tmp_path):
    folder = write_mnist(tmp_path / "digits", slice(10), slice(10, 30))
    tests = load_coded(shipped("mnist-up5k"), folder)
    assert tests.known is False
    assert len(tests.examples) == 20


def test_a_network_without_a_known_set_is_refused():
    with pytest.raises(DataError, match="must begin with the name of one of the sets mnist, "):
        load_coded(chain(), None)


def test_the_environment_names_the_folder_of_other_sets_than_mnist(monkeypatch, tmp_path):
    monkeypatch.setenv("STERNA_DATA", str(tmp_path))
    assert len(load_coded(shipped("mnist-up5k"), None, most=3).examples) == 3
    network = chain(provenance={"data": "cifar10, 50000 training and 10000 test images"})
    with pytest.raises(DataError, match=rf"{tmp_path}.*cifar10 needs"):
        load_coded(network, None)


def test_a_set_that_does_not_ship_needs_its_folder(monkeypatch):
    monkeypatch.delenv("STERNA_DATA", raising=False)
    network = chain(provenance={"data": "cifar10, 50000 training and 10000 test images"})
    with pytest.raises(DataError, match="cifar10, which does not ship with Sterna: name its"):
        load_coded(network, None)


def test_frames_of_another_size_are_refused():
    network = chain(provenance={"data": "MNIST, 60000 training and 10000 test images"})
    with pytest.raises(DataError, match=r"features, mnist coded as its provenance says has 784"):
        load_coded(network, None, most=1)


def test_frames_of_a_stream_vote_together():
    labels, group = np.array([3, 3, 1, 1, 1]), np.array([0, 0, 1, 1, 1])
    examples = Examples(np.zeros((5, 2, 34, 34), np.uint8), labels, group)
    votes = np.zeros((5, 4), np.int64)
    votes[0, 3], votes[1, 2] = 5, 4  # single frames differ, the sum is for 3
    votes[2:, 1], votes[2, 0] = 1, 4
    streams = Coded(SETS["nmnist-events"], examples, examples.inputs, None)
    assert [each.tolist() for each in streams.classes(votes)] == [[3, 1], [3, 0]]
    single = Coded(SETS["nmnist"], examples, examples.inputs, None)
    assert [each.tolist() for each in single.classes(votes)] == [labels.tolist(), [3, 2, 0, 1, 1]]
    assert streams.pick(group == 1).classes(votes[2:])[0].tolist() == [1]


def untested(examples):
    """A set without test examples apart."""
    return DataSet(
        name="x",
        about="",
        classes=3,
        shape=(1, 2, 2),
        files="x",
        source="x",
        split="",
        read=lambda folder, split: {"train": examples}[split],
        tested=lambda folder: False,
    )


@pytest.mark.control
def test_examples_that_a_network_was_trained_on_do_not_judge_it(tmp_path):
    pixels = np.arange(80, dtype=np.uint8).reshape(20, 1, 2, 2)
    every = Examples(pixels, np.arange(20) % 3)
    kept, held = held_out(every, 0.25, 4)
    for digests, options, wanted in (
        (f"{kept.digest()} {held.digest()}", {"hold": 0.25, "seed": 4}, held.digest()),
        (f"{kept.digest()} {held.digest()}", {"hold": 0.25, "seed": 5}, every.digest()),
        ("of others", {"hold": 0.25, "seed": 4}, every.digest()),
    ):
        network = chain(provenance={"data_digest": digests, **options})
        assert _test_examples(network, untested(every), tmp_path).digest() == wanted
    network = chain(provenance={"data_digest": f"{every.digest()} {held.digest()}"})
    with pytest.raises(DataError, match="these are the examples that 'chain' was trained on"):
        _test_examples(network, untested(every), tmp_path)
