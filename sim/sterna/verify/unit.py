"""A unit of a campaign: some regressions in the engines and on one tile, run in one process."""

import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from sterna import model as engines
from sterna.simulator.build import build
from sterna.simulator.hashes import tile_hash
from sterna.simulator.tile_process import TileProcess, tile_program

from .coverage import Observer, coverage
from .engines import check_engines
from .hardware import draw_deep, draw_hardware
from .layered import draw_layered
from .regression import Mismatch, Regression, check, draw, golden, simulate

#: Measure coverage in one regression out of this many: it costs as much time as the model.
COVERAGE_EVERY = 4
#: Kinds of regressions: a network of one core, of several, and of layers.
KINDS = SINGLE, MULTI, LAYERED = "single", "multi", "layered"
#: Regressions of a unit in a record, at most.
MOST_IN_UNIT = 10_000


@dataclass(frozen=True)
class Unit:
    """Regressions `first`..`first + count - 1` of a kind on parameter set `build`."""

    seed: int
    build: int
    kind: str
    first: int
    count: int

    @property
    def stream(self) -> tuple[int, int, str]:
        """The stream that numbers its regressions."""
        return self.seed, self.build, self.kind

    @property
    def deep(self) -> bool:
        """Its tile has many stages."""
        return draw_deep(self.build)

    @property
    def numbers(self) -> range:
        """The numbers of its regressions."""
        return range(self.first, self.first + self.count)

    def draw(self, number: int) -> Regression:
        """Regression `number` of this unit's kind."""
        hardware = draw_hardware(self.seed, self.build)
        seeds = [self.seed, self.build, KINDS.index(self.kind), number]
        if self.kind == LAYERED:
            return draw_layered(hardware, seeds)
        return draw(hardware, seeds, several=self.kind == MULTI)


@dataclass
class UnitResult:
    """The result of a unit; as JSON, it is a line of the campaign's record.

    Members
    -------
    unit : which.
    tile_hash : of the tile that ran.
    hardware : its parameters.
    passed, ticks, updates, cycles : regressions without a mismatch, ticks and neuron updates
        compared, and cycles simulated.
    seconds : where the time went: building, drawing, model, engines, RTL, comparing,
        coverage.
    bins : coverage bins hit.
    failures : number and text of each regression with a mismatch.
    """

    unit: Unit
    tile_hash: str
    hardware: dict[str, int]
    passed: int = 0
    ticks: int = 0
    updates: int = 0
    cycles: int = 0
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    bins: dict[str, int] = field(default_factory=dict[str, int])
    failures: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])

    def as_dict(self) -> dict[str, Any]:
        """The result by name, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "UnitResult":
        """Take `as_dict`'s values back; raises ValueError, KeyError or TypeError for others."""
        failures = [(int(number), str(text)) for number, text in values["failures"]]
        result = cls(**{**values, "unit": Unit(**values["unit"]), "failures": failures})
        unit = result.unit
        numbers = (
            *unit.stream[:2],
            unit.first,
            unit.count,
            result.passed,
            result.ticks,
            result.updates,
            result.cycles,
        )
        if not all(type(number) is int and 0 <= number < 1 << 63 for number in numbers):
            raise ValueError("a count is no integer from 0 on")
        if unit.kind not in KINDS or unit.count > MOST_IN_UNIT:
            raise ValueError("no such unit")
        if not all(type(text) is str for text in (result.tile_hash, *result.bins, *result.seconds)):
            raise ValueError("a name is no text")
        amounts = (*result.bins.values(), *result.seconds.values())
        if not all(isinstance(amount, int | float) for amount in amounts):
            raise ValueError("an amount is no number")
        return result


_tiles: dict[str, TileProcess] = {}


def tile_for(unit: Unit) -> TileProcess:
    """This process's tile of a unit's parameter set; one is kept running."""
    hardware = draw_hardware(unit.seed, unit.build)
    program = tile_program(hardware, deep=unit.deep)
    if program.key not in _tiles:
        drop_tiles()
        _tiles[program.key] = TileProcess(hardware, executable=build(program))
    return _tiles[program.key]


def drop_tiles() -> None:
    """End the tiles that this process keeps running."""
    for tile in _tiles.values():
        tile.__exit__()
    _tiles.clear()


def run_unit(unit: Unit) -> UnitResult:
    """Run a unit to its end; a mismatch is recorded, and the next regression goes on."""
    clock = _Clock()
    hardware = draw_hardware(unit.seed, unit.build)
    result = UnitResult(unit, f"{tile_hash(hardware, deep=unit.deep):016x}", hardware.as_dict())
    tile = tile_for(unit)
    clock.lap("build")
    bins: Counter[str] = Counter()
    for number in range(unit.first, unit.first + unit.count):
        regression = unit.draw(number)
        clock.lap("draw")
        observe = number % COVERAGE_EVERY == 0
        observer = Observer() if observe else None
        model = engines.open(regression.network, engine="golden", probe=observer)
        expected = golden(regression, model)
        clock.lap("model")
        fault = check_engines(regression, model, expected)
        clock.lap("engines")
        seen, memory = simulate(tile, regression)
        clock.lap("RTL")
        mismatch = fault or check(regression, model, expected, seen, memory)
        clock.lap("compare")
        if observer and mismatch is None:
            bins += coverage(regression, observer, seen, deep=unit.deep)
            clock.lap("coverage")
        _count(result, number, mismatch)
        result.ticks += len(seen.ticks)
        result.updates += len(seen.trace)
        result.cycles += seen.counters["busy_cycles"]
    result.seconds = clock.seconds
    result.bins = dict(bins)
    return result


def _count(result: UnitResult, number: int, mismatch: Mismatch | None) -> None:
    if mismatch is None:
        result.passed += 1
    else:
        result.failures.append((number, str(mismatch)))


class _Clock:
    """Seconds by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now
