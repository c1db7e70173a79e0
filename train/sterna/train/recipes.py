"""Recipes: networks that train by name, from the data set to the network file."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from rich.progress import Progress

from sterna.model import GoldenModel, run
from sterna.spec import ConfigError, Network, preset, results, save

from .data import Warp, mnist, provenance
from .export import export
from .network import PatchConfig, PatchNetwork
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
    # 4 patches of 16 x 16 on the middle 26 x 26 pixels, 3 cores that read 64 neurons of each, and
    # one core with 25 votes a class: the 8 cores of an UP5K.
    "mnist-up5k": Recipe(
        network=PatchConfig(
            side=28, patch=16, stride=10, across=2, first=192, groups=3, second=85, votes=25,
            classes=10,
        ),
        options=Options(epochs=40, batch=200, rate=0.05, scale=0.2, shift=1, threads=1),
        hardware="up5k",
        seed=0,
    ),
    # 9 patches of 16 x 16, 6 cores that read 28 neurons of each, and one of 25 votes a class: 16
    # cores of an ECP5.
    "mnist-85f": Recipe(
        network=PatchConfig(
            side=28, patch=16, stride=6, across=3, first=168, groups=6, second=42, votes=25,
            classes=10,
        ),
        options=WARPED,
        hardware="ecp5-85f",
        seed=0,
    ),
    # The same in five crossbars: 9 patches of 84 neurons, 6 cores that read 14 of each, 20 votes a
    # class; the 16 cores of an ECP5 of 25,000 LUTs.
    "mnist-25f": Recipe(
        network=PatchConfig(
            side=28, patch=16, stride=6, across=3, first=84, groups=6, second=42, votes=20,
            classes=10,
        ),
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
