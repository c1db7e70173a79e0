"""Frames that come again much later: exactly where their offset's low half has come round."""

from sterna.link.frames import decode

#: The low half of an offset comes round after so many bytes.
ROUND = 1 << 16


class Late:
    """Puts an old frame before each new one that has its session and the low half of its offset.

    Members
    -------
    hits : old frames put in.
    carried : bytes of payload that went by.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._seen: dict[tuple[int, int], tuple[bytes, bytes]] = {}
        self.hits = self.carried = 0

    def feed(self, data: bytes) -> bytes:
        """The bytes, with old frames among them."""
        *blocks, self._rest = (self._rest + data).split(b"\0")
        parts: list[bytes] = []
        for block in blocks:
            frame = decode(block) if block else None
            if frame is not None and frame.payload:
                self.carried += len(frame.payload)
                key = frame.session, frame.seq % ROUND
                block_before, payload = self._seen.get(key, (b"", frame.payload))
                if payload != frame.payload:
                    parts.append(block_before)
                    self.hits += 1
                self._seen[key] = block, frame.payload
            parts.append(block)
        return b"".join(part + b"\0" for part in parts)
