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
from .design import TOP

_WRAPPER = f"""
module device(input clk, input rst, input rx, output tx, output idle);
  {TOP} {TOP}(
    .clk12_0__io(clk), .button_0__io(~rst), .uart_0__rx__io(rx), .uart_0__tx__io(tx),
    .led_g_0__io(idle), .led_r_0__io()
  );
endmodule
"""
#: What netlists and the library of cells are full of.
_LINT_OFF = ("PINMISSING", "PINCONNECTEMPTY", "WIDTH", "DECLFILENAME", "UNOPTFLAT", "MULTITOP",
             "SYNCASYNCNET", "UNUSED", "TIMESCALEMOD", "INITIALDLY", "ASSIGNIN")  # fmt: skip


def netlist_design(
    board: Board, *, change: Callable[[str], str] | None = None
) -> tuple[Design, int]:
    """The netlist of a board after synthesis, as a design for `VirtualBoard`, and its build hash.

    Parameters
    ----------
    change : makes another netlist of it: a deliberate fault.

    Raises
    ------
    ConfigError : the board is not built.
    """
    report = read_report(board)
    if report is None:
        raise ConfigError(
            f"{board.title} is not built: run `sterna build --board {board.name}` first"
        )
    folder = build_root() / "boards" / board.name

    netlist = (folder / f"{TOP}.v").read_text()
    if change:
        netlist = change(netlist)

    def convert() -> str:
        lint = "".join(f"/* verilator lint_off {name} */\n" for name in _LINT_OFF)
        return lint + _WRAPPER + without_pads(netlist) + _cells()

    simulated = Design(
        name=f"{board.name}-synthesis",
        key=hashlib.sha256(netlist.encode()).hexdigest(),
        convert=convert,
        pins=True,
        divisor=board.clock.divisor,
        both_edges=False,
    )
    return simulated, int(report["build_hash"], 16)


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
    return f"\n`define NO_ICE40_DEFAULT_ASSIGNMENTS\n{library.read_text()}"
