"""Deliberate faults of the Python product: each must be caught by tests of its own room.

A fault is a change of text in one file, listed in a file of `faults/`, and stands for a claim of
README or docs that would be false with it. It is applied to a copy of the tree, never to the tree.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sterna.builds.folders import BUILD_VARIABLE, build_root
from sterna.spec.tables import table
from tests.trees import copy_tree

ROOT = Path(__file__).parents[2]
#: What README and docs claim, by the word that a fault has for it.
CLAIMS = {
    "accuracy": "the share of test examples that a network gets right",
    "split": "which examples train, which are kept back, which judge",
    "comparison": "two sides were compared, every spike and every potential",
    "cycles": "cycles a tick, measured and bound",
    "frames/s": "frames, bytes and operations a second",
    "cores": "cores and memories that a network takes",
    "trits": "distinct weights",
    "report": "tables, pictures and counts say what was measured",
    "hash": "a hash tells one content from another",
    "refusal": "what cannot be right ends in an error",
}
#: The section of docs/verification.md.
SECTION = "`make mutants`"
#: Folders that the tests read; builds, packages and caches stay behind.
FOLDERS = ("hw", "sw", "sim", "train", "bench", "tests", "docs", "examples", ".ci")
PACKAGES = ("hw", "sw", "sim", "train", ".")
#: Seconds within which the tests of a fault must have failed.
LIMIT_S = 60
#: Seconds that all tests of a room may take.
SEARCH_S = 900
_FAILED = re.compile(r"^FAILED (\S+?::.*?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Fault:
    """A fault: in `file`, `old` (which stands there once) becomes `new`.

    Members
    -------
    name : what the product does with it, in words.
    claim : of `CLAIMS`.
    file : from the root of the tree.
    tests : those that must fail, of the file's room.
    """

    name: str
    claim: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def room(self) -> str:
        """The room of its file; `bench` is one."""
        top, *rest = self.file.split("/")
        return top if top == "bench" else rest[1]


def read_faults() -> list[Fault]:
    """All faults, by room."""
    lists = sorted((Path(__file__).parent / "faults").glob("*.toml"))
    return [
        Fault(**{**entry, "tests": tuple(entry["tests"])})
        for path in lists
        for entry in tomllib.loads(path.read_text())["fault"]
    ]


def mutated(fault: Fault, text: str) -> str:
    """The file's text with the fault; raises ValueError unless the old text stands there once."""
    if text.count(fault.old) != 1:
        raise ValueError(
            f"{fault.name!r}: {fault.old!r} stands {text.count(fault.old)} times in {fault.file}, "
            "it must stand there once: bring the list up to date"
        )
    return text.replace(fault.old, fault.new)


@dataclass(frozen=True)
class Verdict:
    """What came of a fault: caught by each of its tests, or why not; and the seconds it took."""

    fault: Fault
    caught: bool
    by: str
    seconds: float


def report(verdicts: Sequence[Verdict]) -> str:
    """The page's part: by claim and by room, how many faults, and how many were caught."""
    parts: list[str] = []
    rooms = sorted({verdict.fault.room for verdict in verdicts})
    for head, names, key in (
        ("claim", [*CLAIMS], lambda fault: fault.claim),
        ("room", rooms, lambda fault: fault.room),
    ):
        rows: list[tuple[str, ...]] = []
        for name in names:
            found = [verdict for verdict in verdicts if key(verdict.fault) == name]
            caught = sum(verdict.caught for verdict in found)
            about = (CLAIMS[name],) if head == "claim" else ()
            rows.append((name, *about, str(len(found)), str(caught)))
        titles = (head, "what would be false", "faults", "caught")
        parts.append(table([one for one in titles if about or one != titles[1]], rows))
    slowest = max(verdict.seconds for verdict in verdicts)
    caught = sum(verdict.caught for verdict in verdicts)
    return (
        f"{caught} of {len(verdicts)} faults caught, the slowest in {slowest:.0f} s.\n\n"
        + "\n".join(parts)
    )


class Copy:
    """A copy of the tree, where faults are put in and tests run; it shares the tree's builds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for name in FOLDERS:
            copy_tree(ROOT / name, folder / name, "__pycache__", "build")
        for path in ROOT.iterdir():
            if path.is_file():
                shutil.copyfile(path, folder / path.name)
        # a source's time says nothing of its content where two changes share a second
        subprocess.run(
            [
                sys.executable,
                "-m",
                "compileall",
                "-q",
                "--invalidation-mode",
                "checked-hash",
                *(folder / name for name in ("hw", "sw", "sim", "train", "bench")),
            ],
            check=True,
        )

    def test(self, tests: tuple[str, ...], *options: str, limit_s: float) -> tuple[int, str]:
        """Run tests: pytest's exit status and output; -1 if they took longer than the limit."""
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(self.folder / name) for name in PACKAGES),
            "PYTHONDONTWRITEBYTECODE": "1",
            BUILD_VARIABLE: str(build_root()),
        }
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--no-header",
            "--tb=line",
            "-rf",
            "-p",
            "no:cacheprovider",
            *options,
            *tests,
        ]
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            text=True,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            said, _ = process.communicate(timeout=limit_s)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            return -1, said
        return process.returncode, said

    def judge(self, fault: Fault) -> Verdict:
        """Put a fault in, run its tests, and take it out again."""
        start = time.perf_counter()
        with self._with(fault):
            status, said = self.test(fault.tests, limit_s=LIMIT_S)
        caught, by = verdict(fault.tests, status, said)
        return Verdict(fault, caught, by, time.perf_counter() - start)

    def search(self, fault: Fault) -> Verdict:
        """Put a fault in, and see which tests of its room notice it, up to three of the quick."""
        start = time.perf_counter()
        options = ("-m", "not sim and not formal", "--maxfail", "3")
        with self._with(fault):
            _, said = self.test((f"tests/{fault.room}",), *options, limit_s=SEARCH_S)
        failed = _FAILED.findall(said)
        by = ", ".join(failed) or " ".join(said.splitlines()[-3:])[:200]
        return Verdict(fault, bool(failed), by, time.perf_counter() - start)

    @contextlib.contextmanager
    def _with(self, fault: Fault) -> Iterator[None]:
        """Within, the copy has the fault."""
        path = self.folder / fault.file
        text = path.read_text()
        path.write_text(mutated(fault, text))
        try:
            yield
        finally:
            path.write_text(text)


def verdict(tests: tuple[str, ...], status: int, said: str) -> tuple[bool, str]:
    """Whether all these tests failed, by pytest's exit status and output; and what to say of it.

    Tests that could not be collected, or had no place to run, prove nothing.
    """
    failed = _FAILED.findall(said)
    passed = [
        test
        for test in tests
        if not any(name == test or name.startswith((f"{test}[", f"{test}::")) for name in failed)
    ]
    if status == 1 and not passed:
        return True, f"{len(failed)} failed"
    if status == -1:
        return False, "the tests did not end in time"
    if status in (0, 1):
        return False, f"survives {', '.join(passed)}"
    return False, f"no tests ran: {' '.join(said.splitlines()[-3:]):.200}"
