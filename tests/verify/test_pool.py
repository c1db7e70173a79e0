"""Pools: results as they come, and signals that come at the worst moment."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future, wait
from pathlib import Path

import pytest

from sterna.verify.pool import deferred, local_pool, run_all

ROOT = Path(__file__).parents[2]


class Interrupting(threading.Condition):
    """A lock that is taken in Python; Ctrl-C comes just after that."""

    armed = True

    def take(self) -> bool:
        taken = super().__enter__()
        if Interrupting.armed:
            Interrupting.armed = False
            os.kill(os.getpid(), signal.SIGINT)
        return taken


def futures_with_a_signal() -> list["Future[int]"]:
    Interrupting.armed = True
    futures: list[Future[int]] = [Future() for _ in range(5)]
    for future in futures:
        future._condition = condition = Interrupting()
        condition.acquire = condition.take  # what the library calls
    return futures


def left_locked(futures: list["Future[int]"]) -> int:
    """How many of them another thread cannot take."""
    locked: list[bool] = []

    def look() -> None:
        for future in futures:
            if free := future._condition._lock.acquire(blocking=False):
                future._condition._lock.release()
            locked.append(not free)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return sum(locked)


def test_interrupt_while_a_lock_is_taken_leaves_none_locked() -> None:
    futures = futures_with_a_signal()
    unused = iter(futures)
    with pytest.raises(KeyboardInterrupt):
        run_all(lambda function, argument: next(unused), abs, range(5), print)
    assert not Interrupting.armed
    assert left_locked(futures) == 0


@pytest.mark.control
def test_interrupt_that_is_not_deferred_leaves_one_locked() -> None:
    """The control: what `wait` of the library does by itself."""
    futures = futures_with_a_signal()
    with pytest.raises(KeyboardInterrupt):
        wait(futures, timeout=5)
    assert left_locked(futures) == 1


def test_signals_wait_for_a_safe_moment() -> None:
    seen: list[str] = []
    with pytest.raises(KeyboardInterrupt), deferred() as check:  # noqa: PT012
        os.kill(os.getpid(), signal.SIGINT)
        seen.append("after it")
        with pytest.raises(KeyboardInterrupt):
            check()
        seen.append("the end")
    assert seen == ["after it", "the end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with deferred() as check:
        check()


def test_signal_is_raised_though_the_block_fails_too() -> None:
    """What fails may be a program that got the same Ctrl-C."""
    with pytest.raises(KeyboardInterrupt), deferred():  # noqa: PT012
        os.kill(os.getpid(), signal.SIGINT)
        raise ValueError
    with pytest.raises(ValueError, match="alone"), deferred():
        raise ValueError("alone")


def test_results_come_from_other_processes_and_in_any_order() -> None:
    seen: list[int] = []
    with local_pool(2) as submit:
        run_all(submit, abs, range(-20, 0), seen.append)
    assert sorted(seen) == list(range(1, 21))


def test_failure_of_a_worker_is_raised_and_the_rest_cancelled() -> None:
    with pytest.raises(TypeError, match="bad operand"), local_pool(2) as submit:
        run_all(submit, abs, ["x", *range(50)], lambda result: None)


@pytest.mark.parametrize("deaf", [False, True])
def test_worker_that_is_told_to_end_in_a_call_ends(deaf: bool) -> None:
    """In a process of its own, which would wait for the worker for ever."""
    code = (
        "import time\n"
        "from sterna.verify.pool import local_pool, run_all\n"
        "def work(argument):\n"
        "    if argument == 0:\n"
        "        time.sleep(0.5)\n"
        "        raise ValueError('the first one fails')\n"
        "    while True:\n"
        "        try:\n"
        "            time.sleep(60)\n"
        "        except SystemExit:\n"
        f"            if not {deaf}:\n"
        "                raise\n"
        "with local_pool(2) as submit:\n"
        "    run_all(submit, work, range(8), print)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, cwd=ROOT
    )
    assert run.returncode == 1
    assert "the first one fails" in run.stderr
