"""`sterna boards`, and what else is said of boards."""

from typing import Annotated

import numpy as np
import typer

from sterna.spec import ConfigError, Hardware, Network, preset_name
from sterna.spec.boards import BOARDS
from sterna.spec.clock import Clock
from sterna.spec.image import check_fit
from sterna.spec.link import FRAMING, TICK
from sterna.spec.presets import PRESETS

from .console import print_json, print_table


def boards(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """List the boards: what fits on each, and what is built."""
    from sterna.builds.reports import read_report

    rows = {
        name: {
            "title": board.title,
            "part": board.part,
            "preset": board.preset,
            "cores": board.hardware.contexts,
            "clock_mhz": board.clock.hz / 1e6,
            "baud": (built := read_report(name) or {}).get("baud", board.clock.baud),
            "built": built or None,
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


def built_board(build_hash: str) -> str | None:
    """The board whose bitstream, built here, has this build hash; None if there is none."""
    from sterna.builds.reports import read_report

    for name in BOARDS:
        if (report := read_report(name)) and report["build_hash"] == build_hash:
            return name
    return None


def frame_rates(
    network: Network, frames: np.ndarray, cycles: float | None, clock: Clock
) -> dict[str, float | None]:
    """Frames a second that the core and the UART could do, each by itself, one frame a tick.

    The UART's bytes are those of messages and of the frames of the link around them; its bridge's
    timer is not in it (docs/boards.md).

    `frames` : bool [n, features]; `cycles` : that a tick takes, None if there is no clock.
    """
    from sterna.host import FrameEncoder

    encoder = FrameEncoder(network)
    inputs = sum(len(encoder.encode(frame)) for frame in frames) / len(frames)
    size = (inputs + TICK.size) * FRAMING
    return {
        "core_frames_per_s": clock.hz / cycles if cycles else None,
        "link_bytes_a_frame": size,
        "link_frames_per_s": clock.bytes_per_s / size,
    }


def require_fit(network: Network, hardware: Hardware, link: str) -> None:
    """Raise ConfigError if a network does not fit on the device behind a link.

    It names the reason, and the first board, else preset, that the network fits.
    """
    try:
        check_fit(network, hardware)
    except ConfigError as error:
        raise ConfigError(
            f"the device at {link} ({preset_name(hardware)}): {error}. {_place(network)}"
        ) from None


def _place(network: Network) -> str:
    boards = {board.title: board.hardware for board in BOARDS.values()}
    for kind, places in (("board", boards), ("preset", PRESETS)):
        for name, hardware in places.items():
            try:
                check_fit(network, hardware)
            except ConfigError:
                continue
            return f"The nearest {kind} that it fits: {name}"
    return "It fits no board and no preset that there is"
