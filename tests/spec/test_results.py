"""Votes, classes and latency, counted by hand."""

import numpy as np
import pytest

from sterna.spec.results import accuracy, by_frame, classify, votes, with_latency
from tests.networks import chain, int32

OUTPUT_CLASS = int32(2, 0, -1, 2, 1)
SPIKES = np.array([[1, 1, 9, 1, 0], [0, 1, 0, 1, 1], [0, 0, 5, 0, 0], [0, 0, 0, 0, 3]])


def test_spikes_on_lines_without_a_class_do_not_count() -> None:
    assert votes(SPIKES, OUTPUT_CLASS).tolist() == [[1, 0, 2], [1, 1, 1], [0, 0, 0], [0, 3, 0]]
    assert votes(SPIKES[0], OUTPUT_CLASS).tolist() == [1, 0, 2]


@pytest.mark.control
def test_lines_without_a_class_counted_for_the_last_one_are_noticed() -> None:
    """Negative control: an index of -1 is the last class."""
    wrong = SPIKES @ np.eye(3, dtype=np.int64)[OUTPUT_CLASS]
    assert (wrong != votes(SPIKES, OUTPUT_CLASS)).any()
    assert wrong[2].tolist() == [0, 0, 5]


def test_class_with_most_votes_wins_and_the_lowest_of_equals() -> None:
    assert classify(SPIKES, OUTPUT_CLASS).tolist() == [2, 0, 0, 1]
    assert accuracy(votes(SPIKES, OUTPUT_CLASS), np.array([2, 0, 1, 1])) == 0.75


def test_network_without_classes_votes_for_none() -> None:
    assert votes(SPIKES, int32(-1, -1, -1, -1, -1)).tolist() == [[0], [0], [0], [0]]


def test_frames_come_out_behind_their_latency() -> None:
    network = chain(latency=2)
    frames = np.eye(4, dtype=bool)[:3]
    padded = with_latency(network, frames)
    assert padded.shape == (5, 4)
    assert padded.dtype == frames.dtype
    assert not padded[3:].any()
    lines = [np.full(4, tick) for tick in range(5)]
    assert by_frame(network, lines).tolist() == [[2] * 4, [3] * 4, [4] * 4]
    assert by_frame(network, lines[:2]).shape == (0, 4)
