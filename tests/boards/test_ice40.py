"""nextpnr's packed netlist in Yosys' cells: all inputs connected, words in place of bits."""

import json
from typing import Any

import pytest

from sterna.boards.ice40 import unpacked

from .cells import cell

PAD, CLOCK, LOCK, RESET, GLOBAL_RESET = 2, 3, 4, 5, 6


CELLS = {
    "pll": cell("ICESTORM_PLL", {"RESETB": 9, "BYPASS": 8}, {"LOCK": LOCK, "PLLOUT_A": None}),
    "clock": cell("SB_GB", {"USER_SIGNAL_TO_GLOBAL_BUFFER": None}, {"GLOBAL_BUFFER_OUTPUT": CLOCK}),
    "reset": cell(
        "SB_GB", {"USER_SIGNAL_TO_GLOBAL_BUFFER": RESET}, {"GLOBAL_BUFFER_OUTPUT": GLOBAL_RESET}
    ),
    "clock$io": cell("SB_IO", {"D_OUT_0": None}, {"PACKAGE_PIN": PAD, "D_IN_0": None}),
    "button": cell("SB_IO", {}, {"PACKAGE_PIN": 20, "D_IN_0": 21}),
    "logic": cell(
        "ICESTORM_LC",
        {
            "I0": 10,
            "I1": None,
            "I2": None,
            "I3": 11,
            "CIN": None,
            "CLK": CLOCK,
            "CEN": None,
            "SR": GLOBAL_RESET,
        },
        {"O": 12, "LO": None, "COUT": None},
        LUT_INIT="0000000000000010",
        DFF_ENABLE="1",
    ),
    "ram": cell(
        "ICESTORM_RAM",
        {
            "RADDR_0": 30,
            "RADDR_2": 32,
            "RADDR_1": None,
            "RCLK": CLOCK,
            "RCLKE": None,
            "WCLKE": 33,
            "RE": None,
            "MASK_0": None,
        },
        {"RDATA_1": 41, "RDATA_0": None},
        READ_MODE="01",
        NEG_CLK_R="0",
        NEG_CLK_W="0",
    ),
}


def netlist(**more: Any) -> str:
    ports = {
        "clk": {"direction": "input", "bits": [PAD]},
        "button": {"direction": "inout", "bits": [20]},
    }
    module = {"ports": ports, "cells": CELLS | more, "netnames": {}}
    return json.dumps({"creator": "nextpnr", "modules": {"top": module}})


def test_inputs_that_nothing_drives_are_as_the_fpga_has_them() -> None:
    cells = json.loads(unpacked(netlist()))["modules"]["top"]["cells"]
    logic = cells["logic"]
    assert logic["type"] == "ICESTORM_LC"
    assert logic["connections"] == {
        "I0": [10],
        "I1": ["0"],
        "I2": ["0"],
        "I3": [11],
        "CIN": ["0"],
        "CLK": [CLOCK],
        "CEN": ["1"],
        "SR": [GLOBAL_RESET],
        "O": [12],
    }
    ram = cells["ram"]
    assert ram["type"] == "SB_RAM40_4K"
    assert ram["parameters"] == {"READ_MODE": "01"}
    assert ram["connections"] == {
        "RADDR": [30, "0", 32],
        "RCLK": [CLOCK],
        "RCLKE": ["1"],
        "WCLKE": [33],
        "RE": ["0"],
        "MASK": ["0"],
        "RDATA": ["x", 41],
    }


def test_clock_runs_from_its_pad_through_the_pll() -> None:
    cells = json.loads(unpacked(netlist()))["modules"]["top"]["cells"]
    assert cells["pll"]["type"] == "SB_PLL40_PAD"
    assert cells["pll"]["connections"] == {
        "PACKAGEPIN": [PAD],
        "PLLOUTGLOBAL": [CLOCK],
        "LOCK": [LOCK],
    }
    assert {"clock", "clock$io"}.isdisjoint(cells)
    assert cells["reset"] == CELLS["reset"]
    assert cells["button"] == CELLS["button"]


@pytest.mark.control
def test_cell_without_a_model_is_an_error() -> None:
    with pytest.raises(ValueError, match="oscillator: no model of a ICESTORM_HFOSC"):
        unpacked(netlist(oscillator=cell("ICESTORM_HFOSC", {}, {"CLKHF": 50})))
    late = cell("ICESTORM_RAM", {"RCLK": CLOCK}, {}, NEG_CLK_R="1")
    with pytest.raises(ValueError, match="no model of a SB_RAM40_4K on the clock's other edge"):
        unpacked(netlist(late=late))
