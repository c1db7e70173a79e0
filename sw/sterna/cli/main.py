"""The `sterna` command as a process: its errors, signals and exit codes end here, in one place.

Nothing heavy is imported before Ctrl-C is answered. Until then, while Python itself starts, it ends
the process as the system does: by the signal, which a shell shows as 130 too.
"""

import atexit
import contextlib
import io
import os
import sys
import warnings
from collections.abc import Sequence

from .signals import Interrupt, answered, terminable


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code; no SternaError ever shows a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that knows ASCII only
            stream.reconfigure(errors="replace")
    with answered() as interrupt, terminable():
        # registered first, so called last: a partly imported module can crash the interpreter
        # while it finalizes
        atexit.register(_leave, interrupt)
        try:
            code = _run(arguments)
        except BaseException:
            # any error while an interrupt unwinds the stack comes of the interrupt
            if not interrupt.came:
                raise
        if interrupt.came:
            warnings.simplefilter("ignore")  # Amaranth's, of what was made and not used
            code = _INTERRUPTED
    if interrupt.came:
        print("error: interrupted", file=sys.stderr)
    sys.exit(code)


def _leave(interrupt: Interrupt) -> None:
    """After an interrupt, end the process without finalizing the interpreter."""
    if not interrupt.came:
        return
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # closed by the reader
            stream.flush()
    os._exit(_INTERRUPTED)


_INTERRUPTED = 130


def _run(arguments: Sequence[str] | None) -> int | str | None:
    """Exit code of the command line."""
    from sterna.spec import SternaError

    from .app import app
    from .console import error

    try:
        app(args=arguments, prog_name="sterna")
    except (SternaError, OSError) as problem:
        error(str(problem))
        return problem.exit_code if isinstance(problem, SternaError) else 2
    except SystemExit as end:
        return end.code
    return 0
