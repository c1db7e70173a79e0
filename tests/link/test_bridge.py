"""The link over a USB bridge: packets and a timer."""

import random

import pytest

from bench.bridge import BRIDGES, frames_per_s, rows, traffic
from sterna.spec.boards import BOARDS
from sterna.spec.link import FRAMING, LARGE_RING_BYTES, RING_BYTES, credit
from tests.link.bridge import DEFAULT_S, PACKETS, SHORT_S, Bridge
from tests.link.wire import Wire


def test_full_packets_leave_at_once_and_the_rest_by_the_timer() -> None:
    bridge = Bridge(packet=62, timer_s=16e-3)
    assert bridge.due == float("inf")
    assert bridge.put(0.5, bytes(130)) == [bytes(62)] * 2
    assert bridge.expired(0.515) == b""
    assert bridge.due == pytest.approx(0.516)
    assert bridge.expired(0.516) == bytes(6)
    assert bridge.due == float("inf")


def test_timer_runs_on_while_nothing_comes() -> None:
    bridge = Bridge(packet=62, timer_s=16e-3)
    assert bridge.put(1.0001, b"a") == []
    assert 1.0001 < bridge.due <= 1.0001 + 16e-3
    assert bridge.due % 16e-3 == pytest.approx(0, abs=1e-9) or bridge.due % 16e-3 > 15.9e-3


@pytest.mark.parametrize("packet", PACKETS.values(), ids=list(PACKETS))
@pytest.mark.parametrize("timer_s", [DEFAULT_S, SHORT_S])
@pytest.mark.parametrize("bit_errors", [0.0, 1e-4])
def test_every_byte_comes_over_a_bridge(packet: int, timer_s: float, bit_errors: float) -> None:
    data = random.Random(packet).randbytes(5_000)
    wire = Wire(bridge=Bridge(packet, timer_s), bit_errors=bit_errors, seed=1, timeout_s=60)
    assert wire.exchange(data) == data


@pytest.mark.parametrize("name", BRIDGES)
def test_long_timer_binds_a_small_ring_and_neither_more_than_it_must(name: str) -> None:
    """Credit comes back once a timer at the latest: so many bytes a timer, and no fewer."""
    board, bytes_ = BOARDS[name], traffic(BOARDS[name])
    slow = frames_per_s(board, bytes_, timer_s=DEFAULT_S, ring_bytes=RING_BYTES)
    assert slow * bytes_.down * DEFAULT_S >= 0.97 * credit(RING_BYTES)
    short = frames_per_s(board, bytes_, timer_s=SHORT_S, ring_bytes=RING_BYTES)
    large = frames_per_s(board, bytes_, timer_s=DEFAULT_S, ring_bytes=LARGE_RING_BYTES)
    bound = board.clock.bytes_per_s / (bytes_.down * FRAMING)
    assert 1.5 * slow < min(short, large)
    assert max(short, large) <= bound


@pytest.mark.control
def test_bridge_that_holds_nothing_is_noticed() -> None:
    """Without its timer the figures would be other ones."""
    board = BOARDS["icebreaker"]
    held = frames_per_s(board, traffic(board), timer_s=DEFAULT_S, ring_bytes=RING_BYTES)
    free = frames_per_s(board, traffic(board), timer_s=1e-6, ring_bytes=RING_BYTES)
    assert free > 5 * held


def test_bench_has_a_row_for_each_bridge_and_ring() -> None:
    names = [(row[0], row[2]) for row in rows()]
    assert names == [("iCEBreaker", "508"), ("ULX3S 85F", "508"), ("ULX3S 85F", "2,044")]
