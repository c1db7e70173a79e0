"""A link that does its worst: results are those of a sound one, to the last counter."""

import numpy as np
import pytest

from sterna.emulator import EmulatedLink
from sterna.host import Device
from sterna.model import GoldenModel
from sterna.spec import Network, SternaError, preset
from sterna.verify.random_network import random_network
from tests.host.conftest import OpenLink
from tests.host.faulty import KINDS, FaultyLink

TICKS = 150


def busy_network(seed: int) -> Network:
    """A random network on `tiny` of which at least every other tick brings output spikes."""
    rng = np.random.default_rng(seed)
    while True:
        network = random_network(rng, preset("tiny"), cores=2)
        model = GoldenModel(network)
        frames = frames_for(network)
        if sum(bool(model.step(frame).lines.any()) for frame in frames) > TICKS // 2:
            return network


def frames_for(network: Network) -> np.ndarray:
    return np.random.default_rng(5).random((TICKS, network.features)) < 0.4


def check(device: Device, network: Network) -> None:
    """Load, stream, and compare every tick, every potential and every counter with the model."""
    device.load(network)
    before = device.counters()
    model = GoldenModel(network)
    frames = frames_for(network)
    for result, frame in zip(device.stream(frames), frames, strict=True):
        expected = model.step(frame)
        assert result.tick == expected.tick
        assert (result.lines == expected.lines).all()
    for seen, expected in zip(device.potentials(), model.potentials, strict=True):
        assert (seen == expected).all()
    after = device.counters()
    counted = {name: (after[name] - before[name]) % (1 << 32) for name in after}
    assert counted["TICKS"] == TICKS
    assert counted["SPIKES_IN"] == model.spikes_in
    assert counted["SPIKES_ROUTED"] == model.spikes_routed
    assert counted["SPIKES_OUT"] == model.spikes_out
    assert counted["DROPPED"] == 0


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("seed", range(3))
def test_sound_link_needs_no_repair(open_link: OpenLink, seed: int) -> None:
    with Device(FaultyLink(open_link(), seed)) as device:
        check(device, busy_network(seed))
        assert device.statistics.damaged == 0
        assert device.statistics.out_of_order == 0
        assert device.statistics.repairs == 0


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fault_is_repaired(open_link: OpenLink, kind: str) -> None:
    link = FaultyLink(open_link(), seed=1)
    with Device(link) as device:
        before = device.counters()
        link.break_(0.1, (kind,))
        check(device, busy_network(1))
        link.break_(0)
        after = device.counters()
        assert link.counts[kind] > 5
        seen = device.statistics
        found = {
            "damaged": seen.damaged + after["CRC_ERRORS"] - before["CRC_ERRORS"],
            "refused": seen.out_of_order + after["REFUSED_FRAMES"] - before["REFUSED_FRAMES"],
        }
        if kind in ("damage", "burst", "cut", "junk"):
            assert found["damaged"] > 0
        if kind in ("drop", "double", "reorder"):
            assert found["refused"] > 0
        if kind not in ("double", "split"):
            assert seen.repairs > 0


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("seed", range(4))
def test_all_faults_at_once_are_repaired(open_link: OpenLink, seed: int) -> None:
    link = FaultyLink(open_link(), seed)
    with Device(link) as device:
        link.break_(0.2)
        check(device, busy_network(seed))
        link.break_(0)
        assert link.counts.total() > 50
        assert device.statistics.repairs > 0
        assert device.statistics.damaged > 0
        assert device.counters()["CRC_ERRORS"] > 0


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("seed", range(4))
def test_opening_survives_lost_and_damaged_frames(open_link: OpenLink, seed: int) -> None:
    link = FaultyLink(open_link(), seed)
    link.break_(0.5, ("damage", "drop", "cut", "junk", "split"))
    with Device(link, timeout_s=20) as device:
        assert device.info.hardware == preset("tiny")
        link.break_(0)


#: What damage that is let through ends in: a message, a word, a state or a spike that is wrong.
LET_THROUGH = r"which is not a message|reads back|the device was reset|^assert"


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.control
def test_without_the_crc_damage_is_noticed(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: these tests would see a link that lets damage through."""
    monkeypatch.setattr("sterna.link.frames.crc_of", lambda data: 0)
    monkeypatch.setattr("sterna.link.host.MAX_TIMEOUTS", 1)
    link = FaultyLink(EmulatedLink(preset("tiny")), seed)
    with Device(link, timeout_s=0.5) as device:
        link.break_(0.2, ("damage",))
        with pytest.raises((AssertionError, SternaError), match=LET_THROUGH):
            check(device, busy_network(seed))
        assert link.counts["damage"] > 0
