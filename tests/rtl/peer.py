"""A peer for tests of the link's RTL: frames in and out, written apart from `sterna.host`."""

import binascii
from dataclasses import dataclass

from cobs import cobs

from sterna.spec.link import HEADER, PROTOCOL_VERSION


@dataclass(frozen=True)
class Frame:
    """A frame's fields; `flags` without the version."""

    flags: int = 0
    seq: int = 0
    ack: int = 0
    limit: int = 0x7FFF
    payload: bytes = b""
    version: int = PROTOCOL_VERSION

    def encode(self, *, crc_error: int = 0) -> bytes:
        head = HEADER.pack(self.version << 4 | self.flags, self.seq, self.ack, self.limit)
        raw = head + self.payload
        crc = binascii.crc_hqx(raw, 0xFFFF) ^ crc_error
        return cobs.encode(raw + crc.to_bytes(2, "big")) + b"\0"


def decode(wire: bytes) -> list[Frame]:
    """The frames in what a device sent; asserts that each is sound and the last complete."""
    frames = []
    *blocks, rest = wire.split(b"\0")
    assert not rest, "the last frame has no end"
    for block in blocks:
        raw = cobs.decode(block)
        assert binascii.crc_hqx(raw, 0xFFFF) == 0
        first, seq, ack, limit = HEADER.unpack(raw[: HEADER.size])
        frames.append(Frame(first & 15, seq, ack, limit, raw[HEADER.size : -2], first >> 4))
    return frames
