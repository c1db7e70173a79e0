"""Spike coding: the messages of a frame say what the frame says."""

import numpy as np
import pytest

from sterna.emulator import EmulatedLink
from sterna.host import Device, FrameEncoder
from sterna.model import GoldenModel
from sterna.spec import PRESETS, Network, preset
from sterna.spec.link import AXONS, SPIKE, HostOp
from sterna.verify.random_network import random_frames, random_network
from tests.networks import chain, int32


def spikes_of(messages: bytes) -> list[tuple[int, int]]:
    """Core and axon of every spike in AXONS and SPIKE messages, sorted; doubles stay."""
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(messages):
        if messages[at] == HostOp.SPIKE:
            _, delay, core, axon = SPIKE.unpack_from(messages, at)
            found.append((core, axon))
            at += SPIKE.size
        else:
            op, delay, core, word, count = AXONS.unpack_from(messages, at)
            assert op == HostOp.AXONS
            at += AXONS.size
            words = np.frombuffer(messages[at : at + 2 * count], np.uint8)
            bits = np.flatnonzero(np.unpackbits(words, bitorder="little"))
            found += [(core, 16 * word + int(bit)) for bit in bits]
            at += 2 * count
        assert delay == 0
    return sorted(found)


def wanted(network: Network, frame: np.ndarray) -> list[tuple[int, int]]:
    return sorted(
        (core, axon) for feature, core, axon in network.input_map.tolist() if frame[feature]
    )


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("seed", range(3))
def test_messages_hold_the_spikes_of_the_frame(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = random_network(rng, preset(name))
    encoder = FrameEncoder(network)
    for frame in random_frames(rng, network, 20):
        assert spikes_of(encoder.encode(frame)) == wanted(network, frame)


def doubled() -> Network:
    """A chain of six features; 0, 4 and 5 drive one axon."""
    rows = [(0, 0, 0), (1, 0, 1), (2, 0, 2), (3, 0, 3), (4, 0, 0), (5, 0, 0)]
    return chain(features=6, input_map=int32(*rows))


def test_every_spike_of_a_shared_axon_is_sent() -> None:
    network = doubled()
    encoder = FrameEncoder(network)
    for number in range(64):
        frame = np.array([number >> bit & 1 for bit in range(6)], np.uint8)
        assert spikes_of(encoder.encode(frame)) == wanted(network, frame)


def test_spikes_of_a_shared_axon_are_counted_as_the_model_counts() -> None:
    network = doubled()
    model = GoldenModel(network)
    frames = np.random.default_rng(1).random((40, 6)) < 0.5
    with Device(EmulatedLink(network.hardware)) as device:
        device.load(network)
        for result, frame in zip(device.stream(frames), frames, strict=True):
            assert (result.lines == model.step(frame).lines).all()
        assert device.counters()["SPIKES_IN"] == model.spikes_in


def test_empty_frame_sends_nothing_and_a_full_one_bitmaps() -> None:
    network = random_network(np.random.default_rng(3), preset("up5k"), cores=8)
    encoder = FrameEncoder(network)
    assert encoder.encode(np.zeros(network.features, bool)) == b""
    full = encoder.encode(np.ones(network.features, bool))
    words = sum(-(-int(axons) // 16) for axons in network.axons)
    assert len(full) <= 8 * AXONS.size + 2 * words
