"""Coding of pixels without PyTorch, by hand; tests/train/test_export.py compares it with torch."""

import numpy as np
import pytest

from sterna.data.coding import encode
from sterna.spec import DataError

PIXELS = np.array([[[[0, 85], [86, 255]]]], np.uint8)


@pytest.mark.parametrize(
    ("coding", "frame"),
    [
        ({"kind": "bits", "threshold": 86}, [0, 0, 1, 1]),
        ({"kind": "thermometer", "edges": [86, 171]}, [0, 0, 1, 1, 0, 0, 0, 1]),
        ({"kind": "planes", "bits": 2}, [0, 0, 0, 1, 0, 1, 1, 1]),
        (
            {"kind": "transduction", "weights": [[[[2]]], [[[-1]]]], "leak": [-170, 1]},
            [0, 0, 1, 1, 1, 0, 0, 0],
        ),
    ],
)
def test_pixels_become_planes(coding, frame):
    assert encode(coding, PIXELS)[0].astype(int).tolist() == frame


def test_a_kernel_reads_its_neighbours_and_nothing_beyond_the_border():
    weights = np.zeros((1, 1, 3, 3), int)
    weights[0, 0, 1, 2] = 1  # the pixel to the right
    seen = encode({"kind": "transduction", "weights": weights.tolist(), "leak": [0]}, PIXELS)
    assert seen[0].astype(int).tolist() == [1, 0, 1, 0]


def test_many_frames_are_coded_part_by_part():
    pixels = np.random.default_rng(0).integers(0, 256, (600, 1, 2, 2), np.uint8)
    coding = {"kind": "transduction", "weights": [[[[2]]], [[[-1]]]], "leak": [-170, 1]}
    one_by_one = np.concatenate([encode(coding, one[None]) for one in pixels])
    assert np.array_equal(encode(coding, pixels), one_by_one)
    assert encode(coding, pixels[:0]).shape == (0, 8)


def test_spikes_stay_as_they_are():
    assert encode({"kind": "none"}, PIXELS > 85)[0].tolist() == [False, False, True, True]


@pytest.mark.control
def test_a_weight_that_is_another_codes_otherwise():
    coding = {"kind": "transduction", "weights": [[[[2]]]], "leak": [-170]}
    other = {**coding, "weights": [[[[1]]]]}
    assert not np.array_equal(encode(coding, PIXELS), encode(other, PIXELS))


@pytest.mark.parametrize(
    "coding",
    [
        {},
        {"kind": "smell"},
        {"kind": "bits"},
        {"kind": "planes", "bits": "two"},
        {"kind": "transduction", "weights": [[[[1]], [[1]]]], "leak": [0]},
        # of a file that someone has written by hand: nothing of it reaches NumPy
        None,
        "bits",
        ["bits"],
        {"kind": ["bits"]},
        {"kind": "bits", "threshold": float("nan")},
        {"kind": "bits", "threshold": "a"},
        {"kind": "bits", "threshold": [[1]]},
        {"kind": "bits", "threshold": True},
        {"kind": "bits", "threshold": 10**400},
        {"kind": "planes", "bits": 10**9},
        {"kind": "planes", "bits": 0},
        {"kind": "thermometer", "edges": []},
        {"kind": "thermometer", "edges": [[1], 2]},
        {"kind": "thermometer", "edges": [1] * 70_000},
        {"kind": "thermometer", "edges": 5},
        {"kind": "transduction", "weights": [[[[1, 1], [1, 1]]]], "leak": [0]},
        {"kind": "transduction", "weights": [[[[1], [1]]]], "leak": [0]},
        {"kind": "transduction", "weights": [[[[1] * 3] * 3], [[[1] * 3] * 2]], "leak": [0, 0]},
        {"kind": "transduction", "weights": [[[[1]]]], "leak": [0, 0]},
        {"kind": "transduction", "weights": [[[["1"]]]], "leak": [0]},
        {"kind": "transduction", "weights": [[[[128]]]], "leak": [0]},
        {"kind": "transduction", "weights": [[[[1]]]], "leak": [1e300]},
        {"kind": "transduction", "weights": [], "leak": []},
        {"kind": "transduction", "weights": "x", "leak": [0]},
    ],
)
def test_a_coding_that_cannot_be_used_is_named(coding):
    with pytest.raises(DataError, match="a coding that cannot be used"):
        encode(coding, PIXELS)


@pytest.mark.parametrize(
    ("pixels", "coding", "text"),
    [
        (PIXELS / 255, {"kind": "bits", "threshold": 128}, "whole numbers .*0..255, not float64"),
        (PIXELS[0], {"kind": "bits", "threshold": 128}, "whole numbers"),
        (PIXELS.astype(int) + 1, {"kind": "bits", "threshold": 128}, "0..255; there are 1..256"),
        (PIXELS, {"kind": "none"}, "0..1; there are 0..255"),
        (np.zeros((1, 1, 256, 256), np.uint8), {"kind": "planes", "bits": 8}, "524,288 features"),
    ],
)
def test_pixels_that_are_none_are_named(pixels, coding, text):
    with pytest.raises(DataError, match=text):
        encode(coding, pixels)
