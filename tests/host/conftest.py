"""Devices behind every kind of link; the tests cannot tell which they got."""

from collections.abc import Callable

import pytest

from sterna import host
from sterna.emulator import EmulatedLink
from sterna.spec import preset

#: Opens a new link to one and the same device of the preset `tiny`.
OpenLink = Callable[[], host.Link]


@pytest.fixture(params=["model", pytest.param("board", marks=pytest.mark.sim)])
def open_link(request: pytest.FixtureRequest) -> OpenLink:
    if request.param == "model":
        link = EmulatedLink(preset("tiny"))
        return lambda: link
    url = request.getfixturevalue("tiny_board")
    return lambda: host.open_link(url)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host asks again after 5 ms, so that tests of repair take no time."""
    monkeypatch.setattr("sterna.link.timing.SILENCE_S", 0.005)
