"""`sterna train`: train a network by its recipe."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table

from sterna.compile import GRAPHS, estimate, fewest_cores, lower
from sterna.compile.recipe import Recipe, read
from sterna.compile.recipe_file import text_of
from sterna.spec import ConfigError, LayeredNetwork, check_folder, check_output, preset

from .accuracy import packing_of, sterna_cores, truenorth_cores
from .console import err, extra, out, print_json, print_table, progress_bar, set_verbosity, step

if TYPE_CHECKING:
    from sterna.train import Epoch, TrainResult


def train(
    recipe: Annotated[
        str | None, typer.Argument(help=f"A recipe ({', '.join(GRAPHS)}), or a file, .toml.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with the data set's files; or set STERNA_DATA."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed; by default the recipe's.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs; by default the recipe's.")] = None,
    output: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write, by default RECIPE.sterna.")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on from the checkpoint beside the file, to --epochs."),
    ] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="Make a network of the checkpoint, without training.")
    ] = False,
    hold: Annotated[
        float,
        typer.Option(
            min=0,
            max=0.9,
            help="Share of the training examples to keep back and judge; "
            "of your own data without test/, the test set.",
        ),
    ] = 0,
    folds: Annotated[
        bool,
        typer.Option("--folds", help="Leave each group (a speaker, say) out in turn; no file."),
    ] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto.")] = "auto",
    listed: Annotated[bool, typer.Option("--list", help="Tell what each recipe is.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Print the recipe, to start one of your own from.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train a network by its recipe, and write its network file.

    A recipe is a file of TOML: data, coding, layers, options; `--list` tells of those that ship,
    `--show` prints one, and `sterna estimate RECIPE` says what its network costs. Your own data is
    `set = "folder"` (a folder for each class, with pictures or WAV files) or `set = "npz"`. The
    same recipe and seed give the same network. After each epoch a checkpoint, a log (.jsonl) and a
    picture of the curves (.png) lie beside the network file; after Ctrl-C, --resume goes on from
    there, with --epochs N for longer than the recipe says, and --finish makes a network of it.
    Several processes: torchrun --nproc-per-node 2 -m sterna.cli train RECIPE
    """
    if listed:
        return _list(json)
    if recipe is None:
        raise ConfigError(f"name a recipe: {', '.join(GRAPHS)}; or a file, .toml")
    if show:
        out.print(text_of(recipe), end="", soft_wrap=True)
        return None
    read(recipe)  # what is wrong with it is said before torch is loaded, which takes seconds
    with extra("train"):
        from sterna.train import train_recipe
    if folds:
        if output or resume or finish or hold:
            raise ConfigError(
                "--folds writes no file: --out, --resume, --finish and --hold do not go with it"
            )
        return _folds(recipe, data, seed, epochs, json)
    if os.environ.get("RANK", "0") != "0":
        set_verbosity(0, quiet=True)  # the first of several processes speaks for all
    path = output or Path(f"{Path(recipe).stem}.sterna")
    check_folder(path.parent)
    check_output(path)
    step("train", f"{recipe}, to {path}")
    history: list[Epoch] = []
    of = 0
    with progress_bar() as bar:
        task = bar.add_task("train", note="")

        def on_step(done: int, total: int, now: "Epoch") -> None:
            nonlocal of
            of = round(total * now.number / done)  # epochs in all, right at the end of each
            note = f"epoch {now.number}: loss {now.loss:.3f}, {now.accuracy:.1%} right, "
            bar.update(task, completed=done, total=total, note=f"{note}activity {now.activity:.0%}")

        def on_epoch(epochs: list["Epoch"]) -> None:
            history[:] = epochs
            if not err.is_terminal:  # where nobody sees the bar, a log is kept
                now = epochs[-1]
                step(
                    "epoch",
                    f"{now.number} of {of}: loss {now.loss:.3f}, {now.accuracy:.1%} "
                    f"right, activity {now.activity:.0%}, {now.seconds:.0f} s",
                )
            _picture(path, epochs)

        try:
            result = train_recipe(
                recipe,
                data=data,
                seed=seed,
                epochs=epochs,
                out=path,
                resume=resume,
                finish=finish,
                hold=hold,
                device=device,
                on_step=on_step,
                on_epoch=on_epoch,
            )
        except KeyboardInterrupt:
            if history:
                step(
                    "stopped",
                    f"after epoch {history[-1].number}; --resume goes on from there, "
                    "--finish makes a network of it",
                )
            raise
    if result is not None:
        _report(recipe, path, result, json)
    return None


def _report(recipe: str, path: Path, result: "TrainResult", json: bool) -> None:
    """Print what was trained, and how well it does."""
    network = result.network
    facts: dict[str, Any] = {
        "file": str(path),
        "test_accuracy": result.test_accuracy,
        "judged": result.judged,
        "train_accuracy": result.train_accuracy,
        "held_accuracy": result.held_accuracy,
        "coding": network.provenance["coding"]["kind"],
        "provenance": network.provenance,
    }
    if json:
        print_json(facts)
        return
    print_table(
        recipe,
        [
            ("accuracy in training", f"{result.train_accuracy:.2%}"),
            *(
                []
                if result.held_accuracy is None
                else [("accuracy on the examples kept back", f"{result.held_accuracy:.2%}")]
            ),
            ("accuracy on the test set", f"{result.test_accuracy:.2%}"),
            ("measured in", result.judged),
            ("pixels to spikes by", facts["coding"]),
            (f"cores, {packing_of(network)}", f"{sterna_cores(network):,}"),
            ("file", str(path)),
        ],
    )


def _folds(
    recipe: str, data: Path | None, seed: int | None, epochs: int | None, json: bool
) -> None:
    """A network for each group of the data, trained on the others."""
    from sterna.train import Fold, leave_one_out

    found: list[Fold] = []
    with progress_bar() as bar:
        task = bar.add_task("train", note="")

        def on_step(done: int, total: int, now: "Epoch") -> None:
            bar.update(
                task,
                completed=done,
                total=total,
                note=f"group {len(found) + 1}, epoch {now.number}: {now.accuracy:.1%} right",
            )

        for fold in leave_one_out(recipe, data=data, seed=seed, epochs=epochs, on_step=on_step):
            found.append(fold)
            step("fold", f"without group {fold.group}: {fold.accuracy:.2%} of its {fold.examples}")
    mean = sum(fold.accuracy for fold in found) / len(found)
    if json:
        print_json({"recipe": recipe, "mean": mean, "folds": [vars(fold) for fold in found]})
        return
    print_table(
        f"{recipe}: each group left out in turn",
        [
            *(
                (f"group {fold.group}, {fold.examples} examples", f"{fold.accuracy:.2%}")
                for fold in found
            ),
            ("mean", f"{mean:.2%}"),
            ("measured in", found[-1].judged),
        ],
    )


def _picture(path: Path, history: list["Epoch"]) -> None:
    from sterna.plots.training import draw_training
    from sterna.train.checkpoints import PICTURE, beside, keeps

    if keeps(path):
        draw_training(beside(path, PICTURE), [vars(epoch) for epoch in history])


def _cores(made: Recipe, shapes: LayeredNetwork) -> int:
    """Cores of a recipe's network: as compiled for its device, else packed for the fewest."""
    if made.hardware is None:
        return fewest_cores(shapes)
    return sum(one.cores for one in estimate(shapes, preset(made.hardware)).layers)


def _list(json: bool) -> None:
    """The recipes that ship."""
    rows: list[dict[str, Any]] = []
    for name in GRAPHS:
        made = read(name)
        shapes = lower(made.graph)
        rows.append(
            {
                "name": name,
                "about": made.about,
                "data": made.data.name,
                "layers": len(made.graph.order),
                "cores": _cores(made, shapes),
                "truenorth_cores": truenorth_cores(shapes),
                "hardware": made.hardware,
                "accuracy": made.expected.get("accuracy"),
                "time": made.expected.get("time", ""),
                "part": made.expected.get("part"),
            }
        )
    if json:
        print_json({"recipes": rows})
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("recipe", "data"):
        table.add_column(name, no_wrap=True)
    for name in ("layers", "cores", "IBM's", "right"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("time, cores", no_wrap=True)
    for row in rows:
        accuracy, others = row["accuracy"], row["truenorth_cores"]
        mark = " *" if row["part"] else ""
        table.add_row(
            row["name"],
            row["data"] + mark,
            str(row["layers"]),
            f"{row['cores']:,}",
            "" if others is None else f"{others:,}",
            "" if accuracy is None else f"{accuracy:.2f} %",
            row["time"].removesuffix("s").removesuffix(" core"),
        )
    out.print(table)
    out.print(
        "Cores: of Sterna, as compiled for a device, else packed for the fewest. IBM's: cores of\n"
        "TrueNorth. Right: of the test examples. Time: on so many cores of an AMD EPYC; with ~ by\n"
        "the speed of a step (bench.training): not trained yet.",
        soft_wrap=True,
    )
    for row in rows:
        if row["part"]:
            out.print(f"* {row['name']}: measured with {row['part']}.", soft_wrap=True)
