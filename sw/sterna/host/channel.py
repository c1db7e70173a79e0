"""The reliable stream of bytes over a link: `sterna.link.HostEnd`, a port and a clock."""

import random
import time

from sterna.link import HostEnd, Statistics

from .links import Link

#: A wait that took so much longer than was asked for was a pause of the host itself, in seconds.
_PAUSE_S = 0.5


class _Clock:
    """Seconds, less those in which the host was stopped: a device is not silent meanwhile."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._now = 0.0

    def __call__(self) -> float:
        return self._now

    def advance(self, asked_s: float | None = None) -> None:
        """Catch up, at the end of a wait of at most `asked_s` if there was one."""
        now = time.monotonic()
        passed, self._last = now - self._last, now
        if asked_s is not None and passed > asked_s + _PAUSE_S:
            passed = asked_s
        self._now += passed


class Channel:
    """A reliable stream of bytes each way, over a link that may lose, damage or double bytes.

    Parameters
    ----------
    timeout_s : time without progress, in spite of asking again, after which the device is gone.

    Raises
    ------
    LinkError : nothing answers, or the session has ended; ProtocolError : what answers is no
    device, or of another version.
    """

    def __init__(self, link: Link, *, timeout_s: float = 5.0) -> None:
        self._link = link
        self._timeout_s = timeout_s
        self._clock = _Clock()
        self._session = random.SystemRandom().randrange(256)
        self._end = self._open()

    @property
    def name(self) -> str:
        """The device's name in messages."""
        return self._link.name

    @property
    def link(self) -> Link:
        """The wire."""
        return self._link

    @property
    def statistics(self) -> Statistics:
        """Counts of frames sent, received and repaired."""
        return self._end.statistics

    def close(self) -> None:
        """Close the link."""
        self._link.close()

    def reopen(self) -> None:
        """Begin a new session with the device; what was under way on the link is forgotten."""
        self._session = (self._session + 1) & 0xFF
        counted = self.statistics
        self._end = self._open()
        for name, count in vars(counted).items():
            setattr(self.statistics, name, getattr(self.statistics, name) + count)

    def send(self, data: bytes) -> None:
        """Queue bytes and send what the credit allows; never waits."""
        self._end.send(data)
        self._push()

    @property
    def unsent(self) -> int:
        """Bytes that wait for credit."""
        return self._end.unsent

    def flush(self) -> None:
        """Wait until all that was sent has arrived. Raises LinkError as `receive` does."""
        self._clock.advance()
        self._end.resume()
        while not self._end.delivered:
            self._wait()
            self._push()

    def receive(self) -> bytes:
        """The bytes that have come, at least one; meanwhile sends, acknowledges and repairs.

        Raises LinkError if the device falls silent, makes no progress, or has ended the session.
        """
        self._clock.advance()
        self._end.resume()
        while not (data := self._end.take()):
            self._wait()
            self._push()
        return data

    def poll(self) -> bytes:
        """The bytes that have come, without waiting."""
        self._clock.advance()
        if wire := self._link.read(0):
            self._end.hear(wire)
            self._push()
        return self._end.take()

    def _open(self) -> HostEnd:
        self._clock.advance()
        self._end = HostEnd(
            name=self.name, session=self._session, clock=self._clock, timeout_s=self._timeout_s
        )
        self._push()
        while not self._end.is_open:
            self._wait()
            self._push()
        return self._end

    def _wait(self) -> None:
        wait_s = self._end.wait_s
        wire = self._link.read(wait_s)
        self._clock.advance(wait_s)
        if wire:
            self._end.hear(wire)
        self._end.pass_time()

    def _push(self) -> None:
        if wire := self._end.speak():
            self._link.write(wire)
