"""Pixels to frames of spikes on a host without PyTorch, as a network's provenance says.

`provenance["coding"]` of a trained network is what `encode` takes, so that a network file holds all
that a host needs.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from sterna.spec import DataError

#: Frames whose sums are in memory at a time.
_AT_ONCE = 256


def encode(coding: Mapping[str, Any], pixels: np.ndarray) -> np.ndarray:
    """Frames of pixels, by the coding of a trained network.

    Parameters
    ----------
    coding : `kind` none, bits, thermometer, planes or transduction, and its parameters:
        bits: `threshold`; thermometer: `edges`; planes: `bits`; transduction: `weights`, whole
        numbers [planes][channels][kernel][kernel], and `leak` [planes].
    pixels : uint8 [n, channels, rows, columns], 0..255; 0/1 for none.

    Returns
    -------
    bool [n, planes * rows * columns] - as `LayeredNetwork` numbers the features of a frame.

    Raises
    ------
    DataError : there is no such kind, or a parameter is missing or does not go with the pixels.
    """
    try:
        starts = range(0, max(len(pixels), 1), _AT_ONCE)
        planes = np.concatenate([_planes(coding, pixels[at : at + _AT_ONCE]) for at in starts])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"a coding that cannot be used on {pixels.shape}: {error!r}") from None
    return planes.reshape(len(pixels), math.prod(planes.shape[1:]))


def _planes(coding: Mapping[str, Any], pixels: np.ndarray) -> np.ndarray:
    kind = coding["kind"]
    if kind == "none":
        return pixels.astype(bool)
    if kind == "bits":
        return pixels >= coding["threshold"]
    if kind == "thermometer":
        return pixels[:, :, None] >= np.array(coding["edges"])[:, None, None]
    if kind == "planes":
        shifts: np.ndarray = np.arange(7, 7 - int(coding["bits"]), -1)
        return (pixels[:, :, None] >> shifts[:, None, None] & 1).astype(bool)
    if kind == "transduction":
        return _transduced(np.array(coding["weights"]), np.array(coding["leak"]), pixels)
    raise ValueError(f"no coding {kind!r}")


def _transduced(weights: np.ndarray, leak: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Spikes where the sum of a window's weighted pixels, plus the leak, is at least 1."""
    _, channels, rows, columns = pixels.shape
    kernel = weights.shape[-1]
    if weights.shape[1:] != (channels, kernel, kernel) or leak.shape != weights.shape[:1]:
        raise ValueError(f"weights {weights.shape} and leak {leak.shape}")
    border = kernel // 2
    padded = np.pad(pixels.astype(np.int64), ((0, 0), (0, 0), (border,) * 2, (border,) * 2))
    sums = np.zeros((len(pixels), len(weights), rows, columns), np.int64)
    for down in range(kernel):
        for right in range(kernel):
            window = padded[:, :, down : down + rows, right : right + columns]
            sums += np.einsum("pc,ncyx->npyx", weights[:, :, down, right], window)
    return sums + leak[:, None, None] >= 1
