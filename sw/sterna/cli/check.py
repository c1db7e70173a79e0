"""`sterna check`: is the board that is plugged in all right?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from sterna.spec import ConfigError, LinkError
from sterna.spec.boards import BOARDS, board_facts

from .console import extra, out, print_json, progress_bar
from .links import built_baud
from .loop import shipped_fitting

if TYPE_CHECKING:
    from sterna.verify.check import Item

#: Colours of how an item ended.
_STYLES = {"ok": "green", "failed": "bold red", "n/a": "dim", "left out": "dim"}


def check(
    link: Annotated[
        str, typer.Option(help="A serial port, auto (the board that is plugged in), or socket://.")
    ] = "auto",
    board: Annotated[
        str | None, typer.Option(help="The board; default: the one that is plugged in.")
    ] = None,
    baud: Annotated[
        int | None, typer.Option(min=1, help="Bit rate of the port; default: the board's.")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="FOLDER", help="Bitstreams whose build hashes are known."),
    ] = None,
    frames: Annotated[int, typer.Option("--frames", "-n", min=1, max=10_000, help="Digits.")] = 200,
    networks: Annotated[int, typer.Option(min=0, help="Random networks.", metavar="N")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Random networks are drawn from it.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check a board, from its port to random networks; one screen.

    Port, bit rate, the USB bridge's timer, the device and its build, every word of every memory,
    the shipped network on digits and random networks, all compared with the golden model, and the
    link's damage meanwhile. What failed is named with what to try, and the command exits with 1.
    What the device held before is lost. `sterna verify --link` runs more of the same.
    """
    from sterna.data import mnist_test

    with extra("sim"):
        from sterna.verify.check import State, Wanted
        from sterna.verify.check import check as run
    facts = board_facts(board) if board else None
    builds = _builds(source)
    wanted = Wanted(
        link=link,
        board=board,
        baud=baud or (built_baud(facts) if facts else None),
        builds=builds,
        shipped=shipped_fitting,
        frames=mnist_test().frames()[:frames],
        networks=networks,
        seed=seed,
    )
    with progress_bar() as bar:
        tasks = {}

        def progress(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, note="")
            bar.update(tasks[name], completed=done, total=total)

        items = run(wanted, progress=progress)
    failed = [item for item in items if item.state == State.FAILED]
    if json:
        print_json({"passed": not failed, "items": [item.as_dict() for item in items]})
    else:
        _show(items)
    if failed:
        raise LinkError(f"failed: {', '.join(item.name for item in failed)}")


def _show(items: "list[Item]") -> None:
    table = Table(title="check", title_justify="left", title_style="bold", show_header=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for item in items:
        seen = f"{item.seen}\ntry: {item.advice}" if item.advice else item.seen
        table.add_row(item.name, Text(item.state, _STYLES[item.state]), seen)
    out.print(table)


def _builds(source: Path | None) -> dict[str, str]:
    """Build hashes that are known here, and what has them."""
    from sterna.builds.release import read_release
    from sterna.builds.reports import read_report

    known = {}
    for name, facts in BOARDS.items():
        if report := read_report(name):
            known[report["build_hash"]] = f"{facts.title}, built here"
    if source:
        absent: list[ConfigError] = []
        for facts in BOARDS.values():
            try:
                _, entry = read_release(source, facts)
            except ConfigError as error:  # a folder may have bitstreams of some boards alone
                absent.append(error)
            else:
                known[entry["build_hash"]] = f"{facts.title}, of {source}"
        if len(absent) == len(BOARDS):
            raise absent[0]
    return known
