"""Bitstreams: of `sterna build --board`, `sterna flash` and `sterna release`."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from sterna.spec import ConfigError
from sterna.spec.boards import BOARDS, BoardFacts, board_facts, build_name

from .console import extra, out, print_json, print_table, step

#: Meaning of the LEDs after a self-test.
TOLD = (
    "the board tests itself, now and whenever its button was pressed: within a second the LED that "
    "winked is lit (passed), or the other one is (failed)"
)


def build_for(
    name: str, seeds: list[int] | None, baud: int | None, *, self_test: bool, as_json: bool
) -> None:
    """Build the bitstream of the board of that name, or the one that tests it, and tell of it."""
    report, path = _built(name, seeds, baud, self_test=self_test)
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
            ("UART", "none" if self_test else f"{report['baud']:,} baud"),
            *((cells, used[cells]) for cells in used if not used[cells].startswith("0 ")),
            ("build hash", report["build_hash"]),
            ("bytes", f"{report['bitstream_bytes']:,}"),
        ],
    )
    out.print(f"{path}\nsha256 {report['bitstream_sha256']}", soft_wrap=True)
    return None


def _mhz(seeds: dict[str, float]) -> str:
    return ", ".join(f"{mhz:.1f}" for mhz in seeds.values())


def _built(
    name: str, seeds: Sequence[int] | None, baud: int | None, *, self_test: bool
) -> tuple[dict[str, Any], Path]:
    """A board's report and bitstream, built if need be."""
    board_facts(name)  # what is no board is said before what is not installed
    with extra("fpga"):
        from sterna.boards import find_board
        from sterna.boards.build import bitstream_path, build_bitstream
        from sterna.builds.reports import read_report
    board = find_board(name, self_test=self_test)

    def build(chosen: Sequence[int] | None) -> dict[str, Any]:
        return build_bitstream(
            board, seeds=chosen, baud=baud, progress=lambda text: step("build", text)
        )

    if seeds or not self_test:
        report = build(seeds)
    else:
        # that the clock is met with each seed is asked of the device itself, of this with one
        before = (read_report(board.name) or {}).get("best_seed")
        report = _first_met(build, sorted(board.seeds, key=lambda seed: seed != before))
    return report, bitstream_path(report)


def _first_met(
    build: Callable[[Sequence[int]], dict[str, Any]], seeds: Sequence[int]
) -> dict[str, Any]:
    """The report of the first seed that meets the clock; raises ConfigError if none does."""
    *others, last = seeds
    for seed in others:
        try:
            return build([seed])
        except ConfigError as missed:
            step("build", f"{missed}: the next seed")
    return build([last])


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
    self_test: Annotated[
        bool,
        typer.Option("--self-test", help="The bitstream that tests the board without a host."),
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
    if source:
        bitstream, report = read_release(source, facts, self_test=self_test)
    else:
        bitstream, report = _of_build(facts, self_test=self_test)
    seconds = write(facts, bitstream, how, progress=lambda text: step("flash", text))
    if self_test:
        return step("flash", f"{bitstream.name} written in {seconds:.1f} s; {TOLD}")
    where = (
        "is at its pins, for an adapter"
        if facts.port is None
        else f"is serial port {facts.port} of the board's bridge, counted from 0"
    )
    step(
        "flash",
        f"{bitstream.name} written in {seconds:.1f} s; its UART {where}, at "
        f"{report.get('baud', facts.clock.baud):,} baud: sterna check --board {board}",
    )
    return None


def _of_build(facts: BoardFacts, *, self_test: bool) -> tuple[Path, dict[str, Any]]:
    """The bitstream that was built here, and its report; raises ConfigError."""
    from sterna.builds.reports import boards_folder, read_report

    name = build_name(facts, self_test=self_test)
    report = read_report(name)
    if report is None or not report["met"]:
        state = "is not built" if report is None else "does not meet its clock"
        option = " --self-test" if self_test else ""
        raise ConfigError(
            f"{facts.title} {state}: run `sterna build --board {facts.name}{option}` first, or "
            "name a folder of bitstreams with --from"
        )
    return boards_folder() / name / report["bitstream"], report


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
    built: dict[str, tuple[dict[str, Any], Path]] = {}
    for name in names:
        for self_test in (False, True):
            made = _built(name, None, None, self_test=self_test)
            built[build_name(board_facts(name), self_test=self_test)] = made
    write_release(
        folder,
        {name: report for name, (report, _) in built.items()},
        [path for _, path in built.values()],
        version("sterna"),
    )
    out.print(f"{folder}: sha256", soft_wrap=True)
    for name, (report, _) in built.items():
        out.print(f"{report['bitstream_sha256']}  {name}", soft_wrap=True)
