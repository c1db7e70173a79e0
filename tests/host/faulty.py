"""A link that damages, drops, doubles, reorders, cuts, splits and delays what it carries."""

import random
from collections import Counter, deque

from sterna.host.links import Link

#: What can happen to a frame.
KINDS = ("damage", "burst", "drop", "double", "reorder", "cut", "junk", "split", "delay")


class _Way:
    """One direction: bytes in, pieces out; each piece is what one read or write carries."""

    def __init__(self, rng: random.Random, counts: Counter[str]) -> None:
        self._rng = rng
        self._counts = counts
        self._rest = b""
        self._held = b""
        self.pieces: deque[bytes] = deque()
        self.rate = 0.0
        self.kinds: tuple[str, ...] = KINDS

    def feed(self, data: bytes) -> None:
        *frames, self._rest = (self._rest + data).split(b"\0")
        for frame in frames:
            self._frame(frame + b"\0")

    def release(self) -> None:
        """Silence: what was held goes on its way."""
        if self._held:
            self.pieces.append(self._held)
            self._held = b""

    def _frame(self, frame: bytes) -> None:
        rng = self._rng
        if rng.random() >= self.rate:
            self.pieces.append(frame)
            if self._held and rng.random() < 0.5:
                self.release()
            return
        kind = rng.choice(self.kinds)
        self._counts[kind] += 1
        at = rng.randrange(len(frame))
        if kind == "damage":
            for _ in range(rng.choice((1, 1, 2, 5))):
                at = rng.randrange(len(frame))
                frame = frame[:at] + bytes([frame[at] ^ 1 << rng.randrange(8)]) + frame[at + 1 :]
            self.pieces.append(frame)
        elif kind == "burst":
            end = min(len(frame), at + 2)
            self.pieces.append(frame[:at] + rng.randbytes(end - at) + frame[end:])
        elif kind == "double":
            self.pieces += [frame, frame]
        elif kind in ("reorder", "delay"):
            self._held += frame
            if kind == "reorder":
                return  # until after a later frame; the one below, until a silence too
        elif kind == "cut":
            self.pieces.append(frame[:at] + frame[at + rng.randrange(1, 20) :])
        elif kind == "junk":
            self.pieces += [rng.randbytes(rng.randrange(1, 40)), frame]
        elif kind == "split":
            self.pieces += [frame[:at], frame[at:]]


class FaultyLink:
    """Wraps a link; faults come once `break_` was called, from a seed.

    Members
    -------
    counts : faults of each kind so far.
    """

    def __init__(self, link: Link, seed: int) -> None:
        self._link = link
        self.counts: Counter[str] = Counter()
        rng = random.Random(seed)
        self._out, self._in = _Way(rng, self.counts), _Way(rng, self.counts)

    def break_(self, rate: float, kinds: tuple[str, ...] = KINDS) -> None:
        """From now on a fault strikes a frame with this probability, both ways."""
        for way in (self._out, self._in):
            way.rate, way.kinds = rate, kinds

    @property
    def name(self) -> str:
        return self._link.name

    def write(self, data: bytes) -> None:
        self._out.feed(data)
        while self._out.pieces:
            self._link.write(self._out.pieces.popleft())

    def read(self, timeout_s: float) -> bytes:
        if not self._in.pieces:
            self._in.feed(self._link.read(timeout_s))
        if not self._in.pieces and timeout_s > 0:
            self._out.release()
            self.write(b"")
            self._in.release()
        return self._in.pieces.popleft() if self._in.pieces else b""

    def close(self) -> None:
        self._link.close()
