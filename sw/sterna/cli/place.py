"""`sterna place` and `sterna plot`: cores on a grid, and a network as a picture."""

from io import BytesIO
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from sterna.compile import packed_cost
from sterna.compile.packing import fewest
from sterna.compile.placement import anneal, place_greedily, place_in_order
from sterna.spec import LayeredNetwork, check_folder, check_output, write_output
from sterna.spec.expand import expand

from .console import extra, out, print_json, print_table, progress_bar, step
from .networks import read_network


def place(
    network: Annotated[
        str, typer.Argument(help="A network file, .sterna or .json; or the name of a network.")
    ],
    columns: Annotated[
        int | None, typer.Option(min=1, help="Of the grid; by default as many as rows.")
    ] = None,
    exchanges: Annotated[
        int | None, typer.Option(min=0, help="That annealing tries; 100 a core by default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the exchanges.")] = 0,
    write: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File for the places: .npy, int64 [cores, 2]."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Place a network's cores on a grid so that the ways of its spikes are short.

    Counted are the hops, x first and then y, of one spike along every target between cores: in the
    cores' own order, placed greedily, and then annealed. It changes no spike; it is for arrays of
    tiles and for TrueNorth.
    """
    if write:
        check_folder(write.parent)
        check_output(write, (".npy",))
    found = read_network(network)
    layered = isinstance(found, LayeredNetwork)
    cores = expand(found, fewest(found)).network if layered else found
    plain, greedy = place_in_order(cores, columns), place_greedily(cores, columns)
    packed = ", packed," if layered else ""
    step("place", f"{cores.cores:,} cores{packed} on {greedy.columns} x {greedy.rows} places")
    with progress_bar() as bar:
        task = bar.add_task("anneal", total=None, note="")
        best = anneal(
            cores,
            min(plain, greedy, key=lambda one: one.hops),
            seed=seed,
            exchanges=exchanges,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    placed = {"in order": plain, "greedy": greedy, "annealed": best}
    if write:
        buffer = BytesIO()
        np.save(buffer, best.place)
        write_output(write, buffer.getvalue())
    if json:
        print_json(
            {
                "columns": best.columns,
                "rows": best.rows,
                "hops": {name: one.hops for name, one in placed.items()},
                "places": best.place.tolist(),
            }
        )
        return
    share = max(1, plain.hops)
    print_table(
        f"hops of {cores.name}",
        [(name, f"{one.hops:,} ({one.hops / share:.0%})") for name, one in placed.items()],
    )


def plot(
    network: Annotated[
        str, typer.Argument(help="A network file, .sterna or .json; or the name of a network.")
    ],
    picture: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Picture to write: .png, .svg or .pdf; by default NAME.png."
        ),
    ] = None,
) -> None:
    """Draw a network to scale: layers as blocks of sites and features, or cores on their grid.

    A block is as high as its map has rows, as deep as it has columns, and as wide as it has
    features. Of a file of cores, each core shows the axons and neurons that it uses.
    """
    from sterna.plots.picture import check_picture

    found = read_network(network)
    path = picture or Path(Path(network).stem + ".png")
    check_folder(path.parent)
    check_picture(path)
    with extra("sim"):
        from sterna.plots.network import draw_cores, draw_layers
    step("plot", f"{found.name}, to {path}")
    if isinstance(found, LayeredNetwork):
        draw_layers(path, found, {one.layer.name: one.cores for one in packed_cost(found).layers})
    else:
        draw_cores(path, found, place_greedily(found).place)
    out.print(str(path), soft_wrap=True)
