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

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Raise again, a moment later, what Python drops: exceptions in finalizers and the like."""
        before = sys.unraisablehook

        def hook(dropped: "sys.UnraisableHookArgs") -> None:
            if not (self.came and dropped.exc_type is KeyboardInterrupt):
                before(dropped)
                return
            self._dropped = True
            # not at once: Python would still be where it drops exceptions
            main = threading.main_thread().ident  # the one that a signal must wake
            again = threading.Timer(AGAIN_S, signal.pthread_kill, [main, signal.SIGINT])
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
    with _handled(interrupt, [signal.SIGINT]), interrupt.kept():
        try:
            yield interrupt
        finally:
            if interrupt.came:
                signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack, so that they leave as little behind as Ctrl-C."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    numbers = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    with _handled(end, numbers):
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
