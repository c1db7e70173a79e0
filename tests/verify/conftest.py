"""Fixtures of the tests that run the RTL in Verilator."""

from collections.abc import Iterator

import pytest

from sterna.simulator.tile_process import TileProcess
from sterna.simulator.toolchain import FLAGS_VARIABLE
from sterna.verify.mutations import HARDWARE


def whole_tile() -> TileProcess:
    """A tile that has everything, and several contexts; compiled for runs of many regressions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FLAGS_VARIABLE, "-O1")
        return TileProcess(HARDWARE)


@pytest.fixture(scope="session")
def tile() -> Iterator[TileProcess]:
    """`whole_tile`, one for each worker."""
    with whole_tile() as process:
        yield process
