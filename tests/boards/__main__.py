"""A board's netlists against the golden model, and netlists with a fault in one LUT (make netlist).

    python -m tests.boards [--board icebreaker] [--frames 20] [--faults 1] [--seed 1]

The board must be built. The shipped network and MNIST's first digits go through the UART pins of
the netlist after synthesis, and of the one after place and route: every output spike of every tick,
then all potentials and counters, are compared. Then one bit of one LUT of the neurons' adders is
turned over, in a netlist of its own each time. Not every bit is looked at in so few digits, so that
not every fault shows; none caught of a stage's is a failure.
"""

import argparse
import random
import re
import sys
import time
from collections.abc import Callable

from sterna.boards import BOARDS, find_board
from sterna.boards.netlist import STAGES, netlist_design
from sterna.data import mnist_test, shipped_for
from sterna.host import Device
from sterna.simulator.board import VirtualBoard
from sterna.spec import SternaError
from sterna.verify.firstlight import covalidate

#: The bits of a LUT, the name of its cell, and the cell's ports.
_LUT = re.compile(r"\.LUT_INIT\(16'h([0-9a-f]{4})\)[^;]*?\n  \) (\S+) +\(([^;]*)\);")
_USED_INPUT = re.compile(r"\.I[0-3]\((?!1'h)")


def with_fault(text: str, seed: int) -> str:
    """The netlist with one bit of one LUT of the neurons' adders turned over.

    It is the bit for all inputs low, which comes up in most LUTs; many others never do. A LUT with
    one input is left alone: after place and route it is the way into a flip-flop.
    """
    luts = [
        lut
        for lut in _LUT.finditer(text)
        if "neurons.integrated_" in lut[2] and len(_USED_INPUT.findall(lut[3])) > 1
    ]
    lut = random.Random(seed).choice(luts)
    value = int(lut[1], 16) ^ 1
    return f"{text[: lut.start(1)]}{value:04x}{text[lut.end(1) :]}"


def mismatches(
    name: str, stage: str, frames: int, change: Callable[[str], str] | None = None
) -> str:
    """What the golden model finds wrong in a board's netlist; empty: nothing."""
    design, build_hash = netlist_design(find_board(name), stage, change=change)
    digits, network = mnist_test(), shipped_for(find_board(name).hardware)
    try:
        with VirtualBoard(design) as served, Device.open(served.url) as device:
            if device.info.build_hash != build_hash:
                return f"build hash {device.info.build_hash:016x}"
            device.load(network)
            report = covalidate(
                device, network, digits.frames()[:frames], digits.labels[:frames]
            ).report
    except SternaError as error:
        return f"{type(error).__name__}: {error}"
    return report.first_mismatches[0] if report.mismatches else ""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.boards",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--board", default="icebreaker", choices=sorted(BOARDS))
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--faults", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    print(f"{chosen.frames} digits on each netlist; a minute or two each, with its compilation")
    try:
        whole = [compare(chosen, stage) for stage in STAGES[1:]]
    except SternaError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 2
    return 0 if all(whole) else 1


def compare(chosen: argparse.Namespace, stage: str) -> bool:
    """Compare one netlist, then those with a fault; True if all is as it should be."""
    caught = 0
    for number in range(chosen.faults + 1):
        start = time.monotonic()
        change = None
        if number:
            change = lambda text, seed=chosen.seed + number: with_fault(text, seed)  # noqa: E731
        name = f"{stage}, fault {number}" if number else stage
        print(f"{name:<18}", end="", flush=True)
        found = mismatches(chosen.board, stage, chosen.frames, change)
        caught += bool(number and found)
        seconds = f"{time.monotonic() - start:.0f} s"
        print(f" {seconds:>6}  {found or 'no mismatch'}", flush=True)
        if not number and found:
            return False
    print(f"{stage}: {chosen.frames} digits agree; {caught} of {chosen.faults} faults caught")
    return bool(caught or not chosen.faults)


if __name__ == "__main__":
    sys.exit(main())
