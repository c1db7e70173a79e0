"""Frames a second over the boards' USB bridges and their timers, in simulated time.

    python -m bench.bridge

Writes the table of docs/boards.md. A device that answers at once takes a network's frames, and the
driver keeps as many ticks under way as it does; bytes take their time on the wire, and the bridge
fills packets. The bound is the wire's: bytes of a frame, framing included, at the bit rate.
"""

import statistics
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sterna.data import mnist_test, shipped_for
from sterna.host import FrameEncoder
from sterna.host.device import AHEAD
from sterna.model import open as open_engine
from sterna.model import run
from sterna.spec.boards import BOARDS, BoardFacts
from sterna.spec.link import FRAMING, LARGE_RING_BYTES, RING_BYTES, TICK, TICK_DONE, credit
from sterna.spec.pages import write_section
from sterna.spec.presets import is_deep
from sterna.spec.tables import table
from tests.link.bridge import DEFAULT_S, PACKETS, SHORT_S, Bridge
from tests.link.wire import Wire

PAGE = Path(__file__).parents[1] / "docs" / "boards.md"
COMMAND = "`python -m bench.bridge`"
#: Boards and their bridges; and how long USB takes to ask a bridge again, in seconds: a microframe
#: of high speed, a frame of full speed.
BRIDGES = {"icebreaker": ("FT2232H", 125e-6), "ulx3s-85f": ("FT231X", 1e-3)}
FRAMES = 400
DIGITS = 100


@dataclass(frozen=True)
class Traffic:
    """Bytes of messages of a frame, to the device and back, rounded."""

    down: int
    up: int


def traffic(board: BoardFacts) -> Traffic:
    """The mean of the first digits, in the network that ships for a board."""
    network = shipped_for(board.hardware)
    frames = mnist_test().frames()[:DIGITS]
    encoder = FrameEncoder(network)
    down = statistics.mean(len(encoder.encode(frame)) for frame in frames) + TICK.size
    spikes = np.asarray(run(open_engine(network), frames)).sum(axis=1)
    return Traffic(round(down), round(TICK_DONE.size + 2 * float(spikes.mean())))


def frames_per_s(
    board: BoardFacts, bytes_: Traffic, *, timer_s: float, ring_bytes: int, frames: int = FRAMES
) -> float:
    """Frames a simulated second."""
    name, poll_s = BRIDGES[board.name]
    wire = Wire(
        baud=board.clock.baud,
        delay_s=poll_s,
        timeout_s=60,
        answers=(bytes_.up, bytes_.down),
        bridge=Bridge(PACKETS[name], timer_s),
        ring_bytes=ring_bytes,
    )
    wire.open()
    start, sent, back = wire.now, 0, 0
    wire.host.resume()
    while back < frames * bytes_.up:
        while sent < frames and sent - back // bytes_.up < AHEAD:
            wire.host.send(bytes(bytes_.down))
            sent += 1
        wire.step()
        back += len(wire.host.take())
    return frames / (wire.now - start)


def rows() -> list[tuple[str, ...]]:
    """The table's rows: board and bridge; then for each timer, frames/s, and part of the bound."""
    found: list[tuple[str, ...]] = []
    for name, (bridge, _) in BRIDGES.items():
        board = BOARDS[name]
        bytes_ = traffic(board)
        bound = board.clock.bytes_per_s / (bytes_.down * FRAMING)
        rings = [RING_BYTES] + [LARGE_RING_BYTES] * is_deep(board.hardware)
        for ring_bytes in rings:
            row = [board.title, bridge, f"{credit(ring_bytes):,}", f"{bound:,.0f}"]
            for timer_s in (DEFAULT_S, SHORT_S):
                rate = frames_per_s(board, bytes_, timer_s=timer_s, ring_bytes=ring_bytes)
                row += [f"{rate:,.0f}", f"{rate / bound:.2f}"]
            found.append(tuple(row))
    return found


def main() -> None:
    """Measure, and write the page's table."""
    head = (
        "board",
        "bridge",
        "credit, bytes",
        "bound by the UART, frames/s",
        "timer 16 ms, frames/s",
        "of the bound",
        "timer 1 ms, frames/s",
        "of it",
    )
    text = table(head, rows())
    write_section(PAGE, COMMAND, text)
    print(text)


if __name__ == "__main__":
    main()
