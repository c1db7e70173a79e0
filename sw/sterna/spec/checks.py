"""Checks of a network's parts; each names the part, the index, the value and the limit."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import NetworkError


def check_name(name: object, what: str = "name") -> None:
    """Raise NetworkError unless it is a text of 1..200 printable characters."""
    if type(name) is not str or not 1 <= len(name) <= 200:
        raise NetworkError(f"{what} must be a text of 1..200 characters, not {name!r:.80}")
    if not name.isprintable():
        raise NetworkError(f"{what} must be printable text, not {name!r:.80}")


def check_distinct(what: str, names: Sequence[str]) -> None:
    """Raise NetworkError at the first name that stands there twice; `what` is what they name."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise NetworkError(f"two {what} are named {twice!r}; names must be distinct")


def check_integer(what: str, value: object, low: int, high: int) -> None:
    """Raise NetworkError unless it is an integer of low..high."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise NetworkError(f"{what} must be an integer of {low}..{high}, not {value!r:.80}")


def check_pair(what: str, pair: Any, most: int) -> None:
    """Raise NetworkError unless it is a pair (rows, columns) of integers of 1..most."""
    if not isinstance(pair, tuple) or len(pair) != 2:  # pyright: ignore[reportUnknownArgumentType]
        raise NetworkError(f"{what} must be a pair (rows, columns), not {pair!r:.80}")
    for value in pair:  # pyright: ignore[reportUnknownVariableType]
        check_integer(what, value, 1, most)  # pyright: ignore[reportUnknownArgumentType]


def check_array(
    what: str, array: Any, shape: tuple[int | None, ...], dtype: type = np.int32
) -> None:
    """Raise NetworkError unless it is an array of this type and shape; make it read-only.

    `None` in the shape: any size.
    """
    kind: object = getattr(array, "dtype", type(array).__name__)
    if kind != np.dtype(dtype):
        raise NetworkError(f"{what} must be an {np.dtype(dtype)} array, not {kind}")
    if array.ndim != len(shape) or any(
        size is not None and size != has for size, has in zip(shape, array.shape, strict=True)
    ):
        want = ", ".join("n" if size is None else str(size) for size in shape)
        raise NetworkError(f"{what} must have shape [{want}], not {list(array.shape)}")
    array.flags.writeable = False


def check_range(what: str, values: npt.NDArray[Any], low: int, high: Any) -> None:
    """Raise NetworkError at the first value outside low..high-1; `high` may be an array."""
    bad = np.argwhere((values < low) | (values >= high))
    if len(bad):
        at = tuple(int(index) for index in bad[0])
        limit = int(np.broadcast_to(high, values.shape)[at])
        index = ", ".join(map(str, at))
        raise NetworkError(f"{what}[{index}] is {values[at]}, the limit is {low}..{limit - 1}")


def check_trits(what: str, weights: npt.NDArray[np.int8]) -> None:
    """Raise NetworkError at the first weight that is not -1, 0 or 1."""
    bad = (weights < -1) | (weights > 1)
    if bad.any():
        at = tuple(int(index) for index in np.argwhere(bad)[0])
        index = ", ".join(map(str, at))
        raise NetworkError(f"{what}[{index}] is {weights[at]}; a weight is -1, 0 or 1")
