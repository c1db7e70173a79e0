"""At which tick each core works on a frame, so that paths of different length meet."""

from collections.abc import Sequence

import numpy as np

from sterna.spec import ConfigError, Hardware

from .plan import INPUT, CorePlan


def schedule(plans: Sequence[CorePlan], hardware: Hardware) -> list[int]:
    """Ticks after a frame's input at which each core gets that frame's spikes.

    A core that reads the frame works at tick 0; any other one tick after the last of its sources,
    and shorter paths to it take longer delays. Cores with output lines all work at the same, last
    tick, so that a frame's votes come out together.

    Returns
    -------
    list of int [cores], 0 or more.

    Raises
    ------
    ConfigError : names the core: it is in a loop, reads the frame and neurons both, votes at a
        tick of its own, or would need a delay longer than the device has.
    """
    before = [sorted(set(plan.sources[:, 0].tolist())) for plan in plans]
    ticks = _levels(plans, before)
    voters = [index for index, plan in enumerate(plans) if plan.classes is not None]
    last = max((ticks[index] for index in voters), default=0)
    feeds = {source for sources in before for source in sources}
    for index in voters:
        if ticks[index] < last and index not in feeds and INPUT not in before[index]:
            ticks[index] = last
        if ticks[index] != last:
            raise ConfigError(
                f"core {plans[index].name!r} votes {last - ticks[index]} ticks before the others: "
                "give it no output classes, or relay its spikes through a core"
            )
    for index, sources in enumerate(before):
        for source in sources:
            delay = ticks[index] - ticks[source] if source != INPUT else 0
            if delay > hardware.max_delay:
                raise ConfigError(
                    f"core {plans[index].name!r} needs a delay of {delay} ticks from core "
                    f"{plans[source].name!r}, the device has {hardware.max_delay}: "
                    f"{delay - hardware.max_delay} too many; relay them through a core"
                )
    return ticks


def _levels(plans: Sequence[CorePlan], before: list[list[int]]) -> list[int]:
    """Length of the longest path to each core."""
    levels: dict[int, int] = {}
    while len(levels) < len(plans):
        ready = [
            index
            for index, sources in enumerate(before)
            if index not in levels and all(s == INPUT or s in levels for s in sources)
        ]
        if not ready:
            stuck = next(index for index in range(len(plans)) if index not in levels)
            raise ConfigError(
                f"core {plans[stuck].name!r} is in a loop of cores, or behind one; only "
                "feed-forward networks compile"
            )
        for index in ready:
            levels[index] = max(0 if s == INPUT else levels[s] + 1 for s in before[index])
            if INPUT in before[index] and len(before[index]) > 1:
                raise ConfigError(
                    f"core {plans[index].name!r} reads the frame and neurons both, which arrive at "
                    "different ticks: relay the frame's features through a core"
                )
    return [levels[index] for index in range(len(plans))]


def targets(plans: Sequence[CorePlan], ticks: list[int]) -> np.ndarray:
    """Rows of a network's `targets` from neurons to axons: int32 [n, 5], sorted by source."""
    rows = [
        (source, neuron, index, axon, ticks[index] - ticks[source])
        for index, plan in enumerate(plans)
        for axon, (source, neuron) in enumerate(plan.sources.tolist())
        if source != INPUT
    ]
    return np.array(sorted(rows), np.int32).reshape(-1, 5)
