"""Signals that end a command: each is answered at once, and only one unwinds."""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

#: The first Ctrl-C ends a command in good order within so many seconds; until then others change
#: nothing, and after that the next one ends it where it stands.
PATIENCE_S = 5.0
#: After so many seconds a signal comes again whose exception Python has dropped.
AGAIN_S = 0.02

_Handler = Callable[[int, FrameType | None], None]


class Interrupt:
    """The handler of Ctrl-C: the first one prints a word and raises KeyboardInterrupt."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._dropped = False

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
            raise KeyboardInterrupt
        if self._dropped:
            self._dropped = False
            raise KeyboardInterrupt
        if time.monotonic() - self._since > PATIENCE_S:
            os._exit(128 + number)

    def again(self) -> None:
        """Be ready for the signal to come once more, as its exception was dropped."""
        self._dropped = True


class Termination:
    """The handler of SIGTERM and SIGHUP: unwinds the stack, as Ctrl-C does."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        raise SystemExit(128 + number)


@contextlib.contextmanager
def _kept(kind: type[BaseException], number: Callable[[], int]) -> Iterator[None]:
    """Send a signal again, a moment later, whose exception Python drops: in finalizers, say.

    `number` tells the signal, and gets ready for it; 0: none came, the exception is another one.
    """
    before = sys.unraisablehook

    def hook(dropped: "sys.UnraisableHookArgs") -> None:
        if dropped.exc_type is not kind or not (signal_number := number()):
            before(dropped)
            return
        # not at once: Python would still be where it drops exceptions
        main = threading.main_thread().ident  # the one that a signal must wake
        again = threading.Timer(AGAIN_S, signal.pthread_kill, [main, signal_number])
        again.daemon = True
        again.start()

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextlib.contextmanager
def answered() -> Iterator[Interrupt]:
    """Answer Ctrl-C within; if there was one, the process is about to end, and takes no other."""
    interrupt = Interrupt()

    def dropped() -> int:
        if interrupt.came:
            interrupt.again()
        return int(interrupt.came and signal.SIGINT)

    with _handled(interrupt, [signal.SIGINT]), _kept(KeyboardInterrupt, dropped):
        try:
            yield interrupt
        finally:
            if interrupt.came:
                signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack, so that they leave as little behind as Ctrl-C."""
    end = Termination()
    numbers = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    with _handled(end, numbers), _kept(SystemExit, lambda: end.number):
        yield


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
