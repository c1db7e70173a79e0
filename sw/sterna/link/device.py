"""The device's end of the link (docs/link-protocol.md, layer 3). It has no clock."""

from collections import deque
from collections.abc import Callable

from sterna.spec.link import (
    MAX_PAYLOAD,
    PROTOCOL_VERSION,
    RING_BYTES,
    SHORT_PAYLOAD,
    Flag,
    credit,
)

from .frames import Frame, FrameReader
from .window import LOW, WRAP, Arrival, ReceiveWindow, SendWindow


class DeviceEnd:
    """A device's end: bytes in by `hear`, bytes out by `speak`.

    Parameters
    ----------
    on_syn : called at each new session, after both directions were emptied.
    ring_bytes : bytes that each of its rings holds.

    Members
    -------
    crc_errors, refused_frames : counters, as the registers of these names.
    room : bytes that can be put now; the ring holds what was not acknowledged.
    """

    def __init__(self, on_syn: Callable[[], None], *, ring_bytes: int = RING_BYTES) -> None:
        self._on_syn = on_syn
        self._ring_bytes = ring_bytes
        self._credit_step = ring_bytes // 4  # growth of the credit that is worth a frame
        self._reader = FrameReader()
        self.crc_errors = self.refused_frames = 0
        self._session: int | None = None
        self._strange: deque[int] = deque(maxlen=1)  # session that RESET is to be sent to
        self._syn_due = False
        self._start(0)

    def _start(self, limit: int) -> None:
        self._in = ReceiveWindow(credit(self._ring_bytes))
        self._out = SendWindow(limit)
        self._advertised = credit(self._ring_bytes)
        self._careful = False  # something was asked for again, and is not acknowledged yet
        self._answer_due = self._repeat_due = False

    # the stream

    def take(self, count: int) -> bytes:
        """Up to `count` bytes that have come."""
        return self._in.take(count)

    @property
    def room(self) -> int:
        """Bytes that the transmit ring has room for."""
        return self._ring_bytes - len(self._out)

    @property
    def full_frame(self) -> bool:
        """True if enough bytes for a full frame wait."""
        return self._out.unsent >= MAX_PAYLOAD

    def put(self, data: bytes) -> None:
        """Queue bytes, at most `room`."""
        assert len(data) <= self.room
        self._out.put(data)

    # frames

    def hear(self, wire: bytes) -> None:
        """Take bytes from the wire."""
        for frame in self._reader.feed(wire):
            if frame is None:
                self.crc_errors += 1
                self._answer_due = self._repeat_due = self._session is not None
            elif frame.flags & Flag.SYN:
                self._open(frame)
            elif frame.version == PROTOCOL_VERSION:
                if frame.session == self._session:
                    self._accept(frame)
                else:
                    self._strange.append(frame.session)

    def _open(self, frame: Frame) -> None:
        """A SYN: of a new session, or once more of the one that is open."""
        self._syn_due = True
        if frame.session == self._session:
            self._out.rewind()
            return
        self._session = frame.session
        self._start(frame.limit)
        self._strange.clear()
        self._on_syn()

    def _accept(self, frame: Frame) -> None:
        newly_acked = self._out.acknowledge(frame.ack)
        if newly_acked is not None:
            self._out.set_limit(frame.limit)
            if newly_acked:
                self._careful = False
        if frame.flags & Flag.RESEND:
            self._answer_due = True
            if newly_acked is not None:
                self._out.rewind()
                self._careful = True
        if not frame.payload:
            return
        self._answer_due = True
        arrival = self._in.offer(frame.seq, frame.payload)
        self.refused_frames += arrival != Arrival.TAKEN
        self._repeat_due |= arrival == Arrival.AHEAD

    def speak(self) -> bytes:
        """All frames that are due, as bytes for the wire."""
        wire = b""
        while (frame := self._next()) is not None:
            wire += frame.encode()
        return wire

    def _next(self) -> Frame | None:
        if self._session is None or (self._strange and not self._syn_due):
            return self._reset()
        seq = self._out.seq
        if self._syn_due:
            flags, payload = Flag.SYN, b""
        else:
            flags = Flag.RESEND if self._repeat_due else 0
            payload = self._out.next(SHORT_PAYLOAD if self._careful else MAX_PAYLOAD)
        limit = self._in.limit
        credit_due = (limit - self._advertised) & WRAP >= self._credit_step
        if not (self._syn_due or self._answer_due or credit_due or payload):
            return None
        self._advertised = limit
        self._syn_due = self._answer_due = self._repeat_due = False
        return Frame(flags, seq, self._in.expected, limit & LOW, payload, session=self._session)

    def _reset(self) -> Frame | None:
        """Tell a host of another session that it is over; to nobody else before the first SYN."""
        if not self._strange:
            return None
        return Frame(Flag.RESET, session=self._strange.popleft())
