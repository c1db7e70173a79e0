"""Programs of the tool chain: their logs as they grow; locks that another process holds."""

import sys
import threading
from pathlib import Path

import pytest

from sterna.boards.routing import RouterProgress
from sterna.builds.folders import locked
from sterna.builds.tools import find_program, run_tool
from sterna.spec import ToolError

#: Of nextpnr 0.11.1, as it placed and routed the iCEBreaker's device.
LOG = """Info: Packing constants..
Info: Creating initial analytic placement for 4035 cells, random placement wirelen = 128076.
Info:     at iteration #4, type ALL: wirelen solved = 90, spread = 91, legal = 92; time = 0.1s
Info: Routing..
Info:      10000 |     2189       7749 |  376   616 |     11817|       1.83      22.25|
""".splitlines()


class Now:
    """A clock that is set by hand."""

    time = 0.0

    def __call__(self) -> float:
        return self.time


def test_parts_of_place_and_route_are_told_as_they_begin_and_then_now_and_then() -> None:
    said: list[str] = []
    now = Now()
    progress = RouterProgress("seed 1", said.append, now)
    for line in LOG[:2]:
        progress(line)
    now.time = 12
    progress(LOG[2])
    now.time = 31
    progress("")
    for line in LOG[3:]:
        progress(line)
    now.time = 62
    progress("")
    assert said == [
        "seed 1: packing (0 s)",
        "seed 1: placing (0 s)",
        "seed 1: placing, pass 4 (31 s)",
        "seed 1: routing (31 s)",
        "seed 1: routing, 11,817 arcs to go (62 s)",
    ]


def test_router_2_is_followed_too() -> None:
    said: list[str] = []
    now = Now()
    progress = RouterProgress("seed 1", said.append, now)
    progress("Info: Routing..")
    progress("Info:     iter=3 wires=52011 shared=812 overused=64 archfail=NA")
    now.time = 30
    progress("")
    assert said[-1] == "seed 1: routing, pass 3, 64 wires crowded (30 s)"


def test_log_is_heeded_as_it_grows(tmp_path: Path) -> None:
    """The program goes on once its first line was heeded, and gives up after a minute."""
    code = (
        "import os, time\n"
        "print('a', flush=True)\n"
        "end = time.monotonic() + 60\n"
        "while not os.path.exists('heeded') and time.monotonic() < end: time.sleep(0.01)\n"
        "print('b' if os.path.exists('heeded') else 'nobody heeds')\n"
    )

    def heed(line: str) -> None:
        if line == "a":
            (tmp_path / "heeded").touch()

    assert run_tool([sys.executable, "-c", code], tmp_path, "x", heed) == "a\nb\n"


@pytest.mark.control
def test_program_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    code = "import sys; print('reason', file=sys.stderr); sys.exit(3)"
    with pytest.raises(ToolError, match=r"x failed; the log is .*x\.log:\n  reason"):
        run_tool([sys.executable, "-c", code], tmp_path, "x")
    with pytest.raises(ToolError, match="no-such-program is missing"):
        find_program("no-such-program")


def test_lock_of_another_process_is_waited_for_with_a_word_and_a_limit(tmp_path: Path) -> None:
    path, said = tmp_path / "lock", list[str]()
    with locked(path):
        with (
            pytest.raises(ToolError, match=rf"still builds the same after 0.2 s; it holds {path}"),
            locked(path, said.append, limit_s=0.2),
        ):
            pass
        assert said == ["waiting for another process that builds the same, 0.2 s at most"]
        taken = threading.Event()

        def wait() -> None:
            with locked(path, said.append):
                taken.set()

        thread = threading.Thread(target=wait)
        thread.start()
        assert not taken.wait(0.3)
    thread.join(5)
    assert taken.is_set()
