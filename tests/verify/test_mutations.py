"""Deliberate faults of the RTL: each must be caught by a mismatch."""

import shutil
from pathlib import Path

import pytest

from sterna.simulator.tile_process import tile_program
from sterna.spec import SternaError
from sterna.verify.hardware import draw_hardware
from sterna.verify.mutations import MUTATIONS, Mutation, judge, mutated


@pytest.mark.sim
@pytest.mark.parametrize("name", ["leak may cross 0", "stale accumulators"])
@pytest.mark.control
def test_a_fault_of_the_rtl_is_caught(name: str) -> None:
    """Two of them here; `make mutations` does all."""
    (mutation,) = (m for m in MUTATIONS if m.name == name)
    verdict = judge(mutation, limit=100)
    assert verdict.caught
    assert "tick" in verdict.by


def test_tile_that_dies_is_no_catch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sterna.verify.mutations.build", lambda program: shutil.which("false"))
    verdict = judge(None)
    assert not verdict.caught
    assert verdict.by.startswith("no mismatch: the simulated tile")


def test_every_mutation_still_fits_the_source(tmp_path: Path) -> None:
    assert len(MUTATIONS) >= 30
    assert len({m.name for m in MUTATIONS}) == len(MUTATIONS)
    for number, mutation in enumerate(MUTATIONS):
        mutated(mutation, tmp_path / str(number))


def test_mutation_that_no_longer_fits_is_named(tmp_path: Path) -> None:
    with pytest.raises(SternaError, match=r"'x': 'nowhere' stands 0 times in tile\.py"):
        mutated(Mutation("x", "tile", "nowhere", ""), tmp_path)


def test_key_of_a_tile_follows_its_hardware() -> None:
    keys = {tile_program(draw_hardware(1, index)).key for index in range(6)}
    assert len(keys) == 6
