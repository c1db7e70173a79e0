"""Frames of spikes, checked where they come in: engines and devices take the same ones."""

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from .errors import DataError

Frames = npt.NDArray[Any]


def check_frames(
    frames: object, shape: tuple[int | None, ...], *, floats: bool = False
) -> npt.NDArray[np.bool_]:
    """Frames as bool; `shape` is [features] for one, [None, features] for any number.

    With `floats` an array of floating-point numbers will do, if each is 0 or 1 exactly.

    Raises DataError naming the shape, type or value that is off.
    """
    what = "a frame" if len(shape) == 1 else "frames"
    if not isinstance(frames, np.ndarray):
        raise DataError(f"{what} must be a numpy array, not {type(frames).__name__}")
    array = cast("Frames", frames)
    if array.ndim != len(shape) or array.shape[-1] != shape[-1]:
        want = ", ".join("frames" if size is None else str(size) for size in shape)
        raise DataError(
            f"{what} must have shape [{want}], not {list(array.shape)}: the network's features"
        )
    if array.dtype == np.bool_:
        return array
    if array.dtype.kind not in ("iuf" if floats else "iu"):
        raise DataError(f"{what} must hold bool or integers 0 and 1, not {array.dtype}")
    odd = np.argwhere((array != 0) & (array != 1))
    if len(odd):
        place = tuple(odd[0].tolist())
        raise DataError(
            f"{what} must hold 0 and 1 only, not {array[place]} (at {list(place)}): threshold "
            "the pixels first, or code them as the network's provenance says"
        )
    return array != 0
