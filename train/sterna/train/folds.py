"""Leave one group out: how well a recipe does on a speaker, say, of whom it has no recording."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sterna.data.examples import Examples
from sterna.spec import ConfigError

from .export import to_layers
from .judging import judged
from .recipes import data_folder, recipe
from .runs import calibrate_for
from .training import OnStep, Trainer

#: Groups that a set may have: for each of them a network is trained.
GROUPS = range(2, 21)


@dataclass(frozen=True)
class Fold:
    """One group left out.

    Members
    -------
    group : its number, as the data set counts them.
    examples : examples of the group, which the network was judged on.
    accuracy : share of them that it got right, 0..1.
    judged : the engine that measured it.
    """

    group: int
    examples: int
    accuracy: float
    judged: str


def leave_one_out(
    name: str,
    *,
    data: str | Path | None = None,
    seed: int | None = None,
    epochs: int | None = None,
    on_step: OnStep | None = None,
) -> Iterator[Fold]:
    """Train a recipe's network once for each group of its data, on the others, and judge it there.

    The training and test examples of the set are taken together.

    Parameters
    ----------
    name : name of a recipe, or a file `.toml`.
    data, seed, epochs, on_step : as of `train_recipe`.

    Raises
    ------
    ConfigError : the set has fewer than 2 groups, or more than 20.
    """
    made = recipe(name)
    seed = made.seed if seed is None else seed
    options = made.options if epochs is None else replace(made.options, epochs=epochs)
    folder = data_folder(data, made.data)
    every = made.data.load(folder, "train")
    if made.data.tested(folder):
        every = _joined(every, made.data.load(folder, "test"))
    groups = np.unique(every.group).tolist()
    if len(groups) not in GROUPS:
        raise ConfigError(
            f"{made.data.name} has {len(groups):,} groups; to leave each of them out takes "
            f"{GROUPS[0]} to {GROUPS[-1]}: use --hold, which keeps a share of the groups back"
        )
    for group in groups:
        apart = every.group == group
        images = made.split(every.pick(~apart))
        model = made.model(seed)
        trainer = Trainer(model, images, options, seed=seed)
        for _ in trainer.epochs(on_step):
            pass
        calibrate_for(model, images, options.calibrate, seed)
        network = to_layers(model, made.data.shape, name=made.name, grain=made.grain)
        _, accuracy, how = judged(made, model, network, every.pick(apart))
        yield Fold(group, int(apart.sum()), accuracy, how)


def _joined(one: Examples, other: Examples) -> Examples:
    return Examples(
        np.concatenate([one.inputs, other.inputs]),
        np.concatenate([one.labels, other.labels]),
        np.concatenate([one.group, other.group]),
    )
