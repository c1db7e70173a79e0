"""What runs: helpers of the tests that nothing stays behind."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil


def await_true(condition: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    """Does the condition come true within the time?"""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def exists(pid: int) -> bool:
    """Is there such a process, and not just its remains?"""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def interrupt_thrice(process: "subprocess.Popen[bytes]") -> tuple[float, float, str]:
    """Ctrl-C to a process that leads its session, three times, as someone impatient does.

    Returns
    -------
    tuple - seconds until it said a word of it, seconds until it ended, and all that it said.
    """
    assert process.stderr
    said, start, first = b"", time.monotonic(), float("inf")
    due = [0.0, 0.1, 0.2]
    with selectors.DefaultSelector() as stderr:
        stderr.register(process.stderr, selectors.EVENT_READ)
        while time.monotonic() - start < 60:
            while due and time.monotonic() - start >= due[0]:
                due.pop(0)
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGINT)
            if stderr.select(0.02):
                data = os.read(process.stderr.fileno(), 1 << 16)
                said += data
                if b"interrupt" in said:
                    first = min(first, time.monotonic() - start)
                if not data:
                    break
    try:
        process.wait(60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return first, time.monotonic() - start, said.decode()


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has taken."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def in_session(leader: int) -> list[psutil.Process]:
    """Living processes of the session that this process leads or led."""
    return [process for process in psutil.process_iter() if _session(process.pid) == leader]


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid) if exists(pid) else None
    except ProcessLookupError:
        return None


def descendants(pid: int) -> list[psutil.Process]:
    """Processes that a process has started, and they in turn."""
    return psutil.Process(pid).children(recursive=True)


def names(processes: list[psutil.Process]) -> set[str]:
    """Their programs' names, but of those that are gone meanwhile."""
    found: set[str] = set()
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            found.add(process.name())
    return found


def working_in(folder: Path) -> list[psutil.Process]:
    """Living processes that run in a folder, or whose command line names it."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter(["cwd", "cmdline", "status"]):
        info = process.info
        within = info["cwd"] and Path(info["cwd"]).is_relative_to(folder)
        named = any(str(folder) in word for word in info["cmdline"] or ())
        if (within or named) and info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found
