"""The virtual board of a design as a program to build."""

from pathlib import Path

from sterna.spec.clock import CLOCK

from .build import Program, Progress, build
from .header import constants, header
from .verilog import Design, on_both_edges


def build_board(
    design: Design,
    *,
    wave: str | None = None,
    root: Path | None = None,
    progress: Progress | None = None,
) -> Path:
    """Build the virtual board of a design, unless it is there already; see `build`.

    Parameters
    ----------
    wave : 'vcd' or 'fst': with waveforms, slower.
    """
    faster = "-DSTERNA_BOTH_EDGES" if design.both_edges and not wave else None

    def convert() -> str:
        text = design.convert()
        return on_both_edges(text) if faster else text

    flags = [
        f
        for f in (
            "-DVL_USER_FATAL",
            faster,
            "-DSTERNA_PINS" if design.pins else None,
            f"-DSTERNA_{wave.upper()}" if wave else None,
        )
        if f
    ]
    program = Program(
        name=design.name,
        key=design.key,
        convert=convert,
        top="device",
        main="board.cpp",
        headers=("board_port.h", "board_uart.h", "verilog.py", "registered.py"),
        kind="board",
        flags=tuple(flags),
        generated={"board_clock.h": _clock()},
        wave=wave,
    )
    return build(program, root=root, progress=progress)


def _clock() -> str:
    """The header with the clock of the virtual board."""
    return header(constants((("period_ps", 10**12 // CLOCK.hz), ("divisor", CLOCK.divisor))))
