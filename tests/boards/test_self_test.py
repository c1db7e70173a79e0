"""A board that tests itself: a sound one passes, and faults in its cells and its answers fail.

    python -m tests.boards.test_self_test BOARD     # with the device in full

The tests here have a small device, in the cells of an iCE40 UltraPlus.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from sterna.boards import BOARDS, Board, find_board
from sterna.boards.design import top_verilog
from sterna.boards.netlist import simulated_board
from sterna.boards.self_test import MOST_STEPS, SEED, SIZE, network, self_test, steps
from sterna.builds.folders import build_root
from sterna.model import GoldenModel
from sterna.rtl.self_test import STEP_BITS
from sterna.spec import SternaError, preset
from sterna.spec.link import DeviceOp
from sterna.verify.bench import run_bench

BUILD = build_root() / "cocotb"
SMALL = self_test(replace(BOARDS["icebreaker"], preset="tiny"))
#: Block RAM of an iCE40 in 4 Kbit pieces that the UP5K's device leaves, with the link's rings gone.
FREE_BLOCKS = 4


def run(
    board: Board, change: Callable[[str], str] = str, *, passes: bool = True, runs: int = 1
) -> None:
    """Simulate a board's top; raises AssertionError unless it passes, or fails, as it should.

    `runs` : the button starts it anew so often.
    """
    text = change(simulated_board(board, top_verilog(board, 0)))
    env = {"STERNA_PASSES": str(int(passes)), "STERNA_RUNS": str(runs)}
    run_bench(text, name="device", module="tests.boards.bench_self_test", build_root=BUILD, env=env)


def changed(old: str, new: str) -> Callable[[str], str]:
    """A fault: `old`, which must be there once or more, is `new`."""

    def change(text: str) -> str:
        assert re.search(old, text), f"{old!r} is not there"
        return re.sub(old, new, text)

    return change


def test_script_asks_for_every_spike_and_leaves_open_the_cycles_alone() -> None:
    """What a tick answers: its lines, its end with its number, three bytes of cycles."""
    script = steps(preset("tiny"))
    ends = [at for at, step in enumerate(script) if step.any and not script[at - 1].any]
    assert sum(step.any for step in script) == 3 * len(ends) > 0
    spikes = 0
    for number, at in enumerate(ends):
        answer = [step.byte for step in script[:at] if not (step.sends or step.any)]
        assert answer[-3:] == [DeviceOp.TICK_DONE, number, 0]
        spikes = len(answer) - 3 * (number + 1)
    model, rng = GoldenModel(network(preset("tiny"))), np.random.default_rng(SEED)
    told = sum(int(model.step(rng.random(SIZE) < 0.5).lines.sum()) for _ in ends)
    assert spikes == 2 * told > 0


@pytest.mark.sim
def test_sound_board_passes_each_time_that_the_button_is_pressed() -> None:
    run(SMALL)


@pytest.mark.sim
@pytest.mark.control
@pytest.mark.parametrize(
    "fault",
    [
        changed(r"DATAOUT <= mem\[ADDRESS\];", "DATAOUT <= mem[ADDRESS] | (ADDRESS == 77);"),
        changed(r"    fires <= \\\$\d+ ;", "    fires <= 1'h0;"),
    ],
    ids=["a bit that is stuck", "a neuron"],
)
def test_fault_is_noticed(fault: Callable[[str], str]) -> None:
    run(SMALL, fault, passes=False)


def test_script_fits_what_the_link_leaves_of_an_ultraplus() -> None:
    script = steps(preset("up5k"))
    assert -(-len(script) // 1024) * -(-STEP_BITS // 4) <= FREE_BLOCKS


@pytest.mark.parametrize("name", BOARDS)
def test_script_has_spikes_to_be_answered_on_every_board(name: str) -> None:
    script = steps(BOARDS[name].hardware)
    assert len(script) <= MOST_STEPS
    assert sum(not step.sends and step.byte >= 0x80 for step in script) > 20
    assert find_board(name, self_test=True).name == f"{name}-self-test"


def main(name: str) -> int:
    """Simulate a board's self-test with the device in full."""
    try:
        run(find_board(name, self_test=True), runs=2)
    except (SternaError, AssertionError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, SternaError) else 1
    print(f"{name}: passes, twice")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
