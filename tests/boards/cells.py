"""Cells of a netlist, as Yosys and nextpnr write them."""

from typing import Any


def cell(kind: str, inputs: dict[str, Any], outputs: dict[str, Any], **parameters: str) -> Any:
    """A cell whose ports are one bit wide; None: not connected."""
    ports = inputs | outputs
    return {
        "hide_name": 0,
        "type": kind,
        "parameters": parameters,
        "port_directions": {name: "input" if name in inputs else "output" for name in ports},
        "connections": {name: [] if bit is None else [bit] for name, bit in ports.items()},
    }
