"""Results of a network: ticks, spikes by frame, votes, classes.

One frame goes in a tick; its spikes come out `latency` ticks later. The votes for a class are the
spikes on its output lines; the class with most of them wins, the lowest of equal ones.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .network import IntArray, Network

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TickResult:
    """The result of one tick.

    Members
    -------
    tick : its number since the network was loaded or reset, from 0.
    lines : int64 [lines] - spikes sent on each output line.
    cycles : clock cycles from its start to its end; 0 if they are not counted. While the host does
        not read, output spikes wait, and the tick with them.
    """

    tick: int
    lines: Counts
    cycles: int


def with_latency(network: Network, frames: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Frames [n, features], and empty ones behind them until the last one's spikes are out."""
    empty = np.zeros((network.latency, network.features), frames.dtype)
    return np.concatenate([frames, empty])


def by_frame(network: Network, lines: list[Counts]) -> Counts:
    """Spikes of each frame, int64 [frames, lines], from those of each tick of `with_latency`."""
    rows = np.array(lines[network.latency :], np.int64)
    return rows.reshape(-1, len(network.output_class))


def votes(spikes: Counts, output_class: IntArray) -> Counts:
    """Votes for each class.

    Parameters
    ----------
    spikes : int64 [..., lines] - spikes on each output line.
    output_class : int32 [lines] - class of each line; spikes on one of class -1 do not count.

    Returns
    -------
    int64 [..., classes] - at least one class.
    """
    counted = output_class >= 0
    classes = int(output_class.max(initial=0)) + 1
    return spikes[..., counted] @ np.eye(classes, dtype=np.int64)[output_class[counted]]


def classify(spikes: Counts, output_class: IntArray) -> Counts:
    """The class with most spikes, the lowest of equal ones: int64 [...]; parameters as `votes`."""
    return votes(spikes, output_class).argmax(axis=-1).astype(np.int64)


def accuracy(counted: Counts, labels: npt.NDArray[Any]) -> float:
    """Share of frames, 0..1, whose class, from votes int64 [frames, classes], is that of labels."""
    return float((counted.argmax(axis=-1) == labels).mean())
