"""`sterna verify`: campaigns of model against RTL, their record, replays, and deliberate faults."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sterna.spec import ConfigError, MismatchError
from sterna.spec.pages import check_section, write_section

from .console import err, extra, out, print_json, print_table, progress_bar, step
from .links import LINK_HELP, Baud, BoardName
from .loop import verify_device

if TYPE_CHECKING:
    from sterna.verify.campaign import Plan
    from sterna.verify.record import Record
    from sterna.verify.unit import UnitResult


def verify(
    single: Annotated[
        int, typer.Option(min=0, help="Regressions of one core, in all.", metavar="N")
    ] = 200,
    multi: Annotated[
        int, typer.Option(min=0, help="Regressions of several cores, in all.", metavar="N")
    ] = 20,
    layered: Annotated[
        int, typer.Option(min=0, help="Regressions of layered networks, in all.", metavar="N")
    ] = 20,
    builds: Annotated[
        int, typer.Option(min=2, help="Hardware parameter sets; each is built once.", metavar="N")
    ] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Everything is drawn from it.")] = 1,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Processes; one a core by default.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask scheduler to run on, tcp://HOST:PORT.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Record; build/verify/seed-SEED.jsonl by default.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Run the regression of this file again, and no other.")
    ] = None,
    link: Annotated[
        str | None,
        typer.Option(help=f"Check the device there, in place of a campaign: {LINK_HELP}"),
    ] = None,
    baud: Baud = None,
    board: BoardName = None,
    frames: Annotated[
        int, typer.Option(min=1, max=10_000, help="With --link: digits.", metavar="N")
    ] = 1000,
    networks: Annotated[
        int, typer.Option(min=0, help="With --link: random networks.", metavar="N")
    ] = 20,
    mutations: Annotated[
        bool, typer.Option("--mutations", help="Put faults into the RTL; each must be caught.")
    ] = False,
    page: Annotated[
        Path | None, typer.Option(help="Write the tables into this page, between its markers.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run random networks in golden model, engines and RTL, or on a board; compare every tick.

    Hardware parameters, networks and spike trains are drawn from the seed; every spike and every
    potential is compared. The record holds what has been run: the same command goes on where it
    was stopped, larger numbers add to it. A mismatch is shrunk to a small network, saved beside the
    record, and the command exits with 1.

    With --link, the device there is checked in place of a campaign; this is what the owner of a
    board runs. Every memory word is written and read back, the shipped network classifies digits
    if it fits, and random networks that fit are run; what the device held before is lost. With
    `sim`, `model` and `netlist:` the device is started for it.
    """
    with extra("sim"):
        from sterna.verify.campaign import Plan
        from sterna.verify.campaign_report import markdown
        from sterna.verify.record import Record, default_record
    if link:
        return verify_device(link, baud, board, frames, networks, seed, as_json=json)
    if replay:
        _replay(replay)
        return
    if page:
        check_section(page, "mutations" if mutations else "campaign")
    if mutations:
        _mutations(jobs, page, json)
        return
    plan = Plan(seed=seed, single=single, multi=multi, layered=layered, builds=builds)
    with Record.open(record or default_record(seed)) as book:
        _run(book, plan, jobs, scheduler)
        _tell(book, json)
        if page:
            write_section(page, "campaign", markdown(book))
        _shrink_first(book)


def _run(book: "Record", plan: "Plan", jobs: int | None, scheduler: str | None) -> None:
    from sterna.verify.campaign import run_campaign
    from sterna.verify.pool import dask_pool, local_pool

    left = sum(unit.count for unit in book.missing(plan))
    had = sum(len(result.failures) + result.passed for result in book.results)
    step("record", f"{book.path}: {had:,} regressions; {left:,} to run")
    if not left:
        return
    bar = progress_bar()
    with bar:
        task = bar.add_task("verify", total=left, note="")
        failed = 0

        def progress(result: "UnitResult") -> None:
            nonlocal failed
            failed += len(result.failures)
            rate = bar.tasks[task].speed or 0
            bar.update(
                task,
                advance=result.unit.count,
                note=f"{failed} mismatches, {3600 * rate:,.0f} an hour",
            )

        manager = dask_pool(scheduler) if scheduler else local_pool(jobs)
        with manager as submit:
            try:
                run_campaign(book, plan, submit, progress=progress)
            except KeyboardInterrupt:
                step("interrupt", "ending the workers; what has been run is on record")
                raise


def _tell(book: "Record", json: bool) -> None:
    from sterna.verify.campaign_report import missing_bins, rows

    totals = book.totals()
    missed = missing_bins(totals)
    if json:
        values: dict[str, Any] = {**totals, "bins_missed": missed, "record": str(book.path)}
        print_json(values)
        return
    print_table("golden model against engines and RTL", rows(book))
    if missed:
        more = f" and {len(missed) - 6} more (--json lists them)" if len(missed) > 6 else ""
        step("bins", f"not hit yet: {', '.join(missed[:6])}{more}")


def _shrink_first(book: "Record") -> None:
    """Shrink the first mismatch and save it; then say so and fail."""
    from sterna.verify.engines import run_all
    from sterna.verify.shrink import shrink, write_replay
    from sterna.verify.unit import drop_tiles, tile_for

    bad = [(result.unit, *failure) for result in book.results for failure in result.failures]
    if not bad:
        return
    unit, number, text = bad[0]
    path = book.path.parent / "failures" / f"{unit.seed}-{unit.build}-{unit.kind}-{number}.npz"
    step("shrink", f"the first of {len(bad)}, regression {number} of {unit.kind} {unit.build}")
    try:
        tile = tile_for(unit)
        small = shrink(unit.draw(number), lambda case: run_all(tile, case))
        found = run_all(tile, small)
        write_replay(small, path, str(found or text))
    finally:
        drop_tiles()
    raise MismatchError(
        f"{len(bad)} regressions with a mismatch. The first, shrunk to {small.ticks} ticks, "
        f"{small.network.cores} cores, {len(small.inputs)} input spikes: {found or text}. "
        f"Run it again: sterna verify --replay {path}"
    )


def _replay(path: Path) -> None:
    from sterna.simulator.tile_process import TileProcess
    from sterna.verify.engines import run_all
    from sterna.verify.shrink import read_replay

    regression, before = read_replay(path)
    step("replay", f"{path}: when it was saved: {before}")
    hardware = regression.network.hardware
    with TileProcess(hardware, progress=lambda text: step("build", text)) as tile:
        found = run_all(tile, regression)
    if found:
        raise MismatchError(f"{path}: {found}")
    out.print(f"no mismatch in {regression.ticks} ticks", soft_wrap=True)


def _mutations(jobs: int | None, page: Path | None, json: bool) -> None:
    from rich.table import Table

    from sterna.verify.campaign_report import mutation_table
    from sterna.verify.mutations import MUTATIONS, Verdict, judge
    from sterna.verify.pool import local_pool, run_all

    for deep in (False, True):
        if by := judge(None, deep=deep).by:
            raise MismatchError(f"the RTL fails without any fault: {by}")
    with progress_bar() as bar, local_pool(jobs) as submit:
        task = bar.add_task("mutations", total=len(MUTATIONS), note="")
        verdicts: list[Verdict] = []

        def take(verdict: Verdict) -> None:
            verdicts.append(verdict)
            bar.update(task, advance=1, note=verdict.mutation.name)

        run_all(submit, judge, MUTATIONS, take)
    verdicts.sort(key=lambda verdict: MUTATIONS.index(verdict.mutation))
    if page:
        write_section(page, "mutations", mutation_table(verdicts))
    missed = [verdict.mutation.name for verdict in verdicts if not verdict.caught]
    if json:
        rows = [
            {
                "fault": v.mutation.name,
                "file": f"{v.mutation.file}.py",
                "caught": v.caught,
                "regressions": v.regressions,
                "by": v.by,
            }
            for v in verdicts
        ]
        print_json({"faults": rows, "missed": missed})
    else:
        table = Table(
            "fault",
            "in",
            "caught after",
            "by",
            title_justify="left",
            title=f"{len(verdicts)} faults of the RTL",
        )
        for v in verdicts:
            after = str(v.regressions) if v.caught else "not caught"
            table.add_row(v.mutation.name, f"{v.mutation.file}.py", after, v.by)
        out.print(table)
    if missed:
        raise ConfigError(f"not caught: {', '.join(missed)}")
    if not json:
        err.print(f"all {len(verdicts)} caught, and none without a fault")
