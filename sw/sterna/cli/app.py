"""The `sterna` command. Its subcommands live beside this file."""

import importlib.metadata
from typing import Annotated

import typer

from . import (
    accuracy,
    bitstream,
    boards,
    build,
    check,
    compile,
    estimate,
    gallery,
    info,
    place,
    run,
    sim,
    train,
    verify,
)
from .console import set_verbosity

_HELP = """Sterna: train, compile, prove and run trinary spiking networks.

Start with `sterna sim`: it builds the chip's RTL, starts it as a virtual board, and runs MNIST
digits through it, compared bit for bit with the golden model.

A LINK says where the device is: `/dev/ttyUSB1` (a board), `socket://HOST:PORT`, `sim` (the
RTL in Verilator, started for you), `netlist:BOARD` (what a board's bitstream is made of, likewise),
or `model` (the golden model, no simulator).

Exit codes: 0 ok; 1 device, link or mismatch; 2 usage, data or configuration; 3 a tool is missing;
130 interrupted.
"""

app = typer.Typer(
    help=_HELP,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("sim")(sim.sim)
app.command("info")(info.info)
app.command("compile")(compile.compile_file)
app.command("estimate")(estimate.cost)
app.command("place")(place.place)
app.command("plot")(place.plot)
app.command("run")(run.run)
app.command("check")(check.check)
app.command("verify")(verify.verify)
app.command("gallery")(gallery.gallery)
app.command("train")(train.train)
app.command("accuracy")(accuracy.accuracy)
app.command("build")(build.build)
app.command("boards")(boards.boards)
app.command("flash")(bitstream.flash)
app.command("release")(bitstream.release)
app.command("docs")(build.docs)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sterna {importlib.metadata.version('sterna')}")
        raise typer.Exit


@app.callback()
def _options(
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Log more; twice: everything.")
    ] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Results and errors only.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="And exit.")
    ] = False,
) -> None:
    set_verbosity(verbose, quiet)
