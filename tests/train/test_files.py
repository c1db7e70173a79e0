"""What a training writes beside its network file: nothing foreign is lost, and no run's is."""

import contextlib
import json
import os
import subprocess
import sys
import time

import pytest

from sterna.spec import ConfigError, OutputError, load_any
from sterna.train import train_recipe
from sterna.train.checkpoints import beside, reserved
from tests.recipes import small


def run(folder, tmp_path, **more):
    return train_recipe(small(tmp_path), data=folder, **more)


@pytest.mark.parametrize("suffix", [".checkpoint", ".jsonl", ".png"])
def test_a_foreign_file_is_refused_by_name_before_the_work(mnist_folder, tmp_path, suffix):
    path = tmp_path / f"n{suffix}"
    path.write_bytes(b"mine")
    with pytest.raises(ConfigError, match=rf"n\{suffix}: .* would be overwritten: move it"):
        run(mnist_folder, tmp_path, out=tmp_path / "n.sterna", on_step=lambda *_: 1 / 0)
    assert path.read_bytes() == b"mine"
    assert sorted(one.name for one in tmp_path.glob("n.*")) == [path.name]


def test_files_of_a_training_before_are_written_anew(mnist_folder, tmp_path):
    out = tmp_path / "n.sterna"
    for seed in (1, 2):
        run(mnist_folder, tmp_path, out=out, seed=seed)
    assert load_any(out).provenance["seed"] == 2
    assert not list(tmp_path.glob(".*"))  # no lock stays


def test_beside_a_device_nothing_is_written(mnist_folder, tmp_path):
    before = sorted(path.name for path in (tmp_path / "/dev").glob("null*"))
    assert run(mnist_folder, tmp_path, out="/dev/null").out is not None
    assert sorted(path.name for path in (tmp_path / "/dev").glob("null*")) == before
    with pytest.raises(ConfigError, match="takes the name of the file to write"):
        run(mnist_folder, tmp_path, out="/dev/null", resume=True)


def test_a_folder_under_the_name_of_the_log_is_named(mnist_folder, tmp_path):
    (tmp_path / "n.jsonl").mkdir()
    with pytest.raises(OutputError, match=r"n\.jsonl: is a folder"):
        run(mnist_folder, tmp_path, out=tmp_path / "n.sterna")


def test_a_second_run_of_one_name_is_refused(mnist_folder, tmp_path):
    out = tmp_path / "n.sterna"
    with reserved(out):
        for name in ("n.sterna", "n"):  # whose files would be the same
            with pytest.raises(ConfigError, match="another training is writing it"):
                run(mnist_folder, tmp_path, out=tmp_path / name)
        run(mnist_folder, tmp_path, out=tmp_path / "other.sterna")
    run(mnist_folder, tmp_path, out=out)


HOLD = """
import sys, time
from pathlib import Path
from sterna.train.checkpoints import reserved
with reserved(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.control
def test_a_lock_goes_with_the_process_that_held_it(mnist_folder, tmp_path):
    out = tmp_path / "n.sterna"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, out], stdout=subprocess.PIPE, text=True, env=environment
    ) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(ConfigError, match="another training"):
            run(mnist_folder, tmp_path, out=out)
        other.kill()
    run(mnist_folder, tmp_path, out=out)
    assert out.exists()


def test_of_two_trainings_at_once_one_ends_well_and_one_says_why_not(mnist_folder, tmp_path):
    command = [
        sys.executable,
        "-m",
        "sterna.cli",
        "train",
        small(tmp_path),
        "--data",
        mnist_folder,
        "--out",
        tmp_path / "n.sterna",
        "--json",
    ]
    with contextlib.ExitStack() as stack:
        both = [
            stack.enter_context(
                subprocess.Popen(
                    [*map(str, command), "--seed", seed],
                    cwd=tmp_path,
                    text=True,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
            )
            for seed in "12"
        ]
        said = [process.communicate(timeout=120) for process in both]
    codes = [process.returncode for process in both]
    if codes == [0, 0]:  # on a machine where one had ended before the other began
        assert load_any(tmp_path / "n.sterna").provenance["seed"] in (1, 2)
        return
    assert sorted(codes) == [0, 2]
    won, lost = codes.index(0), codes.index(2)
    assert "another training is writing it" in said[lost][1]
    seed = json.loads(said[won][0])["provenance"]["seed"]
    assert load_any(tmp_path / "n.sterna").provenance["seed"] == seed == won + 1


@pytest.mark.parametrize("content", [b"text", b"", b"\x80\x02}.", b"PK\x03\x04", b"e"])
def test_what_is_no_checkpoint_is_named(mnist_folder, tmp_path, content):
    (tmp_path / "n.checkpoint").write_bytes(content)
    with pytest.raises(ConfigError, match=r"n\.checkpoint: is no checkpoint"):
        run(mnist_folder, tmp_path, out=tmp_path / "n.sterna", resume=True)


def test_a_checkpoint_with_another_models_state_is_named(mnist_folder, tmp_path):
    import torch

    out = tmp_path / "n.sterna"
    run(mnist_folder, tmp_path, out=out)
    held = torch.load(tmp_path / "n.checkpoint", weights_only=True)
    for broken in ({}, {**held["trainer"], "model": {}}, {**held["trainer"], "history": [{}]}, 5):
        torch.save({**held, "trainer": broken}, tmp_path / "n.checkpoint")
        with pytest.raises(ConfigError, match=r"n\.checkpoint: is a damaged checkpoint"):
            run(mnist_folder, tmp_path, out=out, resume=True)


def test_a_checkpoint_that_is_a_device_is_named(tmp_path):
    beside(tmp_path / "n.sterna", ".checkpoint").symlink_to("/dev/zero")
    began = time.monotonic()
    with pytest.raises(ConfigError, match="a device or a pipe"), reserved(tmp_path / "n.sterna"):
        pass
    assert time.monotonic() - began < 30
