"""The training loop: from a seed and a data set to a trained model, the same every time."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils import deterministic

from sterna.compile.options import Options
from sterna.spec import ConfigError, DataError

from .augment import mirror, shift, warp
from .neurons import SpikingNeuron, spike_penalty
from .team import Team


@dataclass(frozen=True)
class Split:
    """Frames and labels: uint8 [n, channels, rows, columns] and int64 [n]; 0/1 if binary."""

    frames: Tensor
    labels: Tensor
    binary: bool = False

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Epoch:
    """The results of one epoch.

    Members
    -------
    number : from 1 up.
    loss, accuracy : mean loss; share of the changed images that it got right, 0..1.
    activity : spikes a neuron and frame, mean of the layers, 0..1.
    rate : learning rate at its end.
    seconds : that it took.
    """

    number: int
    loss: float
    accuracy: float
    activity: float
    rate: float
    seconds: float = field(compare=False)


#: Activity is measured once in so many steps, as it takes a pass over all spikes.
_WATCH = 10
#: Called after each step with the steps done, the steps in all, and what the epoch came to so far.
OnStep = Callable[[int, int, Epoch], None]


class Trainer:
    """Trains a model in place, epoch by epoch; the last epoch is what counts, none is chosen.

    Parameters
    ----------
    model : a fresh model, which gives scores [batch, classes].
    images : the training set.
    options, seed : how; seed of the order of the images and of their changes.
    team : the processes that share each batch; by default this one.

    Members
    -------
    history : the epochs done.
    epochs_in_all : epochs to train, those done included; the schedule is over as many.

    Raises
    ------
    ConfigError : there are fewer images than one batch, or it has no equal shares for the team.
    DataError : by `epochs`: training has diverged.
    """

    def __init__(
        self,
        model: nn.Module,
        images: Split,
        options: Options,
        *,
        seed: int,
        team: Team | None = None,
    ) -> None:
        if len(images) < options.batch:
            raise ConfigError(
                f"training takes at least one batch ({options.batch} images), not {len(images)}: "
                "use a smaller batch"
            )
        self.team = team or Team()
        if options.batch % self.team.size:
            raise ConfigError(
                f"a batch of {options.batch} images has no equal shares for {self.team.size} "
                "processes: use another number of them, or another batch"
            )
        self.history: list[Epoch] = []
        self._options = options
        self.epochs_in_all = options.epochs
        self._images = images
        self._seed = seed
        self._generator = torch.Generator().manual_seed(seed)
        self._model = model.to(self.team.device, memory_format=torch.channels_last)  # pyright: ignore
        self._forward = self.team.wrap(self._model)
        self._optimizer = _optimizer(model, options)

    def epochs(self, on_step: OnStep | None = None) -> Iterator[Epoch]:
        """Train the epochs that are left, and yield each when it is done."""
        with _reproducible(self._options.threads, self.team.device):
            while len(self.history) < self.epochs_in_all:
                number = len(self.history) + 1
                with torch.random.fork_rng():
                    # dropout draws from torch's own generator: another one for each process
                    seed = (self._seed + number) * self.team.size + self.team.rank
                    torch.manual_seed(seed % (1 << 63))
                    epoch = self._epoch(number, on_step)
                yield epoch

    def check_epochs(self) -> None:
        """Raise ConfigError if more epochs are done than there are to be."""
        if len(self.history) > self.epochs_in_all:
            raise ConfigError(
                f"the checkpoint has had {len(self.history)} epochs, more than the "
                f"{self.epochs_in_all} to train: use --epochs {len(self.history)} or more, or "
                "--finish to make a network of it without training"
            )

    def close(self) -> None:
        """Leave the team, once there is nothing left to train."""
        self._forward = self._model
        self.team.leave()

    def state(self) -> dict[str, Any]:
        """Everything that going on needs: plain values and tensors."""
        return {
            "model": self._model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "generator": self._generator.get_state(),
            "history": [vars(epoch) for epoch in self.history],
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from another trainer's `state`, of the same model and options."""
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._generator.set_state(state["generator"])
        self.history = [Epoch(**epoch) for epoch in state["history"]]

    def _epoch(self, number: int, on_step: OnStep | None) -> Epoch:
        options, count = self._options, len(self._images)
        steps = count // options.batch
        total = steps * self.epochs_in_all
        order = torch.randperm(count, generator=self._generator)
        sums, rate = [0.0, 0.0, 0.0, 0.0], 0.0
        began = time.monotonic()

        def so_far(sums: list[float], steps: int, images: int) -> Epoch:
            loss, right, activity, watched = sums
            return Epoch(
                number,
                loss / steps,
                right / images,
                activity / watched,
                rate,
                time.monotonic() - began,
            )

        self._model.train()
        for step, pick in enumerate(order[: steps * options.batch].split(options.batch), start=1):
            done = (number - 1) * steps + step
            rate = options.rate_at((done - 1) / total)
            for group in self._optimizer.param_groups:
                group["lr"] = rate
            sums = [
                one + more
                for one, more in zip(sums, self._step(pick, step % _WATCH == 1), strict=True)
            ]
            if on_step:
                share = options.batch // self.team.size
                on_step(done, total, so_far(sums, step, step * share))
        epoch = so_far(self.team.total(sums), steps * self.team.size, steps * options.batch)
        self.history.append(epoch)
        return epoch

    def _step(self, pick: Tensor, watch: bool) -> tuple[float, float, float, float]:
        """One step; loss, hits and, if watched, activity of this process's share of the batch."""
        options, images, device = self._options, self._images, self.team.device
        frames = _changed(images.frames[pick].float(), options, images.binary, self._generator)
        frames = self.team.share(frames).to(device).contiguous(memory_format=torch.channels_last)
        labels = self.team.share(images.labels[pick]).to(device)
        short = device != "cpu" or options.precision == "bfloat16"
        with torch.autocast(device.split(":")[0], torch.bfloat16, enabled=short):
            scores = self._forward(frames)
            loss = cross_entropy(scores.float() * options.scale, labels)
            if options.penalty:
                loss = loss + options.penalty * spike_penalty(self._model)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        lost = loss.item()
        if not math.isfinite(lost):
            raise DataError(
                f"training has diverged: the loss of a step is {lost}; use a smaller rate, scale "
                "or penalty"
            )
        hits = (scores.detach().argmax(dim=1) == labels).sum()
        activity = self._activity() if watch else 0.0
        return lost, float(hits), activity, float(watch)

    @torch.no_grad()
    def _activity(self) -> float:
        """Spikes a neuron and frame in the last step, mean of the layers; 0 without any."""
        layers = [each for each in self._model.modules() if isinstance(each, SpikingNeuron)]
        rates = [rate.mean().item() for layer in layers if (rate := layer.rate) is not None]
        return sum(rates) / len(rates) if rates else 0.0


def train(
    model: nn.Module, images: Split, options: Options, *, seed: int, on_step: OnStep | None = None
) -> list[Epoch]:
    """Train a model in place, all epochs; `calibrate` it next."""
    return list(Trainer(model, images, options, seed=seed).epochs(on_step))


def _changed(frames: Tensor, options: Options, binary: bool, generator: torch.Generator) -> Tensor:
    if options.warp:
        frames = warp(frames, most=options.warp, binary=binary, generator=generator)
    else:
        frames = shift(frames, most=options.shift, generator=generator)
    return mirror(frames, generator=generator) if options.mirror else frames


def _optimizer(model: nn.Module, options: Options) -> torch.optim.Optimizer:
    if options.optimizer == "sgd":
        return torch.optim.SGD(
            model.parameters(),
            lr=options.rate,
            momentum=options.momentum,
            weight_decay=options.decay,
        )
    if options.optimizer == "adamw":
        return torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=options.decay)
    return torch.optim.Adam(model.parameters(), lr=options.rate)


@contextlib.contextmanager
def _reproducible(threads: int, device: str) -> Iterator[None]:
    """Within, torch sums in one order, on a CPU; afterwards it is as before."""
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    # filling new memory takes a sixth of a step, and nothing here reads what it has not written
    settings = cast(Any, deterministic)  # whose attributes are not declared
    fill, settings.fill_uninitialized_memory = settings.fill_uninitialized_memory, False
    if threads:
        torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(device == "cpu")
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])
        settings.fill_uninitialized_memory = fill
