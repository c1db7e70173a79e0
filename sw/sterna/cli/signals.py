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
INTERRUPT_S = 5.0
#: After so many seconds a signal comes again whose exception Python has dropped.
AGAIN_S = 0.02

_Handler = Callable[[int, FrameType | None], None]


class Interrupted(KeyboardInterrupt):
    """A KeyboardInterrupt that takes weak references."""


class Terminated(SystemExit):
    """A SystemExit that takes weak references."""


class _Ending:
    """Raises a signal's exception again if it was dropped before the command ended.

    Python drops exceptions in finalizers, and libraries drop them too, some of them in C. A weak
    reference detects it: the exception is freed while the command still runs.
    """

    def __init__(self) -> None:
        self.over = False
        self._again = False
        self._watch: weakref.ref[BaseException] | None = None

    def _watched(self, number: int, exception: BaseException) -> BaseException:
        """Return the exception with a watch on it; the caller must raise it without a variable.

        A frame that holds it in a variable keeps it alive, through its own traceback.
        """

        def dropped(_: object) -> None:
            # after a delay: here Python would drop the next exception too
            timer = threading.Timer(AGAIN_S, self._send, [number])
            timer.daemon = True
            if not self.over:
                timer.start()

        self._watch = weakref.ref(exception, dropped)
        return exception

    def _send(self, number: int) -> None:
        self._again = True
        main = threading.main_thread().ident  # the thread that a signal must wake
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
        """Take the signal."""
        if self._since is None:
            self._since = time.monotonic()
            # not through sys.stderr, which may be in the middle of a word
            with contextlib.suppress(OSError):
                os.write(2, b"\ninterrupt  ending in good order\n")
            raise self._watched(number, Interrupted())
        if self._again:
            self._again = False
            raise self._watched(number, Interrupted())
        if time.monotonic() - self._since > INTERRUPT_S:
            os._exit(128 + number)


class Termination(_Ending):
    """The handler of SIGTERM and SIGHUP: unwinds the stack, as Ctrl-C does."""

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take the signal."""
        raise self._watched(number, Terminated(128 + number))


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Print nothing about a dropped exception of a signal, since it is raised again."""
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
    with _handled(interrupt, [signal.SIGINT]), _silent():
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
    with _handled(end, numbers), _silent():
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
