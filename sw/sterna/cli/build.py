"""`sterna build`, `sterna boards` and `sterna docs`."""

from typing import Annotated

import typer

from sterna.spec import PRESETS, ConfigError, preset

from .console import extra, out, print_json, print_table, step


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
        typer.Option(help="Of place and route; may be given several times; default: 1, 2 and 3."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --board: the report.")] = False,
) -> None:
    """Build the simulator of hardware presets, or a board's bitstream.

    What is there already, and would be the same, is left as it is. A bitstream takes some minutes a
    seed; the clock must be met with each seed, and the fastest result is packed.
    """
    if board:
        if presets or pins or wave:
            raise ConfigError("--board goes with none of --preset, --pins and --wave")
        return _bitstream(board, seed, as_json=as_json)
    if seed or as_json:
        raise ConfigError("--seed and --json go with --board only")
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


def _bitstream(name: str, seeds: list[int] | None, *, as_json: bool) -> None:
    with extra("fpga"):
        from sterna.boards import find_board
        from sterna.boards.build import SEEDS, bitstream_path, build_bitstream
    report = build_bitstream(
        find_board(name), seeds=seeds or SEEDS, progress=lambda text: step("build", text)
    )
    if as_json:
        return print_json(report)
    hz = ", ".join(f"{mhz:.1f}" for mhz in report["fmax_mhz"].values())
    used = {n: f"{u['used']} of {u['available']}" for n, u in report["utilization"].items()}
    print_table(
        f"{name}: bitstream",
        [
            ("part", report["part"]),
            ("clock", f"{report['clock_mhz']:g} MHz; after routing {hz}"),
            *((cells, used[cells]) for cells in used if not used[cells].startswith("0 ")),
            ("build hash", report["build_hash"]),
        ],
    )
    out.print(f"{bitstream_path(report)}\nsha256 {report['bitstream_sha256']}", soft_wrap=True)
    return None


def boards(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """List the boards: what fits on each, and what is built."""
    with extra("fpga"):
        from sterna.boards import BOARDS
        from sterna.boards.build import read_report
    rows = {
        name: {
            "title": board.title,
            "part": board.part,
            "preset": board.preset,
            "cores": board.hardware.contexts,
            "clock_mhz": board.clock.hz / 1e6,
            "baud": board.clock.baud,
            "built": read_report(board),
        }
        for name, board in BOARDS.items()
    }
    if as_json:
        return print_json(rows)
    for name, row in rows.items():
        report = row["built"]
        built = "no: sterna build --board " + name
        if report:
            built = f"{report['bitstream']}, {'met' if report['met'] else 'clock not met'}"
        print_table(
            f"{name}: {row['title']}",
            [
                ("part", row["part"]),
                ("fits", f"preset {row['preset']}, {row['cores']} cores"),
                ("clock", f"{row['clock_mhz']:g} MHz"),
                ("UART", f"{row['baud']:,} baud"),
                ("built", built),
            ],
        )
    return None


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
