"""Regressions: what they compare, and the coverage that they give."""

import numpy as np
import pytest

from sterna.model import GoldenModel
from sterna.simulator.tile_process import Status, Step, TileDied, TileProcess
from sterna.spec import Hardware
from sterna.verify import regression as regressions
from sterna.verify.coverage import STAGES, Observer, bins, coverage
from sterna.verify.mutations import HARDWARE
from sterna.verify.regression import draw, golden, run, simulate
from tests.verify.conftest import whole_tile


@pytest.mark.sim
def test_random_networks_agree(tile: TileProcess) -> None:
    for number in range(20):
        assert run(tile, draw(HARDWARE, [9, number], several=number % 2 == 1)) is None


@pytest.mark.sim
@pytest.mark.parametrize("change", ["spike", "potential", "line", "memory", "counter", "update"])
def test_any_difference_is_found(tile: TileProcess, change: str) -> None:
    """One bit of the tile's answer turned; the mismatch names tick and place."""
    regression = draw(HARDWARE, [9, 3], several=True)
    model = GoldenModel(regression.network)
    expected = golden(regression, model)
    seen, memory = simulate(tile, regression)
    at = int(seen.ticks[:40, 2].sum()) + 5  # an update of tick 40
    first = int(seen.ticks[:40, 3].sum())
    if change == "spike":
        seen.trace[at, 0] ^= 1
    elif change == "potential":
        seen.trace[at, 1] ^= 1
    elif change == "update":
        seen.trace[at, 0] = seen.trace[at - 1, 0]
    elif change == "line":
        seen.lines[first] ^= 1
    elif change == "memory":
        memory = memory.copy()
        memory[7] ^= 1
    else:
        seen.counters["spikes_routed"] += 1
    found = regressions.check(regression, model, expected, seen, memory)
    assert found is not None
    if change in ("spike", "potential", "update"):
        assert found.tick == 40
        assert "core" in found.what
        assert "neuron" in found.what


@pytest.mark.sim
def test_draws_depend_on_neither_lanes_nor_contexts(tile: TileProcess) -> None:
    """The same network on a tile with twice the lanes and another number of contexts."""
    other = Hardware(**HARDWARE.as_dict() | {"lanes": 16, "contexts": 4})
    with TileProcess(other) as wide:
        for number in range(10):
            regression = draw(HARDWARE, [4, number], several=True)
            network = regression.network.replace(hardware=other)
            assert run(wide, regression.replace(network=network)) is None
            assert run(tile, regression.replace(seed=number, stalls=("bursts",) * 3)) is None


@pytest.mark.sim
def test_grants_wait_when_too_many_ticks_are_outstanding(tile: TileProcess) -> None:
    """The one back-pressure that a campaign does not meet: 65,536 ticks ahead."""
    regression = draw(HARDWARE, [9, 0], several=False).replace(
        inputs=np.zeros((0, 4), np.int64), stalls=("none",) * 3
    )
    ticks = 3 * 0xFFFF
    program = regressions.steps(regression.replace(ticks=0))
    program[6], program[7] = ticks, 3
    program += [Step.GRANT, 0xFFFF, 0] * 3
    quiet = regression.network.replace(targets=np.zeros((0, 5), np.int32))
    image = regressions.build_image(quiet, HARDWARE)
    seen, _ = tile.run(tile.load({**image.words}, 0) + program, [])
    assert len(seen.ticks) == ticks
    assert seen.stalled["grants"] > 0
    assert (seen.ticks[:, 0] == np.arange(ticks) % 65536).all()


@pytest.mark.sim
def test_tile_that_hangs_is_said_to(tile: TileProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    regression = draw(HARDWARE, [9, 1], several=False)
    monkeypatch.setattr(regressions, "HANG_CYCLES", 3)
    seen, _ = simulate(tile, regression)
    assert seen.status == Status.HANG
    assert "hangs" in str(run(tile, regression))


@pytest.mark.sim
def test_tile_that_dies_is_an_error() -> None:
    with whole_tile() as process:
        process._process.kill()
        process._process.wait()
        with pytest.raises(TileDied, match=r"is gone|ended with code"):
            run(process, draw(HARDWARE, [9, 1], several=False))


# coverage


@pytest.mark.sim
def test_every_bin_is_hit_and_every_regression_agrees(tile: TileProcess) -> None:
    """On one tile, which has everything."""
    missing = set(bins()) - {STAGES[True]}
    for number in range(240):
        case = draw(HARDWARE, [6, number], several=number % 3 > 0)
        observer = Observer()
        model = GoldenModel(case.network, probe=observer)
        expected = golden(case, model)
        seen, memory = simulate(tile, case)
        assert regressions.check(case, model, expected, seen, memory) is None
        missing -= set(coverage(case, observer, seen, deep=False))
        if not missing:
            return
    assert sorted(missing) == []


@pytest.mark.sim
def test_bins_are_hit_by_what_happens_only(tile: TileProcess) -> None:
    """A network without input, output or activity hits next to nothing."""
    case = draw(HARDWARE, [9, 0], several=False)
    types = case.network.types.copy()
    types[:] = np.array([0, 0, 9000, 9000, 0, 1, 0, *[0] * 10])
    quiet = case.network.replace(
        types=types,
        targets=np.zeros((0, 5), np.int32),
        neuron_potential=np.zeros_like(case.network.neuron_potential),
    )
    case = case.replace(network=quiet, inputs=np.zeros((0, 4), np.int64), stalls=("none",) * 3)
    observer = Observer()
    golden(case, GoldenModel(case.network, probe=observer))
    seen, _ = simulate(tile, case)
    hit = set(coverage(case, observer, seen, deep=True)) - {STAGES[True]}
    assert hit <= set(bins())
    for name in hit:
        assert name.startswith(
            (
                "active axons: none",
                "threshold noise of 0",
                "fan-in",
                "partial",
                "several chunks",
                "potential at",
            )
        ), name


def test_bins_have_names_of_their_own() -> None:
    assert len(set(bins())) == len(bins()) > 150
