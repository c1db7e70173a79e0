"""`sterna compile`: a network of layers as explicit cores for a device."""

from pathlib import Path
from typing import Annotated

import typer

from sterna.compile import compile_layers, compile_truenorth, report
from sterna.compile.ibm_file import write_ibm
from sterna.spec import (
    ConfigError,
    check_folder,
    check_output,
    content_hash,
    load_layers,
    preset,
    save,
)

from .boards import board_of
from .console import print_json, print_table, step


def compile_file(
    file: Annotated[Path, typer.Argument(help="A network file of kind layers, .sterna.")],
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

    Windows of a layer share weights; where the device has too few cores, windows that overlap share
    a core. What does not fit is said, and by how much; `sterna estimate` says it before training.

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
    layered = load_layers(file)
    step("compile", f"{layered.name}, for {chosen[0]}")
    if target is not None:
        network = compile_truenorth(layered).network
        write_ibm(network, out)
    else:
        device = board_of(board).hardware if board is not None else preset(str(hardware))
        network = compile_layers(layered, device)
        save(network, out)
    facts = {"file": str(out), "cores": network.cores, "crossbars": len(network.crossbars),
             "neurons": int(network.neurons.sum()), "targets": len(network.targets),
             "latency": network.latency, "hash": content_hash(network)}  # fmt: skip
    if json:
        print_json(facts)
        return
    uses = report(network) if target is None else []
    used = {use.resource: f"{use.used:,} of {use.available:,}" for use in uses}
    rows = {name: f"{value:,}" if isinstance(value, int) else value
            for name, value in facts.items()}  # fmt: skip
    print_table(f"{layered.name} for {chosen[0]}", [*{**rows, **used}.items()])
