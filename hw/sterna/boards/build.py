"""A board's bitstream: synthesis, place and route with several seeds, packing, and a report.

All of it lies in `build/boards/NAME/`. A call with nothing changed does nothing but look.
"""

import json
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sterna.builds.folders import locked, make_folder, writable_home, writing
from sterna.builds.reports import REPORT, boards_folder, read_report, sha256
from sterna.builds.tools import Progress, find_program, run_tool
from sterna.simulator.interrupts import deferred
from sterna.spec import ConfigError, write_output
from sterna.spec.clock import Clock

from .board import Board
from .design import TOP, Design, design
from .dfu import with_suffix
from .family import Family
from .routing import route

#: Modules of this package that say how a build goes, and what it leaves.
RECIPE = ("build", "routing", "dfu", "family", "ice40", "ecp5", "registers", "synthesis")
#: How long to wait for another process that builds the same board, in seconds.
WAIT_S = 3600
_YOSYS = (sys.executable, "-m", "sterna.boards.synthesis")


def build_bitstream(
    board: Board,
    *,
    seeds: Sequence[int] | None = None,
    baud: int | None = None,
    progress: Progress = lambda text: None,
) -> dict[str, Any]:
    """Build a board's bitstream, unless it is there already.

    Parameters
    ----------
    seeds : of place and route, in place of the board's; the fastest result is packed.
    baud : bit rate of the UART in place of the board's, bits a second.
    progress : called with a line for each step.

    Returns
    -------
    dict - the report, as it lies in `report.json`.

    Raises
    ------
    ToolError : a tool is missing or failed; shows its last lines. Or another process has been
        building the same for an hour.
    ConfigError : the clock is not met; names the seeds, the frequencies and the slowest path. Or
        the clock does not divide to the bit rate, or the bitstream is larger than its place.
    """
    seeds = seeds or board.seeds
    if baud:
        board = replace(board, clock=Clock(hz=board.clock.hz, baud=baud))
    folder = make_folder(boards_folder()) / board.name
    progress(f"netlist of {board.title} (Amaranth)")
    with writable_home(), deferred():
        plan = design(board)
    recipe = [(Path(__file__).parent / f"{name}.py").read_text() for name in RECIPE]
    facts = [plan.rtlil, plan.constraints, plan.tools, list(seeds), board.packer, recipe]
    inputs = sha256(json.dumps(facts).encode())
    with locked(folder.with_suffix(".lock"), progress, limit_s=WAIT_S):
        if (report := read_report(board.name)) and report.get("inputs") == inputs:
            progress("nothing has changed")
        else:
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            with writing(folder.parent):
                part.mkdir()
                report = {"inputs": inputs} | _build(board, plan, seeds, part, progress)
                write_output(part / REPORT, json.dumps(report, indent=1) + "\n")
                shutil.rmtree(folder, ignore_errors=True)
                part.replace(folder)
    if not report["met"]:
        raise ConfigError(_missed(board, report))
    return report


def bitstream_path(report: dict[str, Any]) -> Path:
    """The file of the bitstream that a report is of."""
    return boards_folder() / report["board"] / report["bitstream"]


def _build(
    board: Board, plan: Design, seeds: Sequence[int], folder: Path, progress: Progress
) -> dict[str, Any]:
    family = board.family
    (folder / f"{TOP}.il").write_text(plan.rtlil)
    (folder / f"{TOP}.{family.constraints}").write_text(plan.constraints)
    progress("synthesis (Yosys): a minute")
    run_tool([*_YOSYS, board.synthesis], folder, "synthesis")
    netlist = folder / f"{TOP}.json"
    netlist.write_text(family.finished(netlist.read_text()))
    run_tool([*_YOSYS, "verilog", TOP, "synthesis"], folder, "netlist")
    timing = {seed: route(board, seed, folder, progress) for seed in seeds}
    fmax = {
        seed: min(clock["achieved"] for clock in one["fmax"].values())
        for seed, one in timing.items()
    }
    second = _second_opinions(family, seeds, folder)
    slowest = {seed: min(fmax[seed], second.get(seed, fmax[seed])) for seed in seeds}
    best = max(slowest, key=lambda seed: slowest[seed])
    worst = min(slowest, key=lambda seed: slowest[seed])
    progress("bitstream")
    bitstream = _pack(board, best, folder)
    (folder / "routing.json").write_text(family.unpacked((folder / f"{best}.json").read_text()))
    run_tool([*_YOSYS, "verilog", "routing", "routing"], folder, "routing")
    mhz = board.clock.hz / 1e6
    return {
        "board": board.name,
        "part": board.part,
        "build_hash": f"{plan.build_hash:016x}",
        "clock_mhz": mhz,
        "baud": board.clock.baud,
        "best_seed": best,
        "fmax_mhz": {str(seed): round(value, 2) for seed, value in fmax.items()},
        "second_fmax_mhz": {str(seed): round(value, 2) for seed, value in second.items()} or None,
        "met": all(value >= mhz for value in slowest.values()),
        **_count(family, json.loads((folder / "synthesis.cells.json").read_text())["design"]),
        "utilization": timing[best]["utilization"],
        "by_module": {
            _plain(name): _count(family, module)
            for name, module in json.loads((folder / "modules.json").read_text())["modules"].items()
        },
        "critical_path": _path(timing[worst]),
        "bitstream": bitstream,
        "bitstream_sha256": sha256((folder / bitstream).read_bytes()),
        "bitstream_bytes": (folder / bitstream).stat().st_size,
        "tools": plan.tools,
    }


def _second_opinions(family: Family, seeds: Sequence[int], folder: Path) -> dict[int, float]:
    """MHz by seed, as the family's other tool sees them; empty where that is not installed."""
    if family.second_opinion is None:
        return {}
    seen = {seed: family.second_opinion(folder / f"{seed}.{family.routed}") for seed in seeds}
    return {seed: mhz for seed, mhz in seen.items() if mhz is not None}


def _pack(board: Board, seed: int, folder: Path) -> str:
    """Pack the bitstream of a seed, and read it back; returns its file name."""
    family, loader = board.family, board.loader
    bitstream = f"{board.name}.{family.bitstream}"
    run_tool(
        [find_program(family.pack), *board.packer, f"{seed}.{family.routed}", bitstream],
        folder,
        "pack",
    )
    if family.unpack and family.audit:
        run_tool([find_program(family.unpack), bitstream, "unpacked.txt"], folder, "unpack")
        family.audit((folder / "unpacked.txt").read_text())
    content = (folder / bitstream).read_bytes()
    if loader.slot_bytes is not None and len(content) > loader.slot_bytes:
        raise ConfigError(
            f"{board.title}'s bitstream has {len(content):,} bytes, its place in flash "
            f"{loader.slot_bytes:,}: compress it (the board's `packer`), or take a smaller preset"
        )
    if loader.dfu:
        bitstream = f"{board.name}.dfu"
        (folder / bitstream).write_bytes(with_suffix(content, board.usb))
    return bitstream


def _count(family: Family, stat: dict[str, Any]) -> dict[str, int]:
    cells = stat.get("num_cells_by_type", {})
    return {
        ours: sum(count for name, count in cells.items() if name.startswith(theirs))
        for ours, theirs in family.cells.items()
    }


def _plain(module: str) -> str:
    """A module's place in the device, without Yosys' signs and Amaranth's numbers."""
    return re.sub(r"\$\d+", "", module.lstrip("\\"))


def _path(report: dict[str, Any]) -> list[str]:
    """The cells of the slowest path within one clock, first to last."""
    paths = [path for path in report["critical_paths"] if path["from"] == path["to"]]
    if not paths:
        return []
    slowest = max(paths, key=lambda path: sum(step["delay"] for step in path["path"]))
    return list(dict.fromkeys(step["to"]["cell"] for step in slowest["path"]))


def _missed(board: Board, report: dict[str, Any]) -> str:
    second = report["second_fmax_mhz"] or {}
    seen = ", ".join(
        f"seed {seed}: {mhz} MHz" + (f", icetime {second[seed]}" if seed in second else "")
        for seed, mhz in report["fmax_mhz"].items()
    )
    path = report["critical_path"]  # of the slowest seed
    ends = f"{path[0]} to {path[-1]}, over {len(path)} cells" if path else "unknown"
    return (
        f"{board.title} does not meet its {report['clock_mhz']:g} MHz ({seen}); the slowest path: "
        f"{ends}. Try other seeds, a slower clock of the board, or fewer lanes; the netlist and "
        f"the logs are in {boards_folder() / board.name}"
    )
