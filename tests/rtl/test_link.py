"""The link's two halves, receiver and transmitter, against a peer that behaves and misbehaves."""

import random
from collections.abc import Iterable

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.sim import Simulator

from sterna.rtl.receiver import Receiver
from sterna.rtl.transmitter import Transmitter
from sterna.spec.link import MAX_PAYLOAD, RING_BYTES, SHORT_PAYLOAD, Flag, credit
from tests.link import damage
from tests.rtl.peer import Frame, decode

DEVICE_CREDIT = credit(RING_BYTES)
SYN = Frame(flags=Flag.SYN)
#: Cycles of idleness after which nothing comes any more: the speaker waits for 60 of them.
QUIET = 100
#: Cycles after which a run ends in any case: a peer may never acknowledge.
MOST = 1200


class Link:
    """Both halves in simulation. `steps` are bytes for the wire, or counts of cycles to wait.

    After `run`: `wire` came out of the transmitter, `stream` out of the receiver; `counts` of
    damaged and refused frames.
    """

    def __init__(
        self, *, take: bool = True, take_from: int = 0, say: bytes = b"", stall: int = 0
    ) -> None:
        self.m = Module()
        self.m.submodules.receiver = self.receiver = Receiver()
        self.m.submodules.transmitter = self.transmitter = Transmitter()
        wiring.connect(self.m, self.receiver.received, self.transmitter.received)
        self.m.d.comb += self.receiver.near.eq(self.transmitter.near)
        self.take, self.take_from, self.say, self.stall = take, take_from, say, stall
        self.wire, self.stream = bytearray(), bytearray()
        self.damaged = self.refused = 0

    def run(self, steps: Iterable[bytes | int]) -> list[Frame]:
        """Feed the steps, then wait until all is quiet; the frames that came out."""
        receiver, transmitter = self.receiver, self.transmitter
        rng = random.Random(self.stall)

        async def host(ctx) -> None:
            for step in steps:
                if isinstance(step, int):
                    await ctx.tick().repeat(step)
                    continue
                for byte in step:
                    ctx.set(receiver.bytes.p, byte)
                    ctx.set(receiver.bytes.valid, 1)
                    await ctx.tick().until(receiver.bytes.ready)
                ctx.set(receiver.bytes.valid, 0)
            quiet = cycles = 0
            while quiet < QUIET and cycles < MOST:
                _, _, *idle = await ctx.tick().sample(receiver.idle, transmitter.idle)
                quiet, cycles = quiet + 1 if all(idle) else 0, cycles + 1

        async def speaker(ctx) -> None:
            await ctx.tick().repeat(60)  # after the SYN
            for byte in self.say:
                ctx.set(transmitter.payload.p, byte)
                ctx.set(transmitter.payload.valid, 1)
                ready = False
                while not ready:
                    _, _, ready = await ctx.tick().sample(transmitter.payload.ready)
            ctx.set(transmitter.payload.valid, 0)

        async def monitor(ctx) -> None:
            cycle = 0
            takes = self.take and not self.take_from
            ctx.set(receiver.payload.ready, takes)
            ctx.set(transmitter.bytes.ready, 1)
            async for _, _, valid, byte, sent, ready, out, damaged, refused in ctx.tick().sample(
                receiver.payload.valid,
                receiver.payload.p,
                transmitter.bytes.valid,
                transmitter.bytes.ready,
                transmitter.bytes.p,
                receiver.damaged,
                receiver.refused,
            ):
                if valid and takes:
                    self.stream.append(byte)
                cycle += 1
                takes = self.take and cycle >= self.take_from
                ctx.set(receiver.payload.ready, takes)
                if sent and ready:
                    self.wire.append(out)
                self.damaged += damaged
                self.refused += refused
                ctx.set(transmitter.bytes.ready, not self.stall or rng.random() < 0.3)

        sim = Simulator(self.m)
        sim.add_clock(1e-6)
        sim.add_testbench(host)
        sim.add_testbench(speaker, background=True)
        sim.add_testbench(monitor, background=True)
        sim.run()
        return decode(bytes(self.wire))


def payloads(message: bytes, size: int) -> list[Frame]:
    return [Frame(seq=at, payload=message[at : at + size]) for at in range(0, len(message), size)]


MESSAGE = random.Random(7).randbytes(150) + bytes(120) + bytes([1] * 120) + b"\0"


def test_syn_is_answered_with_syn_and_credit() -> None:
    assert Link().run([SYN.encode()]) == [Frame(flags=Flag.SYN, limit=DEVICE_CREDIT)]


def test_nothing_is_said_before_anything_is_heard() -> None:
    assert Link().run([2000]) == []


@pytest.mark.parametrize("size", [1, 7, MAX_PAYLOAD])
def test_stream_arrives_in_order_and_is_acknowledged(size: int) -> None:
    link = Link()
    message = MESSAGE if size > 1 else MESSAGE[:40]
    frames = link.run([SYN.encode(), *(f.encode() for f in payloads(message, size))])
    assert bytes(link.stream) == message
    assert (link.damaged, link.refused) == (0, 0)
    assert frames[-1].ack == len(message)
    assert frames[-1].limit > len(message) + DEVICE_CREDIT - 128
    assert not any(frame.flags & Flag.RESEND for frame in frames)


@pytest.mark.parametrize(
    "frame",
    [
        Frame(payload=bytes(MAX_PAYLOAD + 1)),
        Frame(payload=bytes(9), size=8),
        Frame(payload=bytes(9), size=10),
        Frame(size=1),
    ],
    ids=["long", "longer than told", "shorter than told", "empty"],
)
def test_frame_of_a_wrong_length_is_damaged(frame: Frame) -> None:
    link = Link()
    frames = link.run([SYN.encode(), frame.encode(), b"\0\0"])
    assert (bytes(link.stream), link.damaged) == (b"", 1)
    assert frames[-1].flags == Flag.RESEND


def test_damaged_frame_has_no_effect_and_asks_for_repair() -> None:
    link = Link()
    good = Frame(payload=b"abc")
    frames = link.run([SYN.encode(), good.encode(crc_error=0x10), 900, good.encode()])
    assert (bytes(link.stream), link.damaged, link.refused) == (b"abc", 1, 0)
    assert [(f.flags, f.ack) for f in frames[1:]] == [(Flag.RESEND, 0), (0, 3)]


@pytest.mark.parametrize("seed", range(6))
def test_garbage_between_frames_never_gets_through(seed: int) -> None:
    rng = random.Random(seed)
    link = Link()
    junk = rng.randbytes(rng.randrange(1, 600))
    frames = link.run([SYN.encode(), junk, b"\0", 900, Frame(payload=b"abc").encode()])
    assert bytes(link.stream) == b"abc"
    assert link.damaged >= 1
    assert frames[-1].ack == 3


def test_lost_frame_shows_as_a_gap_and_doubled_one_as_old() -> None:
    link = Link()
    first, second = payloads(b"abcdef", 3)
    wire = [SYN, second, first, first, second]
    frames = link.run([part for frame in wire for part in (frame.encode(), 900)])
    assert (bytes(link.stream), link.refused) == (b"abcdef", 2)
    assert [(f.flags, f.ack) for f in frames[1:]] == [(Flag.RESEND, 0), (0, 3), (0, 3), (0, 6)]


def test_bytes_beyond_the_credit_are_refused_and_harm_nothing() -> None:
    link = Link(take=False)
    message = bytes(range(1, 237)) * 2 + b"x" * 40
    frames = link.run([SYN.encode(), *(f.encode() for f in payloads(message, 236)), 900])
    assert link.refused == 1  # 512 bytes, and none was consumed
    assert frames[-1].ack == 472
    assert frames[-1].limit == DEVICE_CREDIT


def test_frame_that_found_the_ring_full_is_refused_though_room_comes_before_its_end() -> None:
    message = bytes(range(1, 237)) * 2 + b"x" * 40
    *wires, last = [SYN.encode(), *(f.encode() for f in payloads(message, 236))]
    before = len(b"".join(wires)) + len(last)
    link = Link(take_from=before)
    link.run([*wires, last[:-3], 100, last[-3:]])
    assert (bytes(link.stream), link.refused) == (message[:472], 1)


def test_other_version_is_ignored_but_for_syn() -> None:
    link = Link()
    frames = link.run([replace(SYN, version=9).encode(), replace(PAYLOAD, version=9).encode()])
    assert bytes(link.stream) == b""
    assert frames == [Frame(flags=Flag.SYN, limit=DEVICE_CREDIT)]


def replace(frame: Frame, **changes: object) -> Frame:
    return Frame(**vars(frame) | changes)


PAYLOAD = Frame(payload=b"abc")


@pytest.mark.parametrize("stall", [0, 1, 2])
def test_what_is_said_goes_out_in_frames_and_waits_for_acknowledgement(stall: int) -> None:
    """The ring holds 512 bytes; the rest is held back until they are acknowledged."""
    said = random.Random(3).randbytes(300) + bytes(400)
    link = Link(say=said, stall=stall)
    ack = Frame(ack=512)
    frames = link.run([SYN.encode(), 6000, ack.encode(), 4000])
    assert b"".join(f.payload for f in frames) == said
    offset = 0
    for frame in frames[1:]:
        assert frame.seq == offset
        offset += len(frame.payload)


def test_peer_that_does_not_acknowledge_gets_no_more_than_the_ring() -> None:
    frames = Link(say=bytes(700)).run([SYN.encode(), 6000])
    assert sum(len(f.payload) for f in frames) == 512


def test_peers_limit_is_never_passed() -> None:
    said = MESSAGE[:100]
    link = Link(say=said)
    frames = link.run(
        [
            replace(SYN, limit=30).encode(),
            2000,
            Frame(limit=64).encode(),
            2000,
            Frame(ack=64, limit=100).encode(),
            2000,
        ]
    )
    ends = [frame.seq + len(frame.payload) for frame in frames[1:]]
    assert ends == [30, 64, 100]
    assert b"".join(f.payload for f in frames) == said


def test_resend_goes_back_to_what_was_acknowledged() -> None:
    said = MESSAGE[:50]
    link = Link(say=said)
    frames = link.run([SYN.encode(), 1500, Frame(flags=Flag.RESEND, ack=20).encode(), 1500])
    assert [(f.seq, f.payload) for f in frames[1:]] == [(0, said), (20, said[20:])]


def test_resend_is_answered_even_with_nothing_to_say() -> None:
    frames = Link().run([SYN.encode(), 500, Frame(flags=Flag.RESEND).encode()])
    assert frames[1:] == [Frame(limit=DEVICE_CREDIT)]


def test_acknowledgement_of_what_was_never_sent_is_ignored() -> None:
    said = MESSAGE[:50]
    link = Link(say=said)
    frames = link.run(
        [
            SYN.encode(),
            1500,
            Frame(flags=Flag.RESEND, ack=51).encode(),
            Frame(flags=Flag.RESEND, ack=0).encode(),
            1500,
        ]
    )
    first, *again = [f for f in frames[1:] if f.payload]
    assert [f.seq for f in again] == [0, SHORT_PAYLOAD]
    assert first.payload == said == b"".join(f.payload for f in again)


def test_frames_are_long_again_once_some_of_it_is_acknowledged() -> None:
    said = random.Random(2).randbytes(500)
    frames = Link(say=said).run(
        [
            SYN.encode(),
            2500,
            Frame(flags=Flag.RESEND, ack=10).encode(),
            2500,
            Frame(flags=Flag.RESEND, ack=20).encode(),
            400,
            Frame(ack=52).encode(),
            3000,
        ]
    )
    sizes = [len(f.payload) for f in frames[1:]]
    assert sizes[:3] == [236, 236, 28]
    assert sizes[3] == SHORT_PAYLOAD
    assert max(sizes[-4:]) > SHORT_PAYLOAD


def test_late_acknowledgement_after_going_back_skips_ahead() -> None:
    said = bytes(range(1, 201)) * 2
    link = Link(say=said)
    steps = [SYN.encode(), 2500, Frame(flags=Flag.RESEND, ack=0).encode() + Frame(ack=400).encode()]
    frames = link.run([*steps, 3000])
    assert frames[-1].seq + len(frames[-1].payload) <= 400
    again = [f for f in frames[1:] if f.payload]
    assert len(again) <= 3  # two frames, and at most one of them once more


def test_old_acknowledgement_stays_old_after_going_back() -> None:
    """The late acknowledgement comes while a frame before it is made once more."""
    said = bytes(range(1, 201)) * 2
    late = Frame(flags=Flag.RESEND).encode() + Frame(ack=400).encode()
    old = Frame(flags=Flag.RESEND, ack=100).encode()
    frames = Link(say=said).run([SYN.encode(), 2500, late, 2500, old, 1500])
    assert 100 not in [frame.seq for frame in frames]
    assert frames[-1].seq == 400


NEW = Frame(flags=Flag.SYN, session=1)


def test_syn_of_a_new_session_starts_both_directions_afresh() -> None:
    link = Link(say=b"old")
    frames = link.run(
        [
            SYN.encode(),
            Frame(payload=b"abc").encode(),
            1500,
            NEW.encode(),
            500,
            Frame(payload=b"xyz", session=1).encode(),
            500,
        ]
    )
    assert bytes(link.stream) == b"abcxyz"
    syn = [i for i, f in enumerate(frames) if f.flags == Flag.SYN]
    assert len(syn) == 2
    assert (frames[-1].ack, frames[-1].seq, frames[-1].session) == (3, 0, 1)
    assert all(not f.payload for f in frames[syn[1] :])


def test_syn_that_comes_once_more_is_answered_and_ends_nothing() -> None:
    link = Link(say=b"said")
    frames = link.run(
        [
            SYN.encode(),
            Frame(payload=b"abc").encode(),
            1500,
            SYN.encode(),
            1500,
            Frame(seq=3, payload=b"def").encode(),
            500,
        ]
    )
    assert bytes(link.stream) == b"abcdef"
    assert [(f.seq, f.ack) for f in frames if f.flags == Flag.SYN] == [(0, 0), (0, 3)]
    assert [f.payload for f in frames if f.payload] == [b"said", b"said"]


@pytest.mark.parametrize("opened", [False, True])
def test_frame_of_another_session_is_answered_with_reset_and_has_no_effect(opened: bool) -> None:
    link = Link()
    strange = Frame(payload=b"abc", ack=1, session=7)
    frames = link.run([SYN.encode(), 500, strange.encode()] if opened else [strange.encode()])
    assert bytes(link.stream) == b""
    told = frames[opened:]
    assert [(f.flags, f.session, f.payload) for f in told] == [(Flag.RESET, 7, b"")]


def test_damage_before_the_first_syn_is_not_answered() -> None:
    link = Link()
    assert link.run([Frame().encode(crc_error=1), 500]) == []
    assert link.damaged == 1


@pytest.mark.parametrize("kind", ["doubled", "dropped", "single flips", "at random"])
def test_damaged_frames_never_get_through_the_hardware(kind: str) -> None:
    rng = random.Random(kind)
    wire = Frame(payload=b"\x80\x05").encode()
    if kind == "at random":
        wires = [damage.at_random(wire, rng) for _ in range(150)]
    else:
        wires = list(damage.KINDS[kind](wire))
    wires = [damaged for damaged in wires if wire not in damaged + b"\0"]  # a doubled end is none
    link = Link()
    link.run([SYN.encode(), *(part for damaged in wires for part in (damaged, b"\0", 4))])
    assert bytes(link.stream) == b""
    assert link.refused == 0
    assert link.damaged >= len(wires) * 0.9
