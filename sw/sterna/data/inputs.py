"""A user's input, pixels or spikes, as frames of spikes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sterna.spec import DataError, LayeredNetwork, Network
from sterna.spec.frames import check_frames

from .coding import check_coding, encode
from .trained import set_of


@dataclass(frozen=True)
class Inputs:
    """Frames, and how they were made.

    Members
    -------
    frames : bool [n, features].
    how : in words, for the user.
    """

    frames: np.ndarray
    how: str


def read_inputs(
    network: Network | LayeredNetwork, array: np.ndarray, *, spikes: bool = False
) -> Inputs:
    """Pixels, coded as the network's provenance says, or spikes, as they are.

    Parameters
    ----------
    array : pixels: whole numbers 0..255, [n, channels, rows, columns], [n, rows, columns,
        channels], [n, rows, columns] or [n, pixels]. Spikes: bool or 0/1 [n, features] or
        [n, planes, rows, columns].
    spikes : take them for spikes. Without it too are taken for spikes: bool; the frames of a
        network whose provenance names no coding of pixels; whole numbers [n, features] that are
        all 0 or 1.

    Raises
    ------
    DataError : names the shape, the type or the value that is neither, and the limit.
    """
    coding = network.provenance.get("coding", {"kind": "none"})
    check_coding(coding)
    whole = array.dtype.kind in "biu"
    flat = array.ndim == 2 and array.shape[1] == network.features
    bits = flat and whole and array.size and not ((array != 0) & (array != 1)).any()
    if spikes or coding["kind"] == "none" or array.dtype == np.bool_ or bits:
        if array.ndim == 4 and int(np.prod(array.shape[1:])) == network.features:
            array = array.reshape(len(array), network.features)
        if array.ndim != 2 or array.shape[1] != network.features:
            raise DataError(f"spikes must be [n, {network.features}], not {list(array.shape)}")
        return Inputs(check_frames(array, (None, network.features)), "spikes, as they are")
    kind = coding["kind"]
    if not whole:
        raise DataError(
            f"pixels must be whole numbers 0..255, not {array.dtype}: code them yourself and use "
            "--spikes, or scale them and store them as uint8"
        )
    frames = encode(coding, _as_pixels(network, coding, array))
    if frames.shape[1] != network.features:
        raise DataError(
            f"pixels of {list(array.shape)}, coded by {kind!r} as the provenance of "
            f"{network.name!r} says, make frames of {frames.shape[1]:,} features; it takes "
            f"{network.features:,}; give spikes with --spikes"
        )
    return Inputs(frames, f"pixels, coded by {kind!r} as the network's provenance says")


def _as_pixels(
    network: Network | LayeredNetwork, coding: dict[str, Any], array: np.ndarray
) -> np.ndarray:
    """Pixels as [n, channels, rows, columns]."""
    try:
        shape = set_of(network).shape if network.provenance.get("data") else None
    except DataError:  # a set of the user's own
        shape = None
    if shape is None:
        if array.ndim == 2 and coding["kind"] == "bits":
            shape = array.shape[1], 1, 1  # a bit a pixel: the order is that of the features
        elif array.ndim == 3:
            shape = 1, *array.shape[1:]
        else:
            return array
    channels, rows, columns = shape
    if array.ndim == 4 and array.shape[1:] == (rows, columns, channels) != shape:
        return array.transpose(0, 3, 1, 2)
    if array.shape[1:] not in {shape, (rows, columns), (channels * rows * columns,)} or (
        array.ndim == 3 and channels != 1
    ):
        raise DataError(
            f"pixels of shape {list(array.shape)}; {network.name!r} takes [n, {channels}, {rows}, "
            f"{columns}]: channels, rows, columns"
        )
    return array.reshape(len(array), *shape)
