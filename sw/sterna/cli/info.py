"""`sterna info`: facts of a device or of a network file."""

from pathlib import Path
from typing import Annotated

import typer

from sterna.spec import ConfigError, Network, content_hash, load, preset, preset_name
from sterna.spec.link import BAUD

from .boards import built_board
from .console import print_json, print_table
from .links import LINK_HELP, Baud, device_facts, open_device


def info(
    file: Annotated[Path | None, typer.Argument(help="A network file, .sterna.")] = None,
    link: Annotated[str | None, typer.Option(help=LINK_HELP)] = None,
    baud: Baud = BAUD,
    hardware: Annotated[
        str, typer.Option("--preset", help="Hardware preset for --link sim and model.")
    ] = "up5k",
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show a network file, or the device behind a link.

    Of a device: build hash, protocol, parameters, counters, and the board whose bitstream, built
    here, has that build hash.
    """
    if (file is None) == (link is None):
        raise ConfigError("name either a network file or a --link; see sterna info --help")
    if file:
        facts = _network_facts(load(file))
        title = str(file)
    else:
        with open_device(str(link), preset(hardware), baud=baud) as device:
            known = device_facts(device)
            board = built_board(str(known["build_hash"]))
            facts = {**known, "board": board, "counters": device.counters()}
        title = f"device at {link}"
    if json:
        print_json(facts)
        return
    rows: list[tuple[str, str]] = []
    for name, value in facts.items():
        if isinstance(value, dict):
            rows += [(f"{name}: {key}", str(entry)) for key, entry in value.items()]
        else:
            rows.append((name, str(value)))
    print_table(title, rows)


def _network_facts(network: Network) -> dict[str, object]:
    return {
        "name": network.name,
        "preset": preset_name(network.hardware),
        "cores": network.cores,
        "crossbars": len(network.crossbars),
        "neurons": int(network.neurons.sum()),
        "targets": len(network.targets),
        "features": network.features,
        "classes": network.classes,
        "output_lines": len(network.output_class),
        "latency": network.latency,
        "hash": content_hash(network),
        "hardware": network.hardware.as_dict(),
        "provenance": network.provenance,
    }
