"""`sterna run`: frames from a file through a network on a device."""

from io import BytesIO
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from sterna.data import SHIPPED, shipped_network
from sterna.data.inputs import read_inputs
from sterna.spec import (
    ConfigError,
    DataError,
    LayeredNetwork,
    Network,
    check_output,
    load,
    write_output,
)
from sterna.spec.arrays import read_array_file

from .boards import require_fit
from .console import out as console
from .console import print_json, progress_bar, step
from .links import LINK_HELP, Baud, BoardName, open_device
from .networks import read_trained


def run(
    network: Annotated[
        str, typer.Argument(help="A network that ships, by its name, or a file, .sterna.")
    ],
    frames: Annotated[
        Path,
        typer.Argument(
            help="A .npy file: pixels 0..255, [n, channels, rows, columns], or spikes, 0/1 "
            "[n, features]."
        ),
    ],
    link: Annotated[str, typer.Option(help=LINK_HELP)] = "sim",
    baud: Baud = None,
    board: BoardName = None,
    engine: Annotated[
        str, typer.Option(help="Run in an engine, without a device: auto, golden, event or layers.")
    ] = "",
    spikes: Annotated[
        bool, typer.Option("--spikes", help="The file holds spikes: take them as they are.")
    ] = False,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="File for the spikes: int64 [n, output lines], frame by frame."
        ),
    ] = Path("spikes.npy"),
    json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")] = False,
) -> None:
    """Run frames through a network and write the spikes that come out.

    One frame a tick; row i of the result holds the spikes that frame i gave on each output line.
    Pixels are coded as the network's provenance says, which `sterna train` writes; arrays of bool
    or of 0 and 1 alone, a column a feature, are spikes.
    With --engine there is no device: networks of layers run too, and any number of cores.
    """
    check_output(out, (".npy",))
    if engine and link != "sim":
        raise ConfigError(f"--engine runs without a device, so that --link {link} has none to name")
    if engine:
        lines = _in_engine(read_trained(network), engine, frames, spikes)
    else:
        loaded = shipped_network(network) if network in SHIPPED else load(network)
        data = _read_frames(frames, loaded, spikes)
        with open_device(link, loaded.hardware, baud=baud, board=board) as device:
            require_fit(loaded, device.info.hardware, link)
            device.load(loaded)
            lines = device.run(data)
    buffer = BytesIO()
    np.save(buffer, lines)
    write_output(out, buffer.getvalue())
    if json:
        print_json({"frames": len(lines), "spikes": int(lines.sum()), "file": str(out)})
    else:
        step("run", f"{len(lines)} frames, {int(lines.sum())} spikes out")
        console.print(str(out), soft_wrap=True)


def _in_engine(
    network: Network | LayeredNetwork, engine: str, frames: Path, spikes: bool
) -> np.ndarray:
    """Spikes of each frame, int64 [n, output lines], with a progress bar."""
    from sterna import model

    data = _read_frames(frames, network, spikes)
    opened = model.open(network, engine=engine)
    step("engine", f"{opened.name}, {opened.network.cores:,} cores")
    with progress_bar() as bar:
        task = bar.add_task("frames", total=len(data), note="")
        return model.run(opened, data, progress=lambda done: bar.update(task, completed=done))


#: Bytes of a file of frames at most: 300,000 digits.
MOST_FRAMES = 1 << 28


def _read_frames(path: Path, network: Network | LayeredNetwork, spikes: bool) -> np.ndarray:
    """The frames of a file, bool [n, features], and a step that says how they were made."""
    array = read_array_file(path, MOST_FRAMES)
    try:
        inputs = read_inputs(network, array, spikes=spikes)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    step("frames", f"{len(inputs.frames)}: {inputs.how}")
    return inputs.frames
