"""Output of the commands: steps and errors on stderr, results on stdout.

Names and paths of users are printed as they are: neither console knows markup or emoji codes, and
styles are given apart.
"""

import contextlib
import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from sterna.spec import ToolError
from sterna.spec.errors import missing

out = Console(highlight=False, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, markup=False, emoji=False)
_quiet = False


def set_verbosity(verbose: int, quiet: bool) -> None:
    """-q: no steps; -v: log of all rooms at INFO; -vv: at DEBUG."""
    global _quiet
    _quiet = quiet
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.basicConfig(
        level=logging.ERROR if quiet else level, format="%(levelname)s %(name)s: %(message)s"
    )
    if verbose < 2:
        logging.getLogger("matplotlib").setLevel(logging.ERROR)


def step(name: str, text: str) -> None:
    """Print one step in one line."""
    if not _quiet:
        err.print(Text.assemble((f"{name:<10}", "bold cyan"), " ", text), soft_wrap=True)


def error(text: str) -> None:
    """Print the reason why the command fails."""
    err.print(Text.assemble(("error", "bold red"), ": ", text), soft_wrap=True)


def print_json(value: Mapping[str, Any]) -> None:
    """Print a result for machines."""
    out.file.write(json.dumps(value, indent=1) + "\n")
    out.file.flush()


def print_table(title: str, rows: list[tuple[str, str]]) -> None:
    """Print names and values, aligned."""
    table = Table(title=title, show_header=False, title_justify="left", title_style="bold")
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(justify="right")
    for name, value in rows:
        table.add_row(name, value)
    out.print(table)


def progress_bar() -> Progress:
    """A progress bar on stderr with room for a note; hidden with -q."""
    return Progress(
        TextColumn("[bold cyan]{task.description:<10}[/]"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        TimeRemainingColumn(),
        console=err,
        disable=_quiet or not err.is_terminal,
        transient=True,
    )


@contextlib.contextmanager
def extra(name: str) -> Iterator[None]:
    """Import a room that needs an optional package; says which extra to install if it is absent."""
    try:
        yield
    except ModuleNotFoundError as absent:
        if absent.name and absent.name.startswith("sterna."):
            raise
        raise ToolError(missing(absent.name or "", name)) from None
