"""Both ends of the link over slow, far and noisy wires, in simulated time."""

import random

import pytest

from sterna.link import host
from sterna.link.timing import SILENCE_S
from sterna.spec import LinkError
from sterna.spec.link import MAX_PAYLOAD
from tests.link.wire import Wire

DATA = random.Random(5).randbytes(20_000)


@pytest.mark.parametrize("baud", [9600, 115_200, 3e6])
@pytest.mark.parametrize("delay_s", [0, 0.15, 2])
def test_slow_and_far_links_work_and_need_no_repair_once_known(baud: float, delay_s: float) -> None:
    """The first long frame at 9,600 baud takes longer than all that was measured before it."""
    wire = Wire(baud=baud, delay_s=delay_s)
    assert wire.exchange(DATA) == DATA
    before = wire.host.statistics.repairs
    assert before <= 1
    wire.taken.clear()
    assert wire.exchange(DATA) == DATA
    assert wire.host.statistics.repairs == before


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("bit_errors", [1e-5, 1e-4, 1e-3])
@pytest.mark.parametrize(("baud", "delay_s"), [(3e6, 1e-3), (9600, 0.01), (115_200, 0.5)])
def test_bit_errors_are_repaired(baud: float, delay_s: float, bit_errors: float, seed: int) -> None:
    wire = Wire(baud=baud, delay_s=delay_s, bit_errors=bit_errors, seed=seed, timeout_s=20)
    assert wire.exchange(DATA) == DATA
    assert wire.taken == DATA
    seen = wire.host.statistics.damaged + wire.device.crc_errors
    assert seen > 0 or bit_errors < 1e-4


@pytest.mark.parametrize("delay_s", [0.0, 0.01, 2.0])
def test_silence_is_told_within_the_timeout_and_what_the_round_trip_adds(delay_s: float) -> None:
    wire = Wire(delay_s=delay_s)
    wire.exchange(DATA[:2000])
    wire.stopped = True
    start = wire.now
    with pytest.raises(LinkError, match="no answer for 5 s"):
        wire.exchange(DATA)
    assert 5 <= wire.now - start <= 5 + SILENCE_S + 20 * delay_s


def test_frames_shrink_on_a_bad_wire_and_grow_again() -> None:
    wire = Wire(bit_errors=1e-3, timeout_s=20)
    wire.exchange(DATA)
    assert wire.host._piece < MAX_PAYLOAD
    wire.down.bit_errors = wire.up.bit_errors = 0
    wire.taken.clear()
    wire.exchange(DATA)
    assert wire.host._piece == MAX_PAYLOAD


@pytest.mark.control
def test_a_fixed_silence_would_not_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a host that takes 0.1 s for silence repairs without end on a far link."""
    monkeypatch.setattr(host.RoundTrip, "silence_s", property(lambda self: SILENCE_S))
    wire = Wire(baud=9600, delay_s=2)
    try:
        wire.exchange(DATA[:3000])
    except LinkError:
        return
    assert wire.host.statistics.repairs > 50
