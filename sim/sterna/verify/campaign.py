"""Campaigns: many regressions from one seed, recorded so that they can be stopped and added to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sterna.spec import ConfigError

from .pool import Submit, run_all
from .unit import LAYERED, MULTI, SINGLE, Unit, UnitResult, run_unit

if TYPE_CHECKING:
    from .record import Record

#: Regressions in a unit, by kind: some seconds' work.
UNIT_SIZE = {SINGLE: 50, MULTI: 10, LAYERED: 20}


@dataclass(frozen=True)
class Plan:
    """The size of a campaign: regressions of each kind, over parameter sets."""

    seed: int = 1
    single: int = 200
    multi: int = 20
    layered: int = 20
    builds: int = 8

    def units(self) -> list[Unit]:
        """All units, of each parameter set together: a process builds few of them.

        Regressions of one core go over all parameter sets, those of several cores and of layers
        over the odd ones, which have several contexts.
        """
        if self.builds < 2:
            raise ConfigError(f"builds must be at least 2, not {self.builds}: one has one context")
        shares = {
            SINGLE: _shares(self.single, range(self.builds)),
            MULTI: _shares(self.multi, range(1, self.builds, 2)),
            LAYERED: _shares(self.layered, range(1, self.builds, 2)),
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


def run_campaign(
    record: "Record",
    plan: Plan,
    submit: Submit,
    *,
    progress: Callable[[UnitResult], None],
) -> None:
    """Run the missing units of a plan; record each result at once."""

    def take(result: UnitResult) -> None:
        record.add(result)
        progress(result)

    run_all(submit, run_unit, record.missing(plan), take)
