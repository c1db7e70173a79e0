"""The tile of the ULX3S by lanes: what it takes, how fast it is; into the README.

python -m bench.lanes        # builds what is not built: three times a quarter of an hour
"""

import statistics
from pathlib import Path
from typing import Any

from sterna.boards import Board
from sterna.boards.build import build_bitstream, read_report
from sterna.boards.ulx3s import BY_LANES
from sterna.data import mnist_test, shipped_for
from sterna.host import Device
from sterna.simulator.board import VirtualBoard
from sterna.simulator.verilog import device_design
from sterna.spec import ConfigError
from sterna.spec.pages import write_section
from sterna.spec.tables import table

from .machine import machine

ROOT = Path(__file__).parents[1]
#: Digits that the cycles of a tick are measured with.
FRAMES = 1000
#: TrueNorth's peak, in synaptic operations a second (Merolla et al., Science 345, 2014).
TRUENORTH_GSOPS = 58


def built(board: Board) -> dict[str, Any]:
    """The report of a board's build, whether its clock is met or not."""
    try:
        return build_bitstream(board, progress=lambda text: print(f"{board.name}: {text}"))
    except ConfigError as error:
        report = read_report(board)
        if report is None:
            raise
        print(error)
        return report


def cycles(board: Board) -> float:
    """Median cycles of a tick of the shipped network, in simulation."""
    network = shipped_for(board.hardware)
    design = device_design(board.hardware, deep=board.fabric.deep)
    with VirtualBoard(design) as served, Device.open(served.url) as device:
        device.load(network)
        frames = mnist_test().frames()[:FRAMES]
        return statistics.median(tick.cycles for tick in device.stream(frames))


def row(lanes: int, board: Board) -> tuple[str, ...]:
    """A row of the table."""
    report, tick = built(board), cycles(board)
    mhz = list(report["fmax_mhz"].values())
    clock = report["clock_mhz"] * 1e6
    return (
        str(lanes),
        *(f"{report[name]:,}" for name in ("lut", "ff", "bram", "dsp")),
        ", ".join(f"{each:.1f}" for each in mhz),
        f"{report['clock_mhz']:g}",
        f"{tick:,.0f}",
        f"{clock / tick:,.0f}",
        f"{lanes * clock / 1e9:.1f}",
    )


def main() -> None:
    """Build, measure, write."""
    rows = [row(lanes, board) for lanes, board in BY_LANES.items()]
    name = shipped_for(BY_LANES[32].hardware).name
    text = (
        f"The ULX3S' device by lanes, after place and route (nextpnr; no board): 32 cores, 20 "
        f"crossbars (16 of 16 lanes). Cycles and frames/s are of `{name}`, one digit a tick, "
        f"measured in simulation, at the clock that the board is built for. A synaptic operation "
        f"is a lane's addition; TrueNorth's peak was {TRUENORTH_GSOPS} GSOPS.\n\n"
        + table(
            ("lanes", "LUT4", "FF", "block RAM", "DSP", "MHz, seeds 1 to 3", "clock, MHz",
             "cycles a tick", "frames/s of the core", "peak GSOPS"),
            rows,
        )
        + f"\nMedians of {FRAMES:,} ticks on {machine()}.\n"
    )  # fmt: skip
    write_section(ROOT / "README.md", "`python -m bench.lanes`", text)
    print(text)


if __name__ == "__main__":
    main()
