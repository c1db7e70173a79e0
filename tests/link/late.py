"""Frames that come again much later: where their offset's low half comes round, or anywhere.

python -m tests.link.late --rounds 200
"""

import argparse
import random
import sys

from sterna.link.frames import decode
from tests.link.wire import Wire

#: The low half of an offset comes round after so many bytes.
ROUND = 1 << 16
#: Bytes of one exchange: frames begin at the same places in each round.
PIECE = 128


class Late:
    """Puts an old frame before each new one that has its session and the low half of its offset.

    Parameters
    ----------
    share : of the frames before which any other old one is put too, however old.

    Members
    -------
    hits : old frames put in where the low half had come round.
    strays : others put in.
    carried : bytes of payload that went by.
    """

    def __init__(self, *, share: float = 0, seed: int = 0) -> None:
        self._rest = b""
        self._share, self._rng = share, random.Random(seed)
        self._old: list[bytes] = []
        self._seen: dict[tuple[int, int], tuple[bytes, bytes]] = {}
        self.hits = self.strays = self.carried = 0

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
            if self._old and self._rng.random() < self._share:
                parts.append(self._rng.choice(self._old))
                self.strays += 1
            if block and self._share:  # frames without a payload too: their `ack` is old
                self._old.append(block)
            parts.append(block)
        return b"".join(part + b"\0" for part in parts)


def late_wire(
    seed: int, *, share: float = 0, bit_errors: float = 0, timeout_s: float = 5
) -> tuple[Wire, Late, Late]:
    """A wire whose both ways put old frames in."""
    wire = Wire(seed=seed, bit_errors=bit_errors, timeout_s=timeout_s)
    lates = Late(share=share, seed=seed), Late(share=share, seed=seed + 1)
    for way, late in zip((wire.down, wire.up), lates, strict=True):
        plain = way.send
        way.send = lambda now, data, plain=plain, late=late: plain(now, late.feed(data))
    return wire, *lates


def rounds(wire: Wire, count: float, seed: int) -> None:
    """Send so many rounds of bytes there and back, and compare each exchange."""
    rng = random.Random(seed)
    for _ in range(int(count * ROUND) // PIECE):
        data = rng.randbytes(PIECE)
        assert wire.exchange(data) == data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="of 65,536 bytes each way")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    wire, down, up = late_wire(arguments.seed, share=0.2, bit_errors=1e-5, timeout_s=30)
    for number in range(arguments.rounds):
        rounds(wire, 1, arguments.seed + number)
        if number % 20 == 19:
            print(f"{number + 1} rounds", file=sys.stderr, flush=True)
    print(
        f"{arguments.rounds} rounds of {ROUND:,} bytes each way, with bit errors: "
        f"{down.hits + up.hits:,} frames a round or more late, {down.strays + up.strays:,} of any "
        "age; every byte right"
    )


if __name__ == "__main__":
    main()
