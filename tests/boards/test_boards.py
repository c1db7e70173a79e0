"""Boards without the long tools: their designs in outline, their reports, their errors."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sterna.boards import BOARDS, Board, find_board
from sterna.boards import build as building
from sterna.boards.design import design, elaborate
from sterna.boards.ice40 import without_pads
from sterna.boards.netlist import netlist_design
from sterna.builds.reports import read_report
from sterna.builds.tools import find_program
from sterna.spec import ConfigError, ToolError
from sterna.spec.presets import is_deep

from .__main__ import with_fault

ICEBREAKER = BOARDS["icebreaker"]
#: Yosys' passes on a top. Memories become cells as in a build; logic is not mapped, nor made
#: smaller, which takes four times as long. What a cell's model leaves open is no fault; two drivers
#: are one.
OUTLINE = (
    "read_rtlil top.il",
    "{synthesis} -top top -run begin:{first}",
    "proc",
    "flatten",
    "opt_expr",
    "opt_clean",
    "wreduce",
    "memory -nomap",
    "{synthesis} -top top -run map_ram:map_ffram",
    "setundef -undriven -undef",
    "check -assert",
    "tee -q -o cells.json stat -json",
    "blackbox =A:whitebox",
    "write_json top.json",
)
#: What follows the reading of cells' models.
FIRST = {"ice40": "flatten", "ecp5": "coarse"}
SCRIPT = "import sys; from sterna.boards.synthesis import run; run(*sys.argv[1:])"
#: Of each board's part: cells that there are; of its design: those that there must be.
THERE = {
    "icebreaker": {"SB_RAM40_4K": 30, "SB_SPRAM256KA": 4, "SB_MAC16": 8, "SB_PLL40_PAD": 1},
    "orangecrab-25f": {"DP16KD": 56, "EHXPLLL": 2},
    "ulx3s-85f": {"DP16KD": 208, "EHXPLLL": 4},
}
USED = {
    "icebreaker": {"SB_SPRAM256KA": 4, "SB_PLL40_PAD": 1},
    "orangecrab-25f": {"EHXPLLL": 1},
    "ulx3s-85f": {"EHXPLLL": 1},
}


def outline(board: Board, folder: Path) -> tuple[dict[str, int], dict[str, Any]]:
    """Cells of a board's design, by type, after synthesis in outline; and its netlist."""
    folder.mkdir()
    (folder / "top.il").write_text(elaborate(board, 0)[0])
    first = FIRST[board.family.name]
    passes = [each.format(synthesis=board.synthesis, first=first) for each in OUTLINE]
    subprocess.run(
        [sys.executable, "-c", SCRIPT, *passes], cwd=folder, check=True, capture_output=True
    )
    netlist = json.loads((folder / "top.json").read_text())["modules"]["top"]
    clocks = {
        net
        for cell in netlist["cells"].values()
        if cell["type"] == "SB_MAC16"
        for net in cell["connections"]["CLK"]
    }
    # Yosys may take the accumulators for multipliers of its own, and leave them without a clock
    assert "0" not in clocks
    cells = json.loads((folder / "cells.json").read_text())["design"]["num_cells_by_type"]
    return cells, netlist


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_design_synthesises_in_outline(board: Board, tmp_path: Path) -> None:
    cells, netlist = outline(board, tmp_path / "outline")
    check_cells(board.name, cells)
    if "high" in board.pins:
        check_high(netlist, board.pins["high"])


def check_high(netlist: dict[str, Any], port: str) -> None:
    """A port's buffer is driven, and by a 1."""
    bits = netlist["ports"][port]["bits"]
    (buffer,) = [
        c["connections"] for c in netlist["cells"].values() if bits in c["connections"].values()
    ]
    assert ["1"] in buffer.values()


@pytest.mark.control
def test_pin_that_is_low_is_noticed() -> None:
    made = {"ports": {"p": {"bits": [7]}}, "cells": {"b": {"connections": {"I": ["1"], "O": [7]}}}}
    check_high(made, "p")
    made["cells"]["b"]["connections"]["I"] = ["0"]
    with pytest.raises(AssertionError):
        check_high(made, "p")


def check_cells(board: str, cells: dict[str, int]) -> None:
    """The memories are in the cells that the part has for them, and there are enough of these."""
    too_many = {name for name, count in THERE[board].items() if cells.get(name, 0) > count}
    missing = {name for name, count in USED[board].items() if cells.get(name) != count}
    assert (too_many, missing) == (set(), set())


@pytest.mark.control
@pytest.mark.parametrize(
    ("board", "wrong"),
    [
        ("icebreaker", {"SB_RAM40_4K": 31}),
        ("icebreaker", {"SB_SPRAM256KA": 0}),
        ("icebreaker", {"SB_MAC16": 9}),
        ("icebreaker", {"SB_PLL40_PAD": 0}),
        ("orangecrab-25f", {"DP16KD": 57}),
        ("ulx3s-85f", {"DP16KD": 209}),
        ("ulx3s-85f", {"EHXPLLL": 0}),
    ],
)
def test_cells_that_the_part_does_not_have_are_noticed(board: str, wrong: dict[str, int]) -> None:
    fits = THERE[board] | USED[board]
    check_cells(board, fits)
    with pytest.raises(AssertionError):
        check_cells(board, fits | wrong)


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_simulated_chip_has_as_many_stages_as_the_board(board: Board) -> None:
    assert is_deep(board.hardware) == board.fabric.deep


def test_design_is_the_same_each_time() -> None:
    small = replace(ICEBREAKER, preset="tiny")
    assert design(small) == design(small)


NETLIST = """module top(rx__io, tx__io, clk12__io);
  inout rx__io;
  wire rx__io;
  inout tx__io;
  wire tx__io;
  input clk12__io;
  SB_IO #(
    .IO_STANDARD("SB_LVTTL"),
    .PIN_TYPE(6'h29)
  ) \\tx$24.buf0  (
    .CLOCK_ENABLE(1'h1),
    .D_OUT_0(\\device.tx [2]),
    .OUTPUT_ENABLE(1'h1),
    .PACKAGE_PIN(tx__io)
  );
  SB_LUT4 #(
    .LUT_INIT(16'h0001)
  ) \\device.neurons.integrated_v  (
    .I0(a),
    .I1(1'h0),
    .I2(carry),
    .I3(1'h0),
    .O(b)
  );
  ICESTORM_LC #(
    .CARRY_ENABLE(1'h0),
    .LUT_INIT(16'h0002),
    .SET_NORESET(1'h0)
  ) \\device.neurons.integrated_w_DFFLC  (
    .I0(a),
    .I1(1'h0),
    .I2(1'h0),
    .I3(1'h0),
    .O(b)
  );
  SB_IO #(
    .PIN_TYPE(6'h01)
  ) \\rx.buf0  (
    .CLOCK_ENABLE(1'h1),
    .D_IN_0(\\rx ),
    .PACKAGE_PIN(rx__io)
  );
  SB_PLL40_PAD #(
    .DIVF(7'h3f)
  ) pll (
    .LOCK(locked),
    .PACKAGEPIN(clk12__io),
    .PLLOUTGLOBAL(clk)
  );
endmodule
"""


def test_pads_and_pll_become_connections() -> None:
    text = without_pads(NETLIST)
    assert "assign tx__io = \\device.tx [2];" in text
    assert "assign \\rx  = rx__io;" in text
    assert "assign clk = clk12__io;" in text
    assert "assign locked = 1'b1;" in text
    assert "input rx__io;" in text
    assert "output tx__io;" in text
    assert "SB_IO" not in text
    assert "SB_PLL40_PAD" not in text
    assert "SB_LUT4" in text


def test_fault_turns_over_one_bit_of_one_lut() -> None:
    """Of a LUT that computes: not of one that is the way into a flip-flop."""
    for seed in range(5):
        assert with_fault(NETLIST, seed) == NETLIST.replace("16'h0001", "16'h0000")


@pytest.mark.parametrize(
    "computes", ["LUT4 #(.INIT(16'h0001)", 'TRELLIS_COMB #(.INITVAL(16\'h0001),.MODE("LOGIC")']
)
def test_fault_on_an_ecp5_is_in_a_lut_that_computes(computes: str) -> None:
    """Not in carry chains, in memories, or elsewhere than in the neurons' arithmetic."""
    others = [
        ("CCU2C #(.INIT0(16'h0002),.INIT1(16'h0002)", "neurons.datapath_sum"),
        ('TRELLIS_COMB #(.INITVAL(16\'h0003),.MODE("CCU2")', "neurons.datapath_carry"),
        ('TRELLIS_COMB #(.INITVAL(16\'h0004),.MODE("DPRAM")', "neurons.datapath_word"),
        ("LUT4 #(.INIT(16'h0005)", "router.head"),
    ]
    text = "".join(
        f"  {cell}\n  ) \\device.{name}  (\n    .A(a),\n    .B(1'h0),\n    .D(c)\n  );\n"
        for cell, name in [*others, (computes, "neurons.datapath_v"), *others]
    )
    for seed in range(5):
        assert with_fault(text, seed) == text.replace("16'h0001", "16'h0000")


def test_fault_is_in_a_bit_that_can_come_up() -> None:
    """After routing, an input that nothing is connected to is high."""
    lut = (
        "  TRELLIS_COMB #(.INITVAL(16'h1234)\n  ) \\neurons.datapath_v  (\n    .A(a),\n"
        "    .B(1'h1),\n    .C(1'h1),\n    .D(c)\n  );\n"
    )
    assert with_fault(lut, 0) == lut.replace("16'h1234", f"16'h{0x1234 ^ 1 << 0b0110:04x}")


def test_netlist_of_a_board_that_is_not_built_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STERNA_BUILD", str(tmp_path))
    with pytest.raises(ConfigError, match="is not built: run `sterna build --board icebreaker`"):
        netlist_design(ICEBREAKER)


def test_board_that_does_not_exist_is_an_error_that_lists_those_that_do() -> None:
    with pytest.raises(
        ConfigError, match=r"no board 'icebraker'; there are icebreaker, orangecrab-25f, ulx3s"
    ):
        find_board("icebraker")


def report(folder: Path, bitstream: bytes = b"bits") -> Path:
    """A report as a build leaves it, with its bitstream."""
    there = folder / "boards" / "icebreaker"
    there.mkdir(parents=True)
    (there / "icebreaker.bin").write_bytes(bitstream)
    content = {
        "bitstream": "icebreaker.bin",
        "bitstream_sha256": hashlib.sha256(b"bits").hexdigest(),
    }
    (there / "report.json").write_text(json.dumps(content))
    return there


def test_report_counts_only_with_its_bitstream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STERNA_BUILD", str(tmp_path))
    assert read_report(ICEBREAKER.name) is None
    there = report(tmp_path)
    assert read_report(ICEBREAKER.name) is not None
    (there / "icebreaker.bin").write_bytes(b"other bits")
    assert read_report(ICEBREAKER.name) is None


@pytest.mark.parametrize("broken", ["", "{", "[]", "{}", '{"bitstream": 3}'])
def test_report_that_is_none_is_no_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setenv("STERNA_BUILD", str(tmp_path))
    (report(tmp_path) / "report.json").write_text(broken)
    assert read_report(ICEBREAKER.name) is None


def test_tool_that_is_missing_or_fails_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STERNA_BUILD", str(tmp_path))
    with pytest.raises(ToolError, match=r"no-such-program is missing: install .*\[fpga\]"):
        find_program("no-such-program")
    broken = replace(ICEBREAKER, synthesis="synth_of_nothing")
    with pytest.raises(ToolError, match="synthesis failed; the log is"):
        building.build_bitstream(broken)
    assert read_report(broken.name) is None


def test_missed_clock_is_told_with_seeds_and_path() -> None:
    missed = {
        "clock_mhz": 24.0,
        "fmax_mhz": {"1": 25.1, "2": 22.9},
        "critical_path": ["tile.a", "tile.b", "tile.c"],
        "second_fmax_mhz": {"1": 23.5},
    }
    text = building._missed(ICEBREAKER, missed)
    assert "24 MHz (seed 1: 25.1 MHz, icetime 23.5, seed 2: 22.9 MHz)" in text
    assert "tile.a to tile.c, over 3 cells" in text
