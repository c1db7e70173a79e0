"""The results of a campaign, as rows of a table and as Markdown."""

from typing import Any

from sterna.spec.tables import table

from .coverage import bins
from .mutations import Verdict
from .record import Record
from .unit import KINDS


def missing_bins(totals: dict[str, Any]) -> list[str]:
    """Coverage bins that nothing has hit yet."""
    return [name for name in bins() if not totals["bins"].get(name)]


def rows(record: Record) -> list[tuple[str, str]]:
    """Names and values for a person."""
    totals = record.totals()
    missed, all_bins = missing_bins(totals), len(bins())
    seconds: dict[str, float] = totals["seconds"]
    whole = sum(seconds.values()) or 1.0
    done = sum(totals[kind] for kind in KINDS)
    running = sum(value for name, value in seconds.items() if name != "build") or 1.0
    return [
        ("regressions, one core", f"{totals['single']:,}"),
        ("regressions, several cores", f"{totals['multi']:,}"),
        ("regressions, layered networks", f"{totals['layered']:,}"),
        ("regressions with a mismatch", f"{totals['failed']:,}"),
        ("hardware parameter sets", f"{totals['builds']:,}"),
        ("ticks compared", f"{totals['ticks']:,}"),
        ("neuron updates compared", f"{totals['updates']:,}"),
        ("cycles simulated", f"{totals['cycles']:,}"),
        ("coverage bins hit", f"{all_bins - len(missed)} of {all_bins}"),
        ("regressions an hour and process", f"{3600 * done / running:,.0f}"),
        *((f"time: {name}", f"{100 * value / whole:.1f} %") for name, value in seconds.items()),
    ]


def markdown(record: Record) -> str:
    """The record of a campaign, for docs/verification.md."""
    totals = record.totals()
    seeds = sorted({result.unit.seed for result in record.results})
    text = table(("campaign of seed " + ", ".join(map(str, seeds)), ""), rows(record))
    missed = missing_bins(totals)
    return text + (f"\nBins not hit: {', '.join(missed)}.\n" if missed else "")


def mutation_table(verdicts: list[Verdict]) -> str:
    """The faults and after how many regressions each was caught, as Markdown."""
    return table(
        ("fault", "in", "caught after regressions", "by"),
        (
            (
                verdict.mutation.name,
                f"`{verdict.mutation.file}.py`",
                str(verdict.regressions) if verdict.caught else "**not caught**",
                verdict.by,
            )
            for verdict in verdicts
        ),
    )
