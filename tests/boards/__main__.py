"""A board's netlists against the golden model, and netlists with a fault in one LUT (make netlist).

    python -m tests.boards [--board icebreaker] [--stage routing] [--frames 20] [--faults 2]

The board must be built. Random networks of two cores, and then the largest shipped network that
fits with MNIST's first digits, go through the UART pins of the netlist after synthesis, and of the
one after place and route: every output spike of every tick, then all potentials and counters, are
compared. Then one bit of one LUT of the neurons' arithmetic is turned over, in a netlist of its own
each time, which the random networks go through. Not every bit is looked at by them, so that not
every fault shows; none caught of a stage's is a failure.
"""

import argparse
import random
import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sterna.boards import BOARDS, Board, find_board
from sterna.boards.netlist import REPLY_TIMEOUT_S, STAGES, netlist_design
from sterna.cli.console import progress_bar
from sterna.data import mnist_test, shipped_for
from sterna.host import Device
from sterna.link import timing
from sterna.simulator.board import VirtualBoard
from sterna.spec import Hardware, Network, SternaError
from sterna.verify.firstlight import compare_device
from sterna.verify.random_network import random_network

#: A LUT of either family: its bits, the parameters behind them, its name, and its ports.
_LUT = re.compile(
    r"\.(?:LUT_INIT|INIT|INITVAL)\(16'h([0-9a-f]{4})\)([^;]*?)\n  \) (\S+) +\(([^;]*)\);"
)
#: An input of a LUT, and what it is if it never changes.
_INPUT = re.compile(r"\.(?:I([0-3])|([A-D]))\((?:1'h([01])\))?")
#: LUTs that a fault is put into: of the neurons' arithmetic.
_ARITHMETIC = re.compile(r"\bneurons\.(integrated|datapath)")
#: Random networks, and the ticks of each.
NETWORKS, TICKS = 2, 40


def with_fault(text: str, seed: int) -> str:
    """The netlist with one bit of one LUT of the neurons' arithmetic turned over.

    It is the bit for all inputs low, which comes up in most LUTs; many others never do. A LUT with
    one input is left alone: after place and route it is the way into a flip-flop. So is one that is
    a part of a carry chain or of a memory.
    """
    luts = [
        lut
        for lut in _LUT.finditer(text)
        if _ARITHMETIC.search(lut[3])
        and sum(not fixed for *_, fixed in _INPUT.findall(lut[4])) > 1
        and ('MODE("' not in lut[2] or 'MODE("LOGIC")' in lut[2])
    ]
    lut = random.Random(seed).choice(luts)
    # the bit's number has a digit for each input; those that are always high are high in it
    bit = sum(
        1 << (int(number) if number else "ABCD".index(letter))
        for number, letter, fixed in _INPUT.findall(lut[4])
        if fixed == "1"
    )
    value = int(lut[1], 16) ^ 1 << bit
    return f"{text[: lut.start(1)]}{value:04x}{text[lut.end(1) :]}"


def small_network(seed: int, hardware: Hardware) -> tuple[Network, np.ndarray]:
    """A random network of two cores, and a frame for each of its ticks.

    It is small, since a netlist takes seconds for a kilobyte.
    """
    rng = np.random.default_rng(seed)
    small = replace(hardware, axons=64, neurons=64, types=min(hardware.types, 16))
    network = random_network(rng, small, cores=2).replace(hardware=hardware)
    return network, rng.random((TICKS, network.features)) < 0.3


def differs(device: Device, name: str, network: Network, frames: np.ndarray) -> str:
    """What the golden model finds wrong in a device; empty: nothing."""
    with progress_bar() as bar:
        task = bar.add_task(name, total=None, note="words uploaded")
        device.load(
            network,
            verify=False,  # every word that matters is looked at by what follows
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
        task = bar.add_task(name, total=len(frames), note="ticks")
        report = compare_device(
            device, network, frames, progress=lambda done, _: bar.update(task, completed=done)
        ).report
    return f"{name}: {report.first_mismatches[0]}" if report.mismatches else ""


def mismatches(
    board: Board, stage: str, digits: int, change: Callable[[str], str] | None = None
) -> str:
    """What the golden model finds wrong in a board's netlist; empty: nothing."""
    # nothing is lost on this wire, and a window of bytes takes seconds: what is asked for again
    # would come twice
    timing.SILENCE_S = REPLY_TIMEOUT_S / 2
    design, build_hash = netlist_design(board, stage, change=change)
    try:
        with (
            VirtualBoard(design) as served,
            Device.open(served.url, timeout_s=REPLY_TIMEOUT_S) as device,
        ):
            if device.info.build_hash != build_hash:
                return f"build hash {device.info.build_hash:016x}"
            for seed in range(1, NETWORKS + 1):
                found = differs(device, f"network {seed}", *small_network(seed, board.hardware))
                if found:
                    return found
            if not digits:
                return ""
            network = shipped_for(board.hardware)
            return differs(device, network.name, network, mnist_test().frames()[:digits])
    except SternaError as error:
        return f"{type(error).__name__}: {error}"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.boards",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--board", default="icebreaker", choices=sorted(BOARDS))
    parser.add_argument("--stage", choices=STAGES[1:], help="this one alone")
    parser.add_argument("--frames", type=int, default=20, help="digits; 0: none")
    parser.add_argument("--faults", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    board = find_board(chosen.board)
    print(
        f"{board.title}: {NETWORKS} random networks of {TICKS} ticks, then {chosen.frames} digits "
        f"by {shipped_for(board.hardware).name}; minutes to compile, and more on a large board"
    )
    stages = [chosen.stage] if chosen.stage else STAGES[1:]
    try:
        whole = [compare(board, stage, chosen) for stage in stages]
    except SternaError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 2
    return 0 if all(whole) else 1


def compare(board: Board, stage: str, chosen: argparse.Namespace) -> bool:
    """Compare one netlist, then those with a fault; True if all is as it should be."""
    caught = 0
    for number in range(chosen.faults + 1):
        start = time.monotonic()
        change = None
        if number:
            change = lambda text, seed=chosen.seed + number: with_fault(text, seed)  # noqa: E731
        name = f"{stage}, fault {number}" if number else stage
        print(f"{name:<18}", end="", flush=True)
        found = mismatches(board, stage, 0 if number else chosen.frames, change)
        caught += bool(number and found)
        seconds = f"{time.monotonic() - start:.0f} s"
        print(f" {seconds:>6}  {found or 'no mismatch'}", flush=True)
        if not number and found:
            return False
    print(f"{stage}: all agree; {caught} of {chosen.faults} faults caught")
    return bool(caught or not chosen.faults)


if __name__ == "__main__":
    sys.exit(main())
