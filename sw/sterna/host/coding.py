"""Spike coding: frames to input messages, and spikes on output lines to classes."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sterna.spec import DataError, Network
from sterna.spec.hardware import RING_WORD
from sterna.spec.link import AXONS, SPIKE, HostOp

Frames = npt.NDArray[Any]
Counts = npt.NDArray[np.int64]


def check_frame(frame: Frames, features: int) -> npt.NDArray[np.bool_]:
    """A frame as bool [features]; raises DataError naming the shape, type or value that is off."""
    if type(frame) is not np.ndarray:
        raise DataError(f"a frame must be a numpy array, not {type(frame).__name__}")
    if frame.shape != (features,):
        raise DataError(
            f"a frame must have shape [{features}], the network's features, not {list(frame.shape)}"
        )
    if frame.dtype == np.bool_:
        return frame
    if frame.dtype.kind not in "iu":
        raise DataError(f"a frame must hold bool or integers 0 and 1, not {frame.dtype}")
    odd = frame[(frame != 0) & (frame != 1)]
    if odd.size:
        raise DataError(f"a frame holds 0 and 1 only, not {odd[0]}: threshold the pixels first")
    return frame != 0


class FrameEncoder:
    """Makes the messages that deliver a frame's spikes to the coming tick.

    A core whose spikes are few gets SPIKE messages, another one bitmap of its axons (AXONS), just
    as is shorter.
    """

    def __init__(self, network: Network) -> None:
        self._features = network.features
        self._feature, core, axon = network.input_map.T
        axons = network.hardware.axons
        self._place = core.astype(np.int64) * axons + axon
        self._size = network.cores * axons
        used = [-(-int(count) // RING_WORD) for count in network.axons]
        self._cores: list[tuple[int, int, int, bytes]] = []
        with_input: list[int] = np.unique(core).tolist()
        for index in with_input:
            head = AXONS.pack(HostOp.AXONS, 0, index, 0, used[index])
            start = index * axons // 8
            self._cores.append((index, start, start + 2 * used[index], head))

    def encode(self, frame: Frames) -> bytes:
        """The messages; raises DataError for a frame of another shape, type or value."""
        on = check_frame(frame, self._features)
        axons = np.zeros(self._size, np.bool_)
        axons[self._place[on[self._feature]]] = True
        bitmap = np.packbits(axons, bitorder="little").tobytes()
        parts: list[bytes] = []
        for core, start, end, head in self._cores:
            words = bitmap[start:end]
            spikes = int.from_bytes(words, "little")
            if spikes.bit_count() * SPIKE.size < len(head) + len(words):
                while spikes:
                    axon = (spikes & -spikes).bit_length() - 1
                    parts.append(SPIKE.pack(HostOp.SPIKE, 0, core, axon))
                    spikes &= spikes - 1
            else:
                parts += [head, words]
        return b"".join(parts)


def classify(spikes: Counts, output_class: npt.NDArray[np.int32]) -> Counts:
    """The class with most spikes, the lowest of equal ones.

    Parameters
    ----------
    spikes : int64 [frames, lines] - spikes that each frame gave on each output line.
    output_class : int32 [lines] - class of each line, -1 for none.

    Returns
    -------
    int64 [frames].
    """
    votes = np.zeros((len(spikes), int(output_class.max(initial=0)) + 1), np.int64)
    for line, class_ in enumerate(output_class.tolist()):
        if class_ >= 0:
            votes[:, class_] += spikes[:, line]
    return votes.argmax(axis=1).astype(np.int64)
