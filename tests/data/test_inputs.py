"""What a user gives a network: pixels are coded by its provenance, spikes stay as they are."""

import numpy as np
import pytest

from sterna import model
from sterna.data import mnist_test, shipped, shipped_network
from sterna.data.coding import encode
from sterna.data.inputs import read_inputs
from sterna.spec import DataError, results
from tests.layered import layered
from tests.networks import chain

DIGITS = mnist_test().pixels[:40]
RGB = np.random.default_rng(0).integers(0, 256, (3, 3, 32, 32), np.uint8)


@pytest.mark.parametrize("shape", [(784,), (28, 28), (1, 28, 28), (28, 28, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, ">i2"])
def test_grey_pixels_are_coded_whatever_their_shape(shape, dtype):
    found = read_inputs(shipped_network(), DIGITS.reshape(-1, *shape).astype(dtype))
    assert np.array_equal(found.frames, DIGITS.reshape(40, -1) >= 128)
    assert "coded by 'bits'" in found.how


@pytest.mark.parametrize(
    "as_given", [lambda p: p, lambda p: p.transpose(0, 2, 3, 1), lambda p: p.reshape(3, -1)]
)
def test_colours_are_coded_by_the_learned_layer_of_the_network(as_given):
    network = shipped("cifar10-25f")
    wanted = encode(network.provenance["coding"], RGB)
    assert np.array_equal(read_inputs(network, as_given(RGB)).frames, wanted)
    assert 0.01 < wanted.mean() < 0.99


@pytest.mark.control
def test_another_order_of_the_channels_is_another_frame():
    network = shipped("cifar10-25f")
    wanted = encode(network.provenance["coding"], RGB)
    assert not np.array_equal(read_inputs(network, RGB[:, ::-1]).frames, wanted)


def test_bool_and_0_and_1_are_spikes():
    network, bits = shipped_network(), DIGITS.reshape(40, -1) >= 128
    for array, flag in (
        (bits, False),
        (bits, True),
        (bits.astype(np.uint8), False),
        (bits.astype(int), True),
    ):
        found = read_inputs(network, array, spikes=flag)
        assert np.array_equal(found.frames, bits)
        assert found.how == "spikes, as they are"


def test_a_network_without_a_coding_takes_spikes():
    assert read_inputs(chain(), np.ones((2, 4), int)).frames.all()
    with pytest.raises(DataError, match="0 and 1 only, not 7"):
        read_inputs(chain(), np.full((2, 4), 7))


def test_a_set_of_the_users_own_has_the_shape_of_its_pixels():
    network = layered(
        provenance={"data": "mine", "coding": {"kind": "thermometer", "edges": [50, 100, 200]}}
    )
    pixels = np.arange(16, dtype=np.uint8).reshape(1, 4, 4) * 17
    frames = read_inputs(network, pixels).frames
    assert frames.tolist() == [
        [pixel >= edge for edge in (50, 100, 200) for pixel in pixels.ravel().tolist()]
    ]


@pytest.mark.parametrize(
    ("array", "flag", "text"),
    [
        (DIGITS.reshape(40, -1), True, "0 and 1 only, not"),
        (DIGITS / 255, False, "whole numbers 0..255, not float64"),
        (np.where(DIGITS > 128, np.nan, 0), False, "whole numbers 0..255, not float64"),
        (DIGITS.reshape(40, -1) / 255, True, "bool or integers"),
        (DIGITS.astype(int) - 1, False, r"pixels must be 0..255; there are -1..254"),
        (DIGITS.astype(int) * 2, False, r"pixels must be 0..255; there are 0..510"),
        (DIGITS[:, :20], False, r"pixels of shape \[40, 20, 28\]; .* takes \[n, 1, 28, 28\]"),
        (DIGITS.ravel(), False, "pixels of shape"),
        (DIGITS.reshape(40, 2, 14, 28), False, "pixels of shape"),
    ],
)
def test_what_is_neither_is_named(array, flag, text):
    with pytest.raises(DataError, match=text):
        read_inputs(shipped_network(), array, spikes=flag)


def test_grey_pixels_give_the_votes_of_the_test_set():
    """They once were taken for spikes, every pixel but 0, with fewer digits right and no word."""
    network = shipped_network()
    grey, bits = (
        results.votes(
            model.run(model.open(network), read_inputs(network, each).frames), network.output_class
        )
        for each in (DIGITS, (DIGITS >= 128).reshape(40, -1))
    )
    assert np.array_equal(grey, bits)
