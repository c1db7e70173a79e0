"""Rates of engines: medians of a few runs."""

import statistics
import time
from collections.abc import Callable

from sterna.model import Engine

RUNS = 5


def seconds(run: Callable[[], object], runs: int = RUNS) -> float:
    """Median seconds of several runs."""
    found: list[float] = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def ticks_per_s(engine: Engine, *, budget_s: float = 0.4, runs: int = RUNS) -> float:
    """Median ticks/s of an engine that runs on its own, after a warm-up."""
    engine.advance(64)
    start = time.perf_counter()
    engine.advance(16)
    ticks = max(8, int(16 * budget_s / (time.perf_counter() - start)))
    return ticks / seconds(lambda: engine.advance(ticks), runs)
