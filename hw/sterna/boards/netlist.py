"""A board's netlist in place of its RTL: what the virtual board runs to check the tools.

The pads and the PLL are taken out, since a simulator has no use for them: the PLL's output is the
simulated clock, at once locked. All other cells are those of Yosys' library for the FPGA. The
reset is the board's button.
"""

import hashlib
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path

from sterna.simulator.folders import build_root
from sterna.simulator.verilog import Design
from sterna.spec import ConfigError

from .board import Board
from .build import read_report
from .design import TOP, design, top_verilog

#: What a netlist can be taken after; `rtl` needs no build.
STAGES = ("rtl", "synthesis", "routing")
#: What netlists and the library of cells are full of.
_LINT_OFF = ("PINMISSING", "PINCONNECTEMPTY", "WIDTH", "DECLFILENAME", "UNOPTFLAT", "MULTITOP",
             "SYNCASYNCNET", "UNUSED", "TIMESCALEMOD", "INITIALDLY", "ASSIGNIN")  # fmt: skip


def netlist_design(
    board: Board, stage: str = "synthesis", *, change: Callable[[str], str] | None = None
) -> tuple[Design, int]:
    """A board's netlist as a design for `VirtualBoard`, and its build hash.

    Parameters
    ----------
    stage : of `STAGES`; all but the first must be built.
    change : makes another netlist of it: a deliberate fault.

    Raises
    ------
    ConfigError : there is no such stage, or the board is not built.
    """
    if stage not in STAGES:
        raise ConfigError(f"no stage {stage!r} of a build; there are {', '.join(STAGES)}")
    if stage == "rtl":
        build_hash = design(board).build_hash
        netlist = top_verilog(board, build_hash)
    else:
        report = read_report(board)
        file = build_root() / "boards" / board.name / f"{stage}.v"
        if report is None or not file.exists():
            raise ConfigError(
                f"{board.title} is not built: run `sterna build --board {board.name}` first"
            )
        build_hash = int(report["build_hash"], 16)
        netlist = file.read_text()
    if change:
        netlist = change(netlist)
    simulated = Design(
        name=f"{board.name}-{stage}",
        key=hashlib.sha256(netlist.encode()).hexdigest(),
        convert=lambda: simulated_board(board, netlist),
        pins=True,
        divisor=board.clock.divisor,
        both_edges=False,
    )
    return simulated, build_hash


def simulated_board(board: Board, netlist: str) -> str:
    """A netlist as Verilog for a simulator, whole: the board is module `device`.

    Its ports are `clk`, `rst` (the button, high while pressed), `rx`, `tx`, and the LEDs `idle`
    (low while lit) and `in_reset` (high while lit).
    """
    pins = board.pins
    lint = "".join(f"/* verilator lint_off {name} */\n" for name in _LINT_OFF)
    wrapper = f"""
module device(input clk, input rst, input rx, output tx, output idle, output in_reset);
  wire red;
  assign in_reset = ~red;
  {TOP} {TOP}(
    .{pins["clk"]}(clk), .{pins["button"]}(~rst), .{pins["rx"]}(rx), .{pins["tx"]}(tx),
    .{pins["busy"]}(idle), .{pins["reset"]}(red)
  );
endmodule
"""
    return lint + wrapper + without_pads(netlist) + _cells()


def without_pads(text: str) -> str:
    """A netlist with its pads and its PLL as plain connections."""

    def connected(ports: str) -> dict[str, str]:
        return dict(re.findall(r"\.(\w+)\((.*)\)", ports))

    def pad(instance: re.Match[str]) -> str:
        ports = connected(instance[1])
        if "D_OUT_0" in ports:
            outputs.append(ports["PACKAGE_PIN"])
            return f"  assign {ports['PACKAGE_PIN']} = {ports['D_OUT_0']};\n"
        return f"  assign {ports['D_IN_0']} = {ports['PACKAGE_PIN']};\n"

    def pll(instance: re.Match[str]) -> str:
        ports = connected(instance[1])
        return (
            f"  assign {ports['PLLOUTGLOBAL']} = {ports['PACKAGEPIN']};\n"
            f"  assign {ports['LOCK']} = 1'b1;\n"
        )

    outputs: list[str] = []
    instance = r"  {cell} #\([^;]*?\n  \) \S+ +\(\n([^;]*?)\n  \);\n"
    text = re.sub(instance.format(cell="SB_IO"), pad, text)
    text = re.sub(instance.format(cell="SB_PLL40_PAD"), pll, text)
    return re.sub(
        r"\binout (\w+);",
        lambda port: f"{'output' if port[1] in outputs else 'input'} {port[1]};",
        text,
    )


def _cells() -> str:
    """Yosys' models of the FPGA's cells, without the parts that time them."""
    package = importlib.util.find_spec("pyosys")
    assert package is not None
    assert package.origin is not None
    library = Path(package.origin).parent / "share" / "ice40" / "cells_sim.v"
    # all inputs are connected; Verilator knows no `z`
    text = re.sub(r"\((\w+) === 1'bz\) \? 1'b[01] : \1", r"\1", library.read_text())
    return f"\n`define NO_ICE40_DEFAULT_ASSIGNMENTS\n{text}"
