"""The model behind the protocol: the image it decodes, and the rules of the link it keeps."""

import numpy as np
import pytest

from sterna.emulator import EmulatedLink
from sterna.link import DeviceEnd
from sterna.link.frames import Frame, FrameReader
from sterna.model import GoldenModel
from sterna.spec import ConfigError, Network, build_image, preset
from sterna.spec.image_reader import read_image
from sterna.spec.layout import Space
from sterna.spec.link import (
    PROTOCOL_VERSION,
    RING_BYTES,
    SHORT_PAYLOAD,
    TICK,
    TICK_DONE,
    Flag,
    HostOp,
    credit,
)
from sterna.verify.random_network import random_network
from tests.networks import chain

DEVICE_CREDIT = credit(RING_BYTES)


def rows(network: Network) -> list[tuple[object, ...]]:
    """What counts of every neuron: type, potential; and all targets, in order."""
    types = network.types[network.neuron_type].tolist()
    return [
        *zip(types, network.neuron_potential.tolist(), strict=True),
        *sorted(map(tuple, network.targets.tolist())),
    ]


@pytest.mark.parametrize("name", ["tiny", "up5k", "core256"])
@pytest.mark.parametrize("seed", range(3))
def test_image_reads_back_as_the_network_it_was_built_of(name: str, seed: int) -> None:
    network = random_network(np.random.default_rng(seed), preset(name))
    image = build_image(network, network.hardware)
    seen = read_image(image.words, network.hardware, image.used_contexts)
    assert seen.cores == network.cores
    for core in range(network.cores):
        assert (seen.weights(core) == network.weights(core)).all()
    assert rows(seen) == rows(network)


@pytest.mark.parametrize(
    ("space", "bit"),
    [(Space.CROSSBAR, 2), (Space.TYPE, 3), (Space.TARGET, 3), (Space.POTENTIAL, 3)],
)
@pytest.mark.control
def test_image_with_a_wrong_bit_reads_back_as_another_network(space: Space, bit: int) -> None:
    network = chain()
    image = build_image(network, network.hardware)
    image.words[space][0] ^= 1 << bit
    seen = read_image(image.words, network.hardware, image.used_contexts)
    same = rows(seen) == rows(network)
    assert not (same and (seen.weights(0) == network.weights(0)).all())


@pytest.mark.parametrize(
    ("space", "word", "text"),
    [
        (Space.CROSSBAR, 0b10, "not a trit"),
        (Space.CONTEXT, 16380, "is short"),
        (Space.TARGET, 0b111, "core 0, neuron 0: target kind 3"),
    ],
)
def test_words_that_make_no_network_are_named(space: Space, word: int, text: str) -> None:
    network = chain()
    image = build_image(network, network.hardware)
    image.words[space][0] = word
    with pytest.raises(ConfigError, match=text):
        read_image(image.words, network.hardware, image.used_contexts)


class Peer:
    """A host that speaks frames to a device, one by one."""

    def __init__(self, link: EmulatedLink) -> None:
        self._link, self._reader = link, FrameReader()

    def tell(self, *frames: Frame) -> list[Frame]:
        """Send frames; everything that comes back."""
        self._link.write(b"".join(frame.encode() for frame in frames))
        found: list[Frame] = []
        while data := self._link.read(0):
            found += [frame for frame in self._reader.feed(data) if frame]
        return found


@pytest.fixture
def peer() -> Peer:
    peer = Peer(EmulatedLink(preset("tiny")))
    (answer,) = peer.tell(Frame(Flag.SYN, limit=4096))
    assert (answer.flags, answer.seq, answer.ack) == (Flag.SYN, 0, 0)
    assert answer.limit == DEVICE_CREDIT
    return peer


def frame(seq: int, payload: bytes, **more: int) -> Frame:
    return Frame(seq=seq, payload=payload, limit=more.pop("limit", 4096), **more)


def test_nothing_is_said_before_the_first_syn() -> None:
    peer = Peer(EmulatedLink(preset("tiny")))
    assert peer.tell(Frame(flags=Flag.RESEND, version=9)) == []
    peer._link.write(b"\x05abcd\0")
    assert peer.tell() == []


def test_frame_of_another_session_is_answered_with_reset() -> None:
    peer = Peer(EmulatedLink(preset("tiny")))
    assert peer.tell(frame(0, bytes(9), session=3)) == [Frame(Flag.RESET, session=3)]
    peer.tell(Frame(Flag.SYN, limit=4096))
    assert peer.tell(frame(0, bytes(9), session=3)) == [Frame(Flag.RESET, session=3)]
    (answer,) = peer.tell(frame(0, bytes(9)))
    assert answer.ack == 9


def test_syn_that_comes_once_more_ends_nothing(peer: Peer) -> None:
    peer.tell(frame(0, bytes(9)))
    (answer,) = peer.tell(Frame(Flag.SYN, limit=4096))
    assert (answer.flags, answer.ack) == (Flag.SYN, 9)


def test_frame_is_acknowledged_and_its_credit_comes_back(peer: Peer) -> None:
    (answer,) = peer.tell(frame(0, bytes(200)))
    assert (answer.flags, answer.ack, answer.limit) == (0, 200, 200 + DEVICE_CREDIT)


@pytest.mark.parametrize(
    ("seq", "again"), [(5, True), (300, True), (0xFFFF_FFF0, False), (0xFFFF_0000, False)]
)
def test_frame_out_of_order_is_refused(peer: Peer, seq: int, again: bool) -> None:
    (answer,) = peer.tell(frame(seq, bytes(9)))
    assert (answer.flags, answer.ack) == (Flag.RESEND if again else 0, 0)


def test_damaged_frame_is_asked_for_again(peer: Peer) -> None:
    peer._link.write(b"\x05abcd\0")
    (answer,) = peer.tell()
    assert (answer.flags, answer.ack) == (Flag.RESEND, 0)


def test_frame_of_another_version_is_ignored_but_its_syn_is_not(peer: Peer) -> None:
    assert peer.tell(Frame(0, 0, 0, 9, b"abc", version=9)) == []
    (answer,) = peer.tell(Frame(Flag.SYN, version=9))
    assert answer.flags == Flag.SYN
    assert answer.version == PROTOCOL_VERSION


def test_frames_beyond_the_credit_are_refused() -> None:
    channel = DeviceEnd(lambda: None)
    channel.hear(Frame(Flag.SYN, limit=4096).encode())
    for at in (0, 236):
        channel.hear(frame(at, bytes(236)).encode())
    channel.hear(frame(472, bytes(37)).encode())
    assert channel.refused_frames == 1
    channel.hear(frame(472, bytes(36)).encode())
    assert channel.refused_frames == 1
    assert channel.take(9999) == bytes(DEVICE_CREDIT)


def test_device_keeps_to_the_hosts_credit_and_to_its_ring(peer: Peer) -> None:
    ticks = TICK.pack(HostOp.TICK, 500)
    got = b"".join(f.payload for f in peer.tell(frame(0, ticks, limit=100)))
    assert len(got) == 100
    got += b"".join(f.payload for f in peer.tell(Frame(seq=3, limit=4096)))
    assert RING_BYTES - TICK_DONE.size < len(got) <= RING_BYTES
    again = peer.tell(Frame(Flag.RESEND, seq=3, ack=50, limit=4096))
    assert b"".join(f.payload for f in again).startswith(got[50:])
    assert max(len(f.payload) for f in again) == SHORT_PAYLOAD
    assert peer.tell(Frame(seq=3, ack=9999, limit=4096)) == []  # never sent


def test_ticks_granted_before_a_syn_are_run_after_it(peer: Peer) -> None:
    peer.tell(frame(0, TICK.pack(HostOp.TICK, 300)))
    first, *rest = peer.tell(Frame(Flag.SYN, limit=4096, session=1))
    assert first.flags == Flag.SYN
    data = b"".join(f.payload for f in rest)
    assert data[:1] == b"\x02"  # a whole message, not the middle of one
    last = rest[-1]
    assert last.seq + len(last.payload) <= RING_BYTES


def test_model_runs_what_the_golden_model_runs() -> None:
    """Negative control: the comparison sees a network that differs in one weight."""
    from sterna.host import Device

    network = chain()
    frames = np.random.default_rng(1).random((50, network.features)) < 0.5
    with Device(EmulatedLink(network.hardware)) as device:
        device.load(network)
        results = list(device.stream(frames))
        potentials = np.concatenate(device.potentials())
    for flip in (False, True):
        crossbars = [crossbar.copy() for crossbar in network.crossbars]
        if flip:
            crossbars[0][0, 0] = -1
        model = GoldenModel(network.replace(crossbars=tuple(crossbars)))
        ticks = [model.step(frame) for frame in frames]
        same = all((r.lines == t.lines).all() for r, t in zip(results, ticks, strict=True))
        same &= bool((potentials == np.concatenate(model.potentials)).all())
        assert same != flip
