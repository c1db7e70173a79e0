"""The generator of draws, against the known answers that its authors publish."""

import numpy as np
import pytest

from sterna.spec import threefry as spec

ONES = 0xFFFFFFFF
#: key, counter, block of threefry2x32 with 20 rounds. Source: Random123, kat_vectors.
KNOWN_ANSWERS = [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((ONES, ONES), (ONES, ONES), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


def threefry(key: tuple[int, int], counter: tuple[int, int]) -> tuple[int, int]:
    """One block, as plain numbers."""
    first, second = spec.threefry(
        tuple(np.array([word], np.uint32) for word in key),
        tuple(np.array([word], np.uint32) for word in counter),
    )
    return int(first[0]), int(second[0])


@pytest.mark.parametrize(("key", "counter", "block"), KNOWN_ANSWERS)
def test_known_answers(
    key: tuple[int, int], counter: tuple[int, int], block: tuple[int, int]
) -> None:
    assert threefry(key, counter) == block


def test_one_bit_of_the_counter_changes_the_block() -> None:
    block = threefry((1, 2), (3, 4))
    assert all(a != b for a, b in zip(block, threefry((1, 2), (3, 5)), strict=True))


def test_plain_numbers_are_taken_and_sums_wrap_in_silence() -> None:
    """IBM's default seed is all ones; with any tick but 0 the first sum wraps."""
    seed, tick = 0xFFFFFFFF, 7
    first, second = spec.threefry((seed, 0), (tick, 3))
    assert (int(first), int(second)) == threefry((seed, 0), (tick, 3))
