"""Place and route by nextpnr, and what it says meanwhile."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sterna.builds.tools import Progress, find_program, run_tool

from .board import Board
from .design import TOP

#: How often at least something is said of it, in seconds.
_SAY_S = 30
#: Lines by which nextpnr begins a part of its work, and the name of that part.
_PHASES = (
    ("Packing constants", "packing"),
    ("Creating initial analytic placement", "placing"),
    ("Routing..", "routing"),
)
#: Its figures of progress: passes of the placer, arcs left by router 1, wires that are
#: crowded in a pass of router 2.
_STATES = (
    (re.compile(r"at iteration #(\d+)"), "pass {}"),
    (re.compile(r"Info: +\d+ \|(?: +\d+){2} \|(?: +\d+){2} \| +(\d+)\|"), "{} arcs to go"),
    (re.compile(r"iter=(\d+) wires=\d+ shared=\d+ overused=(\d+)"), "pass {}, {} wires crowded"),
)


def route(board: Board, seed: int, folder: Path, progress: Progress) -> dict[str, Any]:
    """Place and route with a seed; returns nextpnr's report."""
    family = board.family
    run_tool(
        [
            find_program(family.nextpnr),
            *board.nextpnr,
            "--json",
            f"{TOP}.json",
            family.place,
            f"{TOP}.{family.constraints}",
            family.route,
            f"{seed}.{family.routed}",
            "--write",
            f"{seed}.json",
            "--report",
            f"{seed}.report.json",
            "--seed",
            str(seed),
            "--timing-allow-fail",
        ],
        folder,
        f"nextpnr-{seed}",
        RouterProgress(f"place and route (nextpnr), seed {seed}", progress, time.monotonic),
    )
    return json.loads((folder / f"{seed}.report.json").read_text())


class RouterProgress:
    """nextpnr's progress, as lines for a person: each part as it begins, then every half minute.

    Parameters
    ----------
    title : goes before each line.
    progress : called with each line.
    clock : seconds, from any start.
    """

    def __init__(self, title: str, progress: Progress, clock: Callable[[], float]) -> None:
        self._title, self._progress, self._clock = title, progress, clock
        self._phase = self._state = ""
        self._begun = self._said = clock()

    def __call__(self, line: str) -> None:
        """Take a line of the log; an empty one: time has passed."""
        for begins, phase in _PHASES:
            if begins in line and phase != self._phase:
                self._phase, self._state = phase, ""
                self._say()
        for pattern, text in _STATES:
            if found := pattern.search(line):
                self._state = text.format(*(f"{int(number):,}" for number in found.groups()))
        if self._clock() - self._said >= _SAY_S:
            self._say()

    def _say(self) -> None:
        self._said = self._clock()
        state = f", {self._state}" if self._state else ""
        phase = self._phase or "reading"
        self._progress(f"{self._title}: {phase}{state} ({self._said - self._begun:.0f} s)")
