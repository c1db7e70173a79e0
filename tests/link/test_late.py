"""A frame that comes again a round of the offsets' low half later is old, and has no effect."""

import dataclasses
import random

import pytest

from sterna.link import frames
from sterna.link.frames import Frame
from sterna.link.window import ReceiveWindow, SendWindow
from sterna.spec import SternaError
from tests.link.late import PIECE, ROUND, late_wire, rounds
from tests.link.wire import Wire


@pytest.mark.parametrize("seed", range(3))
def test_a_frame_that_comes_a_round_late_has_no_effect(seed: int) -> None:
    wire, down, up = late_wire(seed)
    rounds(wire, 3, seed)
    assert min(down.hits, up.hits) > 1.5 * ROUND // PIECE
    assert wire.device.refused_frames >= down.hits
    assert wire.host.statistics.out_of_order >= up.hits
    assert wire.host.statistics.repairs < 5


def test_late_frames_and_bit_errors_together_are_repaired() -> None:
    wire, down, up = late_wire(1, bit_errors=3e-5, timeout_s=20)
    rounds(wire, 2, 1)
    assert min(down.hits, up.hits) > 50
    assert wire.device.crc_errors + wire.host.statistics.damaged > 5


def test_frames_of_any_age_have_no_effect() -> None:
    """`python -m tests.link.late` does the same for hundreds of rounds."""
    wire, down, up = late_wire(3, share=0.3, timeout_s=30)
    rounds(wire, 1.5, 3)
    assert min(down.strays, up.strays) > 200


@pytest.mark.control
def test_offsets_of_sixteen_bits_would_take_old_frames_for_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative control: the offsets of protocol 3, of which wrong spikes came in silence."""
    whole = frames.decode

    def narrow(block: bytes) -> Frame | None:
        frame = whole(block)
        return frame and dataclasses.replace(frame, seq=frame.seq % ROUND, ack=frame.ack % ROUND)

    monkeypatch.setattr(frames, "decode", narrow)
    for module in ("window", "host", "device"):
        monkeypatch.setattr(f"sterna.link.{module}.WRAP", ROUND - 1)
    wire, *_ = late_wire(0, timeout_s=1)
    with pytest.raises((AssertionError, SternaError)):
        rounds(wire, 3, 0)


@pytest.mark.parametrize("start", [ROUND - 5000, (1 << 32) - 5000])
@pytest.mark.parametrize("bit_errors", [0, 1e-4])
def test_offsets_come_round_without_a_trace(start: int, bit_errors: float) -> None:
    wire = Wire(bit_errors=bit_errors, timeout_s=20)
    wire.open()
    for end in (wire.host, wire.device):
        out, into = end._out, end._in
        out.limit = (out.limit + start) % (1 << 32)
        out.acked = into.expected = start
    wire.device._advertised = wire.device._in.limit
    data = random.Random(1).randbytes(20_000)
    assert wire.exchange(data) == data
    assert wire.host._out.acked == (start + 20_000) % (1 << 32)


def test_a_limit_is_sent_as_its_low_half() -> None:
    window = SendWindow(508)
    window.put(bytes(1000))
    window.acked, window.limit = 0x1_FF00, 0x2_0010
    assert len(window.next(9999)) == 0x110
    assert window.allow(0x0100)
    assert window.limit == 0x2_0100
    assert not window.allow(0x0010)
    window.set_limit(0xFF80)
    assert window.limit == 0x1_FF80
    assert window.acknowledge(0x0_FF10) is None  # a round before
    assert window.acknowledge(0x1_FF10) == 0x10
    into = ReceiveWindow(508)
    into.expected = 0x1_FFF0
    assert into.limit == 0x2_01EC
