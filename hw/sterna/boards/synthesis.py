"""Synthesis with Yosys, as a program: `python -m sterna.boards.synthesis COMMAND [outline]`.

In the folder where it runs it reads `top.il`, and writes `top.json` (the netlist), `top.v` (the
same as Verilog), `cells.json` and `modules.json` (how many cells; in all, and module by module); in
outline, only `top.json` and `cells.json`.
Yosys is a library that ends the process when it fails, hence a process of its own.
"""

import sys

from .design import TOP


def main(command: str, *, outline: bool) -> None:
    """Synthesize; `command` is Yosys' for the FPGA, without the name of the top."""
    from pyosys import libyosys

    def run(*passes: str) -> None:
        design = libyosys.Design()
        libyosys.run_pass(f"read_rtlil {TOP}.il", design)
        for each in passes:
            libyosys.run_pass(each, design)

    # two nets driven by two flip-flops each were once a tool's fault, in silence
    checked = (
        f"{command} -top {TOP}", "check -assert", "tee -q -o cells.json stat -json",
        f"write_json {TOP}.json",
    )  # fmt: skip
    if outline:
        return run(*checked)
    run(*checked, f"write_verilog -noattr {TOP}.v")
    return run(f"{command} -noflatten -top {TOP}", "tee -q -o modules.json stat -json")


if __name__ == "__main__":
    main(sys.argv[1], outline="outline" in sys.argv[2:])
