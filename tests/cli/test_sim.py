"""`sterna sim` with the real RTL: it agrees, it tells, and it leaves nothing behind."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sterna.spec.link import PROTOCOL_VERSION
from tests.conftest import Cli
from tests.processes import await_true, exists

pytestmark = pytest.mark.sim


@pytest.mark.parametrize("more", [[], ["--pins"]], ids=["bytes", "pins"])
def test_digits_through_the_rtl_agree_with_the_model(cli: Cli, tmp_path: Path, more: list) -> None:
    done = cli("sim", "-n", 20, "--json", *more)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["mismatches"] == 0
    assert report["frames"] == 20
    assert report["accuracy_device"] == report["accuracy_model"] >= 0.9
    assert report["preset"] == "up5k"
    assert report["speed"]["ratio_median"] < 1.15
    assert report == json.loads((tmp_path / "build/sim/report.json").read_text())
    assert (tmp_path / "build/sim/raster.png").stat().st_size > 10_000
    for word in ("board", "device", "build ", f"protocol {PROTOCOL_VERSION}", "upload", "stream"):
        assert word in done.stderr


def test_table_names_every_figure(cli: Cli) -> None:
    done = cli("-q", "sim", "-n", 3, "--link", "model", "--out", "here")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for word in (
        "frames",
        "accuracy, chip",
        "accuracy, golden model",
        "spikes in",
        "between",
        "spikes out",
        "mismatches",
        "median",
        "maximum",
        "bound",
        "24 MHz",
        "wall time",
        "frames/s",
        "here/report.json",
    ):
        assert word in done.stdout


def test_the_model_has_no_clock_and_no_time_is_told_of_it(cli: Cli) -> None:
    done = cli("-q", "sim", "-n", 3, "--link", "model")
    for name in (
        "cycles a tick, median",
        "with waits for the host",
        "cycles over bound",
        "chip time at 24 MHz",
        "bound by the core",
    ):
        (line,) = (line for line in done.stdout.splitlines() if name in line)
        assert "not measured" in line
    report = json.loads(cli("-q", "sim", "-n", 3, "--link", "model", "--json").stdout)
    speed = report["speed"]
    for name in ("cycles_median", "cycles_max", "ratio_median", "chip_s"):
        assert speed[name] is None
    assert speed["ticks"] == 5
    assert report["core_frames_per_s"] is None
    assert report["link_frames_per_s"] > 0


@pytest.mark.parametrize(
    ("end", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_ending_it_in_mid_stream_leaves_no_board_and_no_half_file(
    tmp_path: Path, end: signal.Signals, code: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sterna.cli", "sim", "-n", "10000", "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        assert process.stderr
        said = ""
        while "network loaded" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        process.send_signal(end)
        said += process.communicate(timeout=30)[1]
    found = re.search(r"pid (\d+)", said)
    assert found
    assert process.returncode == code
    assert "Traceback" not in said
    assert await_true(lambda: not exists(int(found[1])))
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.control
def test_board_that_dies_in_mid_stream_is_an_error_with_its_log(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sterna.cli", "sim", "-n", "10000", "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        assert process.stderr
        said = ""
        while "network loaded" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        found = re.search(r"pid (\d+)", said)
        assert found
        os.kill(int(found[1]), signal.SIGKILL)
        said += process.communicate(timeout=30)[1]
    assert process.returncode == 1
    assert "the virtual board died" in said
    assert "serves socket" in said
    assert "Traceback" not in said
