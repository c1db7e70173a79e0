"""Hardware in the loop: what the check compares, and that a device with a fault fails it."""

from typing import Any

import numpy as np
import pytest

from sterna.data import mnist_test, shipped_network
from sterna.emulator import EmulatedLink, EmulatedTile
from sterna.host import Device
from sterna.model import GoldenModel
from sterna.spec import preset
from sterna.spec.layout import Space, depth
from sterna.spec.link import Register
from sterna.verify.loop import STIMULUS_TICKS, LoopReport, check_device
from tests.networks import chain

TINY = preset("tiny")
FRAMES = np.random.default_rng(5).random((10, 4)) < 0.5


def checked(tile: EmulatedTile | None = None, *, networks: int = 4) -> LoopReport:
    with Device(EmulatedLink(TINY, tile=tile)) as device:
        return check_device(device, shipped=chain(), frames=FRAMES, networks=networks, seed=1)


def test_sound_device_passes_and_everything_is_counted() -> None:
    report = checked()
    assert report.mismatches == []
    spaces = [space for space in Space if space != Space.REGISTER]
    assert report.words == 2 * sum(depth(space, TINY) for space in spaces)
    assert (report.frames, report.unfit) == (len(FRAMES), "")
    assert (report.networks, report.ticks) == (4, 4 * STIMULUS_TICKS)
    assert report.potentials > 2 * STIMULUS_TICKS
    assert report.spikes_out > 0


def test_network_that_does_not_fit_is_left_out_and_told() -> None:
    with Device(EmulatedLink(TINY)) as device:
        report = check_device(
            device, shipped=shipped_network(), frames=mnist_test().frames()[:2], networks=1, seed=1
        )
    assert report.frames == 0
    assert "contexts (cores), the device has 2" in report.unfit
    assert report.networks == 1
    assert ("shipped network", f"does not fit: {report.unfit}") in report.rows()


class StuckBit(EmulatedTile):
    """One bit of one word of the crossbars is always high."""

    def read(self, space: Space, address: int, count: int) -> list[int]:
        words = super().read(space, address, count)
        if space == Space.CROSSBAR and address <= 7 < address + count:
            words[7 - address] |= 1
        return words


class LateReset(GoldenModel):
    """One neuron keeps a potential that is too high by one, unseen unless potentials are read."""

    def step(self, *arguments: Any) -> Any:
        tick = super().step(*arguments)
        self.potentials[0][0] += self.potentials[0][0] < 100
        return tick


class Miscounting(EmulatedTile):
    """Counts an output spike too many in each tick."""

    def step(self, *arguments: Any) -> Any:
        result = super().step(*arguments)
        self.counters[Register.SPIKES_OUT] += 1
        return result


@pytest.mark.control
@pytest.mark.parametrize(
    ("tile", "text"),
    [
        (StuckBit(TINY), "word 7 of CROSSBAR: written"),
        (EmulatedTile(TINY, model=LateReset), "expected potential"),
        (Miscounting(TINY), "counter spikes out"),
    ],
    ids=["a stuck bit", "a potential", "a counter"],
)
def test_device_with_a_fault_fails(tile: EmulatedTile, text: str) -> None:
    found = checked(tile).mismatches
    assert any(text in each for each in found), found


@pytest.mark.control
def test_memory_that_is_dead_is_told_in_few_words() -> None:
    class Dead(EmulatedTile):
        def read(self, space: Space, address: int, count: int) -> list[int]:
            return [0] * count if space == Space.TARGET else super().read(space, address, count)

    found = checked(Dead(TINY), networks=0).mismatches
    assert "word 0 of TARGET" in found[0]
    assert any(each.startswith("and ") and each.endswith(" more words of TARGET") for each in found)
    assert len(found) < 60
