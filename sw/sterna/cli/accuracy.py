"""`sterna accuracy`: how many test examples a trained network gets right, and at what cost."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich import box
from rich.table import Table

from sterna.compile import GRAPHS, count_truenorth, fewest_cores, graph, lower
from sterna.spec import ConfigError, LayeredNetwork, Network, content_hash
from sterna.spec.expand import Expansion, expand

from .console import out, print_json, print_table, progress_bar, step
from .networks import read_trained

if TYPE_CHECKING:
    from sterna.model import Activity

#: Test frames on which spikes and synaptic operations are counted.
COUNTED = 200


def accuracy(
    network: Annotated[
        str, typer.Argument(help="A network that ships, by its name, or a file, .sterna.")
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder with the network's data set, or STERNA_DATA; MNIST's test ships."
        ),
    ] = None,
    frames: Annotated[
        int | None, typer.Option("--frames", "-n", min=1, help="The first N test examples alone.")
    ] = None,
    engine: Annotated[
        str, typer.Option(help="The engine: auto, golden (slow), event or layers.")
    ] = "auto",
    json: Annotated[
        bool, typer.Option("--json", help="Print it as JSON, with all counts.")
    ] = False,
) -> None:
    """Measure a trained network on its whole test set, with the golden model's semantics.

    The network's provenance says which data set it was trained on and how examples become frames
    of spikes. The engine gives the golden model's spikes at every tick. Beside the accuracy: which
    classes are taken for which, cores, distinct trits, ticks from a frame to its votes, and the
    spikes and synaptic operations of a frame (a synaptic operation is a weight that is not 0, met
    by a spike), as means over 200 test examples.
    """
    row = measured(read_trained(network), data, most=frames, engine=engine)
    if json:
        print_json(row)
        return
    others = row["truenorth_cores"]
    print_table(
        row["name"],
        [
            ("data set", f"{row['data_set']}, {row['test_images']:,} test examples"),
            ("right", f"{row['accuracy']:.2%}"),
            ("measured in", row["measured_in"]),
            (f"cores, {row['packing']}", f"{row['cores']:,}"),
            ("cores of TrueNorth", "fan-in over 128" if others is None else f"{others:,}"),
            ("distinct trits", f"{row['trits']:,}"),
            ("spikes a frame", f"{row['spikes']:,.0f}"),
            ("synaptic operations a frame", f"{row['synaptic_operations']:,.0f}"),
            ("ticks from frame to votes", str(row["latency"])),
        ],
    )
    _print_confusion(np.array(row["confusion"]), row["classes"])


def measured(
    network: Network | LayeredNetwork,
    data: Path | None,
    *,
    most: int | None = None,
    engine: str = "auto",
) -> dict[str, Any]:
    """All that `sterna accuracy` tells of a network, JSON values."""
    from sterna import model
    from sterna.data.trained import load_coded
    from sterna.spec.results import votes

    tests = load_coded(network, data, most=most)
    count = len(tests.examples)
    if tests.known is False:
        step("data", f"these are not the test examples that {network.name} was judged on before")
    expansion = expand(network) if isinstance(network, LayeredNetwork) else None
    opened = model.open(expansion.network if expansion else network, engine=engine)
    step("engine", f"{opened.name}, {count:,} frames")
    with progress_bar() as bar:
        task = bar.add_task("frames", total=count, note="")
        spikes = model.run(
            opened, tests.frames, progress=lambda done: bar.update(task, completed=done)
        )
    labels, found = tests.classes(votes(spikes, opened.network.output_class))
    counted = model.activity(opened.network, tests.frames[:COUNTED])
    kept = network.provenance
    return {
        "name": network.name,
        "data_set": tests.data.name,
        "classes": list(tests.data.names),
        "accuracy": float((found == labels).mean()),
        "test_images": len(labels),
        "measured_in": f"{opened.name} engine" if opened.name != "golden" else "golden model",
        "cores": sterna_cores(network),
        "packing": packing_of(network),
        "truenorth_cores": truenorth_cores(network),
        "trits": trits(network),
        "spikes": round(counted.spikes, 1),
        "frame_spikes": round(counted.frame_spikes, 1),
        "synaptic_operations": round(counted.synaptic_operations),
        "latency": opened.network.latency,
        "seed": kept.get("seed"),
        "hash": content_hash(network),
        "command": f"sterna train {kept['recipe']} --data DIR" if "recipe" in kept else None,
        "activity": _by_layer(network, expansion, opened.network, counted),
        "confusion": model.confusion(labels, found, tests.data.classes).tolist(),
    }


def _by_layer(
    network: Network | LayeredNetwork,
    expansion: Expansion | None,
    cores: Network,
    found: "Activity",
) -> dict[str, float]:
    """Spikes a neuron and frame, 0..1, by layer; of explicit cores by their depth."""
    from sterna.model import core_depths

    if expansion is not None and isinstance(network, LayeredNetwork):
        names = [layer.name for layer in network.layers]
        ends = np.append(expansion.first_core, cores.cores)
        of = np.repeat(np.arange(len(names)), np.diff(ends))
    else:
        depths, of = np.unique(core_depths(cores), return_inverse=True)
        names = [f"tick {depth}" for depth in depths.tolist()]
    rates = np.bincount(of, found.rates * cores.neurons) / np.bincount(of, cores.neurons)
    return {name: round(float(rate), 4) for name, rate in zip(names, rates, strict=True)}


def sterna_cores(network: Network | LayeredNetwork) -> int:
    """Cores of Sterna that a network takes, packed as `packing_of` says."""
    return network.cores if isinstance(network, Network) else fewest_cores(network)


def packing_of(network: Network | LayeredNetwork) -> str:
    """How the cores that are counted are packed: "as compiled", or "packed" (for the fewest)."""
    return "as compiled" if isinstance(network, Network) else "packed"


def trits(network: Network | LayeredNetwork) -> int:
    """Distinct weights: what is stored once, however many cores use it."""
    if isinstance(network, Network):
        return sum(weights.size for weights in network.crossbars)
    return sum(layer.weights.size for layer in network.layers)


def truenorth_cores(network: Network | LayeredNetwork) -> int | None:
    """Cores of TrueNorth for a network, or for its recipe's layers; None if none can hold them."""
    if isinstance(network, Network):
        name = network.provenance.get("recipe")
        if name not in GRAPHS:
            return None
        network = lower(graph(str(name)))
    try:
        return count_truenorth(network).cores
    except ConfigError:
        return None


def _print_confusion(counts: np.ndarray, names: list[str]) -> None:
    """Each class, how many of its examples were right, and what the others were taken for."""
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        title="classes",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("class", justify="left" if names else "right")
    for name in ("examples", "right"):
        table.add_column(name, justify="right")
    labels = names or [str(number) for number in range(len(counts))]
    table.add_column("most often taken for")
    for label, row in enumerate(counts):
        if not row.sum():
            continue
        wrong = row.copy()
        wrong[label] = 0
        order = [int(other) for other in np.argsort(-wrong, kind="stable")[:3] if wrong[other]]
        others = ", ".join(f"{labels[other]} ({wrong[other]:,})" for other in order)
        table.add_row(labels[label], f"{row.sum():,}", f"{row[label] / row.sum():.1%}", others)
    out.print(table)
