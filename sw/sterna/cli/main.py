"""The `sterna` command. Commands live beside this file; errors end here, in one place."""

import contextlib
import importlib.metadata
import io
import signal
import sys
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Annotated, Any

import typer

from sterna.spec import SternaError

from . import build, gallery, info, run, sim, train, verify
from .console import error, set_verbosity

_HELP = """Sterna: train, compile, prove and run trinary spiking networks.

Start with `sterna sim`: it builds the chip's RTL, starts it as a virtual board, and runs MNIST
digits through it, compared bit for bit with the golden model.

A LINK says where the device is: `/dev/ttyUSB0` (a board), `socket://HOST:PORT`, `sim` (the
RTL in Verilator, started for you), or `model` (the golden model, no simulator).

Exit codes: 0 ok; 1 device, link or mismatch; 2 usage, data or configuration; 3 a tool is missing;
130 interrupted.
"""

app = typer.Typer(
    help=_HELP, no_args_is_help=True, rich_markup_mode="markdown",
    pretty_exceptions_enable=False, add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip
app.command("sim")(sim.sim)
app.command("info")(info.info)
app.command("run")(run.run)
app.command("verify")(verify.verify)
app.command("gallery")(gallery.gallery)
app.command("train")(train.train)
app.command("build")(build.build)
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code; no SternaError ever shows a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that knows ASCII only
            stream.reconfigure(errors="replace")
    with _terminable():
        try:
            app(args=arguments, prog_name="sterna")
        except (SternaError, OSError) as problem:
            error(str(problem))
            sys.exit(problem.exit_code if isinstance(problem, SternaError) else 2)
        except KeyboardInterrupt:
            sys.exit(_interrupted())
        except SystemExit as end:
            if end.code == 130:
                _interrupted()
            raise


def _interrupted() -> int:
    error("interrupted")
    return 130


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack, so that they leave as little behind as Ctrl-C."""

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before: dict[int, Any] = {}
    try:
        for number in (signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup means it
                before[number] = signal.signal(number, end)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
