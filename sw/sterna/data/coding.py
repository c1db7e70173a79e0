"""Pixels to frames of spikes on a host without PyTorch, as a network's provenance says.

`provenance["coding"]` of a trained network is what `encode` takes, so that a network file holds all
that a host needs.
"""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from sterna.spec import DataError
from sterna.spec.network import MOST_FEATURES

#: Kinds of coding that take pixels; `none` takes spikes.
KINDS = ("bits", "thermometer", "planes", "transduction")
#: Frames whose sums are in memory at a time.
_AT_ONCE = 256
#: Pixels are 0..PIXEL_MAX; weights of a transduction are at most WEIGHT_MAX, either sign.
PIXEL_MAX = 255
WEIGHT_MAX = 127
#: Sums of pixels and weights stay below this, so that float32 holds them: so do leaks.
_LEAK_MAX = 1 << 24


def encode(coding: Mapping[str, Any], pixels: np.ndarray) -> np.ndarray:
    """Frames of pixels, by the coding of a trained network.

    Parameters
    ----------
    coding : `kind` none, bits, thermometer, planes or transduction, and its parameters:
        bits: `threshold`; thermometer: `edges`; planes: `bits`; transduction: `weights`, whole
        numbers [planes][channels][kernel][kernel], and `leak` [planes].
    pixels : integers [n, channels, rows, columns], 0..255; bool or 0/1 for none.

    Returns
    -------
    bool [n, planes * rows * columns] - as `LayeredNetwork` numbers the features of a frame.

    Raises
    ------
    DataError : there is no such kind; a parameter is missing, out of range, or does not go with the
        pixels; a pixel is out of range.
    """
    check_coding(coding)
    most = 1 if coding["kind"] == "none" else PIXEL_MAX
    _check_pixels(pixels, most)
    planes = planes_of(coding, pixels.shape[1])
    size = planes * pixels.shape[2] * pixels.shape[3]
    if size > MOST_FEATURES:
        raise DataError(
            f"pixels of {list(pixels.shape[1:])} coded by {coding['kind']!r} make frames of "
            f"{size:,} features, the limit is {MOST_FEATURES:,}"
        )
    frames = np.empty((len(pixels), size), np.bool_)
    for at in range(0, len(pixels), _AT_ONCE):
        part = pixels[at : at + _AT_ONCE]
        frames[at : at + _AT_ONCE] = _planes(coding, part).reshape(len(part), size)
    return frames


def check_coding(coding: object) -> None:
    """Raise DataError, naming the parameter and its limits, for a coding that `encode` lacks."""
    if not isinstance(coding, Mapping):
        raise _unusable(f"it must be a table of JSON, not {coding!r:.80}")
    values = cast("Mapping[str, Any]", coding)
    kind = values.get("kind")
    if kind == "bits":
        _check_integers("threshold", [values.get("threshold")], 0, PIXEL_MAX + 1)
    elif kind == "thermometer":
        _check_integers("edges", values.get("edges"), 0, PIXEL_MAX + 1)
    elif kind == "planes":
        _check_integers("bits", [values.get("bits")], 1, 8)
    elif kind == "transduction":
        _check_transduction(values.get("weights"), values.get("leak"))
    elif kind != "none":
        raise _unusable(f"no kind {kind!r:.80}; there are: none, {', '.join(KINDS)}")


def planes_of(coding: Mapping[str, Any], channels: int) -> int:
    """Planes of spikes that a coding makes of so many channels of pixels.

    Raises DataError if a learned coding is made for another number of channels.
    """
    kind = coding["kind"]
    if kind == "thermometer":
        return channels * len(coding["edges"])
    if kind == "planes":
        return channels * int(coding["bits"])
    if kind == "transduction":
        weights = coding["weights"]
        if len(weights[0]) != channels:
            raise _unusable(f"it is for {len(weights[0])} channels of pixels, not {channels}")
        return len(weights)
    return channels


def _unusable(what: str) -> DataError:
    return DataError(f"a coding that cannot be used: {what}")


def _check_integers(what: str, values: object, low: int, high: int) -> None:
    """Raise DataError unless it is a list of 1 to 65,536 integers of low..high."""
    if not isinstance(values, list) or not 1 <= len(cast("list[Any]", values)) <= MOST_FEATURES:
        raise _unusable(
            f"{what} must be a list of 1 to {MOST_FEATURES:,} integers, not {values!r:.80}"
        )
    for value in cast("list[Any]", values):
        if type(value) is not int or not low <= value <= high:
            raise _unusable(f"{what} must be integers of {low}..{high}, not {value!r:.80}")


def _check_transduction(weights: Any, leak: Any) -> None:
    """Weights [planes][channels][kernel][kernel], leak [planes]; the kernel is 1, 3 or 5."""
    _check_integers("leak", leak, -_LEAK_MAX, _LEAK_MAX)
    shape = len(leak), *((len(weights[0]), len(weights[0][0])) if _nested(weights) else (0, 0))
    sizes = (*shape, shape[2])
    if sizes[2] not in (1, 3, 5) or not _shaped(weights, sizes):
        raise _unusable(
            f"weights must be {len(leak)} planes of channels of 1 x 1, 3 x 3 or 5 x 5, not "
            f"{weights!r:.80}"
        )
    for plane in weights:
        for channel in plane:
            for row in channel:
                _check_integers("weights", row, -WEIGHT_MAX, WEIGHT_MAX)


def _nested(value: Any) -> bool:
    """True for a list in a list in a list, at their beginnings."""
    for _ in range(3):
        if not isinstance(value, list) or not value:
            return False
        value = cast("list[Any]", value)[0]
    return True


def _shaped(value: Any, shape: tuple[int, ...]) -> bool:
    """True if lists in lists have these lengths."""
    if not isinstance(value, list) or len(cast("list[Any]", value)) != shape[0]:
        return False
    return len(shape) == 1 or all(_shaped(each, shape[1:]) for each in cast("list[Any]", value))


def _check_pixels(pixels: np.ndarray, most: int) -> None:
    if pixels.ndim != 4 or pixels.dtype.kind not in "biu":
        raise DataError(
            f"pixels must be whole numbers [n, channels, rows, columns], 0..{most}, not "
            f"{pixels.dtype} {list(pixels.shape)}"
        )
    if pixels.size and not 0 <= int(pixels.min()) <= int(pixels.max()) <= most:
        raise DataError(
            f"pixels must be 0..{most}; there are {int(pixels.min())}..{int(pixels.max())}"
        )


def _planes(coding: Mapping[str, Any], pixels: np.ndarray) -> np.ndarray:
    kind = coding["kind"]
    if kind == "none":
        return pixels != 0
    if kind == "bits":
        return pixels >= coding["threshold"]
    if kind == "thermometer":
        return pixels[:, :, None] >= np.array(coding["edges"])[:, None, None]
    if kind == "planes":
        shifts: np.ndarray = np.arange(7, 7 - int(coding["bits"]), -1)
        return (pixels.astype(np.uint8)[:, :, None] >> shifts[:, None, None] & 1).astype(bool)
    return _transduced(np.array(coding["weights"]), np.array(coding["leak"]), pixels)


def _transduced(weights: np.ndarray, leak: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Spikes where the sum of a window's weighted pixels, plus the leak, is at least 1."""
    *_, rows, columns = pixels.shape
    kernel = weights.shape[-1]
    border = kernel // 2
    padded = np.pad(pixels.astype(np.int64), ((0, 0), (0, 0), (border,) * 2, (border,) * 2))
    sums = np.zeros((len(pixels), len(weights), rows, columns), np.int64)
    for down in range(kernel):
        for right in range(kernel):
            window = padded[:, :, down : down + rows, right : right + columns]
            sums += np.einsum("pc,ncyx->npyx", weights[:, :, down, right], window)
    return sums + leak[:, None, None] >= 1
