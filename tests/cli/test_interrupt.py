"""Ctrl-C in every command: a word at once, a clean end, no traceback; and when it is too much."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.idx import write_mnist
from tests.processes import await_true, in_session, interrupt_thrice, names, working_in
from tests.recipes import small


def start(folder: Path, code: str, *arguments: str) -> "subprocess.Popen[bytes]":
    """A Python program that leads a session, as a terminal starts it."""
    path = os.pathsep.join(sys.path)
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "STERNA_BUILD": str(folder), "PYTHONPATH": path},
    )


#: The command; the file `ready` appears when its handlers are installed.
COMMAND = """
import sterna.cli.main as cli
run = cli._run
def ready(arguments):
    open("ready", "w").close()
    return run(arguments)
cli._run = ready
cli.main()
"""


@pytest.mark.parametrize("delay_s", [0.1, 1.4])
@pytest.mark.parametrize(
    "command",
    [
        "sim --link model -n 10000",
        "build",
        "sim -n 10000",
        "gallery --rtl",
        "verify --single 4000 --multi 0 --builds 2 --record r.jsonl",
    ],
)
def test_interrupt_is_answered_at_once_and_leaves_nothing(
    tmp_path: Path, command: str, delay_s: float
) -> None:
    with start(tmp_path, COMMAND, *command.split()) as process:
        assert await_true((tmp_path / "ready").exists, 20)
        time.sleep(delay_s)
        first, end, said = interrupt_thrice(process)
    assert process.returncode == 130, said
    assert said.endswith("error: interrupted\n"), said
    assert "Traceback" not in said
    # a word within one second and the end within five, on a machine that is not busy
    assert first < 10
    assert end < 30
    # Amaranth's Yosys ends by itself when nobody reads it, a moment later
    assert await_true(lambda: not in_session(process.pid), 2)
    # and so does a compiler that was killed: its memory takes a moment to go
    assert await_true(lambda: not working_in(tmp_path), 2)


@pytest.mark.control
def test_program_that_says_nothing_is_told_apart(tmp_path: Path) -> None:
    """The control: Python's own answer has a traceback, and other words."""
    with start(tmp_path, "open('ready', 'w').close(); import time; time.sleep(60)") as process:
        assert await_true((tmp_path / "ready").exists, 20)
        first, _, said = interrupt_thrice(process)
    assert process.returncode == -signal.SIGINT
    assert "Traceback" in said
    assert first == float("inf")


STUCK = """
import time
from sterna.cli import signals
signals.INTERRUPT_S = 0.5
with signals.answered():
    try:
        open("ready", "w").close()
        time.sleep(60)
    finally:
        time.sleep(60)
"""


def test_command_that_does_not_end_is_ended_by_a_later_interrupt(tmp_path: Path) -> None:
    with start(tmp_path, STUCK) as process:
        assert await_true((tmp_path / "ready").exists, 20)
        os.killpg(process.pid, signal.SIGINT)
        assert process.stderr
        while b"interrupt" not in process.stderr.readline():
            pass
        begun = time.monotonic()
        while process.poll() is None and time.monotonic() < begun + 20:
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.05)
        taken = time.monotonic() - begun
        process.kill()
    assert process.returncode == 130
    # not before half a second: the word is said once the time is taken, maybe a moment later
    assert taken > 0.3


DROPPED = """
import os, signal, time, weakref
from sterna.cli import signals
class Thing: pass
with signals.answered():
    thing = Thing()
    ref = weakref.ref(thing, lambda _: (os.kill(os.getpid(), signal.SIGINT), time.sleep(1)))
    del thing
    time.sleep(60)
"""


SWALLOWED = """
import os, signal, time
from sterna.cli import signals
with signals.answered():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    except BaseException:
        pass
    time.sleep(60)
"""


@pytest.mark.parametrize("code", [DROPPED, SWALLOWED], ids=["by Python", "by a library"])
def test_interrupt_whose_exception_is_dropped_comes_again(tmp_path: Path, code: str) -> None:
    with start(tmp_path, code) as process:
        _, said = process.communicate(timeout=30)
    assert said.endswith(b"sterna.cli.signals.Interrupted\n")
    assert said.decode().count("interrupt  ending in good order") == 1
    assert "Exception ignored" not in said.decode()


#: An object that aborts the process when Python finalizes, as a partly imported module does.
HALF = """
import atexit, os, signal, sys, time
import sterna.cli.main as cli
def run(arguments):
    atexit.register(os.write, 2, b"cleaned up")
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
cli._run = run
class Crash:
    def __del__(self, abort=os.abort): abort()
sys.crash = Crash()
cli.main()
"""


def test_interrupted_command_cleans_up_and_leaves_before_modules_come_apart(
    tmp_path: Path,
) -> None:
    with start(tmp_path, HALF) as process:
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.decode().endswith("error: interrupted\ncleaned up")


#: A test run under nohup ignores SIGHUP, and so would what it starts.
HEEDS = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
TERMINATED = HEEDS + DROPPED.replace(
    "signals.answered()", "signals.answered(), signals.terminable()"
)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_termination_whose_exception_python_drops_is_kept(tmp_path: Path, name: str) -> None:
    with start(tmp_path, TERMINATED.replace("SIGINT", name)) as process:
        _, said = process.communicate(timeout=30)
    assert process.returncode == 128 + getattr(signal, name)
    assert "Exception ignored" not in said.decode()


#: Compiles the engines with a compiler that takes its time.
COMPILES = f"""{HEEDS}
from sterna.cli.signals import answered, terminable
with answered(), terminable():
    from sterna.model import native
    native.kernels()
"""
SLOW = """#!/bin/sh
case "$*" in *-dM*) exec g++ "$@";; esac
sleep 600
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_the_engines_compiler_ends_with_the_command(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow-g++").write_text(SLOW)
    (tmp_path / "slow-g++").chmod(0o755)
    monkeypatch.setenv("CXX", str(tmp_path / "slow-g++"))
    with start(tmp_path, COMPILES) as process:
        assert await_true(lambda: "sleep" in names(working_in(tmp_path)), 20)
        os.kill(process.pid, getattr(signal, name))
        try:
            process.wait(20)
        finally:
            process.kill()  # or a failure would wait for it
    assert await_true(lambda: not working_in(tmp_path), 10)


def test_training_is_interrupted_and_goes_on(tmp_path: Path) -> None:
    """After Ctrl-C checkpoint and log are whole, no network is there, and --resume goes on."""
    write_mnist(tmp_path, slice(200), slice(200))
    small(tmp_path, ("epochs = 1", "epochs = 100000"))
    command = ["train", "small.toml", "--data", "."]
    log = tmp_path / "small.jsonl"

    def epochs() -> list[int]:
        lines = log.read_text().splitlines() if log.exists() else []
        return [json.loads(line)["number"] for line in lines]

    done = 0
    for more in ([], ["--resume"]):
        with start(tmp_path, COMMAND, *command, *more) as process:
            assert await_true(lambda before=done: len(epochs()) > before + 1, 60)
            os.killpg(process.pid, signal.SIGINT)
            said = process.stderr.read().decode() if process.stderr else ""
            process.wait(15)
        assert process.returncode == 130, said
        assert "--resume goes on from there" in said
        assert "Traceback" not in said
        assert epochs() == [*range(1, len(epochs()) + 1)]
        done = len(epochs())
        assert not (tmp_path / "small.sterna").exists()
        assert not list(tmp_path.glob("*.part*"))
        torch.load(tmp_path / "small.checkpoint", weights_only=True)
