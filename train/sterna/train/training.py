"""The training loop: from a seed and a data set to a folded network, the same every time."""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from sterna.spec import ConfigError

from .data import Split, Warp, shift, warp
from .network import PatchNetwork

_log = logging.getLogger(__name__)
_EVALUATION_BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to train.

    Parameters
    ----------
    epochs, batch : passes over the training set; frames a step, the rest of an epoch left out.
    rate : Adam's learning rate at the start; falls to 0 along half a cosine.
    scale : what one vote adds to its class's logit.
    shift : largest random shift of an image, in pixels.
    warp : in place of the shift, a warp.
    threads : torch's threads; another count sums in another order, and so trains another network.
    """

    epochs: int
    batch: int
    rate: float
    scale: float
    shift: int
    threads: int
    warp: Warp | None = None


@dataclass(frozen=True)
class Epoch:
    """One epoch's mean loss, and the share of (shifted) images it got right, 0..1."""

    number: int
    loss: float
    accuracy: float


def train(
    net: PatchNetwork,
    images: Split,
    options: Options,
    *,
    seed: int,
    on_step: Callable[[int, int], None] | None = None,
) -> list[Epoch]:
    """Train a network in place, and fold it; the last epoch is what counts, none is chosen.

    Parameters
    ----------
    net : a fresh network.
    images : the training set.
    seed : of the order of the images and their shifts.
    on_step : called after each step with the steps done and the steps in all.

    Returns
    -------
    list of Epoch.

    Raises
    ------
    ConfigError : there are fewer images than one batch, or no epoch.
    """
    if len(images) < options.batch or options.epochs < 1:
        raise ConfigError(
            f"training takes at least one epoch of one batch ({options.batch} images), not "
            f"{options.epochs} epochs of {len(images)} images"
        )
    threads = torch.get_num_threads()
    strict = torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    try:
        history = _train(net, images, options, torch.Generator().manual_seed(seed), on_step)
        calibrate(net, images)
        return history
    finally:
        torch.use_deterministic_algorithms(strict)
        torch.set_num_threads(threads)


def _train(
    net: PatchNetwork,
    images: Split,
    options: Options,
    generator: torch.Generator,
    on_step: Callable[[int, int], None] | None,
) -> list[Epoch]:
    optimizer = torch.optim.Adam(net.parameters(), lr=options.rate)
    steps = len(images) // options.batch
    total, done, history = steps * options.epochs, 0, []
    net.train()
    for number in range(1, options.epochs + 1):
        order = torch.randperm(len(images), generator=generator)
        loss_sum, right = 0.0, 0
        for pick in order[: steps * options.batch].split(options.batch):
            for group in optimizer.param_groups:
                group["lr"] = options.rate * 0.5 * (1 + math.cos(math.pi * done / total))
            frames, side = images.frames[pick], net.config.side
            if options.warp:
                frames = warp(frames, side=side, most=options.warp, generator=generator)
            else:
                frames = shift(frames, side=side, most=options.shift, generator=generator)
            scores, labels = net.scores(frames), images.labels[pick]
            loss = cross_entropy(scores * options.scale, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            net.clip()
            loss_sum += loss.item()
            right += int((scores.detach().argmax(dim=1) == labels).sum())
            done += 1
            if on_step:
                on_step(done, total)
        history.append(Epoch(number, loss_sum / steps, right / (steps * options.batch)))
        _log.info("epoch %d: loss %.4f, accuracy %.4f", number, loss_sum / steps,
                  history[-1].accuracy)  # fmt: skip
    return history


@torch.no_grad()
def calibrate(net: PatchNetwork, images: Split) -> None:
    """Take each layer's statistics over the whole set, as it is, and fold them into the leaks.

    Layer by layer, since each folded layer changes what the next one gets. The sums are integers
    and their moments exact, so the result depends on neither batches nor threads.
    """
    net.eval()
    for layer in net.neurons:
        first = torch.zeros_like(layer.mean)
        second = torch.zeros_like(layer.mean)

        def count(_: object, inputs: tuple[Tensor], first: Tensor = first,
                  second: Tensor = second) -> None:  # fmt: skip
            sums = inputs[0].double()
            first += sums.sum(dim=1, keepdim=True)
            second += sums.square().sum(dim=1, keepdim=True)

        hook = layer.register_forward_pre_hook(count)
        for batch in images.frames.split(_EVALUATION_BATCH):
            net(batch)
        hook.remove()
        layer.mean.copy_(first / len(images))
        layer.variance.copy_(second / len(images) - layer.mean.square())
        layer.fold()


@torch.no_grad()
def accuracy(net: PatchNetwork, images: Split) -> float:
    """Share of images, 0..1, whose class has the most votes (the lowest class of equals)."""
    net.eval()
    right = 0
    for at in range(0, len(images), _EVALUATION_BATCH):
        scores = net.scores(images.frames[at : at + _EVALUATION_BATCH])
        # argmax of a tie is the first in NumPy, and unspecified in torch
        winner = torch.from_numpy(scores.numpy().argmax(axis=1))
        right += int((winner == images.labels[at : at + _EVALUATION_BATCH]).sum())
    return right / len(images)
