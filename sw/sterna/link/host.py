"""The host's end of the link (docs/link-protocol.md, layer 3), which alone keeps time."""

from collections.abc import Callable
from dataclasses import dataclass

from sterna.spec import LinkError, ProtocolError
from sterna.spec.link import MAX_PAYLOAD, PROTOCOL_VERSION, Flag

from .frames import Frame, FrameReader, old_version
from .timing import RoundTrip
from .window import HALF, LOW, WRAP, Arrival, ReceiveWindow, SendWindow

#: Bytes that the host takes before they are read; far more than a device may have under way.
CREDIT = 0x4000
#: A device that answers, and agrees on every offset, but sends nothing for so many time-outs is
#: stuck: its tick never ends.
MAX_TIMEOUTS = 12
#: Frames shrink down to this payload on a link that damages long ones, in bytes.
_SHORTEST = 24
#: Bytes kept of what came before the session was open, for the error message.
_JUNK_KEPT = 4096


@dataclass
class Statistics:
    """Frames since the end was made; `repairs` counts the times that the host went back."""

    sent: int = 0
    received: int = 0
    damaged: int = 0
    out_of_order: int = 0
    repairs: int = 0


class HostEnd:
    """A host's end: bytes in by `hear`, bytes out by `speak`.

    Whoever waits for bytes waits `wait_s` at most, then calls `hear`, `pass_time` and `speak`.

    Parameters
    ----------
    name : of the device, in errors.
    session : number of the session, 0..255; best another than that of the session before.
    clock : seconds, from any start; it should stand still while the host itself does.
    timeout_s : time without progress after which the device counts as gone. Progress is any byte
        of either stream that arrives in order, and any growth of the credit.

    Raises
    ------
    LinkError : `hear` and `pass_time`, if the device is gone, was reset or was opened anew.
    ProtocolError : `hear` and `pass_time`, if what answers is no device, or of another version.
    """

    def __init__(
        self, *, name: str, session: int, clock: Callable[[], float], timeout_s: float
    ) -> None:
        self._name, self._clock, self._timeout_s = name, clock, timeout_s
        self.statistics = Statistics()
        self._reader = FrameReader()
        self._round_trip = RoundTrip()
        self._junk = b""
        self._start(session)
        self._opened_at = clock()

    def _start(self, session: int) -> None:
        self._session = session
        self._out, self._in = SendWindow(), ReceiveWindow(CREDIT)
        self._urgent: list[Frame] = []  # requests to go out before anything else
        self._piece = MAX_PAYLOAD
        self._repaired_at: int | None = None
        self._asked_at: int | None = None
        self._answer_due = False
        self._timed: tuple[int, float] | None = None  # an offset sent once, and when
        self.is_open = False
        self._syn_due = True
        self._syn_at = self._heard_at = self._clock()
        self.resume()

    # the stream

    def send(self, data: bytes) -> None:
        """Queue bytes."""
        self._out.put(data)

    @property
    def unsent(self) -> int:
        """Bytes that wait for credit."""
        return self._out.unsent

    @property
    def delivered(self) -> bool:
        """All that was queued has arrived."""
        return self._out.quiet and not self._out.unsent

    def take(self) -> bytes:
        """The bytes that have come."""
        return self._in.take()

    def resume(self) -> None:
        """Count silence from now on: nobody has listened until now."""
        self._moved_at = self._agreed_at = self._quiet_since = self._clock()

    @property
    def wait_s(self) -> float:
        """Seconds of further silence until it is time to ask again, or to give up."""
        return max(0.0, min(self._ask_at, self._gone_at) - self._clock())

    @property
    def _ask_at(self) -> float:
        return self._quiet_since + self._round_trip.silence_s

    @property
    def _gone_at(self) -> float:
        """When the device counts as gone, if nothing moves until then."""
        if not self.is_open:
            return self._opened_at + self._timeout_s
        return max(self._moved_at, self._agreed_at) + self._allowed_s

    @property
    def _allowed_s(self) -> float:
        return self._timeout_s + self._round_trip.slack_s

    # frames received

    def hear(self, wire: bytes) -> None:
        """Take bytes from the wire."""
        if not self.is_open:
            self._junk = (self._junk + wire)[:_JUNK_KEPT]
        for frame in self._reader.feed(wire):
            self.statistics.received += 1
            if frame is None:
                self.statistics.damaged += 1
                self._ask(self.is_open)
            elif not self.is_open:
                self._answer(frame)
            elif frame.flags & (Flag.SYN | Flag.RESET):
                self._check_alive(frame)
            elif frame.session == self._session and frame.version == PROTOCOL_VERSION:
                self._accept(frame)
        # a frame that has begun to come is no silence
        self._quiet_since = self._clock()

    def _answer(self, frame: Frame) -> None:
        """While it is being opened: wait for the answer to the SYN."""
        if not frame.flags & Flag.SYN:
            return
        if frame.limit == CREDIT:  # far more than a device gives
            raise ProtocolError(
                f"{self._name}: this is an echo, not a Sterna device: check "
                "that it is the right port, and that its pins are not joined"
            )
        if frame.version != PROTOCOL_VERSION:
            raise self._other_version(frame.version)
        if frame.session != self._session:
            return
        if frame.seq or frame.ack:
            # by chance the device's last session had this number, and it took the SYN for an old
            # one: begin another
            self._start((self._session + 1) & 0xFF)
            return
        # of a SYN that was repeated, the first counts: too long a round trip corrects itself
        self._round_trip.sample(self._clock() - self._syn_at)
        self._round_trip.received()
        self.is_open = True
        self._junk = b""
        self._out.allow(frame.limit)
        self.resume()

    def _check_alive(self, frame: Frame) -> None:
        """Raise LinkError if the frame says that the session is over."""
        if frame.flags & Flag.RESET and frame.session == self._session:
            raise LinkError(
                f"{self._name}: the device was reset, and its network is lost: open it again and "
                "load the network"
            )
        if frame.flags & Flag.SYN and frame.session != self._session:
            raise LinkError(
                f"{self._name}: another program has opened the device: open it again when that "
                "one has ended"
            )

    def _accept(self, frame: Frame) -> None:
        self._heard_at = now = self._clock()
        self._round_trip.received()
        newly_acked = self._out.acknowledge(frame.ack)
        moved = False
        if newly_acked is not None:
            moved = self._out.allow(frame.limit) or newly_acked > 0
            if newly_acked:
                self._grow(frame.ack, now)
            # go back once at each offset: a duplicated request must not cause further requests
            if frame.flags & Flag.RESEND and self._repaired_at != frame.ack:
                self._repaired_at = frame.ack
                self._go_back()
            credit = (frame.limit - frame.ack) & LOW
            if self._out.quiet and frame.seq == self._in.expected and credit < HALF:
                self._agreed_at = now
        if frame.payload:
            self._answer_due = True
            arrival = self._in.offer(frame.seq, frame.payload)
            moved |= arrival == Arrival.TAKEN
            self.statistics.out_of_order += arrival != Arrival.TAKEN
            self._ask(arrival == Arrival.AHEAD)
        if moved:
            self._moved_at = now

    def _grow(self, ack: int, now: float) -> None:
        """Bytes have arrived: measure the round trip, dare longer frames."""
        self._piece = min(MAX_PAYLOAD, self._piece + 8)
        if self._timed and (ack - self._timed[0]) & WRAP <= CREDIT:
            self._round_trip.sample(now - self._timed[1])
            self._timed = None

    def _go_back(self) -> None:
        self.statistics.repairs += 1
        if not self._out.quiet:
            self._piece = max(_SHORTEST, self._piece // 2)
        self._out.rewind()
        self._timed = None

    def _ask(self, missing: bool) -> None:
        """Ask for what is missing, once at each offset: each frame behind a gap shows the gap."""
        if missing and self._asked_at != self._in.expected:
            self._asked_at = self._in.expected
            self._urgent.append(self._frame(Flag.RESEND))

    # frames sent

    def speak(self) -> bytes:
        """The bytes that are due now."""
        frames, self._urgent = self._urgent, []
        if not self.is_open:
            if self._syn_due:
                frames = [Frame(Flag.SYN, limit=CREDIT, session=self._session)]
            self._syn_due = False
            # the zero ends what a broken-off session may have left half sent
            return b"\0" + self._encode(frames) if frames else b""
        while True:
            seq, again = self._out.seq, self._out.goes_back
            part = self._out.next(self._piece)
            if not part:
                break
            frames.append(self._frame(0, part, seq))
            if self._timed is None and not again:
                self._timed = self._out.seq, self._clock()
        if self._answer_due and not frames:
            frames.append(self._frame(0))
        if frames:
            self._answer_due = False
        return self._encode(frames)

    def pass_time(self) -> None:
        """Ask again or give up, by the clock; call it when all that came was read."""
        now = self._clock()
        if now >= self._gone_at:
            if not self.is_open:
                raise self._closed()
            raise self._silence() if self._heard_at <= self._moved_at else self._stuck(now)
        if self.is_open and now - self._moved_at > MAX_TIMEOUTS * self._allowed_s:
            raise self._stuck(now)
        if now >= self._ask_at:
            self._ask_again()
            self._round_trip.back_off()
            self._quiet_since = now

    def _ask_again(self) -> None:
        """After a silence: ask for what may have been lost, and send our own again."""
        if not self.is_open:
            self._syn_due = True
            return
        self._go_back()
        self._repaired_at = self._asked_at = None
        self._urgent.append(self._frame(Flag.RESEND))

    def _encode(self, frames: list[Frame]) -> bytes:
        self.statistics.sent += len(frames)
        return b"".join(frame.encode() for frame in frames)

    def _frame(self, flags: int, payload: bytes = b"", seq: int | None = None) -> Frame:
        limit, expected = self._in.limit, self._in.expected
        seq = self._out.seq if seq is None else seq
        return Frame(flags, seq, expected, limit & LOW, payload, session=self._session)

    # errors

    def _closed(self) -> LinkError | ProtocolError:
        for block in self._junk.split(b"\0"):
            if version := old_version(block):
                return self._other_version(version)
        if self._junk:
            return ProtocolError(
                f"{self._name}: something answers ({len(self._junk)} bytes), but it is not a "
                "Sterna device: check that it is the right port and bit rate, and that the "
                "bitstream is loaded"
            )
        return self._silence()

    def _other_version(self, version: int) -> ProtocolError:
        return ProtocolError(
            f"{self._name}: the device speaks protocol version {version}, this host "
            f"{PROTOCOL_VERSION}: build the bitstream and install sterna from one release"
        )

    def _stuck(self, now: float) -> LinkError:
        return LinkError(
            f"{self._name}: the device answers but has made no progress for "
            f"{now - self._moved_at:.1f} s: reset it"
        )

    def _silence(self) -> LinkError:
        return LinkError(
            f"{self._name}: no answer for {self._timeout_s:g} s: is the board powered, its "
            "bitstream loaded, and not in use by another program?"
        )
