"""`sterna compile`: a network of layers as explicit cores for a device."""

from pathlib import Path
from typing import Annotated

import typer

from sterna.compile import compile_layers, compile_truenorth, estimate, report
from sterna.compile.ibm_file import write_ibm
from sterna.spec import (
    ConfigError,
    Hardware,
    LayeredNetwork,
    Network,
    check_folder,
    check_output,
    content_hash,
    preset,
    save,
)
from sterna.spec.boards import BOARDS, board_facts

from .console import print_json, print_table, step
from .networks import read_compilable


def compile_file(
    network: Annotated[
        str,
        typer.Argument(
            help="A file of layers, .sterna; a network of layers that ships; or a "
            "recipe, by name or .toml, whose weights are drawn."
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File to write: .sterna; for TrueNorth: .json.")
    ],
    board: Annotated[
        str | None, typer.Option(help="For this board; `sterna boards` lists them.")
    ] = None,
    hardware: Annotated[str | None, typer.Option("--preset", help="For this preset.")] = None,
    target: Annotated[str | None, typer.Option(help="For another chip: truenorth.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Compile a network of layers onto the cores of a device, and write its network file.

    Each window of a group has a core, and windows share weights; where the device has too few
    cores, windows and groups share them, as few as it takes. What does not fit is said, and by how
    much; `sterna estimate` says it before training.

    With --target truenorth: binary crossbars with two axons a feature and one target a neuron,
    as a model file of IBM's tools.
    """
    chosen = [name for name in (board, hardware, target) if name is not None]
    if len(chosen) != 1:
        raise ConfigError("name one of --board, --preset and --target; see sterna compile --help")
    if target is not None and target != "truenorth":
        raise ConfigError(f"no target {target!r}; there is: truenorth")
    check_folder(out.parent)
    check_output(out)
    layered = read_compilable(network)
    untrained = ", not trained: its weights are drawn" if "weights" in layered.provenance else ""
    step("compile", f"{layered.name}, for {chosen[0]}{untrained}")
    if target is not None:
        cores = compile_truenorth(layered).network
        write_ibm(cores, out)
    else:
        device = board_facts(board).hardware if board is not None else preset(str(hardware))
        cores = _compiled(layered, device)
        save(cores, out)
    facts = {
        "file": str(out),
        "cores": cores.cores,
        "crossbars": len(cores.crossbars),
        "neurons": int(cores.neurons.sum()),
        "targets": len(cores.targets),
        "latency": cores.latency,
        "hash": content_hash(cores),
    }
    if json:
        print_json(facts)
        return
    uses = report(cores) if target is None else []
    used = {use.resource: f"{use.used:,} of {use.available:,}" for use in uses}
    rows = {
        name: f"{value:,}" if isinstance(value, int) else value for name, value in facts.items()
    }
    print_table(f"{layered.name} for {chosen[0]}", [*{**rows, **used}.items()])


def _compiled(layered: LayeredNetwork, device: Hardware) -> Network:
    """The network's cores; ConfigError that says which boards would hold it."""
    try:
        return compile_layers(layered, device)
    except ConfigError as error:
        fits = [one.name for one in BOARDS.values() if estimate(layered, one.hardware).fits]
        where = f"boards that hold it: {', '.join(fits)}" if fits else "no board holds it"
        raise ConfigError(f"{error}; {where}") from None
