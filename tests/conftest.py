"""Fixtures that several rooms' tests share. Builds are cached, and shared by parallel workers."""

import os
import pty
import signal
import subprocess
import sys
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sterna.simulator.toolchain import FLAGS_VARIABLE

ROOT = Path(__file__).parents[1]


def pytest_configure() -> None:
    """What every test, and every program that it starts, finds."""
    # under nohup or behind `&` of a script SIGINT is ignored, and children inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # a test has one of the cores: PyTorch's threads would wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # most simulators run for a second and take many to compile
    os.environ.setdefault(FLAGS_VARIABLE, "-O0")


@contextmanager
def optimized() -> Iterator[None]:
    """Within it, simulators are compiled as a user's are: for those that run long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(FLAGS_VARIABLE, raising=False)
        yield


Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Runs the `sterna` command in a folder of its own; keyword arguments go to subprocess.run."""

    def run(*arguments: object, **more: object) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "sterna.cli", *map(str, arguments)]
        options = {"capture_output": True, "text": True, "timeout": 120, "cwd": tmp_path}
        return subprocess.run(command, **{**options, **more})

    return run


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """A pseudo-terminal: the master's file descriptor, and the path that stands for a port."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


@pytest.fixture(scope="session")
def tiny_board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Url of a virtual board of the preset `tiny`, one for each worker."""
    from sterna.simulator.board import VirtualBoard

    log = tmp_path_factory.mktemp("board") / "board.log"
    with VirtualBoard("tiny", log=log) as board:
        yield board.url


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host asks again after 2 s only: a board that a busy machine holds up is not repaired."""
    monkeypatch.setattr("sterna.link.timing.SILENCE_S", 2.0)
