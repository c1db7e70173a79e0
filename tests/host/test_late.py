"""Old frames put into a link, in the model and in the RTL: every word and every tick is right."""

import numpy as np
import pytest

from sterna.host import Device, Link
from sterna.spec import preset
from sterna.spec.layout import Space, depth, word_bits
from tests.host.conftest import OpenLink
from tests.host.test_faults import busy_network, check
from tests.link.late import ROUND, Late


class LateLink:
    """Wraps a link; both ways carry old frames where the low half of their offset comes again."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.down, self.up = Late(), Late()
        self.name = link.name

    def write(self, data: bytes) -> None:
        self._link.write(self.down.feed(data))

    def read(self, timeout_s: float) -> bytes:
        return self.up.feed(self._link.read(timeout_s))

    def close(self) -> None:
        self._link.close()


@pytest.mark.usefixtures("patient")
def test_words_and_ticks_are_right_whatever_comes_late(open_link: OpenLink) -> None:
    rng = np.random.default_rng(1)
    hardware = preset("tiny")
    link = LateLink(open_link())
    spaces = [
        space
        for space in (Space.CROSSBAR, Space.TYPE, Space.POTENTIAL, Space.TARGET)
        if depth(space, hardware)
    ]
    with Device(link) as device:
        before = device.counters()
        while min(link.down.carried, link.up.carried) < 2.5 * ROUND:
            space = spaces[rng.integers(len(spaces))]
            bits, count = word_bits(space, hardware), int(rng.integers(1, depth(space, hardware)))
            words = [int.from_bytes(rng.bytes(16), "little") % (1 << bits) for _ in range(count)]
            device.write_words(space, 0, words)
            assert list(device.read_words(space, 0, count)) == words
        check(device, busy_network(1))
        after = device.counters()
    assert link.down.hits > 20
    assert link.up.hits > 20
    # each is sound, and refused as old or ahead
    assert after["REFUSED_FRAMES"] - before["REFUSED_FRAMES"] >= link.down.hits
    assert after["CRC_ERRORS"] == before["CRC_ERRORS"]
