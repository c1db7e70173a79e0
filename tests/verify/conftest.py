"""Fixtures of the tests that run the RTL in Verilator."""

from collections.abc import Iterator

import pytest

from sterna.simulator.tile_process import TileProcess
from sterna.verify.mutations import HARDWARE
from tests.conftest import optimized


@pytest.fixture(scope="session")
def tile() -> Iterator[TileProcess]:
    """A tile that has everything, and several contexts; one for each worker."""
    with optimized():
        process = TileProcess(HARDWARE)
    with process:
        yield process
