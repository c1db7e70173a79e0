"""The model of an ECP5's block RAM against the memories that it stands for.

Memories of the tile are synthesised to DP16KD, in each mode that Yosys uses, with and without the
block RAM's output register, and run beside themselves: same addresses, same words, every cycle.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from amaranth.back import rtlil, verilog
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from sterna.boards.design import TOP, _unchecked
from sterna.boards.ecp5 import ECP5
from sterna.builds.folders import build_root
from sterna.rtl.banked import BankedStore
from sterna.rtl.initial import quick_memories
from sterna.rtl.memory import TileMemory
from sterna.verify.bench import run_bench

pytestmark = pytest.mark.sim
BUILD = build_root() / "cocotb"
#: Words and bits of a memory that takes one block in each width of its ports.
SHAPES = {16384: 1, 8192: 2, 4096: 4, 2048: 9, 1024: 18, 512: 36}
#: What is not looked at: Verilator does not know that all is well.
LINT_OFF = "".join(
    f"/* verilator lint_off {name} */\n"
    for name in (
        "WIDTH",
        "DECLFILENAME",
        "UNUSED",
        "PINMISSING",
        "TIMESCALEMOD",
        "INITIALDLY",
        "UNOPTFLAT",
        "MULTITOP",
        "BLKSEQ",
    )
)


class Memories(wiring.Component):
    """Some memories beside one another."""

    def __init__(self, **memories: wiring.Component) -> None:
        self._memories = memories
        super().__init__({name: Out(memory.signature) for name, memory in memories.items()})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name, memory in self._memories.items():
            m.submodules[name] = memory
            wiring.connect(m, wiring.flipped(getattr(self, name)), memory)
        return m


def memory(depth: int, *, deep: bool) -> TileMemory:
    return TileMemory(width=SHAPES[depth], depth=depth, deep=deep)


def pair(component: Any, folder: Path, *, change: tuple[str, str] = ("", "")) -> tuple[str, Any]:
    """The memory as Verilog (`words`) and as cells (`cells`); and the block RAMs among these.

    `change` : what becomes what in the model of the cells: a deliberate fault.
    """
    with quick_memories():
        source = _unchecked(rtlil.convert(component, name=TOP, emit_src=False))
        behaviour = verilog.convert(component, name="words", emit_src=False)
    (folder / f"{TOP}.il").write_text(source)
    yosys = [sys.executable, "-m", "sterna.boards.synthesis"]
    for arguments in (["synth_ecp5", "outline"], ["verilog", TOP, "cells"]):
        if arguments[0] == "verilog":
            netlist = folder / f"{TOP}.json"
            netlist.write_text(ECP5.finished(netlist.read_text()))
        subprocess.run([*yosys, *arguments], cwd=folder, check=True, capture_output=True)
    cells = (folder / "cells.v").read_text().replace(f"module {TOP}(", "module cells(")
    model = ECP5.models()
    assert change[0] in model
    blocks = [
        cell
        for cell in json.loads((folder / f"{TOP}.json").read_text())["modules"][TOP][
            "cells"
        ].values()
        if cell["type"] == "DP16KD"
    ]
    return f"{LINT_OFF}{behaviour}{cells}{model.replace(*change)}", blocks


def bench(component: Any, text: str) -> None:
    """A top with both behind one set of inputs, and cocotb on it."""
    ports = {
        "__".join(map(str, path)): (member.flow.name, len(value))
        for path, member, value in component.signature.flatten(component)
    }
    inputs = {name: width for name, (flow, width) in ports.items() if flow == "In"}
    outputs = {name: width for name, (flow, width) in ports.items() if flow == "Out"}
    lines = [f"input [{width - 1}:0] {name}" for name, width in inputs.items()]
    lines += [
        f"output [{width - 1}:0] {name}_{kind}"
        for kind in ("words", "cells")
        for name, width in outputs.items()
    ]
    top = f"module pair(input clk, input rst, {', '.join(lines)});\n"
    for kind in ("words", "cells"):
        connected = [f".{name}({name})" for name in ("clk", "rst", *inputs)]
        connected += [f".{name}({name}_{kind})" for name in outputs]
        top += f"  {kind} {kind}({', '.join(connected)});\n"
    run_bench(
        f"{text}\n{top}endmodule\n",
        name="pair",
        module="tests.boards.bench_dp16kd",
        build_root=BUILD,
    )


def test_block_ram_is_the_memory_it_stands_for(tmp_path: Path) -> None:
    """In each width, with and without output registers; and in banks, with one port."""
    component = Memories(
        banks=BankedStore(lanes=1, depth=16384),
        **{
            f"{kind}{depth}": memory(depth, deep=kind == "deep")
            for kind in ("plain", "deep")
            for depth in SHAPES
        },
    )
    text, blocks = pair(component, tmp_path)
    modes = Counter(
        (
            int(block["parameters"]["DATA_WIDTH_A"], 2),
            *(block["parameters"][f"REGMODE_{side}"] for side in "AB"),
        )
        for block in blocks
    )
    expected = {(width, "NOREG", "NOREG"): 1 for width in SHAPES.values()}
    expected |= {(width, "NOREG", "OUTREG"): 1 for width in SHAPES.values() if width < 36}
    # both memories of 36 bits have their registers in logic; the banks read by the port they write
    assert modes == expected | {(36, "NOREG", "NOREG"): 2, (2, "OUTREG", "NOREG"): 2}
    bench(component, text)


@pytest.mark.control
@pytest.mark.parametrize(
    ("depth", "deep", "change"),
    [
        (8192, False, ("bits[{at[3:1], 1'b0} +: 2] = data", "bits[{at[3:2], 2'b0} +: 2] = data")),
        (2048, False, ("at[3] ? row[17:9] : row[8:0]", "row[8:0]")),
        (1024, False, ("if (CEB)\n          dob <=", "dob <=")),
        (1024, True, ("if (OCEB) held_b", "held_b")),
        (512, False, ("row_of(ada) | 10'd1] <=", "row_of(ada)] <=")),
    ],
    ids=["address", "upper half", "clock enable", "output enable", "second row"],
)
def test_fault_in_the_model_is_noticed(
    depth: int, deep: bool, change: tuple[str, str], tmp_path: Path
) -> None:
    component = memory(depth, deep=deep)
    text, _ = pair(component, tmp_path, change=change)
    with pytest.raises(AssertionError, match="1 of 1 cocotb tests failed"):
        bench(component, text)
