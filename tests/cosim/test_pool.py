"""Pools: results as they come, and signals that come at the worst moment."""

import os
import signal
import threading
from concurrent.futures import Future, wait

import pytest

from sterna.cosim.verify.pool import deferred, local_pool, run_all


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


def test_results_come_from_other_processes_and_in_any_order() -> None:
    seen: list[int] = []
    with local_pool(2) as submit:
        run_all(submit, abs, range(-20, 0), seen.append)
    assert sorted(seen) == list(range(1, 21))


def test_failure_of_a_worker_is_raised_and_the_rest_cancelled() -> None:
    with pytest.raises(TypeError, match="bad operand"), local_pool(2) as submit:
        run_all(submit, abs, ["x", *range(50)], lambda result: None)
