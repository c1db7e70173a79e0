"""From a recipe to a trained network file: training, checkpoints, log, test."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sterna.compile.options import Options
from sterna.data import MNIST_DIGESTS, own
from sterna.data.examples import Examples, held_out
from sterna.spec import ConfigError, DataError, LayeredNetwork, Network, save

from . import checkpoints
from .calibration import accuracy, calibrate
from .export import to_layers
from .judging import activity_of, coding_of, judged
from .recipes import Recipe, data_folder, recipe
from .team import Team, join
from .training import Epoch, OnStep, Split, Trainer

#: Training and test examples, each as `sterna.data.own.from_python` takes them.
Given = tuple[Any, Any]


@dataclass(frozen=True)
class TrainResult:
    """The result of training.

    Members
    -------
    network : cores for the recipe's device, or layers; its provenance filled in.
    module : the PyTorch model, calibrated and in evaluation.
    history : each epoch.
    train_accuracy, test_accuracy : share right, 0..1, of the examples as they are.
    held_accuracy : of the training examples kept back; None if none were.
    judged : the engine that measured the test accuracy.
    out : the file written, or None.
    """

    network: Network | LayeredNetwork
    module: nn.Module
    history: list[Epoch]
    train_accuracy: float
    test_accuracy: float
    held_accuracy: float | None
    judged: str
    out: Path | None


def train_recipe(
    name: str,
    *,
    data: str | Path | Given | None = None,
    seed: int | None = None,
    epochs: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    finish: bool = False,
    hold: float = 0,
    device: str = "cpu",
    on_step: OnStep | None = None,
    on_epoch: Callable[[list[Epoch]], None] | None = None,
) -> TrainResult | None:
    """Train a recipe's network; on one machine, the same seed gives the same network file.

    Beside the network file lie, under its name, `.checkpoint` (to go on from, written after each
    epoch) and `.jsonl` (a line an epoch); beside a device (/dev/null) nothing. Files of these names
    that no training wrote are not overwritten, and one run at a time can have them.

    Parameters
    ----------
    name : name of a recipe, or a file `.toml`.
    data : folder with the data set's files; None: the one that STERNA_DATA names; or training and
        test examples, each as `Examples`, a PyTorch `Dataset` or a `DataLoader`, in the shape of
        the recipe's data set (`set = "given"`: of its frame).
    seed, epochs : instead of the recipe's own.
    out : file to write, `.sterna`; None: write none.
    resume : go on from the checkpoint, to the recipe's epochs, or to `epochs`, in whose schedule
        it then goes on.
    finish : make a network of the checkpoint, without training.
    hold : share of the training examples, 0..0.9, that is kept back and judged beside the test
        set, for choosing options; of data of the user's own without a test set, it is the test set.
    device : cpu, cuda or auto.
    on_step, on_epoch : called after each step and epoch; the latter with all epochs so far.

    Returns
    -------
    TrainResult; None in the processes of a team but the first.

    Raises
    ------
    ConfigError : no such recipe, a parameter out of range, a network too large for its device, no
        folder to write to, a file there that is not ours, another run that writes it, or no
        checkpoint of this recipe to go on from.
    OutputError : a file cannot be written.
    DataError : the data set is absent or malformed; training has diverged.
    """
    made = recipe(name)
    seed = made.seed if seed is None else seed
    if not 0 <= seed < 1 << 63:
        raise ConfigError(f"seed must be 0..{(1 << 63) - 1}, not {seed}")
    if not 0 <= hold <= 0.9:
        raise ConfigError(f"hold must be a share of the training examples, 0..0.9, not {hold}")
    out = None if out is None else Path(out)
    if out is not None and not out.parent.is_dir():
        raise ConfigError(f"cannot write {out}: there is no folder {out.parent}")
    if finish and epochs is not None:
        raise ConfigError(
            "finish makes a network of the checkpoint without training: leave out epochs"
        )
    resume = resume or finish
    if resume and (out is None or not checkpoints.keeps(out)):
        raise ConfigError("to go on from a checkpoint takes the name of the file to write")
    options = made.options if epochs is None else replace(made.options, epochs=epochs)
    made.check_device()
    team = join(device)
    ours = out is not None and team.rank == 0
    with checkpoints.reserved(out) if out is not None and ours else contextlib.nullcontext():
        run = _Run(made, options, seed, hold, team, out)
        return run.train(_splits(made, data, hold, seed), resume, finish, on_step, on_epoch)


def _splits(made: Recipe, data: str | Path | Given | None, hold: float, seed: int) -> "_Splits":
    """The examples to train with, those kept back, if any, and those of the test."""
    folder = None
    if isinstance(data, tuple):
        examples, test = (
            made.data.checked(own.from_python(made.data, one), "the data given") for one in data
        )
    else:
        folder = data_folder(data, made.data)
        examples = made.data.load(folder, "train")
        if made.data.tested(folder):
            test = made.data.load(folder, "test")
        elif not hold:
            raise DataError(
                f"{folder}: has no test examples apart: keep a share of the others back with "
                f"--hold 0.2, or add them; {made.data.advice()}"
            )
        else:
            kept, test = held_out(examples, hold, seed)
            return _Splits(folder, examples, kept, None, test)
    kept, held = held_out(examples, hold, seed) if hold else (examples, None)
    return _Splits(folder, examples, kept, held, test)


@dataclass(frozen=True)
class _Splits:
    """Examples of a run: all that are not the test set's, those trained with, kept back, tested."""

    folder: Path | None
    examples: Examples
    kept: Examples
    held: Examples | None
    test: Examples


@dataclass(frozen=True)
class _Run:
    """One run of a recipe; members as the parameters of `train_recipe`."""

    made: Recipe
    options: Options
    seed: int
    hold: float
    team: Team
    out: Path | None

    def train(
        self,
        data: _Splits,
        resume: bool,
        finish: bool,
        on_step: OnStep | None,
        on_epoch: Callable[[list[Epoch]], None] | None,
    ) -> TrainResult | None:
        """Train, and judge and write the network; None in the processes but the first."""
        made, out, first = self.made, self.out, self.team.rank == 0
        images = made.split(data.kept)
        model = made.model(self.seed)
        trainer = Trainer(model, images, self.options, seed=self.seed, team=self.team)
        key = {
            "recipe": made.name,
            "seed": self.seed,
            "hold": self.hold,
            "options": repr(replace(self.options, epochs=1)),
            "processes": self.team.size,
            "model": made.digest(),
            **provenance(made, data),
        }
        plans: list[list[int]] = []
        if out is not None and resume:
            plans = checkpoints.resume(out, trainer, key)
        if finish:
            trainer.epochs_in_all = len(trainer.history)
        trainer.check_epochs()
        if not plans or plans[-1][1] != trainer.epochs_in_all:
            plans.append([len(trainer.history), trainer.epochs_in_all])
        for _ in trainer.epochs(on_step if first else None):
            if first and out is not None:
                checkpoints.write(out, trainer, {**key, "plans": plans})
            if first and on_epoch:
                on_epoch(trainer.history)
        trainer.close()
        if not first:
            return None
        model.to("cpu")
        calibrate_for(model, images, self.options.calibrate, self.seed)
        shares = {"plans": plans} if len(plans) > 1 else {}
        return self._finish(model, trainer.history, {**key, **shares}, images, data)

    def _finish(
        self,
        model: nn.Module,
        history: list[Epoch],
        key: dict[str, Any],
        images: Split,
        data: _Splits,
    ) -> TrainResult:
        """Judge the calibrated model, and write its network."""
        made, out, test = self.made, self.out, data.test
        train_accuracy = accuracy(model, images.frames, images.labels)
        held_accuracy = None
        if data.held is not None:
            apart = made.split(data.held)
            held_accuracy = accuracy(model, apart.frames, apart.labels)
        layers = to_layers(model, made.data.shape, name=made.name, grain=made.grain)
        network, test_accuracy, how = judged(made, model, layers, test)
        network = network.replace(
            provenance={
                **key,
                "options": repr(replace(self.options, epochs=len(history))),
                "epochs": len(history),
                "threads": self.options.threads,
                "coding": coding_of(made, model),
                **({"rate": made.data.rate} if made.data.rate else {}),
                "train_accuracy": round(train_accuracy, 6),
                "test_accuracy": round(test_accuracy, 6),
                "judged": how,
                "torch": torch.__version__,
                "activity": activity_of(made, model, layers, test),
            }
        )
        if out is not None:
            save(network, out)
        return TrainResult(
            network, model, history, train_accuracy, test_accuracy, held_accuracy, how, out
        )


def provenance(made: Recipe, data: _Splits) -> dict[str, Any]:
    """Provenance of the data; MNIST is named only if the digests are MNIST's.

    Of data of the user's own it says how to read it, and whether the test examples are a share of
    the others.
    """
    images, test = data.examples, data.test
    if made.data.name in own.KINDS:
        kept = own.description(made.data, data.folder)
        apart = data.folder is None or made.data.tested(data.folder)
        images = images if apart else data.kept
        digests = (images.digest(), test.digest())
        return {
            "data": f"{made.data.name}, {len(images)} training and {len(test)} test examples",
            "data_digest": " ".join(digests),
            "data_set": {**kept, "apart": apart},
        }
    digests = (images.digest(), test.digest())
    name = made.data.name
    if name == "mnist":
        name = "MNIST" if digests == MNIST_DIGESTS else "unknown data in MNIST's form"
    return {
        "data": f"{name}, {len(images)} training and {len(test)} test images",
        "data_digest": " ".join(digests),
    }


def calibrate_for(model: nn.Module, images: Split, count: int, seed: int) -> None:
    """Calibrate on so many training examples, drawn with the seed; 0: on all."""
    frames = images.frames
    if 0 < count < len(frames):
        chosen = torch.randperm(len(frames), generator=torch.Generator().manual_seed(seed))
        frames = frames[chosen[:count]]
    calibrate(model, frames)
