"""`sterna build` and `sterna docs`."""

from typing import Annotated

import typer

from sterna.spec import PRESETS, ConfigError, preset

from .bitstream import build_for
from .console import extra, out, step


def build(
    presets: Annotated[
        list[str] | None,
        typer.Option("--preset", help=f"Hardware preset: {', '.join(PRESETS)}; default: all."),
    ] = None,
    pins: Annotated[bool, typer.Option(help="With the UART's pins, bit by bit.")] = False,
    wave: Annotated[
        str | None, typer.Option(help="With waveforms: vcd or fst.", metavar="KIND")
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(help="A board, for its bitstream; `sterna boards` lists them."),
    ] = None,
    seed: Annotated[
        list[int] | None,
        typer.Option(
            help="Of place and route; may be given several times; default: 1, 2 and 3; a "
            "self-test takes the first of them that meets the clock."
        ),
    ] = None,
    baud: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="With --board: bit rate of its UART; 3000000 is the most that macOS can.",
        ),
    ] = None,
    self_test: Annotated[
        bool,
        typer.Option(
            "--self-test", help="With --board: the bitstream that tests the board without a host."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --board: the report.")] = False,
) -> None:
    """Build the simulator of hardware presets, or a board's bitstream.

    Files that would be the same are not written again. A bitstream takes some minutes a
    seed; the clock must be met with each seed, and the fastest result is packed.
    """
    if board:
        if presets or pins or wave:
            raise ConfigError("--board goes with none of --preset, --pins and --wave")
        return build_for(board, seed, baud, self_test=self_test, as_json=as_json)
    if seed or as_json or baud or self_test:
        raise ConfigError("--seed, --baud, --self-test and --json go with --board only")
    with extra("sim"):
        from sterna.simulator.board_build import build_board
        from sterna.simulator.verilog import device_design
    chosen = {name: preset(name) for name in presets or PRESETS}
    for name, hardware in chosen.items():
        program = build_board(
            device_design(hardware, pins=pins),
            wave=wave,
            progress=lambda text: step("build", text),
        )
        out.print(f"{name} {program}", soft_wrap=True)


def docs(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; fail if a table is out of date.")
    ] = False,
) -> None:
    """Write the generated tables of docs/ anew, from the specification.

    Exit status: 2 if, with --check, a table is out of date, or if a page is missing.
    """
    from pathlib import Path

    from sterna.spec import tables

    changed = tables.update(Path("docs"), check=check)
    if check and changed:
        raise ConfigError(f"out of date in docs: {', '.join(changed)}: run `make docs`")
    step("docs", f"written: {', '.join(changed)}" if changed else "up to date")
