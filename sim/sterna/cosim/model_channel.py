"""The reliable stream of bytes, the device's side (docs/link-protocol.md, layer 3), in Python."""

from collections.abc import Callable

from sterna.host.frames import Frame, FrameReader
from sterna.spec.link import DEVICE_CREDIT, MAX_PAYLOAD, PROTOCOL_VERSION, RING_BYTES, Flag

_WRAP = 0xFFFF
_HALF = 0x8000
#: Growth of the credit that is worth a frame of its own.
CREDIT_STEP = RING_BYTES // 4


class DeviceChannel:
    """A device's end of the stream: no timers, nothing sent before the first SYN.

    Parameters
    ----------
    on_syn : called at each SYN, after both directions were emptied.

    Members
    -------
    crc_errors, refused_frames : counters, as the registers of these names.
    room : bytes that can be put now; the ring holds what was not acknowledged.
    """

    def __init__(self, on_syn: Callable[[], None]) -> None:
        self._on_syn = on_syn
        self._reader = FrameReader()
        self._peer_limit = 0
        self.crc_errors = self.refused_frames = 0
        self._live = self._syn_due = False
        self._reset()

    def _reset(self) -> None:
        # receiving: accepted and not taken; offsets expected next, and taken
        self._in = bytearray()
        self._expected = self._consumed = 0
        # sending: not acknowledged, from offset `_acked` on; of these `_sent` are under way
        self._out = bytearray()
        self._acked = self._sent = self._top = 0
        self._told = DEVICE_CREDIT
        self._answer_due = self._repeat_due = False

    # the stream

    def take(self, count: int) -> bytes:
        """Up to `count` bytes that have come."""
        data = bytes(self._in[:count])
        del self._in[:count]
        self._consumed = (self._consumed + len(data)) & _WRAP
        return data

    @property
    def room(self) -> int:
        return RING_BYTES - len(self._out)

    @property
    def full_frame(self) -> bool:
        """So many bytes wait that waiting for more makes no sense."""
        return len(self._out) - self._sent >= MAX_PAYLOAD

    def put(self, data: bytes) -> None:
        """Queue bytes, at most `room`."""
        assert len(data) <= self.room
        self._out += data

    # frames

    def hear(self, wire: bytes) -> None:
        """Take bytes from the wire."""
        for frame in self._reader.feed(wire):
            if frame is None:
                self.crc_errors += 1
                self._answer_due = self._repeat_due = True
            elif frame.flags & Flag.SYN:
                self._reset()
                self._peer_limit = frame.limit
                self._live = self._syn_due = True
                self._on_syn()
            elif frame.version == PROTOCOL_VERSION:
                self._accept(frame)

    def _accept(self, frame: Frame) -> None:
        self._peer_limit = frame.limit
        fresh = (frame.ack - self._acked) & _WRAP
        if fresh <= self._top:
            del self._out[:fresh]
            self._acked = frame.ack
            self._top -= fresh
            self._sent = max(0, self._sent - fresh)
        if frame.flags & Flag.RESEND:
            self._sent = 0
            self._answer_due = True
        if not frame.payload:
            return
        self._answer_due = True
        fits = len(self._in) + len(frame.payload) <= DEVICE_CREDIT
        if fits and frame.seq == self._expected:
            self._in += frame.payload
            self._expected = (self._expected + len(frame.payload)) & _WRAP
        else:
            self.refused_frames += 1
            # behind what is expected: doubled, and no more than acknowledged again
            if (frame.seq - self._expected) & _WRAP < _HALF:
                self._repeat_due = True

    def speak(self) -> bytes:
        """All frames that are due, as bytes for the wire."""
        wire = b""
        while self._live and (frame := self._next()) is not None:
            wire += frame.encode()
        return wire

    def _next(self) -> Frame | None:
        if self._syn_due:
            flags = Flag.SYN
            payload = b""
        else:
            flags = Flag.RESEND if self._repeat_due else 0
            payload = self._sendable()
        limit = (self._consumed + DEVICE_CREDIT) & _WRAP
        credit_due = (limit - self._told) & _WRAP >= CREDIT_STEP
        if not (self._syn_due or self._answer_due or credit_due or payload):
            return None
        frame = Frame(flags, (self._acked + self._sent) & _WRAP, self._expected, limit, payload)
        self._sent += len(payload)
        self._top = max(self._top, self._sent)
        self._told = limit
        self._syn_due = self._answer_due = self._repeat_due = False
        return frame

    def _sendable(self) -> bytes:
        room = (self._peer_limit - self._acked - self._sent) & _WRAP
        if room >= _HALF:
            return b""
        end = self._sent + min(room, MAX_PAYLOAD)
        return bytes(self._out[self._sent : end])
