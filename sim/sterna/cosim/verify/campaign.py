"""Campaigns: many regressions from one seed, recorded so that they can be stopped and added to."""

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sterna.spec import ConfigError, LinkError, ToolError

from ..build import build_root
from .hardware import draw_hardware
from .unit import MULTI, SINGLE, Unit, UnitResult, run_unit

#: Regressions in a unit, by kind: some seconds' work.
UNIT_SIZE = {SINGLE: 50, MULTI: 10}
FORMAT = 1


@dataclass(frozen=True)
class Plan:
    """What a campaign is to hold in all: regressions of each kind, over parameter sets."""

    seed: int = 1
    single: int = 200
    multi: int = 20
    builds: int = 8

    def units(self) -> list[Unit]:
        """All units, of each parameter set together: a process builds few of them.

        Regressions of one core go over all parameter sets, those of several over the odd ones,
        which have several contexts.
        """
        if self.builds < 2:
            raise ConfigError(f"builds must be at least 2, not {self.builds}: one has one context")
        shares = {
            SINGLE: _shares(self.single, range(self.builds)),
            MULTI: _shares(self.multi, range(1, self.builds, 2)),
        }
        units: list[Unit] = []
        for build in range(self.builds):
            for kind, size in UNIT_SIZE.items():
                left = shares[kind].get(build, 0)
                units += [
                    Unit(self.seed, build, kind, first, min(size, left - first))
                    for first in range(0, left, size)
                ]
        return units


def _shares(total: int, builds: range) -> dict[int, int]:
    return {
        build: total // len(builds) + (place < total % len(builds))
        for place, build in enumerate(builds)
    }


@dataclass
class Record:
    """The results so far, one line of JSON a unit in a file."""

    path: Path
    results: list[UnitResult] = field(default_factory=list[UnitResult])

    @classmethod
    def open(cls, path: Path) -> "Record":
        """Read a record; one that is not there is empty.

        Raises ConfigError if it is no record, or of another format; a last line that was cut off
        in the writing is left out, and run again.
        """
        record = cls(path)
        lines = path.read_text().splitlines() if path.exists() else []
        for number, line in enumerate(lines):
            try:
                values = json.loads(line)
                if values.pop("format") != FORMAT:
                    raise ConfigError(f"{path}, line {number + 1}: not of format {FORMAT}")
                record.results.append(UnitResult.from_dict(values))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                if number == len(lines) - 1:
                    path.write_text("".join(f"{whole}\n" for whole in lines[:-1]))
                    break
                raise ConfigError(f"{path}, line {number + 1}: no line of a record") from error
        return record

    def add(self, result: UnitResult) -> None:
        """Write a result down, at once."""
        self.results.append(result)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps({"format": FORMAT, **result.as_dict()}) + "\n")

    def missing(self, plan: Plan) -> list[Unit]:
        """The units of a plan that are not recorded yet.

        Raises ConfigError if a recorded one was run with other RTL: its evidence is void.
        """
        from sterna.rtl.build_hash import build_hash

        builds = {(result.unit.seed, result.unit.build) for result in self.results}
        hashes = {build: f"{build_hash(draw_hardware(*build)):016x}" for build in builds}
        for result in self.results:
            if result.build_hash != hashes[result.unit.seed, result.unit.build]:
                raise ConfigError(
                    f"{self.path} was recorded with build {result.build_hash} of the RTL, which "
                    "has changed since: name another file by --record, or remove it"
                )
        done: dict[tuple[int, int, str], set[int]] = {}
        for result in self.results:
            unit = result.unit
            numbers = done.setdefault((unit.seed, unit.build, unit.kind), set())
            numbers.update(range(unit.first, unit.first + unit.count))
        left: list[Unit] = []
        for unit in plan.units():
            have = done.get((unit.seed, unit.build, unit.kind), set())
            numbers = [n for n in range(unit.first, unit.first + unit.count) if n not in have]
            if numbers:
                left.append(
                    Unit(unit.seed, unit.build, unit.kind, numbers[0], numbers[-1] - numbers[0] + 1)
                )
        return left

    def totals(self) -> dict[str, Any]:
        """Regressions by kind, ticks, updates, cycles, failures, seconds by purpose, bins."""
        seconds: Counter[str] = Counter()
        bins: Counter[str] = Counter()
        for result in self.results:
            seconds.update(result.seconds)  # pyright: ignore[reportArgumentType]
            bins.update(result.bins)
        return {
            **{kind: sum(r.passed for r in self.results if r.unit.kind == kind)
               for kind in UNIT_SIZE},
            "failed": sum(len(r.failures) for r in self.results),
            "builds": len({r.build_hash for r in self.results}),
            **{name: sum(getattr(r, name) for r in self.results)
               for name in ("ticks", "updates", "cycles")},
            "seconds": dict(seconds),
            "bins": dict(bins),
        }  # fmt: skip


def default_record(seed: int) -> Path:
    """Where a campaign's record is kept."""
    return build_root() / "verify" / f"seed-{seed}.jsonl"


def _worker() -> None:
    """Ctrl-C is the parent's business; tiles end with their process."""
    import atexit

    from .unit import drop_tiles

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    atexit.register(drop_tiles)


#: Gives a function and its argument to a pool; the result comes in a future.
Submit = Callable[[Callable[[Any], Any], Any], "Future[Any]"]


@contextmanager
def local_pool(jobs: int | None) -> Iterator[Submit]:
    """Processes on this machine, one a core unless told; gives `submit`."""
    pool = ProcessPoolExecutor(jobs or os.cpu_count(), initializer=_worker)
    try:
        yield lambda function, argument: pool.submit(function, argument)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def dask_pool(scheduler: str) -> Iterator[Submit]:
    """The workers of a Dask cluster; gives `submit`.

    Raises ToolError without `distributed`, LinkError if the scheduler cannot be reached.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ToolError("--scheduler needs distributed: pip install 'sterna[cluster]'") from None
    try:
        client = Client(scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        raise LinkError(f"no Dask scheduler at {scheduler!r}: {error}") from None
    with client:
        # as futures of the standard library, so that one loop waits for either kind
        yield client.get_executor(pure=False).submit


def run_campaign(
    record: Record,
    plan: Plan,
    submit: Submit,
    *,
    progress: Callable[[UnitResult], None],
) -> None:
    """Run what a plan still misses; each result is written down as it comes."""
    waiting: set[Future[UnitResult]] = {submit(run_unit, u) for u in record.missing(plan)}
    try:
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                result = future.result()
                record.add(result)
                progress(result)
    finally:
        for future in waiting:
            future.cancel()
