"""A board's build around its tools, which are replaced: which seed is packed, and what is told."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sterna.boards import BOARDS, Board
from sterna.boards import build as building
from sterna.boards import design as designs
from sterna.boards.dfu import SUFFIX_BYTES
from sterna.boards.ecp5 import LOOP_FILTER, audit
from sterna.builds.reports import read_report
from sterna.spec import ConfigError, ToolError

ICEBREAKER, ORANGECRAB = BOARDS["icebreaker"], BOARDS["orangecrab-25f"]
CELLS = {"SB_LUT4": 40, "SB_DFF": 5, "SB_DFFE": 6, "SB_CARRY": 7, "SB_RAM40_4K": 8, "NOTHING": 9}
#: What a seed's clocks come to, in MHz: of the device's clock, and of another one of the design.
Clocks = Mapping[int, Mapping[str, float]]


def routed(clocks: Mapping[str, float], end: str) -> dict[str, Any]:
    """A report of nextpnr's, with that end of the slowest path."""
    steps = [{"delay": 1.0, "to": {"cell": name}} for name in ("a", "b", "b", end)]
    return {
        "fmax": {name: {"achieved": mhz} for name, mhz in clocks.items()},
        "utilization": {"LC": {"used": sum(clocks.values())}},
        "critical_paths": [
            {"from": "x", "to": "y", "path": [{"delay": 99.0, "to": {"cell": "way in"}}]},
            {"from": "x", "to": "x", "path": steps[:1]},
            {"from": "x", "to": "x", "path": steps},
        ],
    }


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Builds a board with tools that give these clocks; what is packed says which seed it is."""
    monkeypatch.setenv("STERNA_BUILD", str(tmp_path))
    plan = designs.Design("rtlil", "constraints", 0x1234, {"tool": "1.0"})
    monkeypatch.setattr(building, "design", lambda board: plan)
    monkeypatch.setattr(building, "find_program", lambda name: name)

    def tool(command: list[Any], folder: Path, name: str, heed: object = None) -> str:
        if name == "synthesis":
            (folder / "top.json").write_text('{"modules": {}}')
            cells = {"num_cells_by_type": CELLS}
            (folder / "synthesis.cells.json").write_text(json.dumps({"design": cells}))
            modules = {r"\top.device$12": {"num_cells_by_type": {"SB_LUT4": 2}}}
            (folder / "modules.json").write_text(json.dumps({"modules": modules}))
        elif name == "pack":
            (folder / command[-1]).write_bytes(f"packed {command[-2]}".encode())
        elif name == "unpack":
            words = [f"word: {word} {value:b}" for word, value in LOOP_FILTER.items()]
            (folder / "unpacked.txt").write_text("\n".join(words))
        return ""

    monkeypatch.setattr(building, "run_tool", tool)

    def made(
        clocks: Clocks,
        board: Board = ICEBREAKER,
        second: Mapping[int, float | None] = {},
    ) -> dict[str, Any]:
        def route(board: Board, seed: int, folder: Path, progress: object) -> dict[str, Any]:
            (folder / f"{seed}.json").write_text("{}")
            return routed(clocks[seed], f"end of seed {seed}")

        monkeypatch.setattr(building, "route", route)
        family = replace(
            board.family,
            finished=str,
            unpacked=str,
            second_opinion=(lambda path: second[int(path.stem)]) if second else None,
        )
        seeds = None if [*clocks] == [*board.seeds] else [*clocks]
        return building.build_bitstream(replace(board, family=family), seeds=seeds)

    return made


def packed(report: dict[str, Any]) -> str:
    """What was packed, by the file that the report names; its digest and size are checked."""
    content = building.bitstream_path(report).read_bytes()
    assert report["bitstream_sha256"] == hashlib.sha256(content).hexdigest()
    assert report["bitstream_bytes"] == len(content)
    return content.decode(errors="replace")


def test_the_fastest_seed_is_packed_by_its_slowest_clock(build: Any) -> None:
    """Seed 2's other clock is the fastest of all, and its own the slowest."""
    report = build({1: {"clk": 25.0, "b": 40.0}, 2: {"clk": 24.5, "b": 90.0}, 3: {"clk": 26.0}})
    assert report["fmax_mhz"] == {"1": 25.0, "2": 24.5, "3": 26.0}
    assert report["best_seed"] == 3
    assert packed(report) == "packed 3.asc"
    assert report["met"]
    assert report["second_fmax_mhz"] is None
    assert report["critical_path"] == ["a", "b", "end of seed 2"]
    assert report["utilization"] == {"LC": {"used": 26.0}}


def test_the_board_says_with_which_seeds_it_is_built(build: Any) -> None:
    """`build` names none where they are the board's own."""
    clocks = {seed: {"clk": 25.0} for seed in (7, 8)}
    report = build(clocks, replace(ICEBREAKER, seeds=(7, 8)))
    assert [*report["fmax_mhz"]] == ["7", "8"]


@pytest.mark.control
@pytest.mark.parametrize("slow", [1, 2, 3])
def test_a_clock_that_one_seed_misses_is_not_met(build: Any, slow: int) -> None:
    clocks = {seed: {"clk": 23.9 if seed == slow else 25.0} for seed in (1, 2, 3)}
    with pytest.raises(ConfigError, match=rf"does not meet its 24 MHz .*seed {slow}: 23.9 MHz"):
        build(clocks)
    report = read_report("icebreaker")
    assert report is not None
    assert not report["met"]
    assert report["best_seed"] != slow


def test_the_second_opinion_counts_where_it_is_slower(build: Any) -> None:
    """By nextpnr seed 1 is the fastest, by icetime seed 2; seed 3 has no second opinion."""
    clocks = {1: {"clk": 27.0}, 2: {"clk": 26.0}, 3: {"clk": 24.2}}
    report = build(clocks, second={1: 24.1, 2: 25.0, 3: None})
    assert report["second_fmax_mhz"] == {"1": 24.1, "2": 25.0}
    assert report["best_seed"] == 2
    assert packed(report) == "packed 2.asc"
    with pytest.raises(ConfigError, match=r"seed 1: 27.0 MHz, icetime 23.0"):
        build({1: clocks[1], 2: clocks[2]}, second={1: 23.0, 2: 25.0})


def test_cells_are_counted_by_what_they_are(build: Any) -> None:
    report = build({1: {"clk": 25.0}})
    seen = {name: report[name] for name in ICEBREAKER.family.cells if report[name]}
    assert seen == {"lut": 40, "ff": 11, "bram": 8}
    assert {module: found["lut"] for module, found in report["by_module"].items()} == {
        "top.device": 2
    }
    assert (report["build_hash"], report["clock_mhz"], report["baud"]) == (
        "0000000000001234",
        24.0,
        6_000_000,
    )


def test_nothing_is_built_twice_and_another_seed_is_another_build(build: Any) -> None:
    first = build({1: {"clk": 25.0}})
    assert build({1: {"clk": 99.0}}) == first
    assert build({2: {"clk": 99.0}})["best_seed"] == 2


def test_a_bitstream_for_dfu_has_its_suffix(build: Any) -> None:
    report = build({1: {"clk": 100.0}}, ORANGECRAB)
    assert report["bitstream"] == "orangecrab-25f.dfu"
    content = building.bitstream_path(report).read_bytes()
    assert content[:-SUFFIX_BYTES] == b"packed 1.config"


@pytest.mark.control
def test_a_bitstream_larger_than_its_place_is_refused(build: Any) -> None:
    place = len(b"packed 1.config")
    for room, fits in ((place, True), (place - 1, False)):
        small = replace(ORANGECRAB, loader=replace(ORANGECRAB.loader, slot_bytes=room))
        if fits:
            build({1: {"clk": 100.0}}, small)
            continue
        with pytest.raises(ConfigError, match="bitstream has 15 bytes, its place in flash 14"):
            build({2: {"clk": 100.0}}, small)


@pytest.mark.control
@pytest.mark.parametrize("word", LOOP_FILTER)
def test_a_pll_without_its_loop_filter_is_refused(word: str) -> None:
    right = {name: f"word: {name} {value:b}" for name, value in LOOP_FILTER.items()}
    audit("\n".join(right.values()))
    for wrong, said in (("", "not set"), (f"word: {word} 0", "0")):
        with pytest.raises(ToolError, match=rf"PLL has {word} {said}, and should have"):
            audit("\n".join((right | {word: wrong}).values()))


HASHED: dict[str, Callable[[Board], Board]] = {
    "name": lambda board: replace(board, name="another"),
    "part": lambda board: replace(board, part="another"),
    "clock": lambda board: replace(board, clock=replace(board.clock, hz=48_000_000)),
    "bit rate": lambda board: replace(board, clock=replace(board.clock, baud=3_000_000)),
    "synthesis": lambda board: replace(board, synthesis="another"),
    "nextpnr": lambda board: replace(board, nextpnr=("another",)),
    "source": lambda board: replace(board, preset="source"),
    "constraints": lambda board: replace(board, preset="constraints"),
}


@pytest.mark.control
@pytest.mark.parametrize("what", HASHED)
def test_a_build_hash_is_of_everything_that_makes_the_bitstream(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of source and constraints, which are given here, and of what else the tools are told."""

    def given(board: Board, build_hash: int) -> dict[str, str]:
        return {
            "top.il": f"{board.preset == 'source'}",
            "top.pcf": f"{board.preset == 'constraints'}",
        }

    monkeypatch.setattr(designs, "_prepare", given)
    plain = designs.design(ICEBREAKER)
    assert designs.design(ICEBREAKER).build_hash == plain.build_hash
    assert designs.design(HASHED[what](ICEBREAKER)).build_hash != plain.build_hash


@pytest.mark.control
def test_a_build_hash_is_of_the_versions_of_the_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"top.il": "", "top.pcf": ""}
    monkeypatch.setattr(designs, "_prepare", lambda board, build_hash: files)
    plain = designs.design(ICEBREAKER)
    for tool in plain.tools:
        known = designs.importlib.metadata.version
        with monkeypatch.context() as patch:
            patch.setattr(
                designs.importlib.metadata,
                "version",
                lambda name, tool=tool, known=known: "9.9" if name == tool else known(name),
            )
            assert designs.design(ICEBREAKER).build_hash != plain.build_hash
