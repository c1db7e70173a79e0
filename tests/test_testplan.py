"""The test plan and the tests agree, in both directions."""

import ast
import tomllib
from pathlib import Path

import pytest

from tests.mutants.faults import read_faults

ROOT = Path(__file__).parents[1]
PLAN = tomllib.loads((ROOT / "tests" / "testplan.toml").read_text())["testpoint"]
FAULTS = {fault.name: fault.tests for fault in read_faults()}
FILES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py"))


def problems(plan: list[dict], files: list[str]) -> list[str]:
    """Tests that the plan names and that do not exist, and files that it does not name."""
    found = []
    for point in plan:
        files_of = {name.partition("::")[0] for name in point["tests"]}
        if (fault := point["control"].removeprefix("fault: ")) != point["control"]:
            caught_by = {test.partition("::")[0] for test in FAULTS.get(fault, ())}
            if not caught_by & files_of:
                found.append(f"{point['name']}: no fault {fault!r} that its tests catch")
        for name in [*point["tests"], *([] if fault != point["control"] else [fault])]:
            path, _, function = name.partition("::")
            if path not in files:
                found.append(f"{point['name']}: no file {path}")
            elif function and function not in functions(path):
                found.append(f"{point['name']}: no test {name}")
        path, _, function = point["control"].partition("::")
        if path in files and function in functions(path) and "control" not in marks(path, function):
            found.append(f"{point['name']}: {point['control']} is not marked as a control")
    named = {name.partition("::")[0] for point in plan for name in point["tests"]}
    return found + [f"{path} stands under no testpoint" for path in files if path not in named]


def functions(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def marks(path: str, function: str) -> set[str]:
    """Names of the pytest marks of a test."""
    return {
        node.attr
        for definition in ast.walk(ast.parse((ROOT / path).read_text()))
        if isinstance(definition, ast.FunctionDef) and definition.name == function
        for decorator in definition.decorator_list
        for node in ast.walk(decorator)
        if isinstance(node, ast.Attribute)
    }


def test_plan_and_tests_agree() -> None:
    assert problems(PLAN, FILES) == []


@pytest.mark.control
def test_what_is_missing_is_noticed() -> None:
    point = {"name": "x", "tests": ["tests/none.py"], "control": "tests/test_rooms.py::test_none"}
    assert problems([point], ["tests/test_rooms.py"]) == [
        "x: no file tests/none.py",
        "x: no test tests/test_rooms.py::test_none",
        "tests/test_rooms.py stands under no testpoint",
    ]
    other = {
        "name": "z",
        "tests": ["tests/test_rooms.py"],
        "control": "fault: the slowest seed is packed",
    }
    assert problems([other], ["tests/test_rooms.py"]) == [
        "z: no fault 'the slowest seed is packed' that its tests catch"
    ]
    ordinary = {
        "name": "y",
        "tests": ["tests/test_rooms.py"],
        "control": "tests/test_rooms.py::test_no_file_breaks_the_namespace",
    }
    assert problems([ordinary], ["tests/test_rooms.py"]) == [
        "y: tests/test_rooms.py::test_no_file_breaks_the_namespace is not marked as a control"
    ]
