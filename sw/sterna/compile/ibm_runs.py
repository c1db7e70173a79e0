"""The arrays of IBM's model files, run by run: `5`, `"1x256"`, `"0:255"`, `"3:4:255"`."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sterna.spec import NetworkError

_RUN = re.compile(r"(-?[0-9]{1,10})(?:x([0-9]{1,7})|:(-?[0-9]{1,10})(?::(-?[0-9]{1,10}))?)?")


def pack(values: Sequence[int]) -> list[int | str]:
    """Integers as runs: equal ones as value x count, equal steps as first : step : last."""
    runs: list[int | str] = []
    at = 0
    while at < len(values):
        first = values[at]
        step = values[at + 1] - first if at + 1 < len(values) else 0
        end = at + 1
        while end < len(values) and values[end] - values[end - 1] == step:
            end += 1
        if step == 0 and end - at > 1:
            runs.append(f"{first}x{end - at}")
        elif end - at > 2:
            last = values[end - 1]
            runs.append(f"{first}:{last}" if step == 1 else f"{first}:{step}:{last}")
        else:
            runs.append(first)
            end = at + 1
        at = end
    return runs


def unpack(runs: Any, count: int, where: str) -> list[int]:
    """The integers of runs; raises NetworkError, naming `where`, unless they are `count`."""
    values: list[int] = []
    if not isinstance(runs, list):
        raise NetworkError(f"{where} must be a list of runs, not {runs!r:.60}")
    for run in runs:  # pyright: ignore[reportUnknownVariableType]
        values += _run(run, count, where)
        if len(values) > count:
            break
    if len(values) != count:
        raise NetworkError(f"{where} has {len(values)} values or more, it must have {count}")
    if values and not -(1 << 31) <= min(values) <= max(values) < 1 << 31:
        raise NetworkError(f"{where} has a number beyond 32 bits")
    return values


def _run(run: Any, most: int, where: str) -> Iterable[int]:
    if type(run) is int:
        return [run]
    found = _RUN.fullmatch(run) if isinstance(run, str) else None
    if found is None:
        raise NetworkError(
            f"{where}: {run!r:.60} is no integer and no run such as '1x256', '0:255'"
        )
    first, count, middle, last = (int(part) if part else None for part in found.groups())
    assert first is not None
    if count is not None:
        return [first] * min(count, most + 1)
    if middle is None:
        return [first]
    step, end = (1, middle) if last is None else (middle, last)
    if step == 0:
        raise NetworkError(f"{where}: {run!r} has a step of 0")
    return range(first, end + (1 if step > 0 else -1), step)[: most + 1]
