"""The record of a campaign: a header line, then the result of a unit in each line, as JSON."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from filelock import FileLock, Timeout

from sterna.builds.folders import build_root, make_folder
from sterna.simulator.hashes import tile_hash
from sterna.spec import ConfigError, append_output, check_folder, check_output, write_output

from .hardware import draw_deep, draw_hardware
from .unit import KINDS, Unit, UnitResult

if TYPE_CHECKING:
    from .campaign import Plan

#: The first line of every record.
HEADER = {"sterna": "record of a campaign", "format": 3}
#: A record is not read beyond this; 20,000 regressions take 1 MB.
MOST_BYTES = 1 << 28


class Record:
    """The results so far.

    `Record.open` takes the record for itself: whoever else opens it gets ConfigError until it is
    closed. `Record.read` only looks at it.

    Members
    -------
    path : the file.
    results : one a unit, in the order in which they came.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.results: list[UnitResult] = []
        self._done: dict[tuple[int, int, str], set[int]] = {}
        self._lock: FileLock | None = None

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a record; one that is not there, or an empty file, is an empty record.

        Raises ConfigError if it is no record, or of another format. A last line that was cut off in
        the writing is left out.
        """
        record = cls(path)
        record._load()
        return record

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read a record and keep others from it until `close`.

        A last line that was cut off in the writing is taken out of the file, and run again. A file
        that is no record is not changed.

        Raises
        ------
        ConfigError : as `read`, and if another campaign has it open.
        OutputError : it cannot be written.
        """
        record = cls(path)
        check_folder(path.parent)
        if path.exists():
            record._load()  # a foreign file gets no lock file
        lock = FileLock(path.with_name(f".{path.name}.lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise ConfigError(
                f"{path} is in use by another campaign: wait for it, or name another file by "
                "--record"
            ) from None
        record._lock = lock
        try:
            check_output(path)
            record._load(mend=True)
        except BaseException:
            record.close()
            raise
        return record

    def close(self) -> None:
        """Close the record; others can open it."""
        if self._lock is not None:
            # while it is held: filelock sees that a name it waits for is gone
            Path(self._lock.lock_file).unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _load(self, *, mend: bool = False) -> None:
        self.results.clear()
        self._done.clear()
        text = self._text()
        *lines, rest = text.split("\n")
        if not text:
            return
        if not lines or lines[0] != json.dumps(HEADER):
            raise ConfigError(
                f"{self.path} is not a record of a campaign, or is one of another release (see "
                "its first line): it was not changed; name another file by --record"
            )
        for number, line in enumerate(lines[1:], 2):
            try:
                self._take(UnitResult.from_dict(json.loads(line)))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                raise ConfigError(f"{self.path}, line {number}: not a line of a record") from None
        if rest and mend:
            write_output(self.path, text[: -len(rest)])

    def _text(self) -> str:
        try:
            if not self.path.exists():
                return ""
            if not self.path.is_file() or self.path.stat().st_size > MOST_BYTES:
                raise ConfigError(
                    f"{self.path} is not a record of a campaign: not a file, or one of over "
                    f"{MOST_BYTES:,} bytes; name another file by --record"
                )
            return self.path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be read ({error.strerror})") from None

    def _take(self, result: UnitResult) -> bool:
        """Count a result; False if all of its regressions are counted already.

        Raises ValueError if some are.
        """
        have = self._done.setdefault(result.unit.stream, set())
        new = set(result.unit.numbers) - have
        if not new:
            return False
        if len(new) != result.unit.count:
            raise ValueError("some of its regressions are recorded twice")
        have |= new
        self.results.append(result)
        return True

    def add(self, result: UnitResult) -> None:
        """Append a result to the file; one that is recorded already is not counted again."""
        if not self._take(result):
            return
        new = not self.path.exists() or not self.path.stat().st_size
        line = f"{json.dumps(result.as_dict())}\n"
        append_output(self.path, f"{json.dumps(HEADER)}\n" * new + line)

    def missing(self, plan: "Plan") -> list[Unit]:
        """The units of a plan that are not recorded yet.

        Raises ConfigError if a recorded one was run with other RTL: its evidence is void.
        """
        builds = {(result.unit.seed, result.unit.build) for result in self.results}
        hashes = {
            build: f"{tile_hash(draw_hardware(*build), deep=draw_deep(build[1])):016x}"
            for build in builds
        }
        for result in self.results:
            if result.tile_hash != hashes[result.unit.seed, result.unit.build]:
                raise ConfigError(
                    f"{self.path} was recorded with tile {result.tile_hash} of the RTL, which "
                    "has changed since: name another file by --record, or remove it"
                )
        left: list[Unit] = []
        for unit in plan.units():
            have = self._done.get(unit.stream, set())
            left += [
                Unit(unit.seed, unit.build, unit.kind, run[0], len(run))
                for run in _runs(n for n in unit.numbers if n not in have)
            ]
        return left

    def totals(self) -> dict[str, Any]:
        """Regressions by kind, ticks, updates, cycles, failures, seconds by purpose, bins."""
        seconds: Counter[str] = Counter()
        bins: Counter[str] = Counter()
        for result in self.results:
            seconds.update(result.seconds)  # pyright: ignore[reportArgumentType]
            bins.update(result.bins)
        return {
            **{kind: sum(r.passed for r in self.results if r.unit.kind == kind) for kind in KINDS},
            "failed": sum(len(r.failures) for r in self.results),
            "builds": len({r.tile_hash for r in self.results}),
            **{
                name: sum(getattr(r, name) for r in self.results)
                for name in ("ticks", "updates", "cycles")
            },
            "seconds": dict(seconds),
            "bins": dict(bins),
        }


def _runs(numbers: Iterable[int]) -> list[list[int]]:
    """Numbers that rise, cut into runs without a gap."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def default_record(seed: int) -> Path:
    """Where a campaign's record is kept."""
    return make_folder(build_root() / "verify") / f"seed-{seed}.jsonl"
