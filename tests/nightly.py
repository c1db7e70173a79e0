"""`make nightly`: all that is too slow for `make test`, one after the other; hours.

    python -m tests.nightly [NAME ...]

Goes on after a failure, and ends with a table. What needs something that is not there is told.
Exit status: 0 if all that ran is good, 1 if something failed, 130 if interrupted.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from sterna.boards import BOARDS
from sterna.builds.reports import read_report

from .command import check_names, end_with, parser

ROOT = Path(__file__).parents[1]
#: Each step: what it is, its command, and about how many minutes it takes on two cores.
STEPS: dict[str, tuple[str, list[str], int]] = {
    "types": ("pyright", ["make", "types"], 1),
    "tests": ("the tests that are marked nightly",
              [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal",
               "-m", "nightly", "--by-file"], 15),
    "formal": ("all proofs", ["make", "formal"], 15),
    "mutants": ("faults of the Python product", ["make", "mutants"], 10),
    "mutations": ("faults of the RTL", ["make", "mutations"], 15),
    "verify": ("a campaign of random networks",
               ["make", "verify", "ARGS=--single 2000 --multi 100 --layered 100 --builds 16"], 30),
    "fuzz": ("mutated files to every reader", ["make", "fuzz", "ARGS=--count 20000"], 20),
    "worlds": ("all tests in changed worlds", ["make", "worlds"], 60),
    "training": ("the shipped network from its seed, byte for byte", [], 4),
    **{f"netlist {name}": (f"the netlists of {board.title}, and faults in them",
                           ["make", "netlist", f"BOARD={name}"], 60)
       for name, board in BOARDS.items()},
}  # fmt: skip


def lacking(name: str) -> str | None:
    """What a step needs and is not there; None if it can run."""
    if name == "training" and not os.environ.get("STERNA_DATA"):
        return "STERNA_DATA names no folder with MNIST's files"
    board = name.removeprefix("netlist ")
    if board in BOARDS and read_report(board) is None:
        return f"no bitstream: sterna build --board {board}"
    return None


def run(name: str, log: Path) -> bool:
    """Run a step; whether it is good."""
    command = STEPS[name][1]
    if name == "training":
        out = log.with_suffix(".sterna")
        command = [sys.executable, "-m", "tests.nightly", "--retrain", str(out)]
    environment = {key: value for key, value in os.environ.items() if "MAKE" not in key}
    with log.open("w") as output:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False
        )
    return done.returncode == 0


def retrain(out: Path) -> int:
    """Train the shipped network anew; 0 if it is the one that ships."""
    from sterna.data import shipped_network
    from sterna.spec import Network, content_hash
    from sterna.train import train_recipe

    result = train_recipe("mnist-up5k", out=out)
    assert result is not None
    assert isinstance(result.network, Network)
    seen, wanted = result.network, shipped_network()
    same = all(
        (one == other).all() for one, other in zip(seen.crossbars, wanted.crossbars, strict=True)
    )
    print(f"{content_hash(seen)}, shipped {content_hash(wanted)}, accuracy "
          f"{result.test_accuracy:.4f}: {'the same' if same else 'other'} weights")  # fmt: skip
    return 0 if same else 1


def main() -> int:
    options = parser("make nightly", __doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(STEPS)}")
    options.add_argument("--retrain", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.retrain:
        return retrain(given.retrain)
    names = given.names or [*STEPS]
    check_names(options, names, STEPS, "step")
    logs = ROOT / "build" / "nightly"
    logs.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[str, str]] = []
    for name in names:
        about, _, minutes = STEPS[name]
        if lack := lacking(name):
            rows.append((name, f"not run: {lack}"))
            print(f"{name}: {rows[-1][1]}", flush=True)
            continue
        log = logs / f"{name.replace(' ', '-')}.log"
        print(f"{name}: {about}, some {minutes} min ({log})", flush=True)
        start = time.monotonic()
        word = "good" if run(name, log) else "FAILED"
        rows.append((name, f"{word}, {(time.monotonic() - start) / 60:.1f} min"))
        print(f"{name}: {rows[-1][1]}", flush=True)
    width = max(len(name) for name, _ in rows)
    print("\n" + "\n".join(f"{name:<{width}}  {text}" for name, text in rows))
    return 1 if any(text.startswith("FAILED") for _, text in rows) else 0


if __name__ == "__main__":
    end_with(main)
