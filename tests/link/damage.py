"""Damage to a frame on the wire, kind by kind, and whether any of it is taken for another frame.

python -m tests.link.damage --random 5000000
"""

import argparse
import random
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations

from sterna.link.frames import Frame, FrameReader
from sterna.spec.link import MAX_PAYLOAD

#: What reads the bytes of the wire: frames, None for damaged ones.
Read = Callable[[bytes], list[Frame | None]]


def read(wire: bytes) -> list[Frame | None]:
    return FrameReader().feed(wire)


def flipped(wire: bytes, bits: Iterable[int]) -> bytes:
    damaged = bytearray(wire)
    for bit in bits:
        damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def doubled(wire: bytes) -> Iterator[bytes]:
    return (wire[: at + 1] + wire[at:] for at in range(len(wire)))


def dropped(wire: bytes) -> Iterator[bytes]:
    return (wire[:at] + wire[at + 1 :] for at in range(len(wire)))


def inserted(wire: bytes) -> Iterator[bytes]:
    return (wire[:at] + bytes([byte]) + wire[at:] for at in range(len(wire)) for byte in range(256))


def replaced(wire: bytes) -> Iterator[bytes]:
    return (
        wire[:at] + bytes([byte]) + wire[at + 1 :]
        for at in range(len(wire))
        for byte in range(256)
        if byte != wire[at]
    )


def single_flips(wire: bytes) -> Iterator[bytes]:
    return (flipped(wire, [bit]) for bit in range(8 * len(wire)))


def double_flips(wire: bytes) -> Iterator[bytes]:
    return (flipped(wire, pair) for pair in combinations(range(8 * len(wire)), 2))


#: Each yields every damage of its kind to a frame's bytes, its ending zero included.
KINDS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "doubled": doubled,
    "dropped": dropped,
    "inserted": inserted,
    "replaced": replaced,
    "single flips": single_flips,
    "double flips": double_flips,
}


def at_random(wire: bytes, rng: random.Random) -> bytes:
    """A few faults of mixed kinds at random places."""
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        at = rng.randrange(len(wire))
        kind = rng.randrange(5)
        if kind == 0:
            wire = wire[: at + 1] + wire[at:]
        elif kind == 1 and len(wire) > 1:
            wire = wire[:at] + wire[at + 1 :]
        elif kind == 2:
            wire = wire[:at] + rng.randbytes(1) + wire[at:]
        elif kind == 3:
            wire = wire[:at] + rng.randbytes(rng.randrange(1, 6)) + wire[at + 5 :]
        else:
            wire = flipped(wire, (rng.randrange(8 * len(wire)) for _ in range(rng.randrange(1, 5))))
    return wire


def random_frame(rng: random.Random, size: int) -> Frame:
    """Any frame with so many bytes of payload, zeros among them more often than not."""
    payload = bytes(rng.choice((0, 0, 1, rng.randrange(256))) for _ in range(size))
    seq, ack = (rng.randrange(1 << rng.choice((16, 32))) for _ in range(2))
    return Frame(
        rng.randrange(8), seq, ack, rng.randrange(1 << 16), payload, session=rng.randrange(256)
    )


def wrong(frame: Frame, wires: Iterable[bytes], read: Read = read) -> tuple[int, int]:
    """Damages tried, and those after which another frame than this one was read."""
    tried = bad = 0
    for wire in wires:
        tried += 1
        bad += any(found is not None and found != frame for found in read(wire))
    return tried, bad


def campaign(count: int, seed: int) -> tuple[int, int]:
    """Random damage to long frames: tried, and taken for another frame."""
    rng = random.Random(seed)
    tried = bad = 0
    while tried < count:
        frame = random_frame(rng, rng.randrange(MAX_PAYLOAD // 2, MAX_PAYLOAD + 1))
        wire = frame.encode()
        some, wrongs = wrong(frame, (at_random(wire, rng) for _ in range(500)))
        tried, bad = tried + some, bad + wrongs
    return tried, bad


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", type=int, default=5_000_000, help="random damages to try")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    tried, bad = campaign(arguments.random, arguments.seed)
    print(f"{tried} random damages to long frames: {bad} taken for another frame")
    raise SystemExit(bad != 0)


if __name__ == "__main__":
    main()
