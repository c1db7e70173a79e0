"""Nightly tests are there, and what takes longer than it may fails the run."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import budget
from tests.test_testplan import functions

ROOT = Path(__file__).parents[1]


def test_every_nightly_test_is_there() -> None:
    for begin in budget.NIGHTLY:
        path, _, name = begin.partition("::")
        assert name.partition("[")[0] in functions(path), begin


def test_every_folder_of_tests_has_a_share() -> None:
    rooms = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    files = {path.name for path in (ROOT / "tests").glob("test_*.py")}
    assert {*budget.ROOM_S} == rooms | files


@pytest.mark.parametrize(
    ("node", "nightly"),
    [
        ("a.py::test_x", True),
        ("a.py::test_x[1]", True),
        ("a.py::test_xy", False),
        ("a.py::test_y[one-2]", True),
        ("a.py::test_y[two]", False),
        ("a.py::test_y", False),
        ("b.py::test_x", False),
    ],
)
def test_a_case_is_nightly_by_how_it_begins(node: str, nightly: bool) -> None:
    assert budget.is_nightly(node, ["a.py::test_x", "a.py::test_y[one"]) == nightly


def test_times_are_summed_by_file_the_largest_first() -> None:
    taken = {"tests/a/x.py::one": 1.0, "tests/a/y.py::one": 5.0, "tests/a/x.py::two[3]": 2.5}
    assert budget.by_file(taken) == [("tests/a/y.py", 1, 5.0), ("tests/a/x.py", 2, 3.5)]


@pytest.mark.control
def test_what_is_over_its_limit_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "ROOM_S", {"a": 30.0, "test_b.py": 5.0})
    taken = {"tests/a/x.py::one": 19.0, "tests/a/y.py::two": 10.5, "tests/test_b.py::three": 4.0}
    assert budget.over(taken) == []
    taken |= {"tests/a/x.py::one": 20.5, "tests/c/z.py::four": 1.0}
    assert budget.over(taken, 1.1) == budget.over(taken)[2:]
    first, second, third = budget.over(taken)
    assert first.startswith("tests/a/x.py::one took 20.5 s of processor time, the limit is 20 s")
    assert second.startswith("tests/a took 31 s of processor time, its share is 30 s")
    assert third.startswith("tests/c has no share of the time")


@pytest.mark.control
@pytest.mark.parametrize(("options", "status"), [((), 1), (("--no-budget",), 0)])
def test_a_run_over_its_budget_fails(tmp_path: Path, options: tuple[str, ...], status: int) -> None:
    """Its tests pass; the limit is put into a copy of these files."""
    for name in ("conftest.py", "budget.py", "budget.toml", "nightly.toml", "precompiled.py"):
        text = (ROOT / "tests" / name).read_text()
        (tmp_path / "tests").mkdir(exist_ok=True)
        changed = text.replace("\ntest_s = 20", "\ntest_s = 0.001")
        (tmp_path / "tests" / name).write_text(changed.replace('"test_budget.py"', '"test_a.py"'))
    (tmp_path / "tests" / "test_a.py").write_text(
        "def test_a():\n    assert sum(range(3_000_000))\n"
    )
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\npythonpath = .\naddopts = -p no:cacheprovider\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--by-file", "-n", "1", *options, "tests"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == status, done.stdout
    assert "1 passed" in done.stdout
    assert "OVER tests/test_a.py::test_a took" in done.stdout
    assert "  tests/test_a.py" in done.stdout
