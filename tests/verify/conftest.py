"""Fixtures of the tests that run the RTL in Verilator."""

from collections.abc import Iterator

import pytest

from sterna.simulator.tile_process import TileProcess
from sterna.simulator.toolchain import FLAGS_VARIABLE
from sterna.verify.mutations import HARDWARE


@pytest.fixture(scope="session")
def tile() -> Iterator[TileProcess]:
    """A tile that has everything, and several contexts; one for each worker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FLAGS_VARIABLE, "-O1")
        process = TileProcess(HARDWARE)
    with process:
        yield process
