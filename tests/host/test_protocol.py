"""Messages that no driver sends: the device says what is wrong, and does nothing until a SYN."""

import random
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from sterna.emulator import EmulatedLink
from sterna.host import Channel, Device, Link, open_link
from sterna.host.messages import MessageReader, read_message
from sterna.spec import ProtocolError, preset
from sterna.spec.layout import Space, depth, word_bits
from sterna.spec.link import ACCESS, AXONS, MAGIC, SPIKE, TICK, HostOp, Register

OpenLink = Callable[[], Link]

MAGIC_READ = read_message(Space.REGISTER, Register.MAGIC, 1)


def first_message(channel: Channel) -> object:
    """The first message that comes; raises ProtocolError for an ERROR."""
    return messages(channel, 1)[0]


def messages(channel: Channel, count: int) -> list[object]:
    """The messages that come, `count` of them or some more."""
    reader, found = MessageReader(), []
    while len(found) < count:
        found += reader.feed(channel.receive(), "device")
    return found


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (b"\x09", "knows no message 0x09"),
        (b"\xff", "knows no message 0xff"),
        (ACCESS.pack(HostOp.READ, 9, 0, 1), "no memory space 9"),
        (ACCESS.pack(HostOp.READ, 255, 0, 1), "no memory space 255"),
        (
            ACCESS.pack(HostOp.READ, Space.REGISTER, len(Register), 1),
            f"from address {len(Register)} on",
        ),
        (ACCESS.pack(HostOp.READ, Space.TARGET, 127, 2), "from address 127 on passes the end"),
        (ACCESS.pack(HostOp.WRITE, Space.TARGET, 65535, 65535), "from address 65535 on"),
        (ACCESS.pack(HostOp.WRITE, Space.TYPE, 0, 0), "from address 0 on"),
        (AXONS.pack(HostOp.AXONS, 0, 2, 0, 1), "no core 2"),
        (AXONS.pack(HostOp.AXONS, 4, 0, 0, 1), "delay of 4 ticks"),
        (AXONS.pack(HostOp.AXONS, 0, 0, 1, 2), "no axon or ring word 1"),
        (AXONS.pack(HostOp.AXONS, 0, 0, 255, 255), "no axon or ring word 255"),
        (AXONS.pack(HostOp.AXONS, 0, 0, 0, 0), "no axon or ring word 0"),
        (SPIKE.pack(HostOp.SPIKE, 0, 255, 0), "no core 255"),
        (SPIKE.pack(HostOp.SPIKE, 255, 0, 0), "delay of 255 ticks"),
        (SPIKE.pack(HostOp.SPIKE, 0, 0, 32), "no axon or ring word 32"),
    ],
)
def test_message_that_cannot_be_executed_stops_the_device_until_a_syn(
    open_link: OpenLink, message: bytes, text: str
) -> None:
    channel = Channel(open_link())
    ticks = TICK.pack(HostOp.TICK, 3)
    channel.send(message + ticks + MAGIC_READ)
    with pytest.raises(ProtocolError, match=text):
        first_message(channel)
    time.sleep(0.05)
    assert channel.poll() == b""  # neither ticks nor data
    channel.close()
    with Device(open_link()) as device:
        assert device.read_words(Space.REGISTER, Register.MAGIC, 1) == [MAGIC]


@pytest.mark.control
def test_device_that_goes_on_after_an_unknown_message_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative control: a device to which message 9 is a NOP."""
    lenient = SimpleNamespace(**{op.name: op for op in HostOp} | {"NOP": 9})
    monkeypatch.setattr("sterna.emulator.link.HostOp", lenient)
    link = EmulatedLink(preset("tiny"))
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        test_message_that_cannot_be_executed_stops_the_device_until_a_syn(
            lambda: link, b"\x09", "knows no message 0x09"
        )


def test_nop_does_nothing(open_link: OpenLink) -> None:
    channel = Channel(open_link())
    channel.send(bytes([HostOp.NOP]) * 1000 + MAGIC_READ)
    assert first_message(channel).words == [MAGIC]
    channel.close()


def test_syn_in_the_middle_of_a_message_forgets_it(open_link: OpenLink) -> None:
    with Device(open_link()) as device:
        device.write_words(Space.TYPE_INDEX, 0, [1, 2, 3])
    channel = Channel(open_link())
    channel.send(ACCESS.pack(HostOp.WRITE, Space.TYPE_INDEX, 0, 3) + b"\x07")
    channel.close()
    with Device(open_link()) as device:
        assert device.read_words(Space.TYPE_INDEX, 1, 2) == [2, 3]


def test_writes_to_read_only_registers_do_nothing(open_link: OpenLink) -> None:
    with Device(open_link()) as device:
        before = device.read_words(Space.REGISTER, 0, Register.USED_CONTEXTS)
        device.write_words(Space.REGISTER, 0, [7] * Register.USED_CONTEXTS)
        assert device.read_words(Space.REGISTER, 0, Register.USED_CONTEXTS) == before
        device.write_words(Space.REGISTER, Register.TICK_PERIOD, [12345])
        assert device.read_words(Space.REGISTER, Register.TICK_PERIOD, 1) == [12345]
        device.write_words(Space.REGISTER, Register.TICK_PERIOD, [0])


@pytest.mark.parametrize("space", [s for s in Space if s not in (Space.REGISTER, Space.AXON_TYPE)])
def test_every_memory_reads_back_what_was_written(open_link: OpenLink, space: Space) -> None:
    with Device(open_link()) as device:
        hardware = device.info.hardware
        rng = random.Random(space)
        words = [rng.getrandbits(word_bits(space, hardware)) for _ in range(depth(space, hardware))]
        device.write_words(space, 0, words)
        assert device.read_words(space, 0, len(words)) == words
        last = len(words) - 1
        device.write_words(space, last, [words[0]])
        assert device.read_words(space, last, 1) == [words[0]]
        device.write_words(space, 0, [0] * len(words))


@pytest.mark.sim
def test_more_contexts_than_there_are_end_a_tick_all_the_same(tiny_board: str) -> None:
    with Device.open(tiny_board) as device:
        device.write_words(Space.REGISTER, Register.USED_CONTEXTS, [100])
        before = device.counters()["TICKS"]
    channel = Channel(open_link(tiny_board))
    channel.send(TICK.pack(HostOp.TICK, 2) + MAGIC_READ)
    first, second, data = messages(channel, 3)
    assert (second.tick - first.tick) % 65536 == 1
    assert data.words == [MAGIC]
    channel.close()
    with Device.open(tiny_board) as device:
        assert device.counters()["TICKS"] - before == 2
        device.write_words(Space.REGISTER, Register.USED_CONTEXTS, [0])
