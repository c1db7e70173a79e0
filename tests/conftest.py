"""Fixtures that several rooms' tests share. Builds are cached, and shared by parallel workers."""

import io
import os
import pty
import random
import signal
import subprocess
import sys
import tty
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.database import InMemoryExampleDatabase

from sterna.simulator.toolchain import FLAGS_VARIABLE
from tests import budget, precompiled

ROOT = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """What every test, and every program that it starts, finds."""
    if not hasattr(config, "workerinput"):
        options = [config.getoption(name) for name in ("--by-file", "--no-budget")]
        config.pluginmanager.register(Ledger(*options))
    # Hypothesis keeps the examples that failed in the tree
    if not os.access(ROOT, os.W_OK):
        settings.register_profile("read-only", database=InMemoryExampleDatabase())
        settings.load_profile("read-only")
    # under nohup or behind `&` of a script SIGINT is ignored, and children inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # a test has one of the cores: PyTorch's threads would wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # most simulators run for a second and take many to compile
    if FLAGS_VARIABLE not in os.environ:
        os.environ[FLAGS_VARIABLE] = precompiled.flags()


# nightly tests, and the budget of processor time

_BEGUN = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--by-file", action="store_true", help="tell processor time file by file")
    parser.addoption("--no-budget", action="store_true", help="over the budget is no failure")
    parser.addoption("--shuffle", type=int, metavar="SEED", help="run the tests in random order")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if (seed := config.getoption("--shuffle")) is not None:
        random.Random(seed).shuffle(items)
    for item in items:
        if budget.is_nightly(item.nodeid):
            item.add_marker(pytest.mark.nightly)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    item.stash[_BEGUN] = budget.processor_s()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    try:
        return (yield)
    finally:
        taken = budget.processor_s() - item.stash[_BEGUN]
        item.user_properties.append(("processor_s", taken))  # goes to the process that reports


class Ledger:
    """Processor time of all tests, in the process that reports; over a limit, the run fails."""

    def __init__(self, by_file: bool, no_budget: bool) -> None:
        self._by_file, self._no_budget = by_file, no_budget
        self._seconds: dict[str, float] = {}
        self._over: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self._seconds[report.nodeid] = float(dict(report.user_properties)["processor_s"])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if budget.over(self._seconds):  # then it is worth to ask how slow the machine is
            self._over = budget.over(self._seconds, budget.slowness())
        if session.exitstatus == pytest.ExitCode.OK and self._over and not self._no_budget:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        write = terminalreporter.write_line
        if self._by_file:
            write("processor time by file: tests, seconds")
            for file, tests, seconds in budget.by_file(self._seconds):
                write(f"{tests:6} {seconds:8.1f}  {file}")
        for line in self._over:
            write(f"OVER {line}")


Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs the `sterna` command in this process, in a folder of its own, `columns` wide (80)."""
    from sterna.cli import console
    from sterna.cli.main import main

    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, columns: int = 80) -> "subprocess.CompletedProcess[str]":
        command = [*map(str, arguments)]
        for each in (console.out, console.err):
            monkeypatch.setattr(each, "width", columns)
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
            main(command)
        status = end.value.code
        assert isinstance(status, int)
        return subprocess.CompletedProcess(command, status, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def program(tmp_path: Path) -> Cli:
    """The same as a process of its own; keyword arguments go to subprocess.run."""

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
