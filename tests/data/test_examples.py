"""Examples: what is kept back is whole groups, and is not trained on; digests tell sets apart."""

from dataclasses import replace

import numpy as np
import pytest

from sterna.data.examples import Examples, held_out

RNG = np.random.default_rng(0)
#: 200 examples of 20 speakers, ten each, mixed; the first pixel of an example is its number.
SPEAKERS = RNG.permutation(np.repeat(np.arange(20), 10))
PIXELS = np.zeros((200, 1, 2, 2), np.uint8)
PIXELS[:, 0, 0, 0] = np.arange(200)
GIVEN = Examples(PIXELS, np.arange(200) % 7, SPEAKERS)


def numbers(examples: Examples) -> set[int]:
    return {*examples.inputs[:, 0, 0, 0].tolist()}


def check(kept: Examples, held: Examples, speakers: int) -> None:
    """Each example is on one side, each speaker too, and so many speakers are kept back."""
    assert numbers(kept) | numbers(held) == {*range(200)}
    assert not numbers(kept) & numbers(held)
    assert not {*kept.group.tolist()} & {*held.group.tolist()}
    assert len({*held.group.tolist()}) == speakers
    for side in (kept, held):
        at = side.inputs[:, 0, 0, 0].astype(int)
        np.testing.assert_array_equal(side.labels, GIVEN.labels[at])
        np.testing.assert_array_equal(side.group, SPEAKERS[at])


@pytest.mark.parametrize(("share", "speakers"), [(0.01, 1), (0.1, 2), (0.25, 5), (0.9, 18)])
def test_a_share_of_the_speakers_is_kept_back_whole(share: float, speakers: int) -> None:
    check(*held_out(GIVEN, share, 3), speakers)


def test_the_seed_chooses() -> None:
    one, same, other = (held_out(GIVEN, 0.25, seed)[1] for seed in (1, 1, 2))
    assert numbers(one) == numbers(same) != numbers(other)


@pytest.mark.control
def test_examples_on_both_sides_are_noticed() -> None:
    kept, held = held_out(GIVEN, 0.25, 3)
    with pytest.raises(AssertionError):
        check(GIVEN, held, 5)
    with pytest.raises(AssertionError):
        check(kept.pick(np.arange(len(kept) - 1)), held, 5)


@pytest.mark.parametrize("what", ["inputs", "labels"])
def test_a_digest_is_of_inputs_and_labels(what: str) -> None:
    array = getattr(GIVEN, what).copy()
    array[-1] += 1
    assert replace(GIVEN, **{what: array}).digest() != GIVEN.digest()
    assert replace(GIVEN, group=np.zeros(200, np.int64)).digest() == GIVEN.digest()
