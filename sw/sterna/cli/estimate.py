"""`sterna estimate`: what a network of layers costs, before it is trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from sterna.compile import GRAPHS, Estimate, count_truenorth, estimate
from sterna.compile.cost import ACTIVITY, measured_activity
from sterna.compile.truenorth import CHIP
from sterna.spec import ConfigError, Hardware, LayeredNetwork
from sterna.spec.boards import BOARDS, board_facts
from sterna.spec.presets import is_deep

from .console import out, print_json
from .networks import read_layers

if TYPE_CHECKING:
    from sterna.compile.truenorth import TrueNorthCores


def cost(
    network: Annotated[
        str, typer.Argument(help=f"A name ({', '.join(GRAPHS)}), or a file of layers, .sterna.")
    ],
    board: Annotated[
        str | None, typer.Option(help="Ask for this board alone; `sterna boards` lists them.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Another target than Sterna's tile: truenorth.")
    ] = None,
    activity: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Share of the axons with a spike at a tick; by default as "
            "measured when the network was trained, else a guess of 0.2.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Tell what a network of layers costs, from its shapes alone.

    Of each layer: windows, sites, groups, fan-in, distinct weights, cores. Of each board: what it
    takes of every memory, cycles a tick and frames a second of the core (the link is apart), and
    where it does not fit, what to cut first. One frame a tick goes in; its votes come out as many
    ticks later as the network is deep. A core holds one window of a group, or as many windows and
    groups as it takes to fit the board.

    With --target truenorth: cores of IBM's chip, layer by layer.
    """
    layered = read_layers(network)
    if target is not None:
        if target != "truenorth":
            raise ConfigError(f"no target {target!r}; there is: truenorth")
        return _truenorth(layered, count_truenorth(layered), json)
    chosen = _activity(layered, activity)
    found = {
        name: (estimate(layered, hardware, activity=chosen.shares, deep=is_deep(hardware)), hz)
        for name, (hardware, hz) in devices(board).items()
    }
    if json:
        print_json(_as_dict(layered, found, chosen))
        return None
    first = next(iter(found.values()))[0]
    for table in layer_tables(layered, first):
        show(table)
    show(_device_table(found, chosen))
    for name, (result, _) in found.items():
        if not result.fits:
            out.print(
                Text.assemble((name, "bold"), f": cut first {result.first_to_cut()}"),
                soft_wrap=True,
            )
    return None


@dataclass(frozen=True)
class _Activity:
    """Share of the axons with a spike at a tick, of all or by layer; and where that comes from."""

    shares: float | Mapping[str, float]
    source: Literal["given", "measured", "guess"]

    def __str__(self) -> str:
        if not isinstance(self.shares, Mapping):
            words = {"given": "as given", "guess": "a guess: no measured one is on record"}
            return f"at an activity of {self.shares:.0%}, {words[self.source]}"
        low, high = min(self.shares.values()), max(self.shares.values())
        return f"at the activity measured on test examples, {low:.0%} to {high:.0%} by layer"


def _activity(network: LayeredNetwork, given: float | None) -> _Activity:
    if given is not None:
        return _Activity(given, "given")
    measured = measured_activity(network)
    return _Activity(ACTIVITY, "guess") if measured is None else _Activity(measured, "measured")


def devices(board: str | None = None) -> dict[str, tuple[Hardware, float]]:
    """Hardware and clock, Hz, of one board or of all."""
    chosen = BOARDS.values() if board is None else [board_facts(board)]
    return {one.name: (one.hardware, one.clock.hz) for one in chosen}


Found = Mapping[str, tuple[Estimate, float]]


def layer_tables(network: LayeredNetwork, result: Estimate) -> list[Table]:
    """The layers' shapes, and their cores, a row each, with sums."""
    costs = result.layers
    shapes = _table(f"{network.name}: layers")
    shapes.add_column("layer", footer="all", no_wrap=True)
    trits, rows = sum(one.trits for one in costs), sum(one.rows for one in costs)
    for name, footer in {
        "window": "",
        "sites": "",
        "groups": "",
        "fan-in": "",
        "neurons": "",
        "trits": f"{trits:,}",
        "rows": f"{rows:,}",
    }.items():
        shapes.add_column(name, justify="right", footer=footer, no_wrap=True)
    for one in costs:
        layer = one.layer
        sizes = (layer.groups, layer.fan_in, layer.neurons, one.trits, one.rows)
        shapes.add_row(
            layer.name,
            f"{_pair(layer.kernel)}/{_pair(layer.stride)}",
            _pair(layer.sites),
            *(f"{size:,}" for size in sizes),
        )
    shapes.caption = (
        "window: rows x columns / stride. neurons: of a group and site. trits: distinct weights; "
        f"rows: of 128 of them. Votes come {result.latency} ticks after their frame."
    )
    cores = _table("cores")
    cores.add_column("layer", footer="all", no_wrap=True)
    names = {
        "cores": "cores",
        "axons": "axons",
        "neurons": "neurons",
        "words": "crossbar words",
        "entries": "target entries",
    }
    cores.add_column("packed", justify="right", no_wrap=True)
    for name, title in names.items():
        whole = sum(getattr(one, name) for one in costs)
        cores.add_column(title, justify="right", footer=f"{whole:,}", no_wrap=True)
    for one in costs:
        cores.add_row(
            one.layer.name, str(one.packing), *(f"{getattr(one, name):,}" for name in names)
        )
    cores.caption = (
        "packed: windows down x across that share a core, and of how many groups, for the first "
        "device below. Axons and neurons in use; words as it stores them."
    )
    return [shapes, cores]


def _table(title: str, *, sums: bool = True) -> Table:
    """A table without lines between its columns, as narrow as can be."""
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        show_footer=sums,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )


def show(table: Table) -> None:
    """Print a table, and its caption as wide as the terminal."""
    caption, table.caption = table.caption, None
    out.print(table)
    if caption:
        out.print(Text(f"{caption}\n", "dim"))


def _pair(values: tuple[int, int]) -> str:
    return f"{values[0]}x{values[1]}"


def _device_table(found: Found, activity: _Activity) -> Table:
    table = _table("devices", sums=False)
    table.add_column("")
    for name in found:
        table.add_column(name, justify="right")
    results = [result for result, _ in found.values()]
    table.add_row("fits", *("yes" if result.fits else "no" for result in results))
    table.add_row("packings tried", *(f"{result.tried:,}" for result in results))
    for index, use in enumerate(results[0].uses):
        cells: list[Text] = []
        for result in results:
            one = result.uses[index]
            text = f"{one.used:,} of {one.available:,}"
            cells.append(Text(text, "bold red" if one.used > one.available else ""))
        table.add_row(use.resource, *cells)
    table.add_row("cycles a tick", *(_of(result, f"{result.cycles:,}") for result in results))
    rates = [_of(result, f"{hz / result.cycles:,.0f}") for result, hz in found.values()]
    table.add_row("frames/s of the core", *rates)
    table.caption = f"Cycles {activity}."
    if not all(result.fits for result in results):
        table.caption += (
            " Where it does not fit, the nearest packing is shown; in brackets: of the same tile, "
            "if it had room."
        )
    return table


def _of(result: Estimate, text: str) -> str:
    return text if result.fits else f"({text})"


def _as_dict(network: LayeredNetwork, found: Found, activity: _Activity) -> dict[str, Any]:
    first = next(iter(found.values()))[0]
    return {
        "name": network.name,
        "latency": first.latency,
        "activity": activity.shares,
        "activity_source": activity.source,
        "layers": layers_as_dicts(first),
        "devices": {
            name: {
                "fits": result.fits,
                "packing": {one.layer.name: list(one.packing) for one in result.layers},
                "packings_tried": result.tried,
                "uses": {use.resource: [use.used, use.available] for use in result.uses},
                "cores_by_layer": {c.layer.name: c.cores for c in result.layers},
                "cycles": result.cycles,
                "frames_per_s": hz / result.cycles,
                "first_to_cut": result.first_to_cut(),
            }
            for name, (result, hz) in found.items()
        },
    }


def layers_as_dicts(result: Estimate) -> list[dict[str, Any]]:
    """The layers and their cost, for scripts."""
    return [
        {
            "name": one.layer.name,
            **{name: list(getattr(one.layer, name)) for name in ("kernel", "stride", "sites")},
            **{name: getattr(one.layer, name) for name in ("pad", "groups", "fan_in")},
            "neurons_a_group": one.layer.neurons,
            **{name: getattr(one, name) for name in ("trits", "rows", "cores", "axons", "neurons")},
        }
        for one in result.layers
    ]


def _truenorth(network: LayeredNetwork, counted: "TrueNorthCores", json: bool) -> None:
    if json:
        print_json(
            {
                "name": network.name,
                "target": "truenorth",
                "cores": counted.cores,
                "splitters": counted.splitters,
                "chip": CHIP,
                "layers": dict(counted.layers),
            }
        )
        return
    table = _table(f"{network.name} on TrueNorth")
    table.add_column("layer", footer="all")
    table.add_column("cores", justify="right", footer=f"{counted.cores:,}")
    for name, count in counted.layers:
        table.add_row(name, f"{count:,}")
    table.add_row("splitters", f"{counted.splitters:,}")
    table.caption = f"A chip has {CHIP:,} cores: {counted.cores / CHIP:.1%} of it."
    show(table)
