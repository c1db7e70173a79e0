"""The build of the virtual board: once per content, safe in company, and when interrupted."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from sterna.builds.folders import build_root, make_folder
from sterna.simulator.board_build import build_board
from sterna.simulator.toolchain import FLAGS_VARIABLE
from sterna.simulator.verilog import device_design, on_both_edges
from sterna.spec import ToolError, preset
from tests.processes import await_true, descendants, exists, names
from tests.simulator.echo import echo_design

pytestmark = pytest.mark.sim
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (
    "from sterna.simulator.board_build import build_board\n"
    "from tests.simulator.echo import echo_design\n"
    "print(build_board(echo_design(), progress=lambda text: print(text, flush=True)))\n"
)


def start_build(root: Path, **variables: str) -> "subprocess.Popen[str]":
    rooms = (str(ROOT / room) for room in ("", "hw", "sw", "sim"))
    environment = {
        **os.environ,
        "STERNA_BUILD": str(root),
        "PYTHONPATH": os.pathsep.join(rooms),
        **variables,
    }
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def await_compiler(pid: int) -> list[psutil.Process]:
    """All that a process has started, once a compiler is among them."""
    found: list[psutil.Process] = []

    def compiles() -> bool:
        found[:] = descendants(pid)
        return "cc1plus" in names(found)

    assert await_true(compiles, 60)
    return found


@pytest.fixture
def lent(tmp_path: Path) -> Path:
    """A root for builds, new but for Verilator's own objects: those are not the subject."""
    kept = make_folder(build_root() / "runtime")
    (tmp_path / "runtime").symlink_to(kept)
    return tmp_path


def test_two_at_once_build_once_and_a_third_builds_nothing(lent: Path) -> None:
    with start_build(lent) as one, start_build(lent) as two:
        said = [process.communicate(timeout=200)[0] for process in (one, two)]
    assert one.returncode == two.returncode == 0
    assert "".join(said).count("simulator of echo") == 1
    assert said[0].splitlines()[-1] == said[1].splitlines()[-1]
    with start_build(lent) as third:
        assert third.communicate(timeout=60)[0].splitlines() == said[0].splitlines()[-1:]


def test_interrupted_build_leaves_no_compiler_and_no_board(tmp_path: Path) -> None:
    with start_build(tmp_path) as process:
        assert process.stdout
        while "simulator" not in process.stdout.readline():
            assert process.poll() is None
        started = await_compiler(process.pid)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode != 0
    assert not [child for child in started if exists(child.pid)]
    assert not list(tmp_path.glob("board/*[0-9a-f]/board"))
    assert not [path for path in tmp_path.glob("board/*") if path.is_dir() and not path.suffix]


class Interrupted:
    """Ctrl-C comes just while one is deleted: what is raised then, Python drops."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)


def test_interrupt_within_a_destructor_of_the_design_is_not_lost(lent: Path) -> None:
    said: list[str] = []
    design = replace(echo_design(), key="new", convert=lambda: str(Interrupted()) and "")
    with pytest.raises(KeyboardInterrupt):
        build_board(design, root=lent, progress=said.append)
    assert len(said) == 1  # no compiler was started


def test_edges_are_doubled_only_where_that_is_right() -> None:
    assert on_both_edges("always @(posedge clk) q <= d;") == (
        "always @(posedge clk or negedge clk) q <= d;"
    )
    for text in ("always @(negedge clk) q <= d;", "always @(posedge clk or posedge rst) q <= d;"):
        with pytest.raises(ValueError, match="edges other than"):
            on_both_edges(text)


def test_key_follows_hardware_and_pins() -> None:
    designs = [
        device_design(preset(name), pins=pins)
        for name in ("tiny", "up5k")
        for pins in (False, True)
    ]
    assert len({design.key for design in designs}) == 4


def test_fst_is_written_or_its_headers_are_asked_for(tmp_path: Path) -> None:
    from sterna.simulator.board import VirtualBoard

    refusal = ""
    try:
        build_board(echo_design(), wave="fst")
    except ToolError as error:
        refusal = str(error)
    if refusal:
        assert "liblz4-dev" in refusal
        return
    wave = tmp_path / "echo.fst"
    with VirtualBoard(echo_design(), wave=wave, log=tmp_path / "log"):
        pass
    assert wave.stat().st_size > 0


def test_verilators_own_code_is_compiled_once(tmp_path: Path) -> None:
    """The objects kept are those that the next build links: broken ones make it fail."""
    build_board(echo_design())
    shutil.copytree(build_root() / "runtime", tmp_path / "runtime")
    assert os.access(build_board(echo_design(), root=tmp_path), os.X_OK)
    shutil.rmtree(tmp_path / "board")
    for kept in tmp_path.glob("runtime/*/verilated.o"):
        kept.write_bytes(b"no object")
    with pytest.raises(ToolError, match="does not build"):
        build_board(echo_design(), root=tmp_path)


def test_flags_of_the_user_reach_the_compiler(monkeypatch: pytest.MonkeyPatch, lent: Path) -> None:
    monkeypatch.setenv(FLAGS_VARIABLE, "-fno-such-thing")
    with pytest.raises(ToolError, match="no-such-thing"):
        build_board(echo_design(), root=lent)


def test_path_that_make_cannot_take_is_no_matter(lent: Path) -> None:
    name = 'my build #1, it\'s "caf\u00e9" $HOME'
    (lent / name).mkdir()
    (lent / "runtime").rename(lent / name / "runtime")
    # there the makefiles run whatever `python` is found first
    (lent / "python").write_text("#!/bin/sh\nexit 1\n")
    (lent / "python").chmod(0o755)
    path = os.pathsep.join([str(lent), os.environ["PATH"]])
    with start_build(lent / name, PATH=path) as process:
        said = process.communicate(timeout=200)[0]
    assert process.returncode == 0
    program = Path(said.splitlines()[-1])
    assert program.is_relative_to(lent / name)
    assert os.access(program, os.X_OK)


def test_cached_build_without_its_program_is_built_anew(
    lent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = build_board(echo_design(), root=lent)
    program.unlink()
    monkeypatch.setenv("MAKEFLAGS", "-n")
    assert build_board(echo_design(), root=lent) == program
    assert os.access(program, os.X_OK)


def test_compiler_may_have_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "env LC_ALL=C g++")
    assert build_board(echo_design(), root=tmp_path).exists()
    (kept,) = (tmp_path / "runtime").iterdir()  # of this compiler, the first time
    assert (kept / "verilated.o").stat().st_size > 10_000


@pytest.mark.parametrize("sign", [signal.SIGHUP, signal.SIGTERM, signal.SIGKILL])
def test_signal_to_the_command_leaves_no_compiler(tmp_path: Path, sign: signal.Signals) -> None:
    command = [sys.executable, "-m", "sterna.cli", "build", "--preset", "tiny"]
    environment = {**os.environ, "STERNA_BUILD": str(tmp_path)}
    with subprocess.Popen(
        command,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # nohup has it ignored
    ) as process:
        assert process.stderr
        while "simulator" not in process.stderr.readline():
            assert process.poll() is None
        started = await_compiler(process.pid)
        process.send_signal(sign)
        process.communicate(timeout=30)
    assert process.returncode == (-sign if sign == signal.SIGKILL else 128 + sign)
    assert await_true(lambda: not [child for child in started if exists(child.pid)])
