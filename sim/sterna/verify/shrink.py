"""Shrinks a regression that fails to a small one that still fails, and keeps it as a file."""

import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sterna.simulator.tile_process import STALLS
from sterna.spec import DataError, NeuronType, SternaError, save, write_output
from sterna.spec.arrays import AnyArray, read_container
from sterna.spec.network_file import load_bytes
from sterna.spec.neuron import TYPE_COLUMNS

from .regression import Mismatch, Regression

#: Says what is wrong with a regression, or None.
Judge = Callable[[Regression], Mismatch | None]


def shrink(regression: Regression, judge: Judge, *, tries: int = 400) -> Regression:
    """Greedy: keep every smaller regression that still fails, until none does.

    `judge` runs a regression; it is asked `tries` times at most.
    """
    left = tries
    changed = True
    while changed and left > 0:
        changed = False
        for smaller in _smaller(regression):
            left -= 1
            if left < 0:
                break
            found = judge(smaller)
            if found is not None:
                regression = smaller.replace(ticks=min(smaller.ticks, found.tick + 1))
                changed = True
                break
    return regression


def _smaller(case: Regression) -> Iterator[Regression]:
    """Regressions a step smaller, the largest steps first."""
    if case.ticks > 1:
        for ticks in (case.ticks // 2, case.ticks - 1):
            yield _fit(case.replace(ticks=max(1, ticks)))
    if case.stalls != ("none",) * 3:
        yield case.replace(stalls=("none",) * 3)
    network = case.network
    for core in reversed(range(network.cores if network.cores > 1 else 0)):
        yield _without_core(case, core)
    for rows in _halves(len(case.inputs)):
        yield case.replace(inputs=np.delete(case.inputs, rows, axis=0))
    for rows in _halves(len(network.targets)):
        yield case.replace(network=network.replace(targets=np.delete(network.targets, rows, 0)))
    for core in range(network.cores):
        axons, neurons = network.weights(core).shape
        for count in {neurons // 2, neurons - 1} - {0}:
            yield _resized(case, core, axons, count)
        for count in {axons // 2, axons - 1} - {0}:
            yield _resized(case, core, count, neurons)
    for column, default in zip(TYPE_COLUMNS, NeuronType().row(), strict=True):
        at = TYPE_COLUMNS.index(column)
        if (network.types[:, at] != default).any():
            types = network.types.copy()
            types[:, at] = default
            yield case.replace(network=network.replace(types=types))


def _halves(count: int) -> Iterator[slice]:
    """Slices to leave out: halves, quarters, ... single ones, as long as they are few."""
    size = count // 2
    while size >= 1:
        starts = range(0, count, size)
        if len(starts) > 32 and size < count // 16:
            return
        yield from (slice(start, start + size) for start in starts)
        size //= 2


def _fit(case: Regression) -> Regression:
    """Without inputs beyond the last tick."""
    return case.replace(inputs=case.inputs[case.inputs[:, 0] < case.ticks])


def _without_core(case: Regression, core: int) -> Regression:
    sizes = [case.network.weights(k).shape for k in range(case.network.cores)]
    keep = [k for k in range(len(sizes)) if k != core]
    return _rebuilt(case, keep, {k: sizes[k] for k in keep})


def _resized(case: Regression, core: int, axons: int, neurons: int) -> Regression:
    sizes = {k: case.network.weights(k).shape for k in range(case.network.cores)}
    sizes[core] = (axons, neurons)
    return _rebuilt(case, list(sizes), sizes)


def _rebuilt(case: Regression, keep: list[int], sizes: dict[int, tuple[int, int]]) -> Regression:
    """With these cores only, cut to these sizes; each core gets its own crossbar."""
    old = case.network
    new_core = {core: place for place, core in enumerate(keep)}
    neurons = np.concatenate([np.arange(sizes[core][1]) + old.first_neuron[core] for core in keep])
    axons = np.concatenate([np.arange(sizes[core][0]) + old.first_axon[core] for core in keep])

    def stands(core: int, axon: int = 0, neuron: int = 0) -> bool:
        return core in new_core and axon < sizes[core][0] and neuron < sizes[core][1]

    targets = [
        (new_core[core], neuron, new_core[to] if to >= 0 else to, place, delay)
        for core, neuron, to, place, delay in old.targets.tolist()
        if stands(core, neuron=neuron) and (to < 0 or stands(to, axon=place))
    ]
    inputs = [
        (tick, new_core[core], axon, delay)
        for tick, core, axon, delay in case.inputs.tolist()
        if stands(core, axon=axon)
    ]
    crossbars, core_crossbar = _distinct(
        [old.weights(core)[: sizes[core][0], : sizes[core][1]] for core in keep]
    )
    places = [(core, axon) for core in range(len(keep)) for axon in range(sizes[keep[core]][0])]
    network = old.replace(
        crossbars=crossbars,
        core_crossbar=np.array(core_crossbar, np.int32),
        neuron_type=old.neuron_type[neurons],
        neuron_potential=old.neuron_potential[neurons],
        targets=np.array(targets, np.int32).reshape(-1, 5),
        features=len(places),
        input_map=np.array([(i, *place) for i, place in enumerate(places)], np.int32),
        axon_type=old.axon_type[axons],
        core_seed=old.core_seed[keep],
    )
    return case.replace(network=network, inputs=np.array(inputs, np.int64).reshape(-1, 4))


def _distinct(crossbars: list[Any]) -> tuple[tuple[Any, ...], list[int]]:
    """Equal crossbars once, and which core has which."""
    keys = [(crossbar.shape, crossbar.tobytes()) for crossbar in crossbars]
    order = list(dict.fromkeys(keys))
    return tuple(crossbars[keys.index(key)] for key in order), [order.index(key) for key in keys]


def write_replay(regression: Regression, path: Path, found: str) -> None:
    """Keep a regression as a file: network, inputs, ticks, stalls, and what was found."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.sterna"
        save(regression.network, file)
        network = np.frombuffer(file.read_bytes(), np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        network=network,
        inputs=regression.inputs,
        ticks=regression.ticks,
        stalls=np.array(regression.stalls),
        seed=regression.seed,
        found=found,
    )
    write_output(path, buffer.getvalue())


#: Bytes of each array of a replay at most.
_LIMITS = {
    "network": 1 << 24,
    "inputs": 1 << 24,
    "ticks": 8,
    "stalls": 1 << 10,
    "seed": 8,
    "found": 1 << 20,
}
#: Ticks of a replay at most.
_MOST_TICKS = 100_000


def read_replay(path: Path) -> tuple[Regression, str]:
    """The regression of a file, and what was found when it was written; raises DataError."""
    try:
        arrays = read_container(path, _LIMITS)
        missing = sorted(set(_LIMITS) - set(arrays))
        if missing:
            raise DataError(f"array {missing[0]!r} is missing")
        regression = Regression(
            load_bytes(arrays["network"].tobytes()),
            _inputs(arrays["inputs"]),
            _number(arrays, "ticks", _MOST_TICKS),
            tuple(str(kind) for kind in arrays["stalls"].ravel()),
            _number(arrays, "seed", (1 << 31) - 1),
        )
        _check(regression)
    except SternaError as error:
        if str(error) == "no such file":
            raise DataError(f"{path}: no such file") from None
        raise DataError(f"{path}: not a replay of `sterna verify` ({error})") from None
    return regression, str(arrays["found"])


def _number(arrays: dict[str, AnyArray], name: str, most: int) -> int:
    array = arrays[name]
    if array.shape or array.dtype.kind not in "iu" or not 0 <= int(array) <= most:
        raise DataError(f"{name} must be an integer of 0..{most}")
    return int(array)


def _inputs(array: AnyArray) -> AnyArray:
    if array.ndim != 2 or array.shape[1] != 4 or array.dtype != np.int64:
        raise DataError("inputs must be int64 [n, 4]: tick, core, axon, delay")
    return array


def _check(regression: Regression) -> None:
    """Raise DataError unless every input is of a tick, a core, an axon and a delay that exist."""
    network, inputs = regression.network, regression.inputs
    tick, core, axon, delay = inputs.T
    for name, values, limit in (
        ("tick", tick, _MOST_TICKS),
        ("core", core, network.cores),
        ("delay", delay, network.hardware.delay_slots),
    ):
        if ((values < 0) | (values >= limit)).any():
            raise DataError(f"inputs: a {name} is not within 0..{limit - 1}")
    if ((axon < 0) | (axon >= network.axons[core])).any():
        raise DataError("inputs: an axon is not one of its core")
    if (np.diff(tick) < 0).any():
        raise DataError("inputs: ticks must not fall")
    if len(regression.stalls) != 3 or not set(regression.stalls) <= set(STALLS):
        raise DataError(f"stalls must be three of {', '.join(STALLS)}")
