"""The device driver: what it does, and how it refuses what cannot be."""

import re
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from sterna.data import shipped_network
from sterna.emulator import EmulatedLink
from sterna.emulator.tile import EmulatedTile
from sterna.host import Device, classify
from sterna.host.messages import TickMessage
from sterna.link.frames import FrameReader
from sterna.model import GoldenModel
from sterna.spec import (
    ConfigError,
    DataError,
    LinkError,
    MismatchError,
    Network,
    NeuronType,
    ProtocolError,
    preset,
)
from sterna.spec.layout import Space, depth, word_bits
from sterna.spec.link import ACCESS, AXONS, PROTOCOL_VERSION, SPIKE, HostOp, Register
from tests.host.conftest import OpenLink
from tests.host.servers import pump, serving
from tests.networks import chain, int32

TINY, UP5K = preset("tiny"), preset("up5k")
FRAMES = np.random.default_rng(3).random((40, 4)) < 0.5


@pytest.fixture
def device(open_link: OpenLink):
    with Device(open_link()) as opened:
        yield opened


@pytest.fixture
def loaded(device: Device) -> Device:
    device.load(chain())
    return device


def model_device(**changes: object) -> Device:
    return Device(EmulatedLink(TINY, **changes))


# what it tells


def test_handshake_tells_hardware_and_protocol(device: Device) -> None:
    assert device.info.hardware == TINY
    assert device.info.protocol == PROTOCOL_VERSION
    assert 0 <= device.info.build_hash < 1 << 64


def test_build_hash_comes_whole() -> None:
    assert model_device(build_hash=0x0123456789ABCDEF).info.build_hash == 0x0123456789ABCDEF


def test_other_hardware_than_expected_names_both_sides(open_link: OpenLink) -> None:
    link = open_link()
    with pytest.raises(ProtocolError) as caught:
        Device(link, expect=preset("up5k"))
    link.close()
    text = str(caught.value)
    assert "lanes=8" in text
    assert "lanes=32" in text
    assert "load the bitstream" in text


def test_other_build_than_expected_names_both_sides() -> None:
    with pytest.raises(
        ProtocolError, match=r"build hash: .* 0{14}11, .* 0{14}22: load the bitstream"
    ):
        Device(EmulatedLink(TINY, build_hash=0x11), expect_build=0x22)


@pytest.mark.control
@pytest.mark.parametrize("line", [4, 9, 32_767])
def test_spike_on_a_line_that_the_network_has_not_is_refused(
    line: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lines are 0 to 3."""
    with model_device() as device:
        device.load(chain())
        for seen in (3, line):
            tick = TickMessage(0, 1, np.array([0, seen]))
            monkeypatch.setattr(device._session, "next_tick", lambda tick=tick: tick)
            if seen == 3:
                assert device._next_tick(4).lines.tolist() == [1, 0, 0, 1]
                continue
            with pytest.raises(ProtocolError, match=f"a spike on line {line}; the network has 4"):
                device._next_tick(4)


@pytest.mark.parametrize(
    ("register", "text"),
    [
        (Register.MAGIC, "magic: the device has 9, the host expects 1398035022"),
        (Register.PROTOCOL, f"version: the device has 9, the host expects {PROTOCOL_VERSION}"),
        (Register.LANES, "the device says lanes must be a power of two, 8..64, not 9"),
    ],
)
def test_registers_that_make_no_device_are_refused(register: Register, text: str) -> None:
    link = EmulatedLink(TINY)
    link._fixed[register] = 9
    with pytest.raises(ProtocolError, match=text):
        Device(link)


class OtherVersion:
    """The model, as a device of protocol version 7 would answer a SYN."""

    def __init__(self) -> None:
        self._link = EmulatedLink(TINY)
        self._reader = FrameReader()
        self.name = "old board"
        self.write, self.close = self._link.write, self._link.close

    def read(self, timeout_s: float) -> bytes:
        frames = self._reader.feed(self._link.read(timeout_s))
        return b"".join(replace(frame, version=7).encode() for frame in frames if frame)


def test_other_protocol_version_names_both() -> None:
    with pytest.raises(ProtocolError) as caught:
        Device(OtherVersion())
    for word in ("old board", "version 7", f"this host {PROTOCOL_VERSION}", "one release"):
        assert word in str(caught.value)


# what it does


def test_frames_come_out_as_the_model_says(loaded: Device) -> None:
    assert (loaded.run(FRAMES) == FRAMES).all()
    assert (loaded.run(FRAMES[:3].astype(np.uint8)) == FRAMES[:3]).all()
    assert loaded.run(FRAMES[:0]).shape == (0, 4)


def test_ticks_carry_numbers_and_cycles(loaded: Device) -> None:
    results = list(loaded.stream(FRAMES))
    assert [result.tick for result in results] == list(range(len(FRAMES)))
    assert all(result.cycles > 0 for result in results)
    assert [result.tick for result in loaded.step(3)] == [40, 41, 42]
    loaded.reset()
    assert loaded.step(1)[0].tick == 0


def test_reset_restores_potentials_and_empties_the_ring(device: Device) -> None:
    network = chain(neuron_potential=int32(-5, 0, 3, -512, 0, 0, 0, 0).reshape(-1))
    device.load(network)
    model = GoldenModel(network)
    for _ in range(2):
        assert np.concatenate(device.potentials()).tolist() == network.neuron_potential.tolist()
        model.reset()
        for result, frame in zip(device.stream(FRAMES), FRAMES, strict=True):
            assert (result.lines == model.step(frame).lines).all()
        for seen, expected in zip(device.potentials(), model.potentials, strict=True):
            assert (seen == expected).all()
        device.inject(1, 2, 3)
        device.reset()
    model.reset()
    for result in device.step(5):
        assert (result.lines == model.step().lines).all()


def test_injected_spike_is_due_after_its_delay(loaded: Device) -> None:
    loaded.inject(1, 2, 2)
    loaded.inject(0, 3)
    lines = [result.lines.tolist() for result in loaded.step(4)]
    assert lines == [[0] * 4, [0, 0, 0, 1], [0, 0, 1, 0], [0] * 4]


def test_counters_count(loaded: Device) -> None:
    before = loaded.counters()
    loaded.run(FRAMES)
    after = loaded.counters()
    counted = {name: (after[name] - before[name]) % (1 << 32) for name in after}
    spikes = int(FRAMES.sum())
    assert counted["TICKS"] == len(FRAMES) + 1
    assert counted["SPIKES_IN"] == counted["SPIKES_ROUTED"] == counted["SPIKES_OUT"] == spikes
    assert counted["DROPPED"] == counted["CRC_ERRORS"] == counted["OVERRUNS"] == 0
    assert counted["BUSY_CYCLES"] > 0


def test_every_memory_reads_back_as_written(device: Device) -> None:
    rng = np.random.default_rng(0)
    for space in Space:
        if space in (Space.REGISTER, Space.CONTEXT, Space.AXON_TYPE):  # tiny has one axon type
            continue
        size = depth(space, TINY)
        words = [int(word) for word in rng.integers(0, 1 << word_bits(space, TINY), size)]
        device.write_words(space, 0, words)
        assert device.read_words(space, 0, size) == words
        assert device.read_words(space, size - 3, 2) == words[-3:-1]
    device.load(chain())


def test_smaller_network_after_a_larger_one_leaves_nothing_of_it(device: Device) -> None:
    device.load(chain())
    list(device.stream(FRAMES))
    small = chain(
        core_crossbar=int32(0).reshape(-1),
        latency=0,
        neuron_type=np.zeros(4, np.int32),
        neuron_potential=np.zeros(4, np.int32),
        targets=int32(*[(0, i, -1, i, 0) for i in range(4)]),
    )
    device.load(small)
    assert (device.run(FRAMES) == FRAMES).all()


def test_session_after_another_finds_the_network_and_a_halt_cleared(open_link: OpenLink) -> None:
    first = Device(open_link())
    first.load(chain())
    first._session._channel.send(b"\x77")
    with pytest.raises(ProtocolError, match="knows no message 0x77"):
        first.step(1)
    first.close()
    with Device(open_link()) as second:
        assert second.read_words(Space.REGISTER, Register.USED_CONTEXTS, 1) == [2]
        second.load(chain())
        assert (second.run(FRAMES) == FRAMES).all()


def test_stream_left_halfway_does_not_spoil_the_next(loaded: Device) -> None:
    stream = loaded.stream(FRAMES)
    for _ in range(3):
        next(stream)
    del stream
    loaded.potentials()
    loaded.reset()
    assert (loaded.run(FRAMES) == FRAMES).all()
    stream = loaded.stream(iter([*FRAMES, FRAMES[0] * 2]))
    with pytest.raises(DataError, match="not 2"):
        list(stream)
    assert not loaded.step(2)[1].lines.any()
    assert (loaded.run(FRAMES) == FRAMES).all()


def test_progress_ends_at_its_total(device: Device) -> None:
    told: list[tuple[int, int]] = []
    device.load(chain(), progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] == max(told)[0]


class StuckBit(EmulatedTile):
    """A crossbar memory with a bit that is always 1."""

    def write(self, space: Space, address: int, words: list[int]) -> None:
        super().write(
            space, address, [word | 1 << 5 for word in words] if space == Space.CROSSBAR else words
        )


@pytest.mark.control
def test_faulty_memory_is_found_on_loading() -> None:
    device = model_device(tile=StuckBit(TINY))
    expected = r"CROSSBAR word 0 was written 0x1 and reads back 0x21: the memory is faulty"
    with pytest.raises(MismatchError, match=expected):
        device.load(chain())
    with pytest.raises(ConfigError, match=r"no network is loaded: call load"):
        device.step(1)
    device.load(chain(), verify=False)


class StuckLine(EmulatedTile):
    """A crossbar memory with a line of its address that is always 0: words fall on others."""

    def write(self, space: Space, address: int, words: list[int]) -> None:
        line = depth(space, UP5K) // 8
        for at, word in enumerate(words, address):
            super().write(space, at & ~line if space == Space.CROSSBAR else at, [word])

    def read(self, space: Space, address: int, count: int) -> list[int]:
        keep = ~(depth(space, UP5K) // 8) if space == Space.CROSSBAR else -1
        return [
            super(StuckLine, self).read(space, at & keep, 1)[0]
            for at in range(address, address + count)
        ]


def test_address_that_falls_on_another_is_found_on_loading() -> None:
    """Each part reads back as it was written; a later one has landed on the first."""
    device = Device(EmulatedLink(UP5K, tile=StuckLine(UP5K)))
    with pytest.raises(MismatchError, match=r"CROSSBAR word \d was written .* reads back"):
        device.load(shipped_network())


def test_what_was_written_before_closing_has_arrived(open_link: OpenLink) -> None:
    words = list(range(64))
    for turn in range(5):
        with Device(open_link()) as device:
            device.write_words(Space.POTENTIAL, 0, [word + turn for word in words])
        with Device(open_link()) as device:
            assert device.read_words(Space.POTENTIAL, 0, 64) == [word + turn for word in words]


def test_closing_waits_for_a_silent_device_no_longer_than_the_timeout() -> None:
    link = EmulatedLink(TINY)
    device = Device(link, timeout_s=0.3)
    link.read = lambda timeout_s: time.sleep(timeout_s) or b""  # from now on it says nothing
    device.write_words(Space.POTENTIAL, 0, [1])
    start = time.monotonic()
    device.close()
    assert 0.2 < time.monotonic() - start < 20


def test_votes_go_to_the_lowest_of_equal_classes() -> None:
    spikes = np.array([[1, 0, 2, 0], [1, 0, 0, 1], [0, 0, 0, 0], [0, 2, 1, 0]])
    assert classify(spikes, int32(0, 1, -1, 1)).tolist() == [0, 0, 0, 1]


# what cannot be


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (np.zeros((3, 5), bool), ["[frames, 4]", "not [3, 5]"]),
        (np.zeros(4, bool), ["[frames, 4]", "not [4]"]),
        (np.zeros((2, 2, 4), bool), ["not [2, 2, 4]"]),
        (np.zeros((3, 4)), ["bool or integers", "float64"]),
        (np.full((3, 4), 255, np.uint8), ["0 and 1 only", "not 255", "[0, 0]", "threshold"]),
        (np.full((3, 4), -1), ["not -1"]),
        (np.array([["a"] * 4]), ["bool or integers"]),
    ],
)
def test_frames_that_do_not_fit_are_refused_before_anything_runs(
    loaded: Device, frames: np.ndarray, words: list[str]
) -> None:
    before = loaded.counters()["TICKS"]
    for action in (loaded.run, loaded.stream):
        with pytest.raises(DataError) as caught:
            action(frames)
        for word in words:
            assert word in str(caught.value)
        assert caught.value.exit_code == 2
    assert loaded.counters()["TICKS"] == before


def test_frames_must_be_arrays(loaded: Device) -> None:
    with pytest.raises(DataError, match="numpy array, not list"):
        loaded.run([[0, 1, 0, 1]])
    with pytest.raises(DataError, match="numpy array, not list"):
        list(loaded.stream([[0, 1, 0, 1]]))


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (lambda d: d.inject(2, 0), "core is 2, the limit is 0..1"),
        (lambda d: d.inject(-1, 0), "core is -1, the limit is 0..1"),
        (lambda d: d.inject(0, 4), "axon is 4, the limit is 0..3"),
        (lambda d: d.inject(0, 0, 4), "delay is 4, the limit is 0..3"),
        (lambda d: d.inject(0, 1.0), "axon must be an integer, not 1.0"),
        (lambda d: d.step(-1), "ticks is -1, the limit is 0 or more"),
        (lambda d: d.read_words(Space.TARGET, 120, 9), "9 words of TARGET from 120 on"),
        (lambda d: d.read_words(Space.TARGET, -1, 1), "words 0..127"),
        (lambda d: d.read_words(Space.TARGET, 0, 0), "0 words of TARGET"),
        (lambda d: d.write_words(Space.POTENTIAL, 64, [0]), "words 0..63"),
        (
            lambda d: d.write_words(Space.POTENTIAL, 3, [0, 1024]),
            "word 4 of POTENTIAL is 1024, the limit is 0..1023",
        ),
        (lambda d: d.write_words(Space.RING, 0, [-1]), "word 0 of RING is -1"),
        (lambda d: d.read_words(Space.REGISTER, 32, 1), "words 0..31"),
        (lambda d: d.read_words(Space.AXON_TYPE, 0, 1), "the device has no AXON_TYPE"),
    ],
)
def test_what_is_out_of_range_is_named_with_its_limit(
    loaded: Device, action: Callable[[Device], object], text: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(text)):
        action(loaded)
    assert (loaded.run(FRAMES) == FRAMES).all()


def wide(**changes: object) -> Network:
    """A network of the preset `up5k` that would fit `tiny`, but for the changes."""
    return chain(
        **{
            "hardware": replace(
                TINY, contexts=8, delay_slots=16, targets=999, types=64, axons=256, neurons=256
            ),
            **changes,
        }
    )


def many_targets() -> Network:
    """Neuron 0 of core 0 has 40 targets."""
    rows = [(0, 0, 1, i % 4, 1 + i // 4) for i in range(40)]
    return wide(targets=int32(*rows))


@pytest.mark.parametrize(
    ("network", "need", "have"),
    [
        (
            lambda: wide(
                core_crossbar=int32(0, 0, 0).reshape(-1),
                neuron_type=np.zeros(12, np.int32),
                neuron_potential=np.zeros(12, np.int32),
            ),
            "3 contexts",
            "2",
        ),
        (many_targets, "10 ticks of delay", "3"),
        (
            lambda: wide(targets=int32(*[(0, 0, 1, i % 4, 1) for i in range(40)])),
            "164 target entries",
            "128",
        ),
        (lambda: wide(types=np.repeat(chain().types, 17, axis=0)), "17 neuron types", "16"),
        (lambda: wide(crossbars=(np.zeros((33, 4), np.int8),)), "33 axons a core", "32"),
    ],
)
def test_network_too_large_names_need_limit_and_way_out(
    device: Device, network: Callable[[], Network], need: str, have: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        device.load(network())
    for word in ("'chain'", need, f"the device has {have}", "compile it for this device"):
        assert word in str(caught.value)


def test_network_of_other_widths_is_refused(device: Device) -> None:
    with pytest.raises(ConfigError, match=r"saturates at 16 potential bits, the device at 10"):
        device.load(chain(hardware=replace(TINY, potential_bits=16)))
    row = NeuronType(alpha=600)
    types = np.array([row.row()], np.int32)
    many = replace(TINY, potential_bits=16, threshold_bits=12)
    with pytest.raises(ConfigError, match=r"alpha is 600, the device takes 0\.\.511"):
        device.load(chain(hardware=many, types=types))


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (b"\x09", "the device knows no message 0x09"),
        (ACCESS.pack(HostOp.READ, 9, 0, 1), "no memory space 9"),
        (ACCESS.pack(HostOp.WRITE, Space.TARGET, 127, 2), "from address 127 on"),
        (ACCESS.pack(HostOp.READ, Space.TARGET, 5, 0), "from address 5 on"),
        (SPIKE.pack(HostOp.SPIKE, 0, 2, 0), "no core 2"),
        (SPIKE.pack(HostOp.SPIKE, 0, 0, 32), "no axon or ring word 32"),
        (SPIKE.pack(HostOp.SPIKE, 4, 0, 0), "delay of 4 ticks"),
        (AXONS.pack(HostOp.AXONS, 0, 0, 1, 2), "no axon or ring word 1"),
        (AXONS.pack(HostOp.AXONS, 0, 0, 0, 0), "no axon or ring word 0"),
    ],
)
def test_error_of_the_device_is_told_with_its_meaning(
    loaded: Device, message: bytes, text: str
) -> None:
    def offend() -> None:
        loaded._session.send(message)
        loaded.step(1)

    for action in (offend, lambda: loaded.step(1), loaded.potentials):
        with pytest.raises(ProtocolError, match=re.escape(text)) as caught:
            action()
        assert "open the device again" in str(caught.value)


@pytest.mark.parametrize("alive_for", [3_000, 6_000])
def test_device_that_dies_in_mid_stream_is_told_at_once(alive_for: int) -> None:
    """Long before the time-out, however busy the machine is."""
    board = EmulatedLink(TINY)
    with (
        serving(lambda client: pump(client, board, alive_for)) as url,
        Device.open(url, timeout_s=120) as device,
    ):
        device.load(chain())
        start = time.monotonic()
        with pytest.raises(LinkError) as caught:
            list(device.stream(np.ones((5000, 4), bool)))
        assert time.monotonic() - start < 60
    found = re.search(r"the connection is gone .*\((\d+) ticks had come back\)", str(caught.value))
    assert found
    assert url in str(caught.value)
    assert 0 <= int(found[1]) < 5000


class FallsSilent:
    """The model, until it is unplugged without a word."""

    def __init__(self) -> None:
        self._link = EmulatedLink(TINY)
        self.name, self.close = "board", self._link.close
        self.ticks_left = 1 << 30

    def write(self, data: bytes) -> None:
        self._link.write(data)

    def read(self, timeout_s: float) -> bytes:
        self.ticks_left -= 1
        if self.ticks_left < 0:
            time.sleep(timeout_s)
            return b""
        return self._link.read(timeout_s)


def test_device_that_falls_silent_is_told_after_the_timeout() -> None:
    link = FallsSilent()
    device = Device(link, timeout_s=0.5)
    device.load(chain())
    link.ticks_left = 10
    start = time.monotonic()
    with pytest.raises(LinkError, match=r"board: no answer for 0.5 s: .* \(\d+ ticks had come"):
        list(device.stream(FRAMES))
    assert 0.4 < time.monotonic() - start < 20
