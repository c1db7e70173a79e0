"""The engines by which tests of this room run networks."""

from collections.abc import Callable
from functools import partial

import pytest

from sterna import model
from sterna.model import Engine
from sterna.spec import Network

Opener = Callable[[Network], Engine]


@pytest.fixture(params=["golden", "event", "auto"])
def opened(request: pytest.FixtureRequest) -> Opener:
    """Opens a network in one engine after another."""
    return partial(model.open, engine=request.param)
