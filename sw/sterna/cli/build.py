"""`sterna build` and `sterna docs`."""

from typing import Annotated

import typer

from sterna.spec import PRESETS, ConfigError, preset

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
) -> None:
    """Build the simulator of hardware presets; one that is there already is left as it is."""
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
