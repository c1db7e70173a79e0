"""A board's netlist in place of its RTL: what the virtual board runs to check the tools.

The pads and the PLL are taken out, since a simulator has no use for them: the PLL's output is the
simulated clock, at once locked. All other cells are those of Yosys' library for the FPGA. The
reset is the board's button.
"""

import hashlib
from collections.abc import Callable

from sterna.builds.folders import build_root
from sterna.builds.reports import read_report
from sterna.simulator.verilog import Design
from sterna.spec import ConfigError

from .board import Board
from .design import TOP, design, top_verilog

#: Stages that give a netlist; `rtl` needs no build.
STAGES = ("rtl", "synthesis", "routing")
#: Time to wait for an answer of a netlist: a large one takes seconds for a window of bytes.
REPLY_TIMEOUT_S = 60.0
#: Warnings to ignore: netlists and the library of cells are full of them.
_LINT_OFF = (
    "PINMISSING",
    "PINCONNECTEMPTY",
    "WIDTH",
    "DECLFILENAME",
    "UNOPTFLAT",
    "MULTITOP",
    "SYNCASYNCNET",
    "UNUSED",
    "TIMESCALEMOD",
    "INITIALDLY",
    "ASSIGNIN",
)


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
        report = read_report(board.name)
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
    lint = "".join(f"/* verilator lint_off {name} */\n" for name in _LINT_OFF)
    wires = {
        "clk": "clk",
        "button": "rst",
        "rx": "rx",
        "tx": "tx",
        "busy": "busy",
        "reset": "in_reset",
    }
    connections, inverted = [], []
    for name, wire in wires.items():
        port = board.pins[name]
        if port.startswith("~"):  # low while pressed or lit
            inverted.append(
                f"  wire {wire}_n;\n  assign "
                + (f"{wire}_n = ~{wire};" if name == "button" else f"{wire} = ~{wire}_n;")
            )
            port, wire = port[1:], f"{wire}_n"
        connections.append(f".{port}({wire})")
    wrapper = f"""
module device(input clk, input rst, input rx, output tx, output idle, output in_reset);
  wire busy;
  assign idle = ~busy;
{chr(10).join(inverted)}
  {TOP} {TOP}({", ".join(connections)});
endmodule
"""
    family = board.family
    return lint + wrapper + family.without_pads(netlist) + family.models()
