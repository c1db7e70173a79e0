"""A board's top at its UART pins, at the real bit rate (tests/boards/bench_pins.py).

    python -m tests.boards.test_pins BOARD [PRESET]     # with the device in full, or a smaller one

The tests here run a part of the bench, with a small device in the board's top, to be quick.
"""

import json
import sys
from dataclasses import replace

import pytest

from sterna.boards import BOARDS, Board, find_board
from sterna.boards.design import top_verilog
from sterna.boards.netlist import simulated_board
from sterna.builds.folders import build_root
from sterna.spec import SternaError
from sterna.verify.bench import run_bench

pytestmark = pytest.mark.sim

BUILD = build_root() / "cocotb"
BUILD_HASH = 0x0123_4567_89AB_CDEF
SMALL = replace(BOARDS["icebreaker"], preset="tiny")


def run_pins(board: Board, *, only: str = "", baud: int | None = None, show: bool = False) -> None:
    """The bench on a board's top; raises AssertionError if a test of it fails.

    `only` is a pattern of the names of the tests to run; `show` puts the simulator's log on the
    terminal.
    """
    text = simulated_board(board, top_verilog(board, BUILD_HASH))
    env = {
        "STERNA_HARDWARE": json.dumps(board.hardware.as_dict()),
        "STERNA_HZ": str(board.clock.hz),
        "STERNA_BAUD": str(baud or board.clock.baud),
        "STERNA_BUILD": f"{BUILD_HASH:x}",
        "COCOTB_TEST_FILTER": only,
    }
    run_bench(
        text, name="device", module="tests.boards.bench_pins", build_root=BUILD, env=env, show=show
    )


def test_top_keeps_to_its_pins() -> None:
    run_pins(SMALL, only="off=-|idle|reset")


@pytest.mark.control
def test_host_at_another_bit_rate_is_noticed() -> None:
    with pytest.raises(AssertionError, match="1 of 1 cocotb tests failed"):
        run_pins(SMALL, only="breaks", baud=5_000_000)


def main(name: str, preset: str = "") -> int:
    """All of the bench on a board's top; what it does and finds is on the terminal."""
    try:
        board = find_board(name)
        if preset:
            board = replace(board, preset=preset, changes={})
        print(f"building the simulator of {board.title}'s top; its log follows", flush=True)
        run_pins(board, show=True)
    except (SternaError, AssertionError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, SternaError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
