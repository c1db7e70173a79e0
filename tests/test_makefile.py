"""The Makefile's own set-up: a virtual environment that is this folder's, and runs."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with the Makefile, and a .venv that says it was made there."""
    folder = tmp_path / "my project"
    (folder / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (folder / ".venv" / ".installed-dev").touch()
    (folder / ".venv" / ".made-in").write_text(f"{folder.resolve()}\n")
    return folder


def make(folder: Path) -> None:
    subprocess.run(["make", "help"], cwd=folder, check=True, capture_output=True)


def test_environment_of_this_folder_stays(tree: Path) -> None:
    make(tree)
    assert (tree / ".venv" / ".installed-dev").exists()


def test_copied_or_moved_environment_goes(tree: Path) -> None:
    copy = tree.with_name("copy")
    shutil.copytree(tree, copy, symlinks=True)
    make(copy)
    assert not (copy / ".venv").exists()
    moved = tree.rename(tree.with_name("moved"))
    make(moved)
    assert not (moved / ".venv").exists()


def test_environment_without_its_python_goes(tree: Path) -> None:
    (tree / ".venv" / "bin" / "python").unlink()
    (tree / ".venv" / "bin" / "python").symlink_to("/nowhere/python")
    make(tree)
    assert not (tree / ".venv").exists()


def test_environment_that_make_did_not_make_is_left_alone(tree: Path) -> None:
    (tree / ".venv" / ".installed-dev").unlink()
    (tree / ".venv" / ".made-in").unlink()
    make(tree)
    assert (tree / ".venv").exists()


@pytest.mark.parametrize(
    "path", ["/x/my mnist", "/x/it's", '/x/"quoted"', "/x/a#b", "/x/$HOME", "/x/`id`;ls", "/x/é"]
)
def test_path_of_data_reaches_the_command_as_it_is(tree: Path, path: str) -> None:
    for name in ("pyproject.toml", "requirements.lock"):
        (tree / name).touch()
    (tree / ".venv" / ".installed-train").touch()
    command = tree / ".venv" / "bin" / "sterna"
    command.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    command.chmod(0o755)
    done = subprocess.run(
        ["make", "train", f"DATA={path}", "ARGS=--seed 3"], cwd=tree, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-4:] == ["--data", path, "--seed", "3"]
