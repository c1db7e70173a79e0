"""Netlists of an ECP5: pads and PLL as connections, open inputs, registers put into block RAM."""

import json
import re
from typing import Any

import pytest

from sterna.boards.ecp5 import models, unpacked, without_pads
from sterna.boards.registers import with_output_registers

from .cells import cell

PAD, CLOCK, OUT, IN, RX, TX, LOCK = 2, 3, 4, 5, 6, 7, 8


ROUTED = {
    "tx": cell("TRELLIS_IO", {"I": TX}, {"B": OUT}, DIR="OUTPUT"),
    "rx": cell("TRELLIS_IO", {}, {"B": IN, "O": RX}, DIR="INPUT"),
    "pin": cell("TRELLIS_IO", {}, {"B": PAD, "O": 20}, DIR="INPUT"),
    "pll": cell("EHXPLLL", {"CLKI": 20, "RST": 9}, {"CLKOP": 21, "LOCK": LOCK}),
    "clock": cell("DCCA", {"CLKI": 21, "CE": None}, {"CLKO": CLOCK}),
    "lut": cell(
        "TRELLIS_COMB",
        {"A": RX, "B": LOCK, "C": None, "M": None, "DI0": None},
        {"F": 30, "OFX": None},
        MODE="LOGIC",
        INITVAL="0000000000000010",
    ),
    "flop": cell(
        "TRELLIS_FF",
        {"M": 30, "CLK": CLOCK, "LSR": None},
        {"Q": TX},
        SD="0 ",
        CEMUX="1 ",
        CLKMUX="CLK",
    ),
    "way": cell("TRELLIS_RAMW", {"C1": 40, "D0": 41}, {"WDO0": 42, "WADO0": 43, "WADO1": None}),
    "bit": cell("TRELLIS_COMB", {"WD": 42, "WAD0": 43, "WCK": CLOCK}, {"F": 44}, MODE="DPRAM"),
    "wide": cell("TRELLIS_COMB", {"FXA": 30, "FXB": 44, "M": RX}, {"OFX": 46}),
    "rest": cell("TRELLIS_COMB", {"A": None}, {}, MODE="RAMW_BLOCK"),
    "ram": cell(
        "DP16KD",
        {"CLKA": CLOCK, "CEA": None, "WEA": None, "ADA0": None, "DIA0": 44},
        {"DOA0": 45, "DOA1": None},
        CEAMUX="CEA",
        WEAMUX="INV",
        ADA0MUX="0 ",
        CLKAMUX="CLKA",
        DATA_WIDTH_A="1",
    ),
}


def routed(**more: Any) -> str:
    ports = {
        "clk": {"direction": "input", "bits": [PAD]},
        "rx": {"direction": "input", "bits": [IN]},
        "tx": {"direction": "output", "bits": [OUT]},
    }
    module = {"ports": ports, "cells": ROUTED | more, "netnames": {"c": {"bits": [CLOCK]}}}
    return json.dumps({"creator": "nextpnr", "modules": {"top": module}})


def test_pads_pll_and_the_ways_into_ram_become_connections() -> None:
    top = json.loads(unpacked(routed()))["modules"]["top"]
    cells = top["cells"]
    assert set(cells) == {"lut", "flop", "bit", "ram", "wide"}
    assert cells["lut"]["connections"] == {
        "A": [IN],
        "B": ["1"],
        "C": ["1"],
        "M": ["0"],
        "F": [30],
    }
    assert cells["flop"]["connections"] == {"DI": [30], "CLK": [PAD], "LSR": ["0"], "Q": [TX]}
    assert cells["bit"]["connections"] == {"WD": [40], "WAD0": [41], "WCK": [PAD], "F": [44]}
    assert cells["wide"]["parameters"] == {"IS_Z1": "1"}
    assert "IS_Z1" not in cells["lut"]["parameters"]
    assert top["ports"]["tx"]["bits"] == [TX]
    assert top["netnames"]["c"]["bits"] == [PAD]


def test_inputs_that_nothing_drives_are_as_the_fpga_has_them() -> None:
    """High, turned over, or set."""
    ram = json.loads(unpacked(routed()))["modules"]["top"]["cells"]["ram"]["connections"]
    assert ram == {
        "CLKA": [PAD],
        "CEA": ["1"],
        "WEA": ["0"],
        "ADA0": ["0"],
        "DIA0": [44],
        "DOA0": [45],
    }


@pytest.mark.control
def test_cell_without_a_model_is_an_error() -> None:
    with pytest.raises(ValueError, match="multiplier: no model of a MULT18X18D"):
        unpacked(routed(multiplier=cell("MULT18X18D", {"A0": 1}, {})))
    turned = cell("DP16KD", {"WEA": 50}, {}, WEAMUX="INV")
    with pytest.raises(ValueError, match="no model of a DP16KD with WEAMUX INV"):
        unpacked(routed(turned=turned))


def test_pads_and_pll_of_a_netlist_in_verilog_become_connections() -> None:
    text = without_pads("""module top(rx, tx, clk);
  inout rx;
  inout tx;
  input clk;
  TRELLIS_IO #(
    .DIR("OUTPUT")
  ) \\tx.buf0  (
    .B(tx),
    .I(\\device.tx [2]),
    .T(1'h0)
  );
  IB \\rx.buf  (
    .I(rx),
    .O(inside)
  );
  EHXPLLL #(
    .CLKI_DIV(32'd1)
  ) pll (
    .CLKI(clk),
    .CLKOP(fast),
    .LOCK(locked)
  );
endmodule
""")
    for line in (
        "assign tx = \\device.tx [2];",
        "assign inside = rx;",
        "assign fast = clk;",
        "assign locked = 1'b1;",
        "input rx;",
        "output tx;",
    ):
        assert line in text
    assert "EHXPLLL" not in text


def test_every_output_of_the_models_is_driven() -> None:
    """By an assignment or a cell, and not by a wire of its own name in a block."""
    module = r"module (\w+)\s*(?:#.*?\)\s*)?\((.*?)\);(.*?)endmodule"
    seen = set()
    for name, ports, body in re.findall(module, models(), re.S):
        for outputs in re.findall(r"output (?:reg )?(?:\[\S+\] )?((?:\w+, )*\w+)", ports):
            for output in outputs.split(", "):
                seen.add(output)
                assert not re.search(rf"\bwire {output}\b", body), f"{name}.{output}"
    assert {"Z", "Q", "F", "FCO", "OFX", "DOA17"} <= seen


def flop(data: int, q: int, **changes: Any) -> Any:
    made = cell(
        "TRELLIS_FF", {"DI": data, "CLK": CLOCK, "LSR": "0", "CE": 60}, {"Q": q}, CEMUX="CE"
    )
    made["connections"] |= changes
    return made


def folded(**changes: Any) -> dict[str, Any]:
    """The cells after a block RAM of two bits, with a register behind each, was seen to."""
    cells = {
        "ram": cell(
            "DP16KD",
            {"CLKA": CLOCK},
            {"DOA0": 50, "DOA1": 51},
            DATA_WIDTH_A="10",
            REGMODE_A="NOREG",
        ),
        "one": flop(50, 70),
        "two": flop(51, 71),
    } | changes
    module = {"ports": {"q": {"bits": [70]}}, "cells": cells}
    return json.loads(with_output_registers(json.dumps({"modules": {"top": module}})))["modules"][
        "top"
    ]["cells"]


def test_flip_flops_behind_a_block_ram_become_its_output_register() -> None:
    cells = folded()
    assert set(cells) == {"ram"}
    assert cells["ram"]["parameters"]["REGMODE_A"] == "OUTREG"
    assert cells["ram"]["connections"] == {
        "CLKA": [CLOCK],
        "DOA0": [70],
        "DOA1": [71],
        "OCEA": [60],
    }


@pytest.mark.control
@pytest.mark.parametrize(
    "changes",
    [
        {"two": flop(51, 71, CE=[61])},
        {"two": flop(51, 71, LSR=[62])},
        {"two": flop(51, 71, CLK=[63])},
        {"other": flop(51, 72)},
        {"two": cell("LUT4", {"A": 51}, {"Z": 71})},
    ],
    ids=["another enable", "a reset", "another clock", "two loads", "logic"],
)
def test_registers_that_are_not_one_stay_where_they_are(changes: dict[str, Any]) -> None:
    cells = folded(**changes)
    assert cells["ram"]["parameters"]["REGMODE_A"] == "NOREG"
    assert {"one", "two"} <= set(cells)
