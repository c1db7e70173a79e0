"""The figures of a co-verification run, for people and for machines."""

import dataclasses
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sterna.spec import write_output


@dataclass(frozen=True)
class Spikes:
    """Spikes put in by the host, sent between cores (one a target), sent on output lines."""

    into: int
    between: int
    out: int

    @property
    def all(self) -> tuple[int, int, int]:
        """The three counts, in order."""
        return self.into, self.between, self.out


@dataclass(frozen=True)
class Speed:
    """Cycles and times.

    Members
    -------
    cycles_median, cycles_max : cycles of a tick, with its waits for a host that does not read.
    bound_median : median over the ticks of the lower bound, architecture section 3.
    ratio_median : median over the ticks of cycles / bound.
    clock_hz, chip_s : the chip's clock, and the time that the ticks take at it.
    wall_s, frames_per_s : of this run.

    Cycles, ratio and chip_s are None for a device that has no clock: the golden model.
    """

    ticks: int
    cycles_median: float | None
    cycles_max: int | None
    bound_median: float
    ratio_median: float | None
    clock_hz: int
    chip_s: float | None
    wall_s: float
    frames_per_s: float

    @classmethod
    def measured(
        cls,
        cycles: Sequence[int] | None,
        bounds: Sequence[int],
        frames: int,
        wall_s: float,
        hz: int,
    ) -> Self:
        """Of the cycles and the bound of each tick; `cycles` is None where there is no clock."""
        ratios = None if cycles is None else [c / b for c, b in zip(cycles, bounds, strict=True)]
        return cls(
            ticks=len(bounds),
            cycles_median=None if cycles is None else statistics.median(cycles),
            cycles_max=None if cycles is None else max(cycles),
            bound_median=statistics.median(bounds),
            ratio_median=None if ratios is None else round(statistics.median(ratios), 4),
            clock_hz=hz,
            chip_s=None if cycles is None else sum(cycles) / hz,
            wall_s=round(wall_s, 4),
            frames_per_s=round(frames / wall_s, 2),
        )


@dataclass(frozen=True, kw_only=True)
class Report:
    """One run; `as_dict` is what report.json holds."""

    network: str
    frames: int
    mismatches: int
    first_mismatches: list[str]
    accuracy_device: float | None
    accuracy_model: float | None
    spikes: Spikes
    potentials: int
    speed: Speed
    crc_errors: int
    refused_frames: int

    def as_dict(self) -> dict[str, Any]:
        """The report by name, for JSON."""
        return dataclasses.asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """Names and values for a table."""
        speed, spikes = self.speed, self.spikes
        chip = _or_none(speed.chip_s, ".3f")
        if speed.chip_s:
            chip += f" s ({self.frames / speed.chip_s:,.0f} frames/s)"
        return [
            ("frames", f"{self.frames:,}"),
            ("accuracy, chip", _percent(self.accuracy_device)),
            ("accuracy, golden model", _percent(self.accuracy_model)),
            ("spikes in", f"{spikes.into:,}"),
            ("spikes between cores", f"{spikes.between:,}"),
            ("spikes out", f"{spikes.out:,}"),
            ("potentials compared", f"{self.potentials:,}"),
            ("mismatches", f"{self.mismatches:,}"),
            ("cycles a tick, median", _or_none(speed.cycles_median, ",.0f")),
            ("cycles a tick, maximum, with waits for the host", _or_none(speed.cycles_max, ",")),
            ("lower bound, median", f"{speed.bound_median:,.0f}"),
            ("cycles over bound, median", _or_none(speed.ratio_median, ".3f")),
            (f"chip time at {speed.clock_hz / 1e6:g} MHz", chip),
            ("wall time", f"{speed.wall_s:.2f} s"),
            ("simulated", f"{speed.frames_per_s:,.1f} frames/s"),
        ]


def _or_none(value: float | None, form: str) -> str:
    return "not measured" if value is None else format(value, form)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a file of JSON; raises OutputError."""
    write_output(path, json.dumps(value, indent=1) + "\n")
