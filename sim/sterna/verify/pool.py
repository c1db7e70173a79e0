"""Pools of processes for campaigns; a signal ends them at any time."""

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing.sharedctypes import RawValue
from types import FrameType
from typing import Any

from sterna.simulator.interrupts import deferred
from sterna.spec import LinkError, ToolError

#: A signal waits so long for a safe moment, in seconds, while no result comes.
_POLL_S = 0.2
#: A Dask scheduler that does not answer for so long counts as not there.
SCHEDULER_TIMEOUT = "10s"
#: Seconds that a worker has to finish its task once it must end.
_GRACE_S = 2.0
#: In a worker: 1 once the pool is to end, in memory that all workers share.
_ending: Any = RawValue("b", 0)
#: In a worker: it must end.
_must_end = threading.Event()


def _worker(ending: Any) -> None:
    """Set up a worker: it ignores Ctrl-C, since the parent sends SIGTERM."""
    global _ending
    _ending = ending
    from .unit import drop_tiles

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _break_off)
    sys.unraisablehook = _unraisable
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()
    atexit.register(drop_tiles)


def _unraisable(caught: Any) -> None:
    """Print no SystemExit that Python drops in a destructor: `_watch` ends the worker."""
    if not isinstance(caught.exc_value, SystemExit):
        sys.__unraisablehook__(caught)


def _watch(parent: int) -> None:
    """End this worker when its parent is gone, or when it must end and goes on.

    The library takes an exception out of a call for the call's result, SystemExit too, and waits
    for the next call.
    """
    while os.getppid() == parent and not _must_end.wait(0.5) and not _ending.value:
        pass  # a signal that came before `_worker` had its handler is lost, the flag is not
    if not _must_end.is_set():
        os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_S)  # for a compiler to be ended
    os._exit(1)


def _break_off(number: int, frame: FrameType | None) -> None:
    """Break off a worker's call, a compiler's run included; a second signal changes nothing."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _must_end.set()
    raise SystemExit(128 + number)


def _call(function: Callable[[Any], Any], argument: Any) -> Any:
    """Run a call in a worker, unless the pool is ending."""
    if _ending.value:
        raise SystemExit(128 + signal.SIGTERM)
    try:
        return function(argument)
    except SystemExit:  # out of `_break_off`: all is unwound
        os._exit(128 + signal.SIGTERM)


#: Gives a function and its argument to a pool; the result comes in a future.
Submit = Callable[[Callable[[Any], Any], Any], "Future[Any]"]


@contextmanager
def local_pool(jobs: int | None) -> Iterator[Submit]:
    """Processes on this machine, one a core by default; gives `submit`."""
    ending = RawValue("b", 0)
    pool = ProcessPoolExecutor(jobs or os.cpu_count(), initializer=_worker, initargs=(ending,))
    try:
        yield lambda function, argument: pool.submit(_call, function, argument)
    except BaseException:
        # a unit takes seconds, a build longer: neither is waited for
        ending.value = 1
        for process in list((pool._processes or {}).values()):
            process.terminate()
        raise
    finally:
        with deferred():
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def dask_pool(scheduler: str) -> Iterator[Submit]:
    """The workers of a Dask cluster; gives `submit`.

    Raises ToolError without `distributed`, LinkError if the scheduler cannot be reached.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ToolError("--scheduler needs distributed: pip install 'sterna[cluster]'") from None
    try:
        client = Client(scheduler, timeout=SCHEDULER_TIMEOUT)
    except (OSError, ValueError) as error:
        raise LinkError(f"no Dask scheduler at {scheduler!r}: {error}") from None
    with client:
        # as futures of the standard library, so that one loop waits for either kind
        yield client.get_executor(pure=False).submit


def run_all(
    submit: Submit,
    function: Callable[[Any], Any],
    arguments: Iterable[Any],
    take: Callable[[Any], None],
) -> None:
    """Run a function on each argument; `take` gets each result as it comes.

    Ctrl-C and the like are raised between results. What has not begun by then, or when one fails,
    is the pool's to cancel: it may not find futures cancelled when it breaks.
    """
    with deferred() as check:
        waiting = {submit(function, argument) for argument in arguments}
        while waiting:
            done, waiting = wait(waiting, timeout=_POLL_S, return_when=FIRST_COMPLETED)
            check()
            for future in done:
                take(future.result())
