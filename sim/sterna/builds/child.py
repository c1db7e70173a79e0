"""Runs a program of the toolchain; it ends when this process ends, in any way."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

#: A program that was asked to end has so long to do it in good order, in seconds.
_GRACE_S = 3
#: The shell's standard input is a pipe whose other end only we hold. When it closes (we close it,
#: or we are gone), the process group is asked to end, and killed if it does not. The request is
#: passed on rather than a kill sent at once, since SymbiYosys has put its solvers into groups of
#: their own, which only it can end.
_SCRIPT = f"""
ended=
exec 3<&0 </dev/null
trap 'ended=1' TERM
{{ trap '' TERM; read -r _; kill -TERM 0; sleep {_GRACE_S}; kill -KILL 0; }} <&3 3<&- &
watcher=$!
"$@" 3<&- &
program=$!
wait $program
code=$?
while kill -0 $program 2>/dev/null; do wait $program; code=$?; done
[ -z "$ended" ] || kill -KILL 0  # the watcher sleeps, and its child would stay behind
kill -KILL $watcher
exit $code
"""


def run_child(
    command: Sequence[str | Path],
    *,
    output: IO[str],
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run a program to its end; it ends too if this call or this process ends.

    Parameters
    ----------
    command : program and arguments.
    output : file for what it says on both channels.
    folder : where it runs.
    environment : in place of ours.

    Returns
    -------
    int - its exit status; 128 + the signal's number, if a signal ended it.
    """
    process = subprocess.Popen(
        ["/bin/sh", "-c", _SCRIPT, "sterna", *command],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdin
    try:
        with process.stdin:
            return process.wait()
    finally:
        try:
            process.wait(2 * _GRACE_S)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
