"""A family of FPGAs: what the open tools call its files and its cells."""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Family:
    """Properties that all parts of a family share.

    Members
    -------
    name : its own.
    packages : Python packages that make the bitstream, beside Amaranth and Yosys.
    nextpnr, pack : programs that place and route, and that make a bitstream of the result.
    constraints, routed, bitstream : suffixes of the files of pins and clocks, of the routed
        design, and of the bitstream.
    place, route : options of `nextpnr` that name the first two.
    second_opinion : MHz of a routed design by another tool's timing analysis; None: it
        is not installed. The member is None where there is no such tool.
    unpack, audit : program that reads a bitstream back as text, and what raises ToolError if that
        text lacks what the design asked for; None: nothing is looked for.
    cells : names of cells, or their beginnings, that count as a LUT, a flip-flop and so on.
    finished : a netlist of Yosys', as JSON, with what Yosys leaves undone.
    models : the models of its cells for a simulator, as Verilog.
    without_pads : makes plain connections of a netlist's pads and PLL.
    unpacked : a netlist that `nextpnr` wrote, as JSON in the cells of `models`.
    """

    name: str
    packages: tuple[str, ...]
    nextpnr: str
    pack: str
    constraints: str
    routed: str
    bitstream: str
    place: str
    route: str
    cells: Mapping[str, tuple[str, ...]]
    finished: Callable[[str], str]
    models: Callable[[], str]
    without_pads: Callable[[str], str]
    unpacked: Callable[[str], str]
    second_opinion: Callable[[Path], float | None] | None = None
    unpack: str | None = None
    audit: Callable[[str], None] | None = None


def read_models(name: str) -> str:
    """A file of Yosys' models of cells."""
    package = importlib.util.find_spec("pyosys")
    assert package is not None
    assert package.origin is not None
    return (Path(package.origin).parent / "share" / name).read_text()
