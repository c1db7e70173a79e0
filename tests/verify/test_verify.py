"""Campaigns: what they compare, keep, shrink and cover; and that they see what is wrong."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sterna.cli.verify import _shrink_first
from sterna.model import GoldenModel
from sterna.simulator.tile_process import Status, Step, TileDied, TileProcess, tile_program
from sterna.spec import ConfigError, DataError, Hardware, LinkError, MismatchError, SternaError
from sterna.verify import regression as regressions
from sterna.verify.campaign import Plan, run_campaign
from sterna.verify.coverage import Observed, bins, coverage
from sterna.verify.hardware import draw_hardware
from sterna.verify.mutations import HARDWARE, MUTATIONS, Mutation, judge, mutated
from sterna.verify.pool import dask_pool, local_pool
from sterna.verify.record import HEADER, Record
from sterna.verify.regression import Regression, draw, golden, run, simulate
from sterna.verify.shrink import read_replay, shrink, write_replay
from sterna.verify.unit import MULTI, SINGLE, Unit, UnitResult
from tests.conftest import Cli
from tests.processes import await_true, in_session, interrupt_thrice

PLAN = Plan(seed=1, single=80, multi=10, builds=4)


@pytest.fixture(scope="module")
def tile():
    with TileProcess(HARDWARE) as process:
        yield process


# what is compared


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
    monkeypatch.setattr(regressions, "PATIENCE", 3)
    seen, _ = simulate(tile, regression)
    assert seen.status == Status.HANG
    assert "hangs" in str(run(tile, regression))


@pytest.mark.sim
def test_tile_that_dies_is_an_error() -> None:
    with TileProcess(HARDWARE) as process:
        process._process.kill()
        process._process.wait()
        with pytest.raises(TileDied, match=r"is gone|ended with code"):
            run(process, draw(HARDWARE, [9, 1], several=False))


# campaigns


@pytest.mark.sim
def test_short_campaign_has_no_mismatch_and_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    done = []
    with local_pool(2) as pool, Record.open(path) as record:
        run_campaign(record, PLAN, pool, progress=done.append)
    again = Record.read(path)
    assert again.missing(PLAN) == []
    totals = again.totals()
    assert (totals["single"], totals["multi"], totals["failed"]) == (80, 10, 0)
    assert totals["ticks"] >= 90 * 100
    # one line lost, one cut in its middle: just these are missing
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-2], lines[-2][:50]]))
    with Record.open(path) as stopped:
        missing = stopped.missing(PLAN)
    assert len(missing) == 2
    assert len(path.read_text().splitlines()) == len(lines) - 2
    more = Plan(seed=1, single=84, multi=10, builds=4)
    assert sum(unit.count for unit in Record.read(path).missing(more)) == 4 + sum(
        unit.count for unit in missing
    )


def test_units_hold_what_the_plan_says() -> None:
    units = Plan(seed=3, single=1001, multi=77, builds=6).units()
    for kind, total in ((SINGLE, 1001), (MULTI, 77)):
        numbers = [(u.build, n) for u in units if u.kind == kind
                   for n in range(u.first, u.first + u.count)]  # fmt: skip
        assert len(set(numbers)) == len(numbers) == total
    assert all(draw_hardware(3, u.build).contexts > 1 for u in units if u.kind == MULTI)


def test_equal_seeds_equal_regressions() -> None:
    one, other = (Unit(1, 3, MULTI, 0, 5).draw(4) for _ in range(2))
    assert (one.inputs == other.inputs).all()
    assert (one.network.targets == other.network.targets).all()
    assert one.ticks >= 100
    assert not np.array_equal(one.inputs, Unit(1, 3, MULTI, 0, 5).draw(3).inputs)


def test_record_of_other_rtl_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    result = {"unit": Unit(1, 0, SINGLE, 0, 1).__dict__, "tile_hash": "0" * 16, "hardware": {},
              "failures": []}  # fmt: skip
    path.write_text(f"{json.dumps(HEADER)}\n{json.dumps(result)}\n")
    with pytest.raises(ConfigError, match="recorded with tile 0000000000000000"):
        Record.read(path).missing(PLAN)


HEAD = json.dumps(HEADER)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no json", "is not a record"),
        ("no json\n{}\n", "is not a record"),
        ('{"frames": 3, "precious": true}\n', "is not a record"),
        (f"{json.dumps(HEADER | {'format': 1})}\n", "another release"),
        (f"{HEAD}\n{{}}\n", "line 2: not a line"),
        (f"{HEAD}\n[]\n{HEAD}\n", "line 2: not a line"),
        (f"{HEAD}\n{'[' * 100_000}\n", "line 2: not a line"),
        ("\x00\xff" * 100, "is not a record"),
    ],
)
def test_what_is_no_record_is_refused_and_left_as_it_is(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "record.jsonl"
    path.write_text(text)
    with pytest.raises(ConfigError, match=f"record.jsonl.*{said}"):
        Record.open(path)
    assert path.read_text() == text
    assert [file.name for file in tmp_path.iterdir()] == ["record.jsonl"]


def result_of(first: int, count: int) -> UnitResult:
    return UnitResult(Unit(1, 0, SINGLE, first, count), "0" * 16, {}, passed=count)


def test_record_is_one_campaigns_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    with Record.open(path) as record:
        record.add(result_of(0, 5))
        with pytest.raises(ConfigError, match="in use by another campaign"):
            Record.open(path)
        assert Record.read(path).totals()["single"] == 5
    with Record.open(path) as record:
        assert record.totals()["single"] == 5
    assert [file.name for file in tmp_path.iterdir()] == ["record.jsonl"]


def test_no_regression_is_counted_twice(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    with Record.open(path) as record:
        record.add(result_of(0, 5))
        record.add(result_of(0, 5))
        assert record.totals()["single"] == 5
        with pytest.raises(ValueError, match="twice"):
            record.add(result_of(3, 5))
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) == 2
    path.write_text("".join([*lines, lines[1]]))
    assert Record.read(path).totals()["single"] == 5


def test_gaps_alone_are_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sterna.verify.record.tile_hash", lambda hardware: 0)
    with Record.open(tmp_path / "record.jsonl") as record:
        for first in (0, 4, 9):
            record.add(result_of(first, 2))
        plan = Plan(seed=1, single=24, multi=0, builds=2)
        found = [unit for unit in record.missing(plan) if unit.build == 0]
    assert [(unit.first, unit.count) for unit in found] == [(2, 2), (6, 3), (11, 1)]


@pytest.mark.sim
def test_a_cluster_runs_the_same(tmp_path: Path) -> None:
    """A local Dask cluster of two workers, in processes of its own."""
    code = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from distributed import LocalCluster\n"
        "from sterna.verify.campaign import Plan, run_campaign\n"
        "from sterna.verify.pool import dask_pool\n"
        "from sterna.verify.record import Record\n"
        "if __name__ == '__main__':\n"
        "    record = Record.open(Path(sys.argv[1]))\n"
        "    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as c:\n"
        "        with dask_pool(c.scheduler_address) as pool:\n"
        "            run_campaign(record, Plan(seed=1, single=8, multi=2, builds=2), pool,\n"
        "                         progress=lambda result: None)\n"
        "    print(json.dumps(record.totals()))\n"
    )
    script = tmp_path / "cluster.py"
    script.write_text(code)
    path = tmp_path / "record.jsonl"
    done = subprocess.run([sys.executable, str(script), str(path)], capture_output=True, text=True,
                          timeout=200, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    totals = json.loads(done.stdout.splitlines()[-1])
    assert (totals["single"], totals["multi"], totals["failed"]) == (8, 2, 0)
    assert len(Record.read(path).results) == len(Plan(seed=1, single=8, multi=2, builds=2).units())


def test_scheduler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sterna.verify.pool.SCHEDULER_TIMEOUT", "1s")
    with (
        pytest.raises(LinkError, match=r"no Dask scheduler at 'tcp://127.0.0.1:9'"),
        dask_pool("tcp://127.0.0.1:9"),
    ):
        pass


# shrinking, replaying


def first_spike_of_neuron_3(case: Regression) -> object:
    """A made-up fault: the model of it 'fails' when neuron 3 of core 0 fires with an input."""
    model = GoldenModel(case.network)
    if case.network.weights(0).shape[1] <= 3 or not len(case.inputs):
        return None
    spikes, _, _ = golden(case, model)
    ticks = np.flatnonzero(spikes[:, 3])
    return regressions.Mismatch(int(ticks[0]), "made up") if ticks.size else None


def failing() -> Regression:
    for number in range(50):
        case = draw(HARDWARE, [2, number], several=True)
        found = first_spike_of_neuron_3(case)
        if found is not None and found.tick > 5:
            return case
    raise AssertionError("no such regression")


def test_a_failure_is_shrunk_and_still_fails() -> None:
    case = failing()
    small = shrink(case, first_spike_of_neuron_3)
    assert first_spike_of_neuron_3(small) is not None
    assert small.ticks < case.ticks
    assert small.network.cores == 1
    assert small.network.weights(0).shape[1] == 4
    assert len(small.inputs) < 10 < len(case.inputs)
    assert len(small.network.targets) < len(case.network.targets) / 4


def test_replay_file_holds_the_regression(tmp_path: Path) -> None:
    case = failing()
    write_replay(case, tmp_path / "x.npz", "as found")
    again, found = read_replay(tmp_path / "x.npz")
    assert found == "as found"
    assert (again.inputs == case.inputs).all()
    assert (again.ticks, again.stalls, again.seed) == (case.ticks, case.stalls, case.seed)
    assert (again.network.targets == case.network.targets).all()


@pytest.mark.sim
def test_replay_runs_the_file_again(tmp_path: Path, cli: Cli) -> None:
    write_replay(failing(), tmp_path / "x.npz", "as found")
    done = cli("verify", "--replay", str(tmp_path / "x.npz"))
    assert done.returncode == 0, done.stderr
    assert "when it was saved: as found" in done.stderr
    assert "no mismatch in" in done.stdout


@pytest.mark.sim
def test_mismatch_on_record_is_shrunk_saved_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The made-up fault above, in the place of a real one."""
    unit = Unit(1, 3, MULTI, 0, 10)
    number = next(n for n in range(10) if first_spike_of_neuron_3(unit.draw(n)))
    record = Record(tmp_path / "record.jsonl")
    record.add(UnitResult(unit, "0" * 16, {}, failures=[(number, "as recorded")]))
    monkeypatch.setattr(regressions, "run", lambda tile, case: first_spike_of_neuron_3(case))
    with pytest.raises(MismatchError, match="The first, shrunk to") as told:
        _shrink_first(record)
    path = str(told.value).rsplit(" ", 1)[1]
    small, found = read_replay(Path(path))
    assert "made up" in found
    assert small.ticks < unit.draw(number).ticks


@pytest.mark.parametrize("content", [None, b"", b"no archive"])
def test_what_is_no_replay_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"x.npz: (no such file|not a replay)"):
        read_replay(path)


# coverage


@pytest.mark.sim
def test_every_bin_is_hit_and_every_regression_agrees(tile: TileProcess) -> None:
    """On one tile, which has everything."""
    missing = set(bins())
    for number in range(240):
        case = draw(HARDWARE, [6, number], several=number % 3 > 0)
        model = Observed(case.network)
        expected = golden(case, model)
        seen, memory = simulate(tile, case)
        assert regressions.check(case, model, expected, seen, memory) is None
        missing -= set(coverage(case, model, seen))
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
        types=types, targets=np.zeros((0, 5), np.int32),
        neuron_potential=np.zeros_like(case.network.neuron_potential),
    )  # fmt: skip
    case = case.replace(network=quiet, inputs=np.zeros((0, 4), np.int64), stalls=("none",) * 3)
    model = Observed(case.network)
    golden(case, model)
    seen, _ = simulate(tile, case)
    hit = set(coverage(case, model, seen))
    assert hit <= set(bins())
    for name in hit:
        assert name.startswith(("active axons: none", "threshold noise of 0", "fan-in", "partial",
                                "several chunks", "potential at")), name  # fmt: skip


def test_bins_have_names_of_their_own() -> None:
    assert len(set(bins())) == len(bins()) > 150


# deliberate faults


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


# command line


@pytest.mark.sim
def test_interrupted_campaign_leaves_a_record_and_no_process(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    with subprocess.Popen(
        [sys.executable, "-m", "sterna.cli", "verify", "--single", "20000", "--builds", "2",
         "--multi", "0", "--jobs", "2", "--record", str(path)],
        stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        await_true(lambda: path.exists() and path.stat().st_size > 0, 120)
        first, end, said = interrupt_thrice(process)
    assert process.returncode == 130, said
    # a word within one second and the end within five, on a machine that is not busy
    assert first < 3
    assert end < 15
    assert "ending the workers" in said
    assert "Traceback" not in said
    time.sleep(0.2)
    assert not in_session(process.pid)
    assert Record.read(path).results


@pytest.mark.sim
def test_killed_campaign_leaves_no_process(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "sterna.cli", "verify", "--single", "20000", "--builds", "2",
         "--multi", "0", "--jobs", "2", "--record", str(path)],
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    await_true(lambda: path.exists() and path.stat().st_size > 0, 120)
    process.kill()
    process.wait()
    assert await_true(lambda: not in_session(process.pid), 30)
