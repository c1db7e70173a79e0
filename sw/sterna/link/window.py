"""The two halves of a reliable stream, as each end has them (docs/link-protocol.md, layer 3).

Offsets count bytes from the session's start, modulo 2^32; a frame carries the low half of a limit,
which is near enough to what is acknowledged. Both halves are plain state: no clock, no input or
output.
"""

import enum

from sterna.spec.link import HALF_BITS, OFFSET_BITS

WRAP = (1 << OFFSET_BITS) - 1
LOW = (1 << HALF_BITS) - 1
#: A difference of low halves from this on is negative.
HALF = 1 << HALF_BITS - 1


class SendWindow:
    """Bytes that wait to be sent, and those sent and not acknowledged.

    Members
    -------
    acked : offset up to which the peer has everything.
    sent : bytes from `acked` on that are under way.
    limit : offset up to which the peer accepts bytes.
    """

    def __init__(self, limit: int = 0) -> None:
        self._bytes = bytearray()  # from `acked` on
        self.acked = self.sent = 0
        self._top = 0  # most bytes from `acked` on that were ever under way
        self.limit = limit

    def __len__(self) -> int:
        """Bytes not acknowledged yet."""
        return len(self._bytes)

    @property
    def seq(self) -> int:
        """The offset of the next byte to be sent."""
        return (self.acked + self.sent) & WRAP

    @property
    def unsent(self) -> int:
        """Bytes that wait for credit."""
        return len(self._bytes) - self.sent

    @property
    def quiet(self) -> bool:
        """All that was ever sent is acknowledged."""
        return not self._top

    @property
    def goes_back(self) -> bool:
        """The next byte was sent before."""
        return self.sent < self._top

    def put(self, data: bytes) -> None:
        """Append bytes to the stream."""
        self._bytes += data

    def next(self, most: int) -> bytes:
        """Up to `most` bytes that the credit allows, now under way; b"" if there are none."""
        room = (self.limit - self.acked) & WRAP
        end = min(len(self._bytes), 0 if room >= HALF else room, self.sent + most)
        part = bytes(self._bytes[self.sent : end])
        self.sent += len(part)
        self._top = max(self._top, self.sent)
        return part

    def acknowledge(self, ack: int) -> int | None:
        """Bytes that this `ack` newly acknowledges; None if it is none of what was sent."""
        newly_acked = (ack - self.acked) & WRAP
        if newly_acked > self._top:
            return None
        del self._bytes[:newly_acked]
        self.acked = ack
        self._top -= newly_acked
        self.sent = max(0, self.sent - newly_acked)
        return newly_acked

    def allow(self, limit: int) -> bool:
        """Take the peer's limit if it is no older than the one that is known; True if it grew."""
        growth = (limit - self.limit) & LOW
        if not 0 < growth < HALF:
            return False
        self.limit = (self.limit + growth) & WRAP
        return True

    def set_limit(self, limit: int) -> None:
        """Take the peer's limit, older or not; call after `acknowledge`."""
        room = (limit - self.acked) & LOW
        self.limit = (self.acked + room - (0 if room < HALF else 1 << HALF_BITS)) & WRAP

    def rewind(self) -> None:
        """Send all that is not acknowledged once more."""
        self.sent = 0


class Arrival(enum.Enum):
    """The verdict on a payload."""

    TAKEN = enum.auto()
    OLD = enum.auto()  #: it had come before
    AHEAD = enum.auto()  #: something before it is missing, or it passes the credit


class ReceiveWindow:
    """Bytes that came in order and wait to be taken.

    Parameters
    ----------
    credit : bytes that may wait at most.

    Members
    -------
    expected : offset of the next byte to come.
    """

    def __init__(self, credit: int) -> None:
        self._credit = credit
        self._bytes = bytearray()
        self.expected = 0

    def __len__(self) -> int:
        return len(self._bytes)

    @property
    def limit(self) -> int:
        """The offset up to which bytes are accepted."""
        return (self.expected - len(self._bytes) + self._credit) & WRAP

    def offer(self, seq: int, payload: bytes) -> Arrival:
        """Take a frame's payload in, if it is the next one and lies within the credit."""
        fits = len(self._bytes) + len(payload) <= self._credit
        if fits and seq == self.expected:
            self._bytes += payload
            self.expected = (self.expected + len(payload)) & WRAP
            return Arrival.TAKEN
        ahead = (seq - self.expected) & WRAP <= WRAP // 2
        return Arrival.AHEAD if ahead else Arrival.OLD

    def take(self, count: int | None = None) -> bytes:
        """The bytes that wait, `count` at most."""
        data = bytes(self._bytes[:count])
        del self._bytes[: len(data)]
        return data
