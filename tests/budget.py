"""Which tests are nightly, and what processor time tests may take: `nightly.toml`, `budget.toml`.

Processor time, of a test and of what it starts, and not time by the clock: a machine that is busy
with other things makes no test fail. Nor does a slow one: a piece of Python that always is the same
tells how slow it is. What comes up over a limit fails the run, so that growth is seen in the commit
that brings it.
"""

import resource
import time
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

HERE = Path(__file__).parent


def _nightly() -> tuple[str, ...]:
    table = tomllib.loads((HERE / "nightly.toml").read_text())
    return tuple(
        f"{path}::{node}"
        for files in table.values()
        for path, nodes in files.items()
        for node in nodes
    )


#: How the ids of nightly tests begin.
NIGHTLY = _nightly()
_LIMITS = tomllib.loads((HERE / "budget.toml").read_text())
#: Seconds that the work of `slowness` takes; that one test may take; one that is nightly; and all
#: others of a room together.
WORK_S: float = _LIMITS["work_s"]
TEST_S: float = _LIMITS["test_s"]
NIGHTLY_S: float = _LIMITS["nightly_test_s"]
ROOM_S: dict[str, float] = _LIMITS["room_s"]


def is_nightly(node: str, begins: Iterable[str] = NIGHTLY) -> bool:
    """Whether the test of that id is left to `make nightly`."""
    name, bracket, _ = node.partition("[")
    for begin in begins:
        whole, case, _ = begin.partition("[")
        if name == whole and (not case or (bracket and node.startswith(begin))):
            return True
    return False


def processor_s() -> float:
    """Processor time of this process and of the programs that it started and waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def slowness() -> float:
    """How many times as slow this machine is as the one of the limits; at least 1.

    The best of a few runs of a fixed piece of work, in processor time.
    """
    taken: list[float] = []
    for _ in range(5):
        start = time.process_time()
        words = {number: str(number * 7919 % 10007) for number in range(60_000)}
        sorted(words, key=words.__getitem__)
        taken.append(time.process_time() - start)
    return max(1.0, min(taken) / WORK_S)


def room_of(node: str) -> str:
    """The folder of a test, or the file, of those that are in none."""
    return node.partition("::")[0].removeprefix("tests/").partition("/")[0]


def by_file(seconds: Mapping[str, float]) -> list[tuple[str, int, float]]:
    """Files, their tests and the sum of their seconds, the largest first."""
    counts: dict[str, int] = defaultdict(int)
    sums: dict[str, float] = defaultdict(float)
    for node, taken in seconds.items():
        file = node.partition("::")[0]
        counts[file] += 1
        sums[file] += taken
    return [(file, counts[file], sums[file]) for file in sorted(sums, key=sums.get, reverse=True)]


def over(seconds: Mapping[str, float], slow: float = 1.0) -> list[str]:
    """What is over its limit, a line each: tests first, then rooms.

    Parameters
    ----------
    seconds : of processor time, by the id of the test.
    slow : what `slowness` says; the seconds are divided by it.
    """
    found: list[str] = []
    rooms: dict[str, float] = defaultdict(float)
    for node, spent in seconds.items():
        taken = spent / slow
        nightly = is_nightly(node)
        limit = NIGHTLY_S if nightly else TEST_S
        if taken > limit:
            found.append(
                f"{node} took {taken:.1f} s of processor time, the limit is {limit:g} s: "
                "make it faster, or nightly (tests/nightly.toml)"
            )
        if not nightly:
            rooms[room_of(node)] += taken
    for room, taken in sorted(rooms.items()):
        if room not in ROOM_S:
            found.append(f"tests/{room} has no share of the time: add it to tests/budget.toml")
        elif taken > ROOM_S[room]:
            found.append(
                f"tests/{room} took {taken:.0f} s of processor time, its share is "
                f"{ROOM_S[room]:g} s: make its tests faster, or nightly"
            )
    return found
