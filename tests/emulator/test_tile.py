"""The emulated tile: its cycles, counters and limits are those of the device."""

import numpy as np
import pytest

from sterna.emulator import EmulatedLink
from sterna.host import Device
from sterna.model import GoldenModel
from sterna.spec import Hardware, Network, preset
from sterna.spec.hardware import RING_WORD
from sterna.spec.layout import Space, depth
from sterna.spec.link import (
    ACCESS,
    AXONS,
    ERROR,
    REGISTERS,
    SPIKE,
    DeviceOp,
    ErrorCode,
    HostOp,
    Register,
)
from sterna.spec.presets import is_deep
from sterna.verify.random_network import random_network
from tests.emulator.test_link import Peer, frame
from tests.networks import chain

PRESETS = ("tiny", "up5k", "ecp5-25f", "truenorth")
TICKS = 40


def cycles_of(network: Network, frames: np.ndarray) -> list[int]:
    """The bound of each tick, by the golden model; of a deep build where the preset is one."""
    model, hardware = GoldenModel(network), network.hardware
    ticks = [model.step(frame) for frame in frames]
    neurons, deep = network.neurons.tolist(), is_deep(hardware)
    return [hardware.bound(tick.active_by_type(network), neurons, deep=deep) for tick in ticks]


def case(name: str, seed: int = 0) -> tuple[Network, np.ndarray]:
    """A random network, and frames of spikes, from few to many."""
    rng = np.random.default_rng([seed, 5])
    network = random_network(rng, preset(name))
    density = np.linspace(0, 0.9, TICKS)[:, None]
    return network, rng.random((TICKS, network.features)) < density


@pytest.mark.parametrize("name", PRESETS)
def test_cycles_of_each_tick_are_the_bound(name: str) -> None:
    network, frames = case(name)
    wanted = cycles_of(network, frames)
    with Device(EmulatedLink(network.hardware)) as device:
        device.load(network)
        before = device.counters()["BUSY_CYCLES"]
        assert [tick.cycles for tick in device.stream(frames)] == wanted
        assert device.counters()["BUSY_CYCLES"] - before == sum(wanted)
    assert min(wanted) < max(wanted)


@pytest.mark.control
def test_cycles_of_a_plain_build_are_not_those_of_a_deep_one() -> None:
    network, frames = case("ecp5-25f")
    model = GoldenModel(network)
    plain = [
        network.hardware.bound(model.step(frame).active_by_type(network), network.neurons.tolist())
        for frame in frames
    ]
    assert plain != cycles_of(network, frames)


@pytest.mark.parametrize("name", PRESETS)
def test_spikes_are_counted_as_the_golden_model_counts_them(name: str) -> None:
    network, frames = case(name, 2)
    model = GoldenModel(network)
    with Device(EmulatedLink(network.hardware)) as device:
        device.load(network)
        before = device.counters()
        for tick, given in zip(device.stream(frames), frames, strict=True):
            np.testing.assert_array_equal(tick.lines, model.step(given).lines)
        after = device.counters()
    seen = {name: after[name] - before[name] for name in after}
    assert seen["TICKS"] == TICKS
    assert seen["SPIKES_IN"] == model.spikes_in > 0
    assert seen["SPIKES_ROUTED"] == model.spikes_routed > 0
    assert seen["SPIKES_OUT"] == model.spikes_out > 0


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_tick_longer_than_its_period_is_an_overrun(more: int) -> None:
    """And one that is just as long is none."""
    network, frames = chain(), np.zeros((3, 4), bool)
    (cycles,) = {*cycles_of(network, frames)}
    with Device(EmulatedLink(network.hardware)) as device:
        device.load(network)
        device.write_words(Space.REGISTER, Register.TICK_PERIOD, [cycles + more])
        before = device.counters()["OVERRUNS"]
        assert len(list(device.stream(frames))) == 3
        assert device.counters()["OVERRUNS"] - before == (3 if more < 0 else 0)


def test_registers_that_are_read_only_stay_as_they_are() -> None:
    """Those of the table that are marked so; a write to the others is read back."""
    with Device(EmulatedLink(preset("tiny"))) as device:
        before = device.read_words(Space.REGISTER, 0, len(Register))
        for register in Register:
            device.write_words(Space.REGISTER, register, [3])
        after = device.read_words(Space.REGISTER, 0, len(Register))
    for register, old, new in zip(Register, before, after, strict=True):
        assert new == (3 if REGISTERS[register][0] == "rw" else old), register.name


def refused(message: bytes, hardware: Hardware) -> tuple[int, int] | None:
    """Code and detail of a device's error for a message, None if there is none."""
    peer = Peer(EmulatedLink(hardware))
    (hello,) = peer.tell(frame(0, b"", flags=1))
    assert hello.flags == 1
    answer = b"".join(one.payload for one in peer.tell(frame(0, message)))
    if answer[:1] != bytes([DeviceOp.ERROR]):
        return None
    _, code, detail = ERROR.unpack(answer[: ERROR.size])
    return code, detail


@pytest.mark.parametrize("space", [Space.CROSSBAR, Space.TARGET, Space.RING])
def test_the_last_word_can_be_read_and_the_one_behind_it_not(space: Space) -> None:
    hardware = preset("tiny")
    last = depth(space, hardware) - 1
    assert refused(ACCESS.pack(HostOp.READ, space, last, 1), hardware) is None
    for at, count in ((last, 2), (last + 1, 1), (last, 0)):
        message = ACCESS.pack(HostOp.READ, space, at, count)
        assert refused(message, hardware) == (ErrorCode.ADDRESS, at)


def test_the_last_core_axon_and_delay_take_a_spike_and_those_behind_them_not() -> None:
    hardware = preset("tiny")
    most = hardware.max_delay, hardware.contexts - 1, hardware.axons - 1
    assert refused(SPIKE.pack(HostOp.SPIKE, *most), hardware) is None
    for at, code in enumerate((ErrorCode.DELAY, ErrorCode.CONTEXT, ErrorCode.AXON)):
        wrong = list(most)
        wrong[at] += 1
        assert refused(SPIKE.pack(HostOp.SPIKE, *wrong), hardware) == (code, wrong[at])
    words = hardware.axons // RING_WORD
    whole = AXONS.pack(HostOp.AXONS, 0, 0, 0, words) + bytes(2 * words)
    assert refused(whole, hardware) is None
    for first, count in ((0, words + 1), (words, 1), (0, 0)):
        message = AXONS.pack(HostOp.AXONS, 0, 0, first, count) + bytes(2 * count)
        assert refused(message, hardware) == (ErrorCode.AXON, first)
