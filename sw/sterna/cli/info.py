"""`sterna info`: facts of a device, of a network file, or of a model file of IBM's tools."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

import typer

from sterna.compile import estimate, packed_cost
from sterna.spec import (
    PRESETS,
    ConfigError,
    Hardware,
    LayeredNetwork,
    Network,
    content_hash,
    preset,
    preset_name,
)
from sterna.spec.image import check_fit

from .boards import built_board
from .console import print_json, print_table
from .estimate import devices, layer_tables, layers_as_dicts, show
from .links import LINK_HELP, Baud, BoardName, device_facts, open_device
from .networks import read_trained


def info(
    file: Annotated[
        str | None,
        typer.Argument(
            help="A network that ships, by its name; a network file, .sterna; or IBM's "
            "model file, .json."
        ),
    ] = None,
    link: Annotated[str | None, typer.Option(help=LINK_HELP)] = None,
    baud: Baud = None,
    board: BoardName = None,
    hardware: Annotated[
        str, typer.Option("--preset", help="Hardware preset for --link sim and model.")
    ] = "up5k",
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show a network file, or the device behind a link.

    Of a network: what it is made of, layer by layer if the file holds layers, and on which boards
    and presets it fits. `sterna plot FILE` draws it.

    Of a device: build hash, protocol, parameters, counters, and the board whose bitstream, built
    here, has that build hash.
    """
    if (file is None) == (link is None):
        raise ConfigError("name either a network file or a --link; see sterna info --help")
    if file:
        network = read_trained(file)
        if isinstance(network, LayeredNetwork):
            return _show_layers(str(file), network, json)
        facts = _network_facts(network)
        title = str(file)
    else:
        with open_device(str(link), preset(hardware), baud=baud, board=board) as device:
            known = device_facts(device)
            built = built_board(str(known["build_hash"]))
            facts = {**known, "board": built, "counters": device.counters()}
        title = f"device at {link}"
    if json:
        print_json(facts)
        return None
    rows: list[tuple[str, str]] = []
    for name, value in facts.items():
        if isinstance(value, dict):
            rows += [(f"{name}: {key}", str(entry)) for key, entry in value.items()]
        else:
            rows.append((name, _text(value) if isinstance(value, list) else str(value)))
    print_table(title, rows)
    return None


def _show_layers(title: str, network: LayeredNetwork, json: bool) -> None:
    cost = packed_cost(network)
    facts = {
        "name": network.name,
        "kind": "layers",
        "maps": [asdict(plane) for plane in network.maps],
        "layers": layers_as_dicts(cost),
        "groups": sum(layer.groups for layer in network.layers),
        "largest_fan_in": max(layer.fan_in for layer in network.layers),
        "trits": sum(one.trits for one in cost.layers),
        "rows": sum(one.rows for one in cost.layers),
        "cores": sum(one.cores for one in cost.layers),
        "packing": "packed",
        "features": network.features,
        "classes": network.classes,
        "output_lines": len(network.output_class),
        "latency": network.latency,
        "fits": _fits(lambda hardware: estimate(network, hardware).fits),
        "hash": content_hash(network),
        "provenance": network.provenance,
    }
    if json:
        print_json(facts)
        return
    for table in layer_tables(network, cost):
        show(table)
    skipped = ("maps", "layers", "provenance")
    rows = [(name, _text(value)) for name, value in facts.items() if name not in skipped]
    rows += [(f"provenance: {key}", str(value)) for key, value in network.provenance.items()]
    print_table(title, rows)


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"  # pyright: ignore[reportUnknownArgumentType]
    return f"{value:,}" if isinstance(value, int) else str(value)


def _fits(fits: Callable[[Hardware], bool]) -> list[str]:
    """Names of the boards and presets that a network fits."""
    known = {**{name: one for name, (one, _) in devices().items()}, **PRESETS}
    return [name for name, hardware in known.items() if fits(hardware)]


def _has_room(network: Network, hardware: Hardware) -> bool:
    try:
        check_fit(network, hardware)
    except ConfigError:
        return False
    return True


def _network_facts(network: Network) -> dict[str, object]:
    return {
        "name": network.name,
        "kind": "cores",
        "preset": preset_name(network.hardware),
        "cores": network.cores,
        "crossbars": len(network.crossbars),
        "neurons": int(network.neurons.sum()),
        "targets": len(network.targets),
        "features": network.features,
        "classes": network.classes,
        "output_lines": len(network.output_class),
        "latency": network.latency,
        "fits": _fits(lambda hardware: _has_room(network, hardware)),
        "hash": content_hash(network),
        "hardware": network.hardware.as_dict(),
        "provenance": network.provenance,
    }
