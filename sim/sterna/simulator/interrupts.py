"""Signals whose exceptions wait for a safe moment."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any


@contextmanager
def deferred() -> Iterator[Callable[[], None]]:
    """Delay exceptions of signal handlers until the yielded function is called, or the end.

    Futures are guarded by locks that are taken in Python. An exception out of a handler, raised
    while the main thread takes one, would leave it locked, and the pool's own threads waiting.
    Amaranth's objects have destructors, and Python drops what is raised within a destructor.

    If the block fails after a signal, the signal's exception is raised: the failure may be that of
    a program that got the same signal.
    """
    came: list[BaseException] = []

    def check() -> None:
        if came:
            raise came[0]

    def deferring(handler: Any) -> Callable[[int, FrameType | None], None]:
        def handle(number: int, frame: FrameType | None) -> None:
            try:
                handler(number, frame)
            except BaseException as error:
                came.append(error)

        return handle

    before: dict[int, Any] = {}
    with suppress(ValueError):  # not in the main thread, which alone gets signals
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if callable(handler := signal.getsignal(number)):
                before[number] = signal.signal(number, deferring(handler))
    try:
        yield check
    except BaseException:
        check()
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    check()
