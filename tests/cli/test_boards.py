"""Commands for boards: what they refuse, and why; the check of a device behind a link."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sterna.builds.release import write_release
from sterna.cli.bitstream import _first_met
from sterna.emulator import EmulatedLink
from sterna.spec import ConfigError, preset, save
from sterna.spec.clock import Clock
from sterna.verify.check import NAMES
from tests.boards.test_boards import report
from tests.builds.test_flash import entry
from tests.conftest import Cli
from tests.host.servers import serial_port
from tests.networks import chain


@pytest.fixture
def nothing_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STERNA_BUILD", str(tmp_path / "build"))


@pytest.mark.usefixtures("nothing_built")
def test_boards_are_listed_with_what_fits(cli: Cli) -> None:
    rows = json.loads(cli("boards", "--json").stdout)
    board = rows["icebreaker"]
    assert (board["preset"], board["cores"], board["clock_mhz"]) == ("up5k", 8, 24)
    assert board["baud"] == 6_000_000
    assert "sterna build --board icebreaker" in cli("boards").stdout


@pytest.mark.sim
def test_digits_run_on_the_chip_of_a_board(cli: Cli, tmp_path: Path) -> None:
    """With the network that its sixteen cores can hold, at its clock."""
    done = cli("sim", "--board", "orangecrab-25f", "-n", "5", "--json", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["network"], told["preset"], told["mismatches"]) == ("mnist-25f", "ecp5-25f", 0)
    assert told["core_frames_per_s"] == 96e6 / told["speed"]["cycles_median"]
    assert told["link_frames_per_s"] == 300_000 / told["link_bytes_a_frame"]
    refused = cli("sim", "--board", "ulx3s-85f", "--link", "model")
    assert refused.returncode == 2
    assert "--board goes with --link sim and with a port" in refused.stderr


@pytest.mark.usefixtures("nothing_built")
def test_board_with_a_release_is_flashed_without_a_build(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a loader that says what it was given."""
    (tmp_path / "icebreaker.bin").write_bytes(b"bits")
    out = tmp_path / "out"
    write_release(out, {"icebreaker": entry()}, [tmp_path / "icebreaker.bin"], "1.2.3")
    loader = tmp_path / "openFPGALoader"
    loader.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/seen\n')
    loader.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    done = cli("flash", "--board", "icebreaker", "--from", out, "--verify")
    assert done.returncode == 0, done.stderr
    assert "icebreaker.bin, 4 bytes, into flash" in done.stderr
    assert "at 6,000,000 baud: sterna check --board icebreaker" in done.stderr
    seen = (tmp_path / "seen").read_text()
    assert seen == f"--board ice40_generic --write-flash --verify {out}/icebreaker.bin\n"
    refused = cli("flash", "--board", "ulx3s-85f", "--from", out)
    assert refused.returncode == 2
    assert "has no bitstream ulx3s-85f for ULX3S 85F; it has icebreaker" in refused.stderr
    known = cli("check", "--link", "socket://127.0.0.1:1", "--from", out)
    assert (known.returncode, "failed: port" in known.stderr) == (1, True)
    nowhere = cli("check", "--link", "socket://127.0.0.1:1", "--from", tmp_path)
    assert (nowhere.returncode, "name a folder that" in nowhere.stderr) == (2, True)
    dfu = cli("flash", "--board", "orangecrab-25f", "--from", out, "--sram")
    assert "into flash only, through its bootloader" in dfu.stderr


@pytest.mark.usefixtures("nothing_built")
def test_bit_rate_that_a_clock_does_not_divide_to_is_refused(cli: Cli) -> None:
    done = cli("build", "--board", "icebreaker", "--baud", "7000000")
    assert done.returncode == 2
    assert "a clock of 24000000 Hz has 3 cycles a bit of 7000000; the UART needs 4" in done.stderr
    assert "go with --board only" in cli("build", "--baud", "3000000").stderr
    done = cli("flash", "--board", "icebreaker", "--self-test")
    assert "run `sterna build --board icebreaker --self-test` first" in done.stderr


def test_board_is_checked_on_one_screen(cli: Cli) -> None:
    """Behind a pseudo-terminal; it is no board's port, so that its rate is the usual."""
    clock = Clock(hz=24_000_000, baud=6_000_000)
    with serial_port(EmulatedLink(preset("tiny"), clock=clock)) as path:
        done = cli("check", "--link", path, "--networks", 1)
        assert done.returncode == 0, done.stderr
        told = json.loads(cli("check", "--link", path, "--networks", 0, "--json").stdout)
        other = cli("check", "--link", path, "--networks", 0, "--board", "icebreaker")
    lines = done.stdout.splitlines()
    assert len(lines) <= 24
    assert any("bit rate" in line and "ok" in line and "6,000,000" in line for line in lines)
    assert told["passed"]
    assert [item["name"] for item in told["items"]] == list(NAMES)
    assert other.returncode == 1
    assert "sterna flash" in other.stdout
    assert "failed: device" in other.stderr


def test_board_at_a_link_must_be_that_board(cli: Cli) -> None:
    with serial_port(EmulatedLink(preset("tiny"))) as path:
        done = cli("info", "--link", path, "--board", "icebreaker")
    assert done.returncode == 1
    assert "hardware parameters: the device has Hardware(contexts=2" in done.stderr


@pytest.mark.usefixtures("nothing_built")
def test_board_that_is_not_built_is_not_flashed(cli: Cli) -> None:
    done = cli("flash", "--board", "icebreaker")
    assert done.returncode == 2
    assert "run `sterna build --board icebreaker` first" in done.stderr
    assert "no board 'icebraker'" in cli("flash", "--board", "icebraker").stderr


@pytest.mark.sim
@pytest.mark.control
def test_network_that_does_not_fit_is_refused_with_the_nearest_board(
    cli: Cli, tmp_path: Path, tiny_board: str
) -> None:
    for command in (["sim", "-n", "1"], ["run", "large.sterna", "frames.npy"]):
        save(chain(**THREE), tmp_path / "large.sterna")
        np.save(tmp_path / "frames.npy", np.zeros((1, 4), bool))
        done = cli(*command, "--link", tiny_board)
        assert done.returncode == 2, done.stderr
        assert "(tiny): " in done.stderr
        assert "contexts (cores), the device has 2" in done.stderr
        assert "The nearest board that it fits: iCEBreaker" in done.stderr


#: `chain` with a third core.
THREE = {
    "hardware": preset("up5k"),
    "core_crossbar": np.zeros(3, np.int32),
    "neuron_type": np.zeros(12, np.int32),
    "neuron_potential": np.zeros(12, np.int32),
}


@pytest.mark.sim
def test_device_behind_a_link_is_checked(cli: Cli, tiny_board: str) -> None:
    done = cli("verify", "--link", tiny_board, "--networks", 3, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["preset"] == "tiny"
    assert report["mismatches"] == []
    assert report["networks"] == 3
    assert report["words"] > 0
    assert "the device has 2" in report["unfit"]


@pytest.mark.usefixtures("nothing_built")
def test_board_with_the_same_build_hash_is_named(cli: Cli, tmp_path: Path) -> None:
    """The model's build hash is 0."""

    def named() -> str | None:
        return json.loads(cli("info", "--link", "model", "--json").stdout)["board"]

    assert named() is None
    told = report(tmp_path / "build") / "report.json"
    facts = json.loads(told.read_text())
    told.write_text(json.dumps(facts | {"build_hash": f"{0:016x}"}))
    assert named() == "icebreaker"
    told.write_text(json.dumps(facts | {"build_hash": f"{1:016x}"}))
    assert named() is None


def test_self_test_takes_the_first_seed_that_meets_the_clock() -> None:
    tried: list[list[int]] = []

    def build(seeds: Sequence[int]) -> dict[str, Any]:
        tried.append(list(seeds))
        if seeds != [2]:
            raise ConfigError("missed")
        return {"best_seed": 2}

    assert _first_met(build, (1, 2, 3)) == {"best_seed": 2}
    assert tried == [[1], [2]]
    with pytest.raises(ConfigError, match="missed"):
        _first_met(build, (1, 3))
