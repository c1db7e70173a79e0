"""N-MNIST: what an event camera saw of MNIST's digits, as one frame of spikes or as a stream."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from sterna.spec import DataError

from .examples import Examples
from .files import content, listed

#: Rows and columns of the camera, and saccades of a recording.
SIDE = 34
SACCADES = 3
#: A saccade takes so long, microseconds.
SACCADE_US = 105_000
#: Polarity x saccade planes.
SHAPE = (2 * SACCADES, SIDE, SIDE)
_EVENT_BYTES = 5
#: A stream's frame takes so long, microseconds; a recording has so many.
BIN_US = 15_000
BINS = SACCADES * SACCADE_US // BIN_US
#: Polarity planes of a stream's frame.
BIN_SHAPE = (2, SIDE, SIDE)


def read_nmnist(folder: Path, split: str) -> Examples:
    """Recordings as frames: a plane a polarity and saccade, 1 where there was any event.

    Source: Orchard et al. 2015: `Train/DIGIT/*.bin` and `Test/DIGIT/*.bin`; an event is 40 bits:
    x, y (8 bits each), polarity (1), microseconds (23), the most significant first.
    """
    frames, labels = _recordings(folder, split, frame)
    return Examples(np.stack(frames), labels)


def read_nmnist_events(folder: Path, split: str) -> Examples:
    """Recordings as streams: a frame each 15 ms, a plane a polarity, 1 where there was any event.

    The frames of a recording follow one another, and are one group. Source: as `read_nmnist`.
    """
    streams, labels = _recordings(folder, split, stream)
    return Examples(
        np.concatenate(streams), np.repeat(labels, BINS), np.repeat(np.arange(len(labels)), BINS)
    )


def _recordings(
    folder: Path, split: str, make: Callable[..., np.ndarray]
) -> tuple[list[np.ndarray], np.ndarray]:
    """The features made of each recording's events, and the digits, int64."""
    top = folder / split.capitalize()
    made: list[np.ndarray] = []
    labels: list[int] = []
    for digit in range(10):
        for path in listed(top / str(digit), "*.bin"):
            made.append(make(*read_events(path)))
            labels.append(digit)
    if not made:
        raise DataError(f"{top}: holds no recordings, DIGIT/*.bin")
    return made, np.array(labels, np.int64)


def read_events(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The events of a recording: x, y, polarity 0/1, and time in microseconds, each int64 [n].

    Raises DataError if the file is cut short, empty, or an event lies outside the camera.
    """
    data = content(path)
    if not data or len(data) % _EVENT_BYTES:
        raise DataError(f"{path}: has {len(data)} bytes, not a multiple of {_EVENT_BYTES}")
    event = np.frombuffer(data, np.uint8).reshape(-1, _EVENT_BYTES).astype(np.int64)
    x, y, polarity = event[:, 0], event[:, 1], event[:, 2] >> 7
    time = (event[:, 2] & 0x7F) << 16 | event[:, 3] << 8 | event[:, 4]
    if max(x.max(), y.max()) >= SIDE:
        raise DataError(
            f"{path}: has an event at ({x.max()}, {y.max()}), the camera has {SIDE} x {SIDE} pixels"
        )
    return x, y, polarity, time


def frame(x: np.ndarray, y: np.ndarray, polarity: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Events as planes of spikes: uint8 0/1 [polarity x saccades, rows, columns]."""
    planes = np.zeros(SHAPE, np.uint8)
    saccade = np.minimum(time // SACCADE_US, SACCADES - 1)
    planes[polarity * SACCADES + saccade, y, x] = 1
    return planes


def stream(x: np.ndarray, y: np.ndarray, polarity: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Events as frames one after another: uint8 0/1 [frames, polarity, rows, columns].

    What is later than the last frame counts to it.
    """
    frames = np.zeros((BINS, *BIN_SHAPE), np.uint8)
    frames[np.minimum(time // BIN_US, BINS - 1), polarity, y, x] = 1
    return frames
