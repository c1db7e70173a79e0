"""The reliable stream of bytes over a link, the host's side (docs/link-protocol.md, layer 3)."""

import logging
import time
from dataclasses import dataclass

from sterna.spec import LinkError, ProtocolError
from sterna.spec.link import MAX_PAYLOAD, PROTOCOL_VERSION, Flag

from .frames import Frame, FrameReader
from .links import Link

logger = logging.getLogger(__name__)

#: Silence after which the host asks again, in seconds.
SILENCE_S = 0.1
#: Bytes that the host takes before they are read; far more than a device may have under way.
CREDIT = 0x4000
#: A device that answers but sends no byte of the stream for so many time-outs is stuck.
PATIENCE = 12
_WRAP = 0xFFFF


@dataclass
class Statistics:
    """Frames since the channel was opened; `repairs` counts the times that the host went back."""

    sent: int = 0
    received: int = 0
    damaged: int = 0
    out_of_order: int = 0
    repairs: int = 0


class Channel:
    """A reliable stream of bytes each way, over a link that may lose, damage or double frames.

    Parameters
    ----------
    timeout_s : silence, in spite of asking again, after which the device counts as gone.

    Raises
    ------
    LinkError : nothing answers; ProtocolError : what answers is no device, or of another version.
    """

    def __init__(self, link: Link, *, timeout_s: float = 5.0) -> None:
        self._link = link
        self._timeout_s = timeout_s
        self.statistics = Statistics()
        self._reader = FrameReader()
        # sending: bytes from offset `_acked` on, of which `_sent` are under way, `_top` ever were
        self._out = bytearray()
        self._acked = self._sent = self._top = 0
        self._peer_limit = 0
        self._repaired_at: int | None = None
        # receiving
        self._in = bytearray()
        self._expected = 0
        self._answer_due = False
        self._asked_at: int | None = None
        self._open()

    @property
    def name(self) -> str:
        return self._link.name

    def close(self) -> None:
        self._link.close()

    def send(self, data: bytes) -> None:
        """Queue bytes and send what the credit allows; never waits."""
        self._out += data
        self._push()

    @property
    def unsent(self) -> int:
        """Bytes that wait for credit."""
        return len(self._out) - self._sent

    def receive(self) -> bytes:
        """The bytes that have come, at least one; meanwhile sends, acknowledges and repairs.

        Raises LinkError if the device falls silent, or answers but makes no progress.
        """
        start = heard = time.monotonic()
        while not self._in:
            data = self._link.read(SILENCE_S)
            now = time.monotonic()
            if data:
                heard = now
                self._take(data)
            else:
                if now - heard > self._timeout_s:
                    raise self._silence()
                self._ask_again()
            if now - start > PATIENCE * self._timeout_s:
                raise LinkError(
                    f"{self.name}: the device answers but has made no progress for "
                    f"{now - start:.0f} s: reset it"
                )
        data = bytes(self._in)
        self._in.clear()
        return data

    def poll(self) -> bytes:
        """The bytes that have come, without waiting."""
        if not self._in:
            data = self._link.read(0)
            if data:
                self._take(data)
        data = bytes(self._in)
        self._in.clear()
        return data

    # opening

    def _open(self) -> None:
        """Send SYN until it is answered; what comes before the answer is of no interest."""
        deadline = time.monotonic() + self._timeout_s
        junk = 0
        while time.monotonic() < deadline:
            self._write([Frame(Flag.SYN, limit=CREDIT)])
            while data := self._link.read(SILENCE_S):
                frames = self._reader.feed(data)
                for index, frame in enumerate(frames):
                    if frame and frame.flags & Flag.SYN:
                        self._check_answer(frame)
                        self._peer_limit = frame.limit
                        self._handle(frames[index + 1 :])
                        return
                junk += len(data)
                if time.monotonic() > deadline:
                    break
        if junk:
            raise ProtocolError(
                f"{self.name}: something answers ({junk} bytes) but no Sterna device: check that "
                "it is the right port and bit rate, and that the bitstream is loaded"
            )
        raise self._silence()

    def _silence(self) -> LinkError:
        return LinkError(
            f"{self.name}: no answer for {self._timeout_s:g} s: is the board powered, its "
            "bitstream loaded, and not in use by another program?"
        )

    def _check_answer(self, frame: Frame) -> None:
        """Raise ProtocolError if a SYN answer comes from no device that this host can talk to."""
        if frame.limit == CREDIT:  # far more than a device gives
            raise ProtocolError(
                f"{self.name}: it sends back what it is sent, an echo and no Sterna device: check "
                "that it is the right port, and that its pins are not joined"
            )
        if frame.version != PROTOCOL_VERSION:
            raise ProtocolError(
                f"{self.name}: the device speaks protocol version {frame.version}, this host "
                f"{PROTOCOL_VERSION}: build the bitstream and install sterna from one release"
            )

    # sending

    def _push(self) -> None:
        """Send frames as far as the credit goes, or a bare acknowledgement if one is due."""
        room = (self._peer_limit - self._acked) & _WRAP
        end = min(len(self._out), 0 if room > _WRAP // 2 else room)
        frames: list[Frame] = []
        while self._sent < end:
            part = bytes(self._out[self._sent : min(end, self._sent + MAX_PAYLOAD)])
            frames.append(self._frame(0, part))
            self._sent += len(part)
        self._top = max(self._top, self._sent)
        if self._answer_due and not frames:
            frames.append(self._frame(0))
        if frames:
            self._write(frames)

    def _frame(self, flags: int, payload: bytes = b"") -> Frame:
        self._answer_due = False
        limit = (self._expected + CREDIT) & _WRAP
        return Frame(flags, (self._acked + self._sent) & _WRAP, self._expected, limit, payload)

    def _write(self, frames: list[Frame]) -> None:
        self.statistics.sent += len(frames)
        self._link.write(b"".join(frame.encode() for frame in frames))

    def _ask_again(self) -> None:
        """After a silence: ask for what may have been lost, and send our own again."""
        self.statistics.repairs += 1
        self._write([self._frame(Flag.RESEND)])
        self._sent = 0
        self._repaired_at = self._asked_at = None
        self._push()

    # receiving

    def _take(self, data: bytes) -> None:
        self._handle(self._reader.feed(data))

    def _handle(self, frames: list[Frame | None]) -> None:
        ask = False
        for frame in frames:
            self.statistics.received += 1
            if frame is None:
                self.statistics.damaged += 1
                ask = True
            elif frame.flags & Flag.SYN:
                # a late answer to a repeated SYN: what came before it belongs to no request
                self._check_answer(frame)
                self._in.clear()
                self._expected = 0
                self._asked_at = None
            elif frame.version == PROTOCOL_VERSION:
                ask |= self._accept(frame)
        # asked for once at each offset: every frame behind a gap shows the same gap
        if ask and self._asked_at != self._expected:
            self._asked_at = self._expected
            self._write([self._frame(Flag.RESEND)])
        self._push()

    def _accept(self, frame: Frame) -> bool:
        """Take a frame in; True if it shows that something is missing."""
        acked = (frame.ack - self._acked) & _WRAP
        if acked <= self._top:
            del self._out[:acked]
            self._acked = frame.ack
            self._top -= acked
            self._sent = max(0, self._sent - acked)
            self._peer_limit = frame.limit
            # go back once at each offset, lest answers to what was doubled breed more
            if frame.flags & Flag.RESEND and self._repaired_at != frame.ack:
                self.statistics.repairs += 1
                self._repaired_at = frame.ack
                self._sent = 0
        if not frame.payload:
            return False
        self._answer_due = True
        if frame.seq == self._expected:
            self._in += frame.payload
            self._expected = (self._expected + len(frame.payload)) & _WRAP
            return False
        self.statistics.out_of_order += 1
        return (frame.seq - self._expected) & _WRAP <= _WRAP // 2  # ahead: a gap; behind: doubled
