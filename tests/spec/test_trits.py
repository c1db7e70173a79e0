"""Five trits in a byte, there and back, and what is none refused."""

import numpy as np
import pytest

from sterna.spec import NetworkError
from sterna.spec.trits import pack_trits, packed_size, unpack_trits


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 9, 10, 243, 1001])
def test_trits_come_back(count):
    trits = np.random.default_rng(count).integers(-1, 2, count, np.int8)
    packed = pack_trits(trits)
    assert packed.dtype == np.uint8
    assert len(packed) == packed_size(count)
    again = unpack_trits("x", packed)
    assert again.dtype == np.int8
    assert np.array_equal(again, trits)


def test_every_byte_of_five_trits_is_met():
    every = np.array(np.meshgrid(*[[-1, 0, 1]] * 5, indexing="ij"), np.int8).reshape(5, -1).T
    packed = pack_trits(every.reshape(-1))[1:]
    assert sorted(packed.tolist()) == list(range(243))


def test_the_form_is_as_the_page_says():
    assert pack_trits(np.array([-1, 0, 1, 0, -1, 1], np.int8)).tolist() == [4, 3 + 18 + 27, 2]


@pytest.mark.parametrize(
    ("packed", "text"),
    [
        ([], "x must be a row of bytes whose first is 0..4"),
        ([5, 0], "x must be a row of bytes"),
        ([1], "x must be a row of bytes"),
        ([[0, 1]], "x must be a row of bytes"),
        ([0, 3, 243], r"x\[2\] is 243; five trits are 0\.\.242"),
    ],
)
def test_what_is_no_row_of_trits_is_named(packed, text):
    with pytest.raises(NetworkError, match=text):
        unpack_trits("x", np.array(packed, np.uint8))


@pytest.mark.control
def test_an_exchanged_byte_gives_other_trits():
    trits = np.random.default_rng(0).integers(-1, 2, 50, np.int8)
    packed = pack_trits(trits)
    packed[3] = (packed[3] + 1) % 243
    assert not np.array_equal(unpack_trits("x", packed), trits)
