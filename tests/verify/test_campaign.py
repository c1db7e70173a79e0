"""Campaigns: plans, units, records, clusters; broken off, they leave a record and no process."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sterna.spec import ConfigError, LinkError
from sterna.verify.campaign import Plan, run_campaign
from sterna.verify.hardware import draw_hardware
from sterna.verify.pool import dask_pool, local_pool
from sterna.verify.record import HEADER, Record
from sterna.verify.unit import LAYERED, MULTI, SINGLE, Unit, UnitResult
from tests.processes import await_true, in_session, interrupt_thrice

PLAN = Plan(seed=1, single=24, multi=6, layered=6, builds=2)


@pytest.mark.sim
def test_short_campaign_has_no_mismatch_and_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    done = []
    with local_pool(2) as pool, Record.open(path) as record:
        run_campaign(record, PLAN, pool, progress=done.append)
    again = Record.read(path)
    assert again.missing(PLAN) == []
    totals = again.totals()
    assert (totals["single"], totals["multi"], totals["layered"]) == (24, 6, 6)
    assert totals["failed"] == 0
    assert totals["ticks"] >= 36 * 100
    # one line lost, one cut in its middle: just these are missing
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-2], lines[-2][:50]]))
    with Record.open(path) as stopped:
        missing = stopped.missing(PLAN)
    assert len(missing) == 2
    assert len(path.read_text().splitlines()) == len(lines) - 2
    more = replace(PLAN, single=28)
    assert sum(unit.count for unit in Record.read(path).missing(more)) == 4 + sum(
        unit.count for unit in missing
    )


def test_units_hold_what_the_plan_says() -> None:
    units = Plan(seed=3, single=1001, multi=77, layered=31, builds=6).units()
    for kind, total in ((SINGLE, 1001), (MULTI, 77), (LAYERED, 31)):
        numbers = [
            (u.build, n) for u in units if u.kind == kind for n in range(u.first, u.first + u.count)
        ]
        assert len(set(numbers)) == len(numbers) == total
    assert all(draw_hardware(3, u.build).contexts > 1 for u in units if u.kind != SINGLE)


@pytest.mark.parametrize("kind", [MULTI, LAYERED])
def test_equal_seeds_equal_regressions(kind: str) -> None:
    one, other = (Unit(1, 3, kind, 0, 5).draw(4) for _ in range(2))
    assert (one.inputs == other.inputs).all()
    assert (one.network.targets == other.network.targets).all()
    assert one.ticks >= 100
    assert not np.array_equal(one.inputs, Unit(1, 3, kind, 0, 5).draw(3).inputs)


def test_record_of_other_rtl_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    result = {
        "unit": Unit(1, 0, SINGLE, 0, 1).__dict__,
        "tile_hash": "0" * 16,
        "hardware": {},
        "failures": [],
    }
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
    monkeypatch.setattr("sterna.verify.record.tile_hash", lambda hardware, deep: 0)
    with Record.open(tmp_path / "record.jsonl") as record:
        for first in (0, 4, 9):
            record.add(result_of(first, 2))
        plan = Plan(seed=1, single=24, multi=0, layered=0, builds=2)
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
        "            plan = Plan(seed=1, single=8, multi=2, layered=0, builds=2)\n"
        "            run_campaign(record, plan, pool,\n"
        "                         progress=lambda result: None)\n"
        "    print(json.dumps(record.totals()))\n"
    )
    script = tmp_path / "cluster.py"
    script.write_text(code)
    path = tmp_path / "record.jsonl"
    done = subprocess.run(
        [sys.executable, str(script), str(path)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    totals = json.loads(done.stdout.splitlines()[-1])
    assert (totals["single"], totals["multi"], totals["failed"]) == (8, 2, 0)
    plan = Plan(seed=1, single=8, multi=2, layered=0, builds=2)
    assert len(Record.read(path).results) == len(plan.units())


def test_scheduler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sterna.verify.pool.SCHEDULER_TIMEOUT", "1s")
    with (
        pytest.raises(LinkError, match=r"no Dask scheduler at 'tcp://127.0.0.1:9'"),
        dask_pool("tcp://127.0.0.1:9"),
    ):
        pass


# command line


@pytest.mark.sim
def test_interrupted_campaign_leaves_a_record_and_no_process(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "sterna.cli",
            "verify",
            "--single",
            "20000",
            "--builds",
            "2",
            "--multi",
            "0",
            "--layered",
            "0",
            "--jobs",
            "2",
            "--record",
            str(path),
        ],
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        await_true(lambda: path.exists() and path.stat().st_size > 0, 120)
        first, end, said = interrupt_thrice(process)
    assert process.returncode == 130, said
    # a word within one second and the end within five, on a machine that is not busy
    assert first < 10
    assert end < 30
    assert "ending the workers" in said
    assert "Traceback" not in said
    assert await_true(lambda: not in_session(process.pid), 2)
    assert Record.read(path).results


@pytest.mark.sim
def test_killed_campaign_leaves_no_process(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "sterna.cli",
            "verify",
            "--single",
            "20000",
            "--builds",
            "2",
            "--multi",
            "0",
            "--layered",
            "0",
            "--jobs",
            "2",
            "--record",
            str(path),
        ],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    await_true(lambda: path.exists() and path.stat().st_size > 0, 120)
    process.kill()
    process.wait()
    assert await_true(lambda: not in_session(process.pid), 30)
