"""Programs of the toolchain: how they end, and that they end with whoever started them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sterna.builds.child import run_child
from tests.processes import await_true, names, working_in

#: Ends when it is told to; will not; starts another in a group of its own, which only it can end.
MANNERS = {
    "heedful": "sleep 600",
    "deaf": "trap '' TERM; sleep 600",
    "with-a-group": "set -m; sleep 600 & trap 'kill $!; exit 1' TERM; wait",
}


def parent(folder: Path, manners: str, starts: str) -> "subprocess.Popen[str]":
    """A process that runs a program in the folder."""
    code = f"from pathlib import Path; from sterna.builds.child import run_child; {starts}"
    return subprocess.Popen(
        [sys.executable, "-c", code, MANNERS[manners]],
        cwd=folder,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    )


OURS = "import sys; run_child(['sh', '-c', sys.argv[1]], output=open('log', 'w'))"
PLAIN = "import subprocess, sys; subprocess.run(['sh', '-c', sys.argv[1]])"


def sleeps(folder: Path) -> bool:
    return "sleep" in names(working_in(folder))


def test_exit_status_and_words_are_those_of_the_program(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        command = ["sh", "-c", "pwd; echo $WORD >&2; exit 7"]
        assert run_child(command, output=log, folder=tmp_path, environment={"WORD": "spike"}) == 7
    assert (tmp_path / "log").read_text().splitlines() == [str(tmp_path), "spike"]
    with (tmp_path / "log").open("w") as log:
        assert run_child(["sh", "-c", "kill -KILL $$"], output=log) == 128 + signal.SIGKILL
        assert run_child([tmp_path / "missing"], output=log) == 127
    assert "missing" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("manners", MANNERS)
def test_program_ends_with_who_started_it(
    tmp_path: Path, manners: str, sign: signal.Signals
) -> None:
    with parent(tmp_path, manners, OURS) as process:
        assert await_true(lambda: sleeps(tmp_path), 20)
        process.send_signal(sign)
        process.wait(timeout=20)
    assert await_true(lambda: not working_in(tmp_path), 10)


def test_program_that_is_started_plainly_stays(tmp_path: Path) -> None:
    """The control: the same look finds what stays behind."""
    with parent(tmp_path, "heedful", PLAIN) as process:
        assert await_true(lambda: sleeps(tmp_path), 20)
        process.kill()
        process.wait(timeout=20)
    left = working_in(tmp_path)
    for child in left:
        child.kill()
    assert left
