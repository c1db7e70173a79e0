"""The host's end alone: what it counts, what it refuses, and when it gives up."""

import pytest

from sterna.link import Frame, HostEnd
from sterna.link.frames import FrameReader
from sterna.link.host import CREDIT
from sterna.spec import LinkError, ProtocolError
from sterna.spec.link import Flag

SESSION, TIMEOUT_S = 7, 5.0
LIMIT = 508
#: Time-outs after which a device that answers and does nothing is stuck.
STUCK = 12


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def end(clock: Clock) -> HostEnd:
    """An end that waits for the answer to its SYN."""
    end = HostEnd(name="board", session=SESSION, clock=clock, timeout_s=TIMEOUT_S)
    assert [frame.flags for frame in frames(end.speak())] == [Flag.SYN]
    return end


@pytest.fixture
def opened(end: HostEnd) -> HostEnd:
    end.hear(answer(Flag.SYN))
    assert end.is_open
    end.speak()
    return end


def frames(wire: bytes) -> list[Frame]:
    return [frame for frame in FrameReader().feed(wire) if frame]


def answer(
    flags: int = 0, *, ack: int = 0, seq: int = 0, payload: bytes = b"", limit: int = LIMIT
) -> bytes:
    """A device's frame, with a zero before it as a port may have."""
    frame = Frame(flags, seq, ack, limit + ack, payload, session=SESSION)
    return b"\0" + frame.encode()


def test_its_own_syn_is_an_echo(end: HostEnd, clock: Clock) -> None:
    again = HostEnd(name="board", session=SESSION, clock=clock, timeout_s=TIMEOUT_S)
    with pytest.raises(ProtocolError, match="board: this is an echo, not a Sterna device"):
        end.hear(again.speak())
    assert CREDIT > LIMIT  # a device gives less, so that its answer is none
    again.hear(answer(Flag.SYN))
    assert again.is_open


def test_damaged_frames_are_counted_and_asked_for_once(opened: HostEnd) -> None:
    bad = bytearray(answer(payload=b"abc"))
    bad[-3] ^= 0x10
    for count in (1, 2, 3):
        opened.hear(bytes(bad))
        assert opened.statistics.damaged == count
    asked = [frame for frame in frames(opened.speak()) if frame.flags & Flag.RESEND]
    assert len(asked) == 1
    assert opened.statistics.out_of_order == 0


def test_a_request_to_send_again_is_one_repair_at_each_offset(opened: HostEnd) -> None:
    opened.send(b"0123456789")
    first = frames(opened.speak())
    assert [frame.payload for frame in first] == [b"0123456789"]
    for _ in range(3):
        opened.hear(answer(Flag.RESEND, ack=4))
    assert opened.statistics.repairs == 1
    assert [(frame.seq, frame.payload) for frame in frames(opened.speak())] == [(4, b"456789")]
    opened.hear(answer(Flag.RESEND, ack=6))
    assert opened.statistics.repairs == 2


def test_frames_sent_and_received_are_counted(opened: HostEnd) -> None:
    before = opened.statistics.sent
    opened.send(bytes(500))
    sent = frames(opened.speak())
    assert opened.statistics.sent - before == len(sent) == 3
    received = opened.statistics.received
    opened.hear(answer(payload=b"a") + answer(seq=1, payload=b"b") + answer(seq=9, payload=b"c"))
    assert opened.statistics.received - received == 3
    assert opened.statistics.out_of_order == 1
    assert opened.take() == b"ab"


def test_a_silent_device_is_given_up_after_its_timeout(opened: HostEnd, clock: Clock) -> None:
    opened.send(b"x")
    opened.speak()
    clock.now += TIMEOUT_S / 2
    opened.pass_time()
    clock.now += TIMEOUT_S
    with pytest.raises(LinkError, match="board: no answer for 5 s"):
        opened.pass_time()


def test_a_device_that_answers_and_does_nothing_is_stuck(opened: HostEnd, clock: Clock) -> None:
    """It agrees on every offset, a hundred times a time-out, and no byte moves."""

    def idle() -> None:
        while clock.now < 10 * STUCK * TIMEOUT_S:
            clock.now += TIMEOUT_S / 100
            opened.hear(answer())
            opened.pass_time()
            opened.speak()

    with pytest.raises(LinkError, match=r"answers but has made no progress for \d+\.\d s: reset"):
        idle()
    assert TIMEOUT_S * (STUCK - 1) < clock.now < TIMEOUT_S * (STUCK + 2)


@pytest.mark.control
def test_a_device_that_moves_is_not_stuck(opened: HostEnd, clock: Clock) -> None:
    for at in range(50 * STUCK):
        clock.now += TIMEOUT_S / 10
        opened.hear(answer(seq=at, payload=b"."))
        opened.pass_time()
        opened.speak()
    assert len(opened.take()) == 50 * STUCK
