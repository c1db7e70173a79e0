"""Ctrl-C at any line of the driver: the next run on the same device is a whole one."""

import random
import sys
from collections.abc import Callable
from types import FrameType

import numpy as np
import pytest

from sterna.emulator import EmulatedLink
from sterna.host import Device
from sterna.model import GoldenModel
from sterna.spec import LinkError, Network, preset
from sterna.spec.layout import Space
from sterna.spec.link import Register
from sterna.verify.random_network import random_network
from tests.host.conftest import OpenLink

#: The driver's rooms, whose lines are interrupted.
OURS = ("/sterna/host/", "/sterna/link/")


class Interrupt:
    """While it is entered, the nth line of the driver raises KeyboardInterrupt."""

    def __init__(self, at: int) -> None:
        self._left = at

    def __enter__(self) -> None:
        sys.settrace(self._trace)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _trace(self, frame: FrameType, event: str, argument: object) -> Callable | None:
        if not any(ours in frame.f_code.co_filename for ours in OURS):
            return None
        if event == "line":
            self._left -= 1
            if self._left == 0:
                raise KeyboardInterrupt
        return self._trace


@pytest.fixture(scope="module")
def network() -> Network:
    return random_network(np.random.default_rng(4), preset("tiny"), cores=2)


def frames_of(network: Network, count: int = 30) -> np.ndarray:
    return np.random.default_rng(1).random((count, network.features)) < 0.4


def expected(network: Network) -> np.ndarray:
    model = GoldenModel(network)
    ticks = [model.step(frame).lines for frame in frames_of(network)]
    ticks += [model.step().lines for _ in range(network.latency)]
    return np.array(ticks[network.latency :])


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("seed", range(20))
def test_run_after_an_interrupted_run_is_whole(
    open_link: OpenLink, network: Network, seed: int
) -> None:
    rng = random.Random(seed)
    frames = frames_of(network)
    with Device(open_link()) as device:
        device.load(network)
        interrupted = 0
        for _ in range(3):
            try:
                with Interrupt(rng.randrange(1, 6000)):
                    device.run(frames)
            except KeyboardInterrupt:
                interrupted += 1
        assert interrupted
        device.reset()
        assert (device.run(frames) == expected(network)).all()


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("at", [50, 500, 3000])
def test_run_after_an_interrupted_load_says_that_nothing_is_loaded(
    open_link: OpenLink, network: Network, at: int
) -> None:
    with Device(open_link()) as device:
        with pytest.raises(KeyboardInterrupt), Interrupt(at):
            device.load(network)
        device.load(network)
        assert (device.run(frames_of(network)) == expected(network)).all()


@pytest.mark.usefixtures("hasty")
def test_device_that_was_reset_under_its_driver_is_not_run_without_a_network(
    network: Network,
) -> None:
    links = [EmulatedLink(network.hardware)]

    class Board:
        name = "board"

        def write(self, data: bytes) -> None:
            links[-1].write(data)

        def read(self, timeout_s: float) -> bytes:
            return links[-1].read(timeout_s)

        def close(self) -> None:
            pass

    with Device(Board()) as device:
        device.load(network)
        device.run(frames_of(network))
        links.append(EmulatedLink(network.hardware))
        with pytest.raises(LinkError, match="the device was reset, and its network is lost"):
            device.run(frames_of(network))
        with pytest.raises(LinkError, match="the device has lost its network"):
            device.run(frames_of(network))
        device.load(network)
        assert (device.run(frames_of(network)) == expected(network)).all()


@pytest.mark.control
def test_an_interrupt_that_is_not_made_good_is_noticed(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: without recovery, inputs of the broken-off run are left on the device."""
    monkeypatch.setattr(Device, "_make_good", lambda self: None)
    with Device(EmulatedLink(network.hardware)) as device:
        device.load(network)
        device.step(3)
        with pytest.raises(KeyboardInterrupt), Interrupt(400):
            device.run(frames_of(network))
        device.read_words(Space.REGISTER, Register.MAGIC, 1)
        assert not (device.run(frames_of(network)) == expected(network)).all()
