"""What runs: helpers of the tests that nothing stays behind."""

import os
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
