"""Frames of the host link: COBS, CRC-16 and the header (docs/link-protocol.md, layer 2)."""

import binascii
from collections.abc import Callable
from dataclasses import dataclass

from cobs import cobs  # pyright: ignore[reportMissingTypeStubs]

from sterna.spec.link import CRC_INIT, HEADER, MAX_PAYLOAD, PROTOCOL_VERSION

CRC_BYTES = 2
_stuff: Callable[[bytes], bytes] = cobs.encode  # pyright: ignore
_unstuff: Callable[[bytes], bytes] = cobs.decode  # pyright: ignore


@dataclass(frozen=True)
class Frame:
    """A frame.

    Members
    -------
    flags : `sterna.spec.link.Flag`s.
    seq : offset of the first payload byte, 0..65535.
    ack : offset that the sender expects next.
    limit : offset up to which the sender accepts bytes.
    payload : 0..MAX_PAYLOAD bytes.
    version : protocol version of the sender, 0..15.
    """

    flags: int = 0
    seq: int = 0
    ack: int = 0
    limit: int = 0
    payload: bytes = b""
    version: int = PROTOCOL_VERSION

    def encode(self) -> bytes:
        """The frame as bytes on the wire, its ending zero included."""
        head = HEADER.pack(self.version << 4 | self.flags, self.seq, self.ack, self.limit)
        return _stuff(with_crc(head + self.payload)) + b"\0"


def crc_of(data: bytes) -> int:
    """CRC-16/IBM-3740; 0 over data that ends with its own."""
    return binascii.crc_hqx(data, CRC_INIT)


def with_crc(data: bytes) -> bytes:
    """The data with its CRC behind it, most significant byte first."""
    return data + crc_of(data).to_bytes(CRC_BYTES, "big")


def decode(block: bytes) -> Frame | None:
    """The frame in what stood between two zeros; None if it is damaged."""
    try:
        raw = _unstuff(block)
    except cobs.DecodeError:
        return None
    length = len(raw) - HEADER.size - CRC_BYTES
    if not 0 <= length <= MAX_PAYLOAD or crc_of(raw):
        return None
    first, seq, ack, limit = HEADER.unpack_from(raw)
    return Frame(first & 15, seq, ack, limit, raw[HEADER.size : -CRC_BYTES], first >> 4)


class FrameReader:
    """Takes bytes as they come and finds the frames in them."""

    #: A block longer than this can be no frame; it is dropped as it comes.
    LONGEST = HEADER.size + MAX_PAYLOAD + CRC_BYTES + 2

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame | None]:
        """The frames that end in `data`, in order; None for each damaged one."""
        *blocks, rest = (self._rest + data).split(b"\0")
        self._rest = rest[: self.LONGEST + 1]  # one too many: still seen as damaged at its end
        return [decode(block) for block in blocks if block]
