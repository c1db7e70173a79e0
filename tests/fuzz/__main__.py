"""Mutated files to every reader: typed errors only, no case over 2 s, nothing over 500 MB.

    python -m tests.fuzz --count 1000000             # all targets
    python -m tests.fuzz --count 1000000 network     # one

A case that fails is kept in build/fuzz and named; its number and the seed give it again.
"""

import argparse
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import track

from sterna.cli.console import set_verbosity
from sterna.spec import SternaError

from .targets import Target, targets

console = Console(stderr=True)
MOST_S = 2.0
MOST_BYTES = 500 << 20


def limit_memory() -> None:
    """Limit the process to MOST_BYTES more than it maps now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MOST_BYTES
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def fuzz(name: str, target: Target, count: int, seed: int, folder: Path) -> Counter[str]:
    """Run so many cases; what came of them. Ends the process at the first that fails."""
    outcomes: Counter[str] = Counter()
    path = folder / name
    shown = track(
        range(count),
        description=f"{name:10}",
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    for number in shown:
        rng = random.Random(f"{seed} {name} {number}")
        data = target.make(rng)
        path.write_bytes(data)
        start = time.process_time()
        fault = ""
        try:
            target.read(path)
            outcomes["read"] += 1
        except SternaError as error:
            outcomes["refused"] += 1
            fault = "" if str(error).isprintable() else f"a message that is no text: {error!r}"
        except BaseException as error:
            fault = repr(error)
        if time.process_time() - start > MOST_S:
            fault = fault or f"took {time.process_time() - start:.1f} s"
        if fault:
            kept = Path("build/fuzz") / f"{name}-{seed}-{number}"
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(data)
            sys.exit(f"{name}, seed {seed}, case {number}: {fault:.300}; kept as {kept}")
    return outcomes


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1_000_000, help="cases for each target")
    parser.add_argument("--seed", type=int, default=0)
    known = targets()
    parser.add_argument(
        "target", nargs="*", choices=[[], *known], metavar="target", help=f"of: {', '.join(known)}"
    )
    arguments = parser.parse_args()
    set_verbosity(0, quiet=True)  # a reader of the command line says what it read
    for name in arguments.target or known:
        limit_memory()  # again for each: a reader's libraries stay mapped
        start = time.monotonic()
        # in memory where that can be: a million files keep a disk busy, and all that wait for it
        memory = Path("/dev/shm")
        with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
            outcomes = fuzz(name, known[name], arguments.count, arguments.seed, Path(folder))
        print(
            f"{name:10} {arguments.count:,} cases: {outcomes['refused']:,} refused, "
            f"{outcomes['read']:,} read, {time.monotonic() - start:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
