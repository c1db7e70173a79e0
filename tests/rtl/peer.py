"""A peer for tests of the link's RTL: frames in and out, written apart from `sterna.link`."""

import struct
import zlib
from dataclasses import dataclass

from cobs import cobs

from sterna.spec.link import PROTOCOL_VERSION

#: Flags, session, length; seq, ack and limit, low halves; seq and ack, high halves.
HEADER = struct.Struct("<BBBHHHHH")


@dataclass(frozen=True)
class Frame:
    """A frame's fields; `flags` without the version."""

    flags: int = 0
    seq: int = 0
    ack: int = 0
    limit: int = 0x7FFF
    payload: bytes = b""
    version: int = PROTOCOL_VERSION
    session: int = 0
    size: int | None = None  #: the length that the header tells, if not the payload's

    def encode(self, *, crc_error: int = 0) -> bytes:
        first = self.version << 4 | self.flags
        size = 4 + (len(self.payload) if self.size is None else self.size)
        raw = (
            HEADER.pack(
                first,
                self.session,
                size,
                self.seq % 65536,
                self.ack % 65536,
                self.limit % 65536,
                self.seq // 65536,
                self.ack // 65536,
            )
            + self.payload
        )
        crc = zlib.crc32(raw) ^ crc_error
        return cobs.encode(raw + crc.to_bytes(4, "little")) + b"\0"


def decode(wire: bytes) -> list[Frame]:
    """The frames in what a device sent; asserts that each is sound and the last complete."""
    frames = []
    *blocks, rest = wire.split(b"\0")
    assert not rest, "the last frame has no end"
    for block in blocks:
        raw = cobs.decode(block)
        assert zlib.crc32(raw[:-4]) == int.from_bytes(raw[-4:], "little")
        first, session, size, *low, limit, seq, ack = HEADER.unpack(raw[: HEADER.size])
        payload = raw[HEADER.size : -4]
        assert size == 4 + len(payload)
        seq, ack = (high * 65536 + half for high, half in zip((seq, ack), low, strict=True))
        frames.append(Frame(first & 15, seq, ack, limit, payload, first >> 4, session))
    return frames
