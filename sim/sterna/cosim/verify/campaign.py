"""Campaigns: many regressions from one seed, recorded so that they can be stopped and added to."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

from sterna.spec import ConfigError, LinkError, ToolError

from .unit import MULTI, SINGLE, Unit, UnitResult, run_unit

if TYPE_CHECKING:
    from .record import Record

#: Regressions in a unit, by kind: some seconds' work.
UNIT_SIZE = {SINGLE: 50, MULTI: 10}


@dataclass(frozen=True)
class Plan:
    """What a campaign is to hold in all: regressions of each kind, over parameter sets."""

    seed: int = 1
    single: int = 200
    multi: int = 20
    builds: int = 8

    def units(self) -> list[Unit]:
        """All units, of each parameter set together: a process builds few of them.

        Regressions of one core go over all parameter sets, those of several over the odd ones,
        which have several contexts.
        """
        if self.builds < 2:
            raise ConfigError(f"builds must be at least 2, not {self.builds}: one has one context")
        shares = {
            SINGLE: _shares(self.single, range(self.builds)),
            MULTI: _shares(self.multi, range(1, self.builds, 2)),
        }
        units: list[Unit] = []
        for build in range(self.builds):
            for kind, size in UNIT_SIZE.items():
                left = shares[kind].get(build, 0)
                units += [
                    Unit(self.seed, build, kind, first, min(size, left - first))
                    for first in range(0, left, size)
                ]
        return units


def _shares(total: int, builds: range) -> dict[int, int]:
    return {
        build: total // len(builds) + (place < total % len(builds))
        for place, build in enumerate(builds)
    }


def _worker() -> None:
    """Ctrl-C is the parent's business, which sends SIGTERM; tiles end with their process."""
    import atexit

    from .unit import drop_tiles

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _break_off)
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()
    atexit.register(drop_tiles)


def _watch(parent: int) -> None:
    """End this worker when its parent is gone, however that ended: nobody else would."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(2)  # for a compiler to be ended
    os._exit(1)


_ending = threading.Event()


def _break_off(number: int, frame: FrameType | None) -> None:
    """Unwind what a worker is about, a compiler's run included; the pool then ends it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _ending.set()
    raise SystemExit(128 + number)


def _call(function: Callable[[Any], Any], argument: Any) -> Any:
    """Run in a worker, unless that is ending: the pool hands it more than it can break off."""
    if _ending.is_set():
        raise SystemExit(128 + signal.SIGTERM)
    return function(argument)


#: Gives a function and its argument to a pool; the result comes in a future.
Submit = Callable[[Callable[[Any], Any], Any], "Future[Any]"]


@contextmanager
def local_pool(jobs: int | None) -> Iterator[Submit]:
    """Processes on this machine, one a core unless told; gives `submit`."""
    pool = ProcessPoolExecutor(jobs or os.cpu_count(), initializer=_worker)
    try:
        yield lambda function, argument: pool.submit(_call, function, argument)
    except BaseException:
        # a unit takes seconds, a build longer: neither is waited for
        for process in list((pool._processes or {}).values()):
            process.terminate()
        raise
    finally:
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
        client = Client(scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        raise LinkError(f"no Dask scheduler at {scheduler!r}: {error}") from None
    with client:
        # as futures of the standard library, so that one loop waits for either kind
        yield client.get_executor(pure=False).submit


def run_campaign(
    record: "Record",
    plan: Plan,
    submit: Submit,
    *,
    progress: Callable[[UnitResult], None],
) -> None:
    """Run what a plan still misses; each result is written down as it comes."""
    waiting: set[Future[UnitResult]] = {submit(run_unit, u) for u in record.missing(plan)}
    try:
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                result = future.result()
                record.add(result)
                progress(result)
    finally:
        for future in waiting:
            future.cancel()
