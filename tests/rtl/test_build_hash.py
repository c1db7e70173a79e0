"""The hash of a build follows the design, and nothing else of the sources."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import sterna.rtl.build_hash as designs
from sterna.simulator import hashes
from sterna.spec import Hardware, preset

TINY = preset("tiny")
RTL = Path(designs.__file__).parent
CODE = """
from sterna.rtl.build_hash import build_hash, sources_hash, tile_hash
from sterna.spec import preset
print(build_hash(preset("tiny")), tile_hash(preset("tiny")), sources_hash())
"""


def hashed(folder: Path, changed: dict[str, str]) -> tuple[int, int, str]:
    """Hashes of device, tile and sources, with these files of sterna/rtl before the real ones."""
    for name, text in changed.items():
        path = folder / "sterna" / "rtl" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    path = os.pathsep.join([str(folder), *(entry for entry in sys.path if entry)])
    answer = subprocess.run(
        [sys.executable, "-c", CODE],
        env={**os.environ, "PYTHONPATH": path},
        check=True,
        capture_output=True,
        text=True,
    )
    device, tile, sources = answer.stdout.split()
    return int(device), int(tile), sources


@pytest.fixture(scope="module")
def plain() -> tuple[int, int, str]:
    return designs.build_hash(TINY), designs.tile_hash(TINY), designs.sources_hash()


def test_words_and_moved_lines_change_no_hash(plain: tuple[int, int, str], tmp_path: Path) -> None:
    text = (RTL / "tile.py").read_text()
    moved = "# a comment\n\n\n" + text.replace('"""', '"""Other words. ', 1)
    device, tile, sources = hashed(tmp_path, {"tile.py": moved})
    assert (device, tile) == plain[:2]
    assert sources != plain[2]


@pytest.mark.control
def test_change_of_the_tile_changes_both(plain: tuple[int, int, str], tmp_path: Path) -> None:
    """Negative control."""
    text = (RTL / "datapath.py").read_text()
    assert text.count("over >= 0") == 1
    changed = text.replace("over >= 0", "over > 0")
    device, tile, _ = hashed(tmp_path, {"datapath.py": changed})
    assert device != plain[0]
    assert tile != plain[1]


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("receiver", "lost | (at >= self._ring_bytes)", "lost | (at > self._ring_bytes)"),
        ("uart", "bits.eq(10)", "bits.eq(9)"),
    ],
)
def test_change_of_the_link_leaves_the_tile(
    plain: tuple[int, int, str], tmp_path: Path, name: str, right: str, wrong: str
) -> None:
    text = (RTL / f"{name}.py").read_text()
    assert text.count(right) == 1
    device, tile, _ = hashed(tmp_path, {f"{name}.py": text.replace(right, wrong)})
    assert device != plain[0]
    assert tile == plain[1]


def test_module_in_a_new_folder_does_not_escape(
    plain: tuple[int, int, str], tmp_path: Path
) -> None:
    """Part of the design moves to a folder of its own, and is changed there."""
    text = (RTL / "datapath.py").read_text().replace("from .", "from ..")
    changed = text.replace("over >= 0", "over > 0")
    moved = {"datapath.py": "from sterna.rtl.new.datapath import *\n", "new/datapath.py": text}
    device, tile, sources = hashed(tmp_path / "moved", moved)
    assert (device, tile) == plain[:2]
    again, _, others = hashed(tmp_path / "changed", {**moved, "new/datapath.py": changed})
    assert again != device
    assert others != sources


@pytest.mark.parametrize("change", ["lanes", "axons", "potential_bits", "stochastic_leak"])
def test_parameters_change_both(plain: tuple[int, int, str], change: str) -> None:
    values = TINY.as_dict()
    values[change] = 2 * values[change] if change in ("lanes", "axons") else values[change] + 1
    other = Hardware(**values)
    assert designs.build_hash(other) != plain[0]
    assert designs.tile_hash(other) != plain[1]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Callable[[], int]":
    """How often a tile was elaborated; what was remembered before is forgotten."""
    seen: list[Hardware] = []
    monkeypatch.setenv("STERNA_BUILD", str(tmp_path / "build"))

    def elaborate(hardware: Hardware, *, deep: bool) -> int:
        seen.append(hardware)
        return 0xDEEB if deep else 0xBEE

    monkeypatch.setattr(designs, "tile_hash", elaborate)
    hashes._remembered.cache_clear()
    yield lambda: len(seen)
    hashes._remembered.cache_clear()


def test_hash_is_remembered_until_a_source_changes(
    calls: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        assert hashes.tile_hash(TINY) == 0xBEE
        hashes._remembered.cache_clear()
    assert calls() == 1
    monkeypatch.setattr(designs, "sources_hash", lambda: "others")
    assert hashes.tile_hash(TINY) == 0xBEE
    assert calls() == 2


@pytest.mark.parametrize("content", ["", "beef", "no hash at all!!", "\xff" * 16])
def test_what_is_remembered_wrongly_is_worked_out_anew(
    calls: Callable[[], int], tmp_path: Path, content: str
) -> None:
    hashes.tile_hash(TINY)
    (file,) = (tmp_path / "build" / "hashes").iterdir()
    file.write_text(content, encoding="latin-1")
    hashes._remembered.cache_clear()
    assert hashes.tile_hash(TINY) == 0xBEE
    assert calls() == 2
    assert file.read_text() == f"{0xBEE:016x}"


def test_deep_build_has_a_hash_of_its_own(calls: Callable[[], int]) -> None:
    assert (hashes.tile_hash(TINY), hashes.tile_hash(TINY, deep=True)) == (0xBEE, 0xDEEB)
    assert calls() == 2


def test_nothing_is_remembered_where_nothing_can_be_written(
    calls: Callable[[], int], tmp_path: Path
) -> None:
    (tmp_path / "build").write_text("a file where the folder would be")
    assert hashes.tile_hash(TINY) == 0xBEE
    assert calls() == 1


def test_interrupt_waits_until_the_design_is_elaborated(
    calls: Callable[[], int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done: list[str] = []

    def elaborate(hardware: Hardware, *, deep: bool) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        done.append("after it")
        return 1

    monkeypatch.setattr(designs, "tile_hash", elaborate)
    with pytest.raises(KeyboardInterrupt):
        hashes.tile_hash(TINY)
    assert done == ["after it"]
    assert not (tmp_path / "build").exists()
