"""Signals that end a command: each is answered at once, and only one unwinds."""

import contextlib
import os
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

#: The first Ctrl-C ends a command in good order within so many seconds; until then others change
#: nothing, and after that the next one ends it where it stands.
PATIENCE_S = 5.0
#: After so many seconds a signal comes again whose exception Python has dropped.
AGAIN_S = 0.02

_Handler = Callable[[int, FrameType | None], None]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, as an exception that can be watched."""


class Terminated(SystemExit):
    """SIGTERM or SIGHUP, as an exception that can be watched."""


class _Ending:
    """Sends a signal again whose exception was dropped before the command was over.

    Python drops exceptions in finalizers; libraries drop them too, some in C. All that is sure
    is that the exception is gone while the command still runs.
    """

    def __init__(self) -> None:
        self.over = False
        self._again = False
        self._watch: weakref.ref[BaseException] | None = None

    def _watched(self, number: int, exception: BaseException) -> BaseException:
        """The exception, which whoever calls raises at once: no frame may hold it."""

        def dropped(_: object) -> None:
            # not at once: Python would still be where it drops exceptions
            timer = threading.Timer(AGAIN_S, self._send, [number])
            timer.daemon = True
            if not self.over:
                timer.start()

        self._watch = weakref.ref(exception, dropped)
        return exception

    def _send(self, number: int) -> None:
        self._again = True
        main = threading.main_thread().ident  # the one that a signal must wake
        if main is not None and not self.over:
            signal.pthread_kill(main, number)


class Interrupt(_Ending):
    """The handler of Ctrl-C: the first one prints a word and raises KeyboardInterrupt."""

    def __init__(self) -> None:
        super().__init__()
        self._since: float | None = None

    @property
    def came(self) -> bool:
        """True if Ctrl-C was pressed."""
        return self._since is not None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._since is None:
            self._since = time.monotonic()
            # not through sys.stderr, which may be in the middle of a word
            with contextlib.suppress(OSError):
                os.write(2, b"\ninterrupt  ending in good order\n")
            raise self._watched(number, Interrupted())
        if self._again:
            self._again = False
            raise self._watched(number, Interrupted())
        if time.monotonic() - self._since > PATIENCE_S:
            os._exit(128 + number)


class Termination(_Ending):
    """The handler of SIGTERM and SIGHUP: unwinds the stack, as Ctrl-C does."""

    def __call__(self, number: int, frame: FrameType | None) -> None:
        raise self._watched(number, Terminated(128 + number))


@contextlib.contextmanager
def _unsaid() -> Iterator[None]:
    """Say nothing of a dropped exception of a signal: it comes again."""
    before = sys.unraisablehook

    def hook(dropped: "sys.UnraisableHookArgs") -> None:
        if not issubclass(dropped.exc_type, Interrupted | Terminated):
            before(dropped)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextlib.contextmanager
def answered() -> Iterator[Interrupt]:
    """Answer Ctrl-C within; if there was one, the process is about to end, and takes no other."""
    interrupt = Interrupt()
    with _handled(interrupt, [signal.SIGINT]), _unsaid():
        try:
            yield interrupt
        finally:
            interrupt.over = True
            if interrupt.came:
                signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack, so that they leave as little behind as Ctrl-C."""
    end = Termination()
    numbers = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    with _handled(end, numbers), _unsaid():
        try:
            yield
        finally:
            end.over = True


@contextlib.contextmanager
def _handled(handler: _Handler, numbers: list[signal.Signals]) -> Iterator[None]:
    """Handle signals within, but those that are ignored: nohup means it."""
    before: dict[int, Any] = {}
    try:
        for number in numbers:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, handler)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        for number, old in before.items():
            if signal.getsignal(number) is handler:
                signal.signal(number, old)
