"""Several runs at once in one folder: none disturbs another, each file is one of them, whole."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from sterna.spec import save
from tests.networks import chain


def at_once(folder: Path, commands: list[list[str]]) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "sterna.cli", "-q", *command],
            cwd=folder,
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for command in commands
    ]
    for process in processes:
        said = process.communicate(timeout=120)[1]
        assert process.returncode == 0, said


def parts(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if ".part" in path.name]


def test_simulations_at_once_write_whole_files(tmp_path: Path) -> None:
    for frames in ((2, 3), (4, 5)):
        at_once(tmp_path, [["sim", "-n", str(n), "--link", "model"] for n in frames])
        report = json.loads((tmp_path / "build/sim/report.json").read_text())
        assert report["frames"] in frames
    assert imread(tmp_path / "build/sim/raster.png").ndim == 3
    assert not parts(tmp_path)


@pytest.mark.sim
def test_boards_at_once_keep_apart(tmp_path: Path) -> None:
    save(chain(), tmp_path / "chain.sterna")
    spikes = np.random.default_rng(1).random((4, 50, 4)) < 0.5
    for number, frames in enumerate(spikes):
        np.save(tmp_path / f"{number}.npy", frames)
    at_once(
        tmp_path,
        [["run", "chain.sterna", f"{n}.npy", "--out", f"out{n}.npy"] for n in range(4)],
    )
    for number, frames in enumerate(spikes):
        assert (np.load(tmp_path / f"out{number}.npy") == frames).all()
    assert not parts(tmp_path)


@pytest.mark.control
def test_what_stays_behind_is_found(tmp_path: Path) -> None:
    """The control."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".raster.png.part").touch()
    assert parts(tmp_path)
    with pytest.raises(AssertionError, match="absent"):
        at_once(tmp_path, [["info", "absent.sterna"]])
