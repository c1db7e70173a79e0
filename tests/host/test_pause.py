"""A host that is stopped and continued, as a laptop that sleeps, or a process under a debugger."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.sim
ROOT = Path(__file__).parents[2]
SILENCE_S = 1.0
PROGRAM = f"""
import numpy as np
from sterna.simulator.board import VirtualBoard
from sterna.host import Device
from tests.networks import chain
frames = np.random.default_rng(3).random((500, 4)) < 0.5
with VirtualBoard("tiny") as board, Device.open(board.url, timeout_s={SILENCE_S}) as device:
    device.load(chain())
    for number in range(8):
        print(board.pid, flush=True)
        assert (device.run(frames) == frames).all()
"""


def _start() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.parametrize("with_board", [False, True], ids=["host", "host and board"])
def test_host_that_was_stopped_goes_on(with_board: bool) -> None:
    with _start() as host:
        assert host.stdout
        board = int(host.stdout.readline())
        for _ in range(2):
            time.sleep(0.05)  # somewhere within a run
            stopped = [host.pid, *([board] if with_board else [])]
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            time.sleep(2 * SILENCE_S)
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        said = host.communicate(timeout=60)[1]
    assert host.returncode == 0, said


@pytest.mark.control
def test_board_that_is_stopped_for_good_is_silent() -> None:
    """The control: with the host awake, the same time is silence."""
    with _start() as host:
        assert host.stdout
        board = int(host.stdout.readline())
        os.kill(board, signal.SIGSTOP)
        time.sleep(3 * SILENCE_S)
        os.kill(board, signal.SIGCONT)
        said = host.communicate(timeout=60)[1]
    assert host.returncode != 0
    assert "LinkError" in said
