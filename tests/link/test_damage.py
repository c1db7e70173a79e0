"""No damaged frame is taken for another one."""

import binascii
import random
import struct

import pytest
from cobs import cobs

from sterna.link.frames import Frame, decode
from sterna.spec.link import CRC, MAX_PAYLOAD, Flag
from tests.link.damage import KINDS, campaign, doubled, random_frame, read, wrong

SHORT = [
    Frame(),
    Frame(Flag.SYN, limit=0x4000, session=201),
    Frame(0, 17, 508, 1016, b"\x80\x05", session=3),
    Frame(Flag.RESEND, 0xFFFF, 0, 0x0100, bytes(4), session=255),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("frame", SHORT, ids=["empty", "SYN", "payload", "zeros"])
def test_every_damage_to_a_short_frame_is_seen(frame: Frame, kind: str) -> None:
    wire = frame.encode()
    tried, bad = wrong(frame, KINDS[kind](wire))
    assert bad == 0
    assert tried >= len(wire)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "double flips"])
@pytest.mark.parametrize("seed", range(2))
def test_every_damage_to_a_long_frame_is_seen(seed: int, kind: str) -> None:
    frame = random_frame(random.Random(seed), MAX_PAYLOAD - 60 * seed)
    assert wrong(frame, KINDS[kind](frame.encode()))[1] == 0


def test_every_doubled_byte_of_many_frames_is_seen() -> None:
    rng = random.Random(1)
    tried = 0
    for _ in range(3000):
        frame = random_frame(rng, rng.randrange(12))
        some, bad = wrong(frame, doubled(frame.encode()))
        tried += some
        assert bad == 0, frame
    assert tried > 30_000


def test_random_damage_to_long_frames_is_seen() -> None:
    """`python -m tests.link.damage` does the same for millions."""
    assert campaign(200_000, seed=7) == (200_000, 0)


@pytest.mark.control
def test_a_crc_without_final_xor_lets_damage_through() -> None:
    """Negative control: the frame check of protocol 2 leaves 0, and so zeros behind it pass."""

    def encode(seq: int) -> bytes:
        raw = struct.pack("<BBBHHH", 0x20, 0, 2, seq, 0, 508) + b"\x80\x05"
        return cobs.encode(raw + binascii.crc_hqx(raw, 0xFFFF).to_bytes(2, "big")) + b"\0"

    def weak(wire: bytes) -> list[Frame | None]:
        found: list[Frame | None] = []
        for block in wire.split(b"\0"):
            try:
                raw = cobs.decode(block)
            except cobs.DecodeError:
                continue
            if len(raw) > 10 and binascii.crc_hqx(raw, 0xFFFF) == 0:
                found.append(Frame(payload=raw[9:-2]))
        return found

    true = Frame(payload=b"\x80\x05")
    assert sum(wrong(true, doubled(encode(seq)), weak)[1] for seq in range(1000)) > 0


def test_frame_with_zeros_behind_it_is_damaged() -> None:
    raw = cobs.decode(Frame(payload=b"abc").encode()[:-1])
    assert decode(cobs.encode(raw)) is not None
    for zeros in range(1, CRC.size + 4):
        assert decode(cobs.encode(raw + bytes(zeros))) is None


def test_reader_reports_what_it_cannot_read() -> None:
    assert read(Frame().encode()[1:]) == [None]
