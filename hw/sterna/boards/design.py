"""A board's design as the files that the tools read, and the hash that tells it apart."""

import hashlib
import importlib.metadata
import json
import re
from dataclasses import dataclass

from sterna.rtl.initial import quick_memories

from .board import Board

TOP = "top"
#: Packages that make the bitstream, beside those of the family.
TOOLS = ("amaranth", "amaranth-boards", "pyosys")


@dataclass(frozen=True)
class Design:
    """A board's design.

    Members
    -------
    rtlil, constraints : the netlist's source, and the pins and clocks, as text.
    build_hash : 64 bits, part of the handshake: over the source without positions, the board, the
        clock and the versions of the tools.
    tools : their versions, by package.
    """

    rtlil: str
    constraints: str
    build_hash: int
    tools: dict[str, str]


def design(board: Board) -> Design:
    """Elaborate a board's design; takes some seconds."""
    tools = {name: importlib.metadata.version(name) for name in (*TOOLS, *board.family.packages)}
    files = _prepare(board, 0)
    source, constraints = files[f"{TOP}.il"], files[f"{TOP}.{board.family.constraints}"]
    facts = [
        source,
        constraints,
        board.name,
        board.part,
        board.clock.hz,
        board.clock.baud,
        board.synthesis,
        board.nextpnr,
        tools,
    ]
    digest = hashlib.blake2b(json.dumps(facts).encode(), digest_size=8).digest()
    build_hash = int.from_bytes(digest, "big")
    source, constraints = elaborate(board, build_hash)
    return Design(source, constraints, build_hash, tools)


def top_verilog(board: Board, build_hash: int) -> str:
    """A board's top as Verilog, not synthesised."""
    return _prepare(board, build_hash, debug_verilog=True)[f"{TOP}.debug.v"]


def elaborate(board: Board, build_hash: int) -> tuple[str, str]:
    """Elaborate a board's top with a build hash; returns the source (RTLIL) and the constraints."""
    files = _prepare(board, build_hash)
    return _unchecked(files[f"{TOP}.il"]), files[f"{TOP}.{board.family.constraints}"]


def _prepare(board: Board, build_hash: int, **options: bool) -> dict[str, str]:
    """Amaranth's files for the tools, by name."""
    top = board.top(board.device(build_hash=build_hash))
    with quick_memories():
        files = board.platform().prepare(top, TOP, emit_src=False, **options).files
    return {
        name: content if isinstance(content, str) else content.decode()
        for name, content in files.items()
    }


def _unchecked(rtlil: str) -> str:
    """Tell Yosys of each read port what `sterna.rtl.memory.UNCHECKED` says of its memory.

    Yosys heeds that attribute only where it finds the read ports itself; Amaranth names them, and
    with each port says that it shows the old word.
    """
    modules = re.split(r"(?m)^(?=module )", rtlil)
    for place, module in enumerate(modules):
        unchecked = set(
            re.findall(
                r"attribute \\no_rw_check 1\n(?:\s*attribute .*\n)*\s*memory .* \\(\S+)\n", module
            )
        )

        def mark(cell: re.Match[str], unchecked: set[str] = unchecked) -> str:
            if cell[1] not in unchecked:
                return cell[0]
            return cell[0].replace("COLLISION_X_MASK 1'0", "COLLISION_X_MASK 1'1")

        modules[place] = re.sub(
            r'cell \$memrd_v2 .*\n\s*parameter \\MEMID "\\\\(\S+)"\n(?:\s*parameter .*\n)+',
            mark,
            module,
        )
    return "".join(modules)
