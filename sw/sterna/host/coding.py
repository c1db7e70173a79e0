"""Spike coding: frames to input messages."""

import numpy as np
import numpy.typing as npt

from sterna.spec import Network
from sterna.spec.frames import Frames, check_frames
from sterna.spec.hardware import RING_WORD
from sterna.spec.link import AXONS, SPIKE, HostOp


class FrameEncoder:
    """Makes the messages that deliver a frame's spikes to the coming tick.

    A core whose spikes are few gets SPIKE messages, another one bitmap of its axons (AXONS), just
    as is shorter. Where several features drive one axon, each of their spikes is sent, so that
    the device counts as many as the golden model.
    """

    def __init__(self, network: Network) -> None:
        self._features = network.features
        core = network.input_map[:, 1]
        axons = network.hardware.axons
        places = core.astype(np.int64) * axons + network.input_map[:, 2]
        first = np.zeros(len(places), np.bool_)
        first[np.unique(places, return_index=True)[1]] = True
        self._feature, self._place = network.input_map[first, 0], places[first]
        # a bitmap holds one spike an axon; those of further features: uint8 [inputs, SPIKE.size]
        further = network.input_map[~first]
        spikes = [SPIKE.pack(HostOp.SPIKE, 0, core, axon) for _, core, axon in further.tolist()]
        self._further = np.frombuffer(b"".join(spikes), np.uint8).reshape(-1, SPIKE.size)
        self._further_feature = further[:, 0]
        self._size = network.cores * axons
        used = [-(-int(count) // RING_WORD) for count in network.axons]
        self._cores: list[tuple[int, int, int, bytes]] = []
        with_input: list[int] = np.unique(core).tolist()
        for index in with_input:
            head = AXONS.pack(HostOp.AXONS, 0, index, 0, used[index])
            start = index * axons // 8
            self._cores.append((index, start, start + 2 * used[index], head))

    def check(self, frames: object) -> npt.NDArray[np.bool_]:
        """Any number of frames as bool [frames, features]; raises DataError."""
        return check_frames(frames, (None, self._features))

    def encode(self, frame: Frames) -> bytes:
        """The messages; raises DataError for a frame of another shape, type or value."""
        on = check_frames(frame, (self._features,))
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
        if len(self._further):
            parts.append(self._further[on[self._further_feature]].tobytes())
        return b"".join(parts)
