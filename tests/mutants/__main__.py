"""`make mutants`: puts faults into the Python product, one at a time; each must be caught.

    python -m tests.mutants [--search] [--jobs N] [--page PAGE] [NAME ...]

First all the tests that are to fail must pass on the product as it is. With --search the
quick tests of each fault's room are run, and those that notice it are named.
Exit status: 0 if all are caught, 1 if one is not, 130 if interrupted.
"""

import queue
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sterna.spec.pages import write_section
from tests.command import end_with, parser

from .faults import SEARCH_S, SECTION, Copy, Fault, Verdict, read_faults, report


def main() -> int:
    options = parser("make mutants", __doc__)
    options.add_argument("names", nargs="*", help="only faults with one of these in name or file")
    options.add_argument("--search", action="store_true", help="run all tests of the fault's room")
    options.add_argument("--jobs", type=int, default=2, help="faults at a time (2)")
    options.add_argument("--page", type=Path, help="write the table into this page")
    given = options.parse_args()
    faults = [
        fault
        for fault in read_faults()
        if not given.names or any(name in f"{fault.name} {fault.file}" for name in given.names)
    ]
    if not faults:
        options.error("no fault is named so; the lists are in tests/mutants/faults/")
    with tempfile.TemporaryDirectory() as scratch:
        copies: queue.Queue[Copy] = queue.Queue()
        for number in range(given.jobs):
            copies.put(Copy(Path(scratch) / str(number)))
        if not given.search and not _passes(copies, faults, given.jobs):
            return 1
        verdicts = _judged(copies, faults, given.jobs, search=given.search)
    if given.page:
        write_section(given.page, SECTION, report(verdicts))
    survived = [verdict for verdict in verdicts if not verdict.caught]
    print(
        f"{len(verdicts) - len(survived)} of {len(verdicts)} faults caught, the slowest in "
        f"{max(verdict.seconds for verdict in verdicts):.0f} s"
    )
    return 1 if survived else 0


def _passes(copies: "queue.Queue[Copy]", faults: list[Fault], jobs: int) -> bool:
    """Whether the faults' tests pass without a fault."""
    tests = tuple(dict.fromkeys(test for fault in faults for test in fault.tests))
    print(f"without a fault: {len(tests)} tests", flush=True)
    copy = copies.get()
    status, said = copy.test(tests, "-n", str(jobs), "--dist", "worksteal", limit_s=SEARCH_S)
    copies.put(copy)
    if status:
        print(f"they must pass without a fault, and do not:\n{said}")
    return status == 0


def _judged(
    copies: "queue.Queue[Copy]", faults: list[Fault], jobs: int, *, search: bool
) -> list[Verdict]:
    """The verdict of each fault; prints a line for each as it is done."""
    width = max(len(fault.name) for fault in faults)

    def judge(fault: Fault) -> Verdict:
        copy = copies.get()
        try:
            return copy.search(fault) if search else copy.judge(fault)
        finally:
            copies.put(copy)

    verdicts: list[Verdict] = []
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for verdict in pool.map(judge, faults):
                verdicts.append(verdict)
                word = "caught" if verdict.caught else "MISSED"
                fault = verdict.fault
                print(
                    f"{word}  {fault.room:<9} {fault.claim:<10} {fault.name:<{width}} "
                    f"{verdict.seconds:5.1f} s  {verdict.by}",
                    flush=True,
                )
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
    return verdicts


if __name__ == "__main__":
    end_with(main)
