"""The reliable stream, against a device that does nothing but send back what it gets."""

import dataclasses
import random
import time
from collections.abc import Callable

import pytest

from sterna.host import Channel
from sterna.link import DeviceEnd
from sterna.link.frames import Frame, FrameReader
from sterna.spec import LinkError
from sterna.spec.link import MAX_PAYLOAD, PROTOCOL_VERSION, RING_BYTES, Flag, credit
from tests.host.faulty import FaultyLink

DEVICE_CREDIT = credit(RING_BYTES)


class Echo:
    """A device whose stream comes back; `stuck` it takes nothing, `mute` nothing leaves it."""

    name = "echo board"

    def __init__(self) -> None:
        self.device = DeviceEnd(lambda: None)
        self.stuck = self.mute = False
        self.sent: list[Frame] = []
        self._reader = FrameReader()

    def write(self, data: bytes) -> None:
        self.sent += [frame for frame in self._reader.feed(data) if frame]
        self.device.hear(data)

    def read(self, timeout_s: float) -> bytes:
        if not self.stuck:
            self.device.put(self.device.take(self.device.room))
        data = b"" if self.mute else self.device.speak()
        if not data and timeout_s > 0:
            time.sleep(timeout_s)
        return data

    def close(self) -> None:
        self.mute = True


def exchange(channel: Channel, data: bytes, piece: int) -> bytes:
    """Send in pieces, without reading but for what comes by itself; then read the rest."""
    seen = b""
    for at in range(0, len(data), piece):
        channel.send(data[at : at + piece])
        seen += channel.poll()
    while len(seen) < len(data):
        seen += channel.receive()
    return seen


@pytest.mark.parametrize("piece", [1, 100, 5_000, 300_000])
def test_both_ways_full_do_not_deadlock_and_offsets_wrap(piece: int) -> None:
    data = random.Random(piece).randbytes(300_000 if piece > 1 else 5_000)
    channel = Channel(Echo())
    assert exchange(channel, data, piece) == data
    assert channel.statistics.repairs == 0
    assert channel.unsent == 0


def test_frames_fill_the_credit_before_anything_is_heard() -> None:
    link = Echo()
    channel = Channel(link)
    channel.send(bytes(2000))
    payloads = [len(frame.payload) for frame in link.sent[1:]]
    assert payloads == [MAX_PAYLOAD, MAX_PAYLOAD, DEVICE_CREDIT - 2 * MAX_PAYLOAD]
    assert channel.unsent == 2000 - DEVICE_CREDIT


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("seed", range(5))
def test_stream_survives_a_bad_link(seed: int) -> None:
    data = random.Random(seed).randbytes(50_000)
    link = FaultyLink(Echo(), seed)
    channel = Channel(link)
    link.break_(0.1)
    assert exchange(channel, data, 700) == data
    assert link.counts.total() > 20
    assert channel.statistics.repairs > 0


@pytest.mark.usefixtures("hasty")
def test_lost_answer_is_asked_for_after_a_silence() -> None:
    link = Echo()
    channel = Channel(link)
    channel.send(b"hello")
    link.read(0)
    assert channel.receive() == b"hello"
    assert channel.statistics.repairs == 1
    assert [frame.flags for frame in link.sent] == [Flag.SYN, 0, Flag.RESEND, 0, 0]


def test_silence_is_told_after_the_timeout() -> None:
    link = Echo()
    channel = Channel(link, timeout_s=0.3)
    link.mute = True
    channel.send(b"hello")
    start = time.monotonic()
    with pytest.raises(LinkError, match=r"echo board: no answer for 0\.3 s: is the board powered"):
        channel.receive()
    assert 0.3 < time.monotonic() - start < 20


@pytest.mark.usefixtures("hasty")
def test_device_that_answers_but_does_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sterna.link.host.MAX_TIMEOUTS", 2)
    link = Echo()
    channel = Channel(link, timeout_s=0.2)
    link.stuck = True
    channel.send(b"hello")
    with pytest.raises(LinkError, match=r"answers but has made no progress for .*: reset it"):
        channel.receive()


@pytest.mark.parametrize(
    "odd",
    [
        lambda frame: Frame(0, frame.seq, 9999, frame.limit),
        lambda frame: Frame(Flag.RESEND, frame.seq, 9999, frame.limit),
        lambda frame: Frame(0, 3000, frame.ack, frame.limit, b"from the future"),
        lambda frame: Frame(0, 0xFF00, frame.ack, frame.limit, b"from the past"),
        lambda frame: Frame(
            0, frame.seq, frame.ack, frame.limit, b"new", version=PROTOCOL_VERSION + 1
        ),
        lambda frame: None,
    ],
)
def test_odd_frames_have_no_effect(odd: Callable[[Frame], Frame | None]) -> None:
    link = Echo()
    channel = Channel(link)
    assert exchange(channel, b"abc", 3) == b"abc"
    made = odd(Frame(0, 3, 3, 3 + DEVICE_CREDIT))
    if made is not None:
        made = dataclasses.replace(made, session=link.sent[0].session)
    stray = b"\x02\x02\x02\0" if made is None else made.encode()
    speak = link.device.speak
    link.device.speak = lambda: stray + speak()
    channel.poll()
    link.device.speak = speak
    assert exchange(channel, bytes(1000), 300) == bytes(1000)


def test_answer_to_a_repeated_syn_comes_late() -> None:
    """The host had repeated its SYN: the second answer, in mid-session, has no effect."""
    link = Echo()
    channel = Channel(link)
    syn = link.sent[0]
    assert exchange(channel, b"abc", 3) == b"abc"
    link.device.hear(syn.encode())
    assert exchange(channel, bytes(range(200)), 50) == bytes(range(200))


def test_device_that_was_reset_in_mid_session_is_told_at_once() -> None:
    link = Echo()
    channel = Channel(link, timeout_s=60)
    assert exchange(channel, b"abc", 3) == b"abc"
    link.device = DeviceEnd(lambda: None)
    start = time.monotonic()
    channel.send(b"hello")
    with pytest.raises(LinkError, match="echo board: the device was reset, and its network is lo"):
        channel.receive()
    assert time.monotonic() - start < 30


def test_device_that_another_program_opened_is_told_at_once() -> None:
    link = Echo()
    channel = Channel(link)
    mine = link.sent[0].session
    link.device.hear(Frame(Flag.SYN, limit=4096, session=mine ^ 1).encode())
    with pytest.raises(LinkError, match="another program has opened the device"):
        exchange(channel, b"abc", 3)


def test_session_number_of_the_session_before_is_not_taken_again() -> None:
    """By chance the new number is the old one, and the device takes the SYN for a doubled one."""
    link = Echo()
    first = Channel(link)
    assert exchange(first, b"abc", 3) == b"abc"
    first._session = (first._session - 1) & 0xFF
    first.reopen()
    assert exchange(first, b"defgh", 3) == b"defgh"
    assert link.sent[-1].session == (link.sent[0].session + 1) & 0xFF


@pytest.mark.parametrize("change", [{"ack": 777}, {"seq": 777}, {"limit": 0}])
def test_offsets_that_disagree_end_in_an_error_within_the_timeout(change: dict[str, int]) -> None:
    """A device that talks on and on, of offsets that nobody knows."""
    link = Echo()
    channel = Channel(link, timeout_s=0.5)
    channel.send(bytes(2000))
    reader = FrameReader()
    speak = link.device.speak

    def wrong() -> bytes:
        frames = [frame for frame in reader.feed(speak()) if frame]
        return b"".join(dataclasses.replace(f, payload=b"", **change).encode() for f in frames)

    link.device.speak = wrong
    start = time.monotonic()
    with pytest.raises(LinkError, match=r"answers but has made no progress for \d+\.\d s"):
        channel.receive()
    assert 0.4 < time.monotonic() - start < 20
