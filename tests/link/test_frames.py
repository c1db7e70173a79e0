"""Frames: what goes in comes out, and damage is seen."""

import binascii
import struct
from itertools import pairwise

from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st

from sterna.link.frames import Frame, FrameReader, crc_of, decode, old_version, with_crc
from sterna.spec.link import FRAMING, HEADER, HIGH_BYTES, MAX_PAYLOAD, PROTOCOL_VERSION, Flag

offsets = st.integers(0, 0xFFFF_FFFF)
frames = st.builds(
    Frame,
    flags=st.integers(0, 15),
    seq=offsets,
    ack=offsets,
    limit=st.integers(0, 0xFFFF),
    # zeros and runs without any are where COBS can go wrong
    payload=st.one_of(
        st.binary(max_size=MAX_PAYLOAD),
        st.integers(0, MAX_PAYLOAD).map(bytes),
        st.integers(0, MAX_PAYLOAD).map(lambda size: b"\xff" * size),
    ),
    version=st.integers(0, 15),
    session=st.integers(0, 255),
)


@settings(deadline=None)  # a busy machine is no error
@given(frames)
def test_frame_comes_out_as_it_went_in(frame: Frame) -> None:
    wire = frame.encode()
    assert wire[-1] == 0
    assert 0 not in wire[:-1]
    assert decode(wire[:-1]) == frame


@settings(deadline=None)
@given(st.lists(frames, max_size=5), st.lists(st.integers(0, 1300), max_size=10))
def test_reader_finds_frames_however_the_bytes_are_cut(sent: list[Frame], cuts: list[int]) -> None:
    wire = b"\0\0".join([b"", *(frame.encode() for frame in sent), b""])
    edges = [0, *sorted(cuts), len(wire)]
    reader = FrameReader()
    found: list[Frame | None] = []
    for start, end in pairwise(edges):
        found += reader.feed(wire[start:end])
    assert found == sent


@settings(deadline=None)
@given(frames, st.data())
def test_burst_of_32_bits_is_always_seen(frame: Frame, data: st.DataObject) -> None:
    """CRC-32's promise: no error confined to 32 bits passes."""
    raw = bytearray(cobs.decode(frame.encode()[:-1]))
    pattern = data.draw(st.integers(1, 0xFFFF_FFFF))
    shift = data.draw(st.integers(0, 8 * len(raw) - pattern.bit_length()))
    value = int.from_bytes(raw, "big") ^ pattern << shift
    assert decode(cobs.encode(value.to_bytes(len(raw), "big"))) is None


@settings(deadline=None)
@given(frames, st.data())
def test_damaged_byte_on_the_wire_is_seen(frame: Frame, data: st.DataObject) -> None:
    """A byte that COBS did not make, changed to another that is not zero."""
    wire = bytearray(frame.encode()[:-1])
    codes = {0}
    while (at := max(codes) + wire[max(codes)]) < len(wire):
        codes.add(at)
    plain = [at for at in range(len(wire)) if at not in codes]
    if not plain:
        return
    at = data.draw(st.sampled_from(plain))
    wire[at] = data.draw(st.integers(1, 255).filter(lambda byte: byte != wire[at]))
    assert decode(bytes(wire)) is None


@settings(deadline=None)
@given(st.binary(max_size=2000), frames)
def test_reader_is_in_step_again_after_any_junk(junk: bytes, frame: Frame) -> None:
    reader = FrameReader()
    reader.feed(junk + b"\0")
    assert reader.feed(frame.encode()) == [frame]


def wire_of(told: int, size: int) -> bytes:
    """A frame that says `told` and has `size` bytes of payload, without its ending zero."""
    head = HEADER.pack(PROTOCOL_VERSION << 4, 0, told + HIGH_BYTES, *[0] * 5)
    return cobs.encode(with_crc(head + bytes(size)))


def test_frame_of_another_length_than_it_says_is_damaged() -> None:
    assert decode(wire_of(MAX_PAYLOAD, MAX_PAYLOAD)) is not None
    assert decode(wire_of(MAX_PAYLOAD + 1, MAX_PAYLOAD + 1)) is None
    assert decode(wire_of(8, 9)) is None
    assert decode(wire_of(9, 8)) is None
    assert decode(cobs.encode(with_crc(bytes(HEADER.size - 1)))) is None


def test_endless_bytes_without_a_zero_are_not_kept() -> None:
    reader = FrameReader()
    for _ in range(1000):
        assert reader.feed(b"\x55" * 1000) == []
    assert len(reader._rest) < 1000
    assert reader.feed(b"\0") == [None]


def test_crc_is_iso_hdlc() -> None:
    """The check value of the catalogue of CRCs."""
    assert crc_of(b"123456789") == 0xCBF43926


def test_frames_of_older_releases_are_known_for_what_they_are() -> None:
    raw = bytes.fromhex("21000000000000")
    old = cobs.encode(raw + binascii.crc_hqx(raw, 0xFFFF).to_bytes(2, "big"))
    assert decode(old) is None
    assert old_version(old) == 2
    assert old_version(Frame().encode()[:-1]) is None
    assert old_version(old[:-1]) is None


def third(flags: int, payload: bytes = b"") -> bytes:
    """A frame as protocol 3 had it, without the high halves."""
    head = struct.pack("<BBBHHH", 3 << 4 | flags, 7, len(payload), 0, 0, 508)
    return cobs.encode(with_crc(head + payload))


def test_a_syn_of_protocol_3_is_one_and_nothing_else_of_it_is() -> None:
    """So a host of either version tells the version of a device of the other one."""
    assert decode(third(Flag.SYN)) == Frame(Flag.SYN, limit=508, version=3, session=7)
    assert decode(third(0)) is None
    assert decode(third(0, b"abc")) is None
    found = decode(third(0, b"abcde"))  # its version says that it is ignored
    assert found is None or found.version == 3


def test_a_syn_is_one_for_protocol_3() -> None:
    raw = cobs.decode(Frame(Flag.SYN, limit=508, session=7).encode()[:-1])
    flags, session, length, seq, ack, limit = struct.unpack_from("<BBBHHH", raw)
    assert (flags & 15, session, seq, ack, limit) == (Flag.SYN, 7, 0, 0, 508)
    assert length == len(raw) - 9 - 4


def test_frames_without_high_halves_are_damaged() -> None:
    for told in range(HIGH_BYTES):
        head = HEADER.pack(PROTOCOL_VERSION << 4, 0, told, *[0] * 5)
        assert decode(cobs.encode(with_crc(head[: 9 + told]))) is None


def test_framing_is_what_a_full_frame_has_more_than_its_payload() -> None:
    whole = Frame(payload=bytes(range(1, MAX_PAYLOAD + 1))).encode()
    assert len(whole) / MAX_PAYLOAD == FRAMING
