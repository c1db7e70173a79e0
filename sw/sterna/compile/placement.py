"""Grid places of cores that keep the ways of spikes short: greedy, then simulated annealing.

The cost is the number of hops, x first and then y, of one spike along every target from core to
core. Places are an output of the compiler and no part of a network: they change no spike.
Source of the annealing: Kirkpatrick, Gelatt, Vecchi, "Optimization by simulated annealing",
Science 220, 1983.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sterna.spec import OUTPUT, ConfigError, Network

Integers = npt.NDArray[np.int64]
#: Exchanges that annealing tries for each core, if none are given.
EXCHANGES = 100
#: Share of the first exchanges that worsen the cost and are taken, and of the last.
_WARM, _COLD = 0.2, 0.001


@dataclass(frozen=True)
class Placement:
    """Places of all cores, and what they cost.

    Members
    -------
    columns, rows : of the grid.
    place : int64 [cores, 2] - column and row of each core; no two are equal.
    hops : of one spike along every target between cores.
    """

    columns: int
    rows: int
    place: Integers
    hops: int


@dataclass(frozen=True)
class _Traffic:
    """Targets between cores, each pair once: for core c, `to[start[c]:start[c+1]]` and how many."""

    start: Integers
    to: Integers
    count: Integers

    def of(self, core: int) -> tuple[Integers, Integers]:
        span = slice(self.start[core], self.start[core + 1])
        return self.to[span], self.count[span]


def place_in_order(network: Network, columns: int | None = None) -> Placement:
    """Cores row by row, in their own order: what the other placements are held against."""
    width, rows = _grid(network.cores, columns)
    order = np.arange(network.cores)
    return _placement(network, width, rows, np.stack([order % width, order // width], axis=1))


def place_greedily(network: Network, columns: int | None = None) -> Placement:
    """Each core, in the order of data, on the free place that is nearest to those it talks to."""
    width, rows = _grid(network.cores, columns)
    traffic = _traffic(network)
    x, y = np.arange(width * rows) % width, np.arange(width * rows) // width
    free = np.ones(width * rows, bool)
    spot = np.full(network.cores, -1, np.int64)
    for core in range(network.cores):
        others, count = traffic.of(core)
        placed = spot[others] >= 0
        near, weight = spot[others[placed]], count[placed]
        cells = np.flatnonzero(free)
        if len(near):
            # sums over rows and columns apart: the distance is that of x plus that of y
            across = np.abs(np.arange(width)[:, None] - x[near]) @ weight
            down = np.abs(np.arange(rows)[:, None] - y[near]) @ weight
            spot[core] = cells[np.argmin(across[x[cells]] + down[y[cells]])]
        else:
            spot[core] = cells[0]
        free[spot[core]] = False
    return _placement(network, width, rows, np.stack([x[spot], y[spot]], axis=1))


def anneal(
    network: Network,
    start: Placement,
    *,
    seed: int = 0,
    exchanges: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Placement:
    """A placement improved by exchanges of two places, worse ones taken while it is warm.

    Parameters
    ----------
    start : where it begins; what comes back is never worse.
    seed : of the exchanges; equal seeds give equal places.
    exchanges : how many are tried; by default 100 for each core.
    progress : called now and then with exchanges done and in all.
    """
    traffic = _traffic(network)
    cells = start.columns * start.rows
    tries = EXCHANGES * network.cores if exchanges is None else exchanges
    if tries < 0:
        raise ConfigError(f"exchanges must be at least 0, not {tries}")
    rng = np.random.default_rng(seed)
    where = np.concatenate([start.place, np.zeros((cells - network.cores, 2), np.int64)])
    taken = np.zeros(cells, bool)
    taken[start.place[:, 1] * start.columns + start.place[:, 0]] = True
    free = np.flatnonzero(~taken)
    where[network.cores :] = np.stack([free % start.columns, free // start.columns], axis=1)
    # a place that no core has is a core that talks to nobody
    links = [
        traffic.of(core) if core < network.cores else (free[:0], free[:0]) for core in range(cells)
    ]
    best, cost, least = where.copy(), start.hops, start.hops
    cool = _cooling(_typical(where, links, rng, cells), tries)
    pairs = rng.integers(cells, size=(tries, 2))
    dice = rng.random(tries)
    for step in range(tries):
        one, other = pairs[step].tolist()
        if one == other or (one >= network.cores and other >= network.cores):
            continue
        change = _change(where, links, one, other)
        if change <= 0 or dice[step] < math.exp(-change / cool(step)):
            where[[one, other]] = where[[other, one]]
            cost += change
            if cost < least:
                best, least = where.copy(), cost
        if progress and step % 4096 == 0:
            progress(step, tries)
    if progress:
        progress(tries, tries)
    return _placement(network, start.columns, start.rows, best[: network.cores])


def _change(where: Integers, links: list[tuple[Integers, Integers]], one: int, other: int) -> int:
    """The cost that an exchange of two places adds."""
    change = 0
    for core, old, new in ((one, where[one], where[other]), (other, where[other], where[one])):
        others, count = links[core]
        if not len(others):
            continue
        there = where[others]
        away = np.abs(there - new).sum(axis=1) - np.abs(there - old).sum(axis=1)
        away[(others == one) | (others == other)] = 0  # between the two nothing changes
        change += int((away * count).sum())
    return change


def _typical(
    where: Integers, links: list[tuple[Integers, Integers]], rng: np.random.Generator, cells: int
) -> float:
    """The size of the change that an exchange makes, by a sample."""
    pairs = rng.integers(cells, size=(200, 2)).tolist()
    return float(np.mean([abs(_change(where, links, *pair)) for pair in pairs])) or 1.0


def _cooling(typical: float, tries: int) -> Callable[[int], float]:
    """The temperature of each step: it falls by a constant factor."""
    first, last = typical * _WARM, typical * _COLD
    factor = math.log(last / first) / max(1, tries)
    return lambda step: first * math.exp(factor * step)


def _grid(cores: int, columns: int | None) -> tuple[int, int]:
    width = math.isqrt(max(1, cores) - 1) + 1 if columns is None else columns
    if width < 1:
        raise ConfigError(f"columns must be at least 1, not {width}")
    return width, -(-cores // width)


def _traffic(network: Network) -> _Traffic:
    """Targets between different cores, both ways, by core."""
    pairs = _pairs(network)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    key, count = np.unique(both[:, 0] * network.cores + both[:, 1], return_counts=True)
    core, to = key // network.cores, key % network.cores
    start = np.searchsorted(core, np.arange(network.cores + 1))
    return _Traffic(start, to, count)


def _pairs(network: Network) -> Integers:
    core, _, to_core, _, _ = network.targets.astype(np.int64).T
    inner = (to_core != OUTPUT) & (to_core != core)
    return np.stack([core[inner], to_core[inner]], axis=1)


def _placement(network: Network, columns: int, rows: int, place: Integers) -> Placement:
    pairs = _pairs(network)
    hops = np.abs(place[pairs[:, 0]] - place[pairs[:, 1]]).sum()
    return Placement(columns, rows, place, int(hops))
