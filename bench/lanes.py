"""The tile of the ULX3S by lanes: what it takes, how fast it is; into the README.

python -m bench.lanes           # builds what is not built: three times a quarter of an hour
python -m bench.lanes --again   # another network ships: measures its cycles, and places nothing

Place and route does not depend on the network, so `--again` keeps those columns of the table.
"""

import argparse
from pathlib import Path
from typing import Any

from sterna.boards import Board
from sterna.boards.build import build_bitstream
from sterna.boards.ulx3s import BY_LANES
from sterna.builds.reports import read_report
from sterna.data import mnist_test, shipped_for
from sterna.host import Device
from sterna.simulator.board import VirtualBoard
from sterna.simulator.verilog import device_design
from sterna.spec import ConfigError
from sterna.spec.pages import read_section, write_section
from sterna.spec.tables import table
from sterna.verify.firstlight import compare_device
from sterna.verify.report import Speed

from .machine import machine

ROOT = Path(__file__).parents[1]
#: Digits that the cycles of a tick are measured with.
FRAMES = 1000
#: The table's section of the README.
SECTION = "`python -m bench.lanes`"
#: Cells of an ECP5, as nextpnr counts them: LUTs, flip-flops, block RAM, multipliers.
CELLS = ("TRELLIS_COMB", "TRELLIS_FF", "DP16KD", "MULT18X18D")
#: TrueNorth's peak, in synaptic operations a second (Merolla et al., Science 345, 2014).
TRUENORTH_GSOPS = 58


def built(board: Board) -> dict[str, Any]:
    """The report of a board's build, whether its clock is met or not."""
    try:
        return build_bitstream(board, progress=lambda text: print(f"{board.name}: {text}"))
    except ConfigError as error:
        report = read_report(board.name)
        if report is None:
            raise
        print(error)
        return report


def cycles(board: Board) -> Speed:
    """Cycles of a tick of the shipped network, in simulation, spike by spike as the model says."""
    network = shipped_for(board.hardware)
    design = device_design(board.hardware, deep=board.fabric.deep)
    with VirtualBoard(design) as served, Device.open(served.url) as device:
        device.load(network)
        run = compare_device(
            device,
            network,
            mnist_test().frames()[:FRAMES],
            hz=board.clock.hz,
            deep=board.fabric.deep,
        )
    run.check()
    return run.report.speed


def placed(board: Board) -> tuple[str, ...]:
    """A row's cells of place and route: cells of an ECP5, megahertz by seeds, and the clock."""
    report = built(board)
    return (
        *(f"{report['utilization'][name]['used']:,}" for name in CELLS),
        ", ".join(f"{seed}: {mhz:.1f}" for seed, mhz in report["fmax_mhz"].items()),
        f"{report['clock_mhz']:g}",
    )


def placed_before(lanes: int) -> tuple[str, ...]:
    """The same cells as the README has them; ConfigError if it has no such row."""
    section = read_section(ROOT / "README.md", SECTION)
    for line in section.splitlines():
        cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
        if cells[0] == str(lanes):
            return cells[1 : len(CELLS) + 3]
    raise ConfigError(f"README.md has no row for {lanes} lanes: run it without --again")


def row(lanes: int, board: Board, *, again: bool) -> tuple[str, ...]:
    """A row of the table."""
    cells = placed_before(lanes) if again else placed(board)
    speed = cycles(board)
    assert speed.cycles_median is not None
    assert speed.ratio_median is not None
    tick, clock = speed.cycles_median, float(cells[-1]) * 1e6
    return (
        str(lanes),
        *cells,
        f"{tick:,.0f}",
        f"{speed.ratio_median:.3f}",
        f"{clock / tick:,.0f}",
        f"{lanes * clock / 1e9:.1f}",
    )


def main() -> None:
    """Build, measure, write."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.lanes",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--again", action="store_true", help="keep what place and route gave")
    again = parser.parse_args().again
    rows = [row(lanes, board, again=again) for lanes, board in BY_LANES.items()]
    rows.append(("TrueNorth", *[""] * (len(rows[0]) - 2), str(TRUENORTH_GSOPS)))
    name = shipped_for(BY_LANES[32].hardware).name
    text = (
        f"The ULX3S' device by lanes, after place and route (nextpnr; no board): 32 cores, 20 "
        f"crossbars (16 with 16 lanes). Cycles and frames/s are of `{name}`, one digit a tick, "
        f"measured in simulation and compared with the golden model, at the clock that the board "
        f"is built for. A synaptic operation is a lane's addition; TrueNorth's peak is as "
        f"published.\n\n"
        + table(
            (
                "lanes",
                "LUT",
                "FF",
                "block RAM",
                "DSP",
                "MHz, seed by seed",
                "clock, MHz",
                "cycles a tick",
                "over the bound",
                "frames/s of the core",
                "peak GSOPS",
            ),
            rows,
        )
        + f"\nMedians of {FRAMES:,} ticks on {machine()}.\n"
    )
    write_section(ROOT / "README.md", SECTION, text)
    print(text)


if __name__ == "__main__":
    main()
