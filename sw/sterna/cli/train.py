"""`sterna train`: train a network by its recipe."""

from pathlib import Path
from typing import Annotated

import typer

from sterna.spec import check_folder, check_output

from .console import extra, print_json, print_table, step


def train(
    recipe: Annotated[str, typer.Argument(help="Name of the recipe: mnist-up5k.")],
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with the data set's files; or set STERNA_DATA."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed; by default the recipe's.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs; by default the recipe's.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write, by default RECIPE.sterna.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train a network, compile it onto cores, and write its network file.

    The same recipe and seed give the same network.
    """
    with extra("train"):
        from sterna.train import train_recipe
    path = out or Path(f"{recipe}.sterna")
    check_folder(path.parent)
    check_output(path)
    step("train", f"{recipe}, to {path}")
    result = train_recipe(recipe, data=data, seed=seed, epochs=epochs, out=path, progress=not json)
    if json:
        print_json({"file": str(path), "test_accuracy": result.test_accuracy,
                    "train_accuracy": result.train_accuracy,
                    "provenance": result.network.provenance})  # fmt: skip
        return
    print_table(f"{recipe}", [
        ("accuracy in training", f"{result.train_accuracy:.2%}"),
        ("accuracy on the test set, golden model", f"{result.test_accuracy:.2%}"),
        ("cores", str(result.network.cores)),
        ("file", str(path)),
    ])  # fmt: skip
