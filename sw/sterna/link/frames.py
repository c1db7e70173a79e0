"""Frames of the host link: COBS, CRC-32 and the header (docs/link-protocol.md, layer 2)."""

import binascii
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from cobs import cobs  # pyright: ignore[reportMissingTypeStubs]

from sterna.spec.link import (
    CRC,
    HALF_BITS,
    HEADER,
    HIGH_BYTES,
    MAX_PAYLOAD,
    PROTOCOL_VERSION,
    Flag,
)

#: The low half of an offset.
LOW = (1 << HALF_BITS) - 1

_stuff: Callable[[bytes], bytes] = cobs.encode  # pyright: ignore
_unstuff: Callable[[bytes], bytes] = cobs.decode  # pyright: ignore


@dataclass(frozen=True)
class Frame:
    """A frame.

    Members
    -------
    flags : `sterna.spec.link.Flag`s.
    seq : offset of the first payload byte, 0..2^32 - 1.
    ack : offset that the sender expects next, likewise.
    limit : low half of the offset up to which the sender accepts bytes, 0..65535.
    payload : 0..MAX_PAYLOAD bytes.
    version : protocol version of the sender, 0..15.
    session : number that the host gave to the session, 0..255.
    """

    flags: int = 0
    seq: int = 0
    ack: int = 0
    limit: int = 0
    payload: bytes = b""
    version: int = PROTOCOL_VERSION
    session: int = 0

    def encode(self) -> bytes:
        """The frame as bytes on the wire, its ending zero included."""
        first, size = self.version << 4 | self.flags, len(self.payload) + HIGH_BYTES
        head = HEADER.pack(
            first,
            self.session,
            size,
            self.seq & LOW,
            self.ack & LOW,
            self.limit,
            self.seq >> HALF_BITS,
            self.ack >> HALF_BITS,
        )
        return _stuff(with_crc(head + self.payload)) + b"\0"


def crc_of(data: bytes) -> int:
    """CRC-32/ISO-HDLC of the data: polynomial 0x04C11DB7, reflected, initial value and XOR ~0."""
    return zlib.crc32(data)


def with_crc(data: bytes) -> bytes:
    """The data with its CRC behind it, least significant byte first."""
    return data + CRC.pack(crc_of(data))


def decode(block: bytes) -> Frame | None:
    """Decode the bytes between two zeros; None if the frame is damaged."""
    try:
        raw = _unstuff(block)
    except cobs.DecodeError:
        return None
    size = len(raw) - (HEADER.size - HIGH_BYTES) - CRC.size
    if not 0 <= size <= HIGH_BYTES + MAX_PAYLOAD or raw[2] != size:
        return None
    # a SYN of version 3 has no high halves
    if size < HIGH_BYTES and not raw[0] & Flag.SYN:
        return None
    body = raw[: -CRC.size]
    if CRC.unpack_from(raw, len(body)) != (crc_of(body),):
        return None
    whole = body if size >= HIGH_BYTES else body.ljust(HEADER.size, b"\0")
    first, session, _, seq, ack, limit, seq_high, ack_high = HEADER.unpack_from(whole)
    return Frame(
        first & 15,
        seq_high << HALF_BITS | seq,
        ack_high << HALF_BITS | ack,
        limit,
        body[HEADER.size :],
        first >> 4,
        session,
    )


def old_version(block: bytes) -> int | None:
    """The protocol version, 1 or 2, of a frame as releases before 3 sent it; None if it is none.

    Their frames end in a CRC-16/IBM-3740 and have a header of 7 bytes. A host recognises them for
    the sake of its error message alone.
    """
    try:
        raw = _unstuff(block)
    except cobs.DecodeError:
        return None
    known = len(raw) >= 9 and raw[0] >> 4 in (1, 2) and not binascii.crc_hqx(raw, 0xFFFF)
    return raw[0] >> 4 if known else None


class FrameReader:
    """Takes bytes as they come and finds the frames in them."""

    #: A block longer than this can be no frame; it is dropped as it comes.
    LONGEST = HEADER.size + MAX_PAYLOAD + CRC.size + 2

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame | None]:
        """The frames that end in `data`, in order; None for each damaged one."""
        *blocks, rest = (self._rest + data).split(b"\0")
        self._rest = rest[: self.LONGEST + 1]  # one too many: still seen as damaged at its end
        return [decode(block) for block in blocks if block]
