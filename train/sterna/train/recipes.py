"""Recipes: networks that train by name, from the data set to the network file."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from rich.progress import Progress

from sterna.compile import PATCH_NETWORKS, PatchConfig
from sterna.model import GoldenModel, run
from sterna.spec import ConfigError, Network, preset, results, save

from .data import Warp, mnist, provenance
from .export import export
from .network import PatchNetwork
from .training import Epoch, Options, accuracy, train


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A network to train, its options, and its device (the name of a hardware preset)."""

    network: PatchConfig
    options: Options
    hardware: str
    seed: int


#: Chosen for `mnist-85f` with 10,000 of the training images left out.
WARPED = Options(
    epochs=80, batch=200, rate=0.05, scale=0.2, shift=0, threads=1,
    warp=Warp(turn=10, stretch=0.1, shear=0.1, shift=1),
)  # fmt: skip

RECIPES: dict[str, Recipe] = {
    "mnist-up5k": Recipe(
        network=PATCH_NETWORKS["mnist-up5k"],
        options=Options(epochs=40, batch=200, rate=0.05, scale=0.2, shift=1, threads=1),
        hardware="up5k",
        seed=0,
    ),
    "mnist-85f": Recipe(
        network=PATCH_NETWORKS["mnist-85f"],
        options=WARPED,
        hardware="ecp5-85f",
        seed=0,
    ),
    "mnist-25f": Recipe(
        network=PATCH_NETWORKS["mnist-25f"],
        options=WARPED,
        hardware="ecp5-25f",
        seed=0,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class TrainResult:
    """The result of training.

    Members
    -------
    network : the compiled network, its provenance filled in.
    module : the PyTorch network, folded and in evaluation.
    history : loss and accuracy of each epoch.
    train_accuracy, test_accuracy : share right, 0..1; the latter in the golden model.
    out : the file written, or None.
    """

    network: Network
    module: PatchNetwork
    history: list[Epoch]
    train_accuracy: float
    test_accuracy: float
    out: Path | None


def train_recipe(
    name: str,
    *,
    data: str | Path | None = None,
    seed: int | None = None,
    epochs: int | None = None,
    out: str | Path | None = None,
    progress: bool = True,
) -> TrainResult:
    """Train a recipe's network and compile it; the same seed gives the same network file.

    Parameters
    ----------
    name : name of a recipe, as in RECIPES.
    data : folder with MNIST's four files; None: the one that STERNA_DATA names.
    seed, epochs : instead of the recipe's own.
    out : file to write, `.sterna`; None: write none.
    progress : show a progress bar on the terminal.

    Raises
    ------
    ConfigError : no such recipe, a parameter out of range, or no folder to write to.
    DataError : the data set is absent or malformed.
    """
    if name not in RECIPES:
        raise ConfigError(f"no recipe {name!r}; there are: {', '.join(RECIPES)}")
    recipe = RECIPES[name]
    seed = recipe.seed if seed is None else seed
    if not 0 <= seed < 1 << 63:
        raise ConfigError(f"seed must be 0..{(1 << 63) - 1}, not {seed}")
    if out is not None and not Path(out).parent.is_dir():
        raise ConfigError(f"cannot write {out}: there is no folder {Path(out).parent}")
    options = recipe.options if epochs is None else replace(recipe.options, epochs=epochs)
    images, test = mnist(data)
    net = PatchNetwork(config=recipe.network, seed=seed)
    with Progress(transient=True, disable=not progress) as bar:
        task = bar.add_task(f"training {name}")
        history = train(
            net, images, options, seed=seed,
            on_step=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    hardware = preset(recipe.hardware)
    network = export(net, name=name, hardware=hardware)
    train_accuracy = accuracy(net, images)
    spikes = run(GoldenModel(network), test.frames.numpy())
    test_accuracy = results.accuracy(
        results.votes(spikes, network.output_class), test.labels.numpy()
    )
    network = network.replace(
        provenance={
            "recipe": name,
            "seed": seed,
            "epochs": options.epochs,
            "threads": options.threads,
            **provenance(images, test),
            "train_accuracy": round(train_accuracy, 6),
            "test_accuracy": round(test_accuracy, 6),
            "torch": torch.__version__,
        }
    )
    if out is not None:
        save(network, out)
    return TrainResult(network, net, history, train_accuracy, test_accuracy,
                       None if out is None else Path(out))  # fmt: skip
