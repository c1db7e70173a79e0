"""`sterna sim`: real digits through the simulated chip, bit for bit as the model says."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from sterna.spec import (
    ConfigError,
    LayeredNetwork,
    Network,
    check_folder,
    check_output,
)
from sterna.spec.boards import board_facts

from .boards import frame_rates, require_fit
from .console import extra, out, print_json, print_table, progress_bar, step
from .links import LINK_HELP, NETLIST, Baud, clock_of, device_facts, open_device
from .networks import read_trained
from .sim_layers import sim_layers

if TYPE_CHECKING:
    from sterna.host import Device
    from sterna.verify.firstlight import Run


def _count(text: str) -> int:
    """A number of examples, or a usage error that names the value."""
    if not str(text).isdecimal() or not int(text):
        raise typer.BadParameter(f"{text!r} is not a number of test examples, 1 up")
    return int(text)


def sim(
    frames: Annotated[
        int,
        typer.Option("--frames", "-n", parser=_count, metavar="N", help="Test examples, 1 up."),
    ] = 1000,
    link: Annotated[str, typer.Option(help=LINK_HELP)] = "sim",
    baud: Baud = None,
    network: Annotated[
        str | None,
        typer.Option(help="A network that ships, by name, or a file; by default mnist-up5k."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder with the network's data set, or STERNA_DATA; MNIST's test ships."
        ),
    ] = None,
    pins: Annotated[
        bool, typer.Option("--pins", help="Run the UART's pins too, bit by bit; slower.")
    ] = False,
    board: Annotated[
        str | None,
        typer.Option(
            help="Simulate this board's chip, with the largest shipped network for it; with a "
            "port as --link: the board there."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Draw the examples at random with this seed.")
    ] = None,
    wave: Annotated[
        Path | None, typer.Option(help="Write waveforms, .vcd or .fst; about 10 MB a frame.")
    ] = None,
    folder: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for report.json and raster.png.")
    ] = Path("build/sim"),
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Run test examples through the chip and compare every spike with the golden model.

    Builds the RTL and starts it as a virtual board (or opens the LINK), uploads the network,
    streams one MNIST digit a tick, and compares every output spike of every tick, and at the end
    every membrane potential, with the golden model. Ends with a table, and exits with 1 at any
    mismatch. A network of layers (one that ships, or of `sterna train`) runs in the layer engine,
    and its first ticks are compared with the golden model.
    """
    from sterna.data import shipped_for, shipped_network
    from sterna.data.trained import load_coded

    if board and (link == "model" or link.startswith(NETLIST)):
        raise ConfigError(f"--board goes with --link sim and with a port, not with {link!r}")
    hardware = board_facts(board).hardware if board else None
    loaded = read_trained(network) if network else None
    if isinstance(loaded, LayeredNetwork) and (board or link != "sim" or pins or wave):
        raise ConfigError(
            f"{loaded.name!r} is a network of layers, which runs in the layer engine: --board, "
            "--link, --pins and --wave are for networks compiled for a device (`sterna compile`)"
        )
    if loaded is None:
        loaded = shipped_for(hardware) if hardware else shipped_network()
    tests = load_coded(loaded, data)
    order = _choose(frames, len(tests.examples), tests.data.name, seed)
    tests = tests.pick(order)
    if isinstance(loaded, LayeredNetwork):
        return sim_layers(loaded, tests, folder, json)
    pictures, labels = tests.frames, tests.examples.labels
    check_folder(folder)
    for name in ("report.json", "raster.png"):
        check_output(folder / name)
    if wave:
        check_output(wave)
    hardware = hardware or loaded.hardware
    at_port = board if link != "sim" else None
    with open_device(link, hardware, baud=baud, board=at_port, pins=pins, wave=wave) as device:
        clock = clock_of(device, hardware, board)
        require_fit(loaded, device.info.hardware, link)
        _upload(device, loaded)
        run = _stream(device, loaded, pictures, labels, clock.hz)
        facts = device_facts(device)
    rates = frame_rates(loaded, pictures, run.report.speed.cycles_median, clock)
    facts |= rates
    _write(folder, loaded, pictures, labels, run, facts)
    if json:
        print_json({**facts, **run.report.as_dict()})
    else:
        core, uart = (
            "not measured" if rate is None else f"{rate:,.0f} frames/s"
            for rate in (rates["core_frames_per_s"], rates["link_frames_per_s"])
        )
        print_table(
            f"{loaded.name} on {board or link}",
            [
                *run.report.rows(),
                (f"bound by the core, {clock.hz / 1e6:g} MHz", core),
                (f"bound by the UART, {clock.baud / 1e6:g} Mbaud", uart),
            ],
        )
        out.print(f"{folder / 'report.json'}\n{folder / 'raster.png'}", soft_wrap=True)
    run.check()


def _choose(count: int, there: int, name: str, seed: int | None) -> np.ndarray:
    """Indices of the examples to run: the first ones, or drawn without repetition."""
    if count > there:
        raise ConfigError(f"--frames is {count}, the test set of {name} has {there} examples")
    if seed is None:
        return np.arange(count)
    return np.random.default_rng(seed).permutation(there)[:count]


def _upload(device: "Device", network: Network) -> None:
    """Load the network, with a progress bar."""
    step("network", f"{network.name}, {network.cores} cores, {int(network.neurons.sum())} neurons")
    with progress_bar() as bar:
        task = bar.add_task("upload", total=None, note="bytes")
        device.load(
            network, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
    step("upload", "network loaded")


def _stream(
    device: "Device", network: Network, frames: np.ndarray, labels: np.ndarray, hz: int
) -> "Run":
    """Co-validate, with a progress bar that shows the running accuracy."""
    with extra("sim"):
        from sterna.plots.raster import RASTER_TICKS
        from sterna.verify.firstlight import compare_device
    with progress_bar() as bar:
        task = bar.add_task("stream", total=len(frames), note="")
        run = compare_device(
            device,
            network,
            frames,
            labels,
            keep=RASTER_TICKS,
            hz=hz,
            progress=lambda done, right: bar.update(
                task, completed=done, note=f"accuracy {right / done:.2%}"
            ),
        )
    report = run.report
    step(
        "stream",
        f"{report.frames} frames: every output spike of {report.speed.ticks} ticks and "
        f"{report.potentials} potentials compared, {report.mismatches} mismatches",
    )
    return run


def _write(
    folder: Path,
    network: Network,
    frames: np.ndarray,
    labels: np.ndarray,
    run: "Run",
    facts: dict[str, object],
) -> None:
    from sterna.plots.raster import RASTER_TICKS, draw_raster
    from sterna.verify.report import write_json

    report = run.report
    write_json(folder / "report.json", {**facts, **report.as_dict()})
    title = (
        f"{network.name}: {report.frames:,} digits through {network.cores} cores, "
        f"{report.accuracy_device:.2%} right, {report.mismatches} mismatches with the golden model"
    )
    draw_raster(
        folder / "raster.png", network, frames[:RASTER_TICKS], run.ticks, run.votes, labels, title
    )
