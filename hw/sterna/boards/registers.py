"""Registers behind an ECP5's block RAM, put into the block RAM's own.

A DP16KD shows a word 5.8 ns after its clock, and after 1 ns out of its output register, which Yosys
never uses. So where each bit that a port shows goes to one flip-flop and nowhere else, all of one
clock and enable and none with a set or reset, these flip-flops become the port's output register.
"""

import json
from collections import defaultdict
from typing import Any

#: A cell's name and its port.
Load = tuple[str, str]


def with_output_registers(text: str) -> str:
    """A netlist of Yosys', as JSON, with these flip-flops put into their block RAM."""
    design = json.loads(text)
    for module in design["modules"].values():
        loads: dict[int, list[Load]] = defaultdict(list)
        for name, cell in module["cells"].items():
            for port, bits in cell["connections"].items():
                if cell["port_directions"][port] != "output":
                    for bit in bits:
                        loads[bit].append((name, port))
        for port in module["ports"].values():
            for bit in port["bits"]:
                loads[bit].append(("", ""))
        for block in [cell for cell in module["cells"].values() if cell["type"] == "DP16KD"]:
            for side in "AB":
                _fold(module["cells"], block, side, loads)
    return json.dumps(design)


def _fold(
    cells: dict[str, Any], block: dict[str, Any], side: str, loads: dict[int, list[Load]]
) -> None:
    shown = {
        port: loads[bits[0]]
        for port, bits in block["connections"].items()
        if port.startswith(f"DO{side}") and loads.get(bits[0])
    }
    wide = int(block["parameters"]["DATA_WIDTH_A"], 2) == 36  # port B reads through both sides
    if wide or not shown or any(len(each) != 1 for each in shown.values()):
        return
    registers = {port: name for port, ((name, _),) in shown.items()}
    flops = [cells.get(name) for name in registers.values()]
    if not all(
        _is_plain(flop) and load[0][1] == "DI"
        for flop, load in zip(flops, shown.values(), strict=True)
    ):
        return
    clocks = {json.dumps([flop["connections"]["CLK"], _enable(flop)]) for flop in flops}
    if clocks != {json.dumps([block["connections"][f"CLK{side}"], _enable(flops[0])])}:
        return
    block["parameters"][f"REGMODE_{side}"] = "OUTREG"
    block["connections"][f"OCE{side}"] = _enable(flops[0])
    for port, name in registers.items():
        block["connections"][port] = cells.pop(name)["connections"]["Q"]


def _is_plain(flop: dict[str, Any] | None) -> bool:
    """A flip-flop on the clock's rising edge, without set or reset."""
    if flop is None or flop["type"] != "TRELLIS_FF":
        return False
    parameters = {name: value.strip() for name, value in flop["parameters"].items()}
    return (
        flop["connections"].get("LSR", ["0"]) == ["0"]
        and parameters.get("CLKMUX", "CLK") == "CLK"
        and parameters.get("REGSET", "RESET") == "RESET"
        and parameters.get("CEMUX", "1") in ("1", "CE")
    )


def _enable(flop: dict[str, Any]) -> list[int | str]:
    always = flop["parameters"].get("CEMUX", "1").strip() == "1"
    return ["1"] if always else flop["connections"]["CE"]
