"""Yosys, in its own process: it is a library that ends the process when it fails.

    python -m sterna.boards.synthesis COMMAND            # synthesize; Yosys' command, less the top
    python -m sterna.boards.synthesis COMMAND outline    # the same in outline
    python -m sterna.boards.synthesis verilog NAME TO    # NAME.json as TO.v

In the folder where it runs, synthesis reads `top.il`, and writes `top.json` (the netlist) and
`modules.json` (how many cells, module by module); in outline, not the latter. Whatever netlist it
writes it also counts the cells of: `top.cells.json` or `TO.cells.json`.
"""

import sys

from .design import TOP

#: Two nets driven by two flip-flops each were once a tool's fault, in silence.
CHECKED = "check -assert; tee -q -o {}.cells.json stat -json"


def run(*passes: str) -> None:
    """Run passes of Yosys, one after the other, on a design of their own."""
    from pyosys import libyosys

    design = libyosys.Design()
    for each in passes:
        libyosys.run_pass(each, design)


def synthesize(command: str, *, outline: bool) -> None:
    """Synthesize; `command` is Yosys' for the FPGA, without the name of the top."""
    run(
        f"read_rtlil {TOP}.il",
        f"{command} -top {TOP}",
        *CHECKED.format(TOP).split("; "),
        f"write_json {TOP}.json",
    )
    if not outline:
        run(
            f"read_rtlil {TOP}.il",
            f"{command} -noflatten -top {TOP}",
            "tee -q -o modules.json stat -json",
        )


def to_verilog(name: str, to: str) -> None:
    """A netlist in JSON as Verilog."""
    # a netlist of nextpnr's brings no cells along that tell what drives what
    checks = CHECKED.format(to).split("; ") if name == TOP else []
    run(f"read_json {name}.json", *checks, f"write_verilog -noattr {to}.v")


if __name__ == "__main__":
    if sys.argv[1] == "verilog":
        to_verilog(*sys.argv[2:])
    else:
        synthesize(sys.argv[1], outline="outline" in sys.argv[2:])
