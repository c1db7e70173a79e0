"""`sterna run`: frames from a file through a network on a device."""

from io import BytesIO
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

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
from sterna.spec.link import BAUD

from .boards import require_fit
from .console import out as console
from .console import print_json, progress_bar, step
from .links import LINK_HELP, Baud, open_device
from .networks import read_file


def run(
    network: Annotated[Path, typer.Argument(help="Network file, .sterna.")],
    frames: Annotated[Path, typer.Argument(help="Frames: a .npy file, 0/1 [n, features].")],
    link: Annotated[str, typer.Option(help=LINK_HELP)] = "sim",
    baud: Baud = BAUD,
    engine: Annotated[
        str, typer.Option(help="Run in an engine, without a device: auto, golden, event or layers.")
    ] = "",
    out: Annotated[
        Path, typer.Option(help="File for the spikes: int64 [n, output lines], frame by frame.")
    ] = Path("spikes.npy"),
    json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")] = False,
) -> None:
    """Run frames through a network and write the spikes that come out.

    One frame a tick; row i of the result holds the spikes that frame i gave on each output line.
    With --engine there is no device: networks of layers run too, and any number of cores.
    """
    check_output(out)
    if engine and link != "sim":
        raise ConfigError(f"--engine runs without a device, so that --link {link} has none to name")
    if engine:
        spikes = _in_engine(read_file(network), engine, frames)
    else:
        loaded = load(network)
        data = _read_frames(frames, loaded.features)
        with open_device(link, loaded.hardware, baud=baud) as device:
            require_fit(loaded, device.info.hardware, link)
            device.load(loaded)
            spikes = device.run(data)
    buffer = BytesIO()
    np.save(buffer, spikes)
    write_output(out, buffer.getvalue())
    if json:
        print_json({"frames": len(spikes), "spikes": int(spikes.sum()), "file": str(out)})
    else:
        step("run", f"{len(spikes)} frames, {int(spikes.sum())} spikes out")
        console.print(str(out), soft_wrap=True)


def _in_engine(network: Network | LayeredNetwork, engine: str, frames: Path) -> np.ndarray:
    """Spikes of each frame, int64 [n, output lines], with a progress bar."""
    from sterna import model

    data = _read_frames(frames, network.features)
    opened = model.open(network, engine=engine)
    step("engine", f"{opened.name}, {opened.network.cores:,} cores")
    with progress_bar() as bar:
        task = bar.add_task("frames", total=len(data), note="")
        return model.run(opened, data, progress=lambda done: bar.update(task, completed=done))


#: Bytes of a file of frames at most: 300,000 digits.
MOST_FRAMES = 1 << 28


def _read_frames(path: Path, features: int) -> np.ndarray:
    data = read_array_file(path, MOST_FRAMES)
    if data.ndim != 2 or data.shape[1] != features:
        raise DataError(f"{path}: frames must be [n, {features}], not {list(data.shape)}")
    return data
