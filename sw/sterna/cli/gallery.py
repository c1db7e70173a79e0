"""`sterna gallery`: the twenty behaviours of Izhikevich, run, checked and drawn."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from sterna.spec import MismatchError, check_folder

from .console import extra, print_json, step
from .console import out as console

if TYPE_CHECKING:
    from sterna.gallery import Behaviour


def gallery(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File for the picture: .png, .svg or .pdf.")
    ] = Path("build/gallery.png"),
    networks: Annotated[
        Path | None, typer.Option(help="Folder to write the twenty networks to, .sterna.")
    ] = None,
    rtl: Annotated[
        bool, typer.Option("--rtl", help="Run them in the RTL too, and compare every tick.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Run the twenty behaviours of Izhikevich in the golden model, check and draw them.

    Each is a network of one or two neurons on one core of the preset `truenorth`, with a stimulus
    and a property that defines it. Exits with 1 if one does not hold, or if the RTL does otherwise.
    """
    from sterna.gallery import behaviours, holds, record, write
    from sterna.plots.gallery import draw_gallery
    from sterna.plots.picture import check_picture

    check_folder(out.parent)
    check_picture(out)
    if networks:
        check_folder(networks)
    recorded = [(behaviour, *record(behaviour)) for behaviour in behaviours()]
    wrong = {one[0].number: fault for one in recorded if (fault := holds(*one)) is not None}
    if rtl:
        with extra("sim"):
            from sterna.verify.gallery_rtl import compare_all
        ticks = compare_all(recorded, progress=lambda text: step("build", text))
        step("RTL", f"the same spikes and potentials in all of {ticks:,} ticks")
    step("gallery", f"{len(recorded)} behaviours run, {len(recorded) - len(wrong)} hold")
    draw_gallery(out, recorded, list(wrong))
    if networks:
        step("networks", f"{len(write(networks))} files in {networks}")
    rows = [_row(one, spikes, wrong.get(one.number)) for one, spikes, _ in recorded]
    if json:
        print_json({"behaviours": rows, "holding": len(rows) - len(wrong), "picture": str(out)})
    else:
        _print(rows)
        console.print(str(out), soft_wrap=True)
    if wrong:
        number, fault = next(iter(wrong.items()))
        name = recorded[number - 1][0].name
        raise MismatchError(f"{len(wrong)} properties do not hold; {number} ({name}): {fault}")


def _row(behaviour: "Behaviour", spikes: np.ndarray, fault: str | None) -> dict[str, object]:
    return {
        "number": behaviour.number,
        "name": behaviour.name,
        "neurons": behaviour.neurons,
        "ticks": len(behaviour.stimulus),
        "spikes": int(spikes[:, behaviour.neuron].sum()),
        "holds": fault is None,
        "fault": fault,
        "source": behaviour.source,
    }


def _print(rows: list[dict[str, object]]) -> None:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("behaviour", style="cyan", no_wrap=True)
    table.add_column("neurons", justify="right", no_wrap=True)
    table.add_column("spikes", justify="right", no_wrap=True)
    table.add_column("holds", no_wrap=True)
    table.add_column("parameters", no_wrap=True)
    for row in rows:
        left = [str(row[name]) for name in ("number", "name", "neurons", "spikes")]
        holds = Text("yes", "green") if row["holds"] else Text("no", "bold red")
        table.add_row(*left, holds, str(row["source"]))
    console.print(table)
