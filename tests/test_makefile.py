"""The Makefile's own set-up: a virtual environment that is this folder's, and runs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with a Makefile, and a .venv that says it was made there.

    Its Python is a script that notes each call of pip, and takes its time for it.
    """
    folder = tmp_path / "my project"
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".ci").mkdir()
    for name in ("Makefile", ".ci/venv"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("pyproject.toml", "requirements.lock"):
        (folder / name).touch()
    python = folder / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ] || { echo "$@" >> calls; sleep 0.5; }\n')
    python.chmod(0o755)
    (folder / ".venv" / ".installed-dev").touch()
    (folder / ".venv" / ".made-in").write_text(f"{folder.resolve()}\n")
    return folder


#: Without what a make around these tests has told this process.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}


def make_dev(folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        ["make", "-s", f"PYTHON={sys.executable}", DEV], cwd=folder, env=ENVIRONMENT
    )


DEV = ".venv/.installed-dev"


def calls(folder: Path) -> list[str]:
    """What the Python of the .venv was called for."""
    path = folder / "calls"
    return path.read_text().splitlines() if path.exists() else []


def is_void(folder: Path) -> bool:
    code = "import runpy; exit(runpy.run_path('.ci/venv')['is_void']())"
    return bool(subprocess.run([sys.executable, "-c", code], cwd=folder).returncode)


def test_make_alone_lists_targets_and_says_where_to_look_after_a_run(tree: Path) -> None:
    def said() -> str:
        return subprocess.run(
            ["make"], cwd=tree, capture_output=True, text=True, env=ENVIRONMENT, check=True
        ).stdout

    assert "make sim " in said()
    assert "raster.png" not in said()
    (tree / "build" / "sim").mkdir(parents=True)
    (tree / "build" / "sim" / "report.json").touch()
    assert "look at build/sim/raster.png" in said()


def test_environment_of_this_folder_stays(tree: Path) -> None:
    assert not is_void(tree)
    assert make_dev(tree).wait() == 0
    assert calls(tree) == []


def test_changed_requirements_are_installed_once_by_several_at_once(tree: Path) -> None:
    (tree / DEV).unlink()
    runs = [make_dev(tree) for _ in range(3)]
    assert [run.wait() for run in runs] == [0, 0, 0]
    assert calls(tree) == ["-m pip install -qq --no-compile -e .[dev]"]


def test_copied_or_moved_environment_is_made_anew(tree: Path) -> None:
    copy = tree.with_name("copy")
    shutil.copytree(tree, copy, symlinks=True)
    moved = tree.rename(tree.with_name("moved"))
    for folder in (copy, moved):
        assert is_void(folder)
        said = subprocess.run(
            ["make", "-n", DEV], cwd=folder, capture_output=True, text=True, env=ENVIRONMENT
        )
        assert ".ci/venv dev" in said.stdout


def test_environment_without_its_python_or_pip_is_made_anew(tree: Path) -> None:
    python = tree / ".venv" / "bin" / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    assert is_void(tree)
    python.unlink()
    python.symlink_to("/nowhere/python")
    assert is_void(tree)
    (tree / DEV).unlink()  # left halfway
    assert is_void(tree)


def test_environment_that_was_not_made_here_is_left_alone(tree: Path) -> None:
    (tree / DEV).unlink()
    (tree / ".venv" / ".made-in").unlink()
    assert not is_void(tree)


@pytest.mark.parametrize(
    "path", ["/x/my mnist", "/x/it's", '/x/"quoted"', "/x/a#b", "/x/$HOME", "/x/`id`;ls", "/x/é"]
)
def test_path_of_data_reaches_the_command_as_it_is(tree: Path, path: str) -> None:
    (tree / ".venv" / ".installed-train").touch()
    command = tree / ".venv" / "bin" / "sterna"
    command.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    command.chmod(0o755)
    done = subprocess.run(
        ["make", "train", f"DATA={path}", "ARGS=--seed 3"],
        cwd=tree,
        check=True,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )
    assert done.stdout.splitlines()[-4:] == ["--data", path, "--seed", "3"]


def test_ci_says_which_python_it_could_not_try() -> None:
    done = subprocess.run([ROOT / ".ci" / "newest", "9.9"], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr == "NOT TRIED with Python 9.9: it is not on this machine\n"
