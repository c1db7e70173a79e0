"""Bitstreams: of `sterna build --board`, `sterna flash` and `sterna release`."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from sterna.spec import ConfigError
from sterna.spec.boards import BOARDS, BoardFacts, board_facts

from .console import extra, out, print_json, print_table, step


def build_for(name: str, seeds: list[int] | None, baud: int | None, *, as_json: bool) -> None:
    """Build the bitstream of the board of that name, and tell of it."""
    report, path = _built(name, seeds, baud)
    if as_json:
        return print_json(report)
    used = {n: f"{u['used']} of {u['available']}" for n, u in report["utilization"].items()}
    second = report["second_fmax_mhz"]
    print_table(
        f"{name}: bitstream",
        [
            ("part", report["part"]),
            ("clock", f"{report['clock_mhz']:g} MHz; after routing {_mhz(report['fmax_mhz'])}"),
            *([("the same by icetime", _mhz(second))] if second else []),
            ("UART", f"{report['baud']:,} baud"),
            *((cells, used[cells]) for cells in used if not used[cells].startswith("0 ")),
            ("build hash", report["build_hash"]),
            ("bytes", f"{report['bitstream_bytes']:,}"),
        ],
    )
    out.print(f"{path}\nsha256 {report['bitstream_sha256']}", soft_wrap=True)
    return None


def _mhz(seeds: dict[str, float]) -> str:
    return ", ".join(f"{mhz:.1f}" for mhz in seeds.values())


def _built(name: str, seeds: Sequence[int] | None, baud: int | None) -> tuple[dict[str, Any], Path]:
    """A board's report and bitstream, built if need be."""
    board_facts(name)  # what is no board is said before what is not installed
    with extra("fpga"):
        from sterna.boards import find_board
        from sterna.boards.build import SEEDS, bitstream_path, build_bitstream
    report = build_bitstream(
        find_board(name),
        seeds=seeds or SEEDS,
        baud=baud,
        progress=lambda text: step("build", text),
    )
    return report, bitstream_path(report)


def flash(
    board: Annotated[str, typer.Option(help="A board; `sterna boards` lists them.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FOLDER", help="Bitstreams that `make release` wrote; needs no build."
        ),
    ] = None,
    sram: Annotated[
        bool, typer.Option("--sram", help="Into the FPGA itself, until power is off; quick.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read the flash back, and compare.")
    ] = False,
    unprotect: Annotated[
        bool, typer.Option("--unprotect-flash", help="Lift the flash's write protection first.")
    ] = False,
    serial: Annotated[
        str | None,
        typer.Option(help="Serial number of the board's USB bridge, if several are plugged in."),
    ] = None,
) -> None:
    """Write a board's bitstream into its flash memory, with openFPGALoader.

    The bitstream is one that was built here (`sterna build --board`), or of a folder of them
    (`--from`). The board starts it at once, and again whenever it is powered. Then check it:
    `sterna check --board BOARD`.

    The OrangeCrab takes bitstreams by DFU only: hold its button while you plug it in, then flash.
    Into the iCEBreaker's FPGA itself (`--sram`) the bridge reaches only where its jumper for it is
    set; the flash needs none.
    """
    facts = board_facts(board)
    from sterna.builds.flash import How
    from sterna.builds.flash import flash as write
    from sterna.builds.release import read_release

    how = How(sram=sram, verify=verify, unprotect=unprotect, serial=serial)
    how.options(facts)
    bitstream, report = read_release(source, facts) if source else _of_build(facts)
    seconds = write(facts, bitstream, how, progress=lambda text: step("flash", text))
    where = (
        "is at its pins, for an adapter"
        if facts.port is None
        else f"is serial port {facts.port} of the board's bridge, counted from 0"
    )
    step(
        "flash",
        f"{bitstream.name} written in {seconds:.1f} s; its UART {where}, at {report['baud']:,} "
        f"baud: sterna check --board {board}",
    )


def _of_build(facts: BoardFacts) -> tuple[Path, dict[str, Any]]:
    """The bitstream that was built here, and its report; raises ConfigError."""
    from sterna.builds.reports import boards_folder, read_report

    report = read_report(facts.name)
    if report is None or not report["met"]:
        state = "is not built" if report is None else "does not meet its clock"
        raise ConfigError(
            f"{facts.title} {state}: run `sterna build --board {facts.name}` first, or name a "
            "folder of bitstreams with --from"
        )
    return boards_folder() / facts.name / report["bitstream"], report


def release(
    folder: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")] = Path(
        "dist/bitstreams"
    ),
    board: Annotated[
        list[str] | None, typer.Option(help="A board; may be given several times; default: all.")
    ] = None,
) -> None:
    """Write the boards' bitstreams for owners into one folder, with hashes and udev's rules.

    What is not built yet is built, a quarter of an hour a board. `sterna flash --from FOLDER`
    writes one to a board, without the tools that built it.
    """
    from sterna.builds.release import write_release

    names = board or list(BOARDS)
    for name in names:
        board_facts(name)
    built = {name: _built(name, None, None) for name in names}
    write_release(
        folder,
        {name: report for name, (report, _) in built.items()},
        [path for _, path in built.values()],
        version("sterna"),
    )
    rows = [(name, report["bitstream_sha256"]) for name, (report, _) in built.items()]
    print_table(f"{folder}: sha256", rows)
