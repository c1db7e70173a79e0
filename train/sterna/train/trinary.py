"""Trinary weights: hidden real ones, rounded with hysteresis, and what layers of them share.

Source: Esser et al., "Convolutional networks for fast, energy-efficient neuromorphic computing",
PNAS 2016.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn

from sterna.spec import ConfigError

#: Half the width of the dead bands about -0.5 and +0.5.
HYSTERESIS = 0.1


def trinarize(hidden: Tensor, previous: Tensor, hysteresis: float = HYSTERESIS) -> Tensor:
    """Round hidden weights to {-1, 0, +1}; within a dead band a weight stays what it was.

    A weight becomes -1 up to -0.5 - h, 0 within -0.5 + h .. 0.5 - h, and +1 from 0.5 + h.

    Parameters
    ----------
    hidden : float, any shape; -1..1.
    previous : trinary weights until now, same shape and dtype.
    hysteresis : h, 0..0.5.

    Returns
    -------
    Tensor like `hidden`, values -1, 0, +1.
    """
    size = hidden.abs()
    settled = torch.where(size <= 0.5 - hysteresis, torch.zeros_like(hidden), previous)
    return torch.where(size >= 0.5 + hysteresis, hidden.sign(), settled)


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, rounded: Tensor) -> Tensor:
        return rounded

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        return grad_outputs[0], None


def straight_through(hidden: Tensor, rounded: Tensor) -> Tensor:
    """The rounded weights, whose gradient goes to the hidden ones unchanged."""
    return cast(Tensor, _StraightThrough.apply(hidden, rounded))


class TrinaryLayer(nn.Module):
    """Base of the layers of trinary weights; not used by itself.

    Members
    -------
    hidden : float32 - learned. Clipped to -1..1 at the start of each forward in training, so that
        any training loop will do.
    trinary : float32, same shape, buffer - the weights in use, -1, 0, +1. Evaluation uses them as
        the last forward in training left them; they lie in checkpoints, as hysteresis needs them.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        name: str,
        groups: int,
        fan_in: int,
        limit: int,
        generator: torch.Generator | None,
    ) -> None:
        super().__init__()
        self.name = name
        self.groups = groups
        self.fan_in = fan_in
        if fan_in > limit:
            raise ConfigError(
                f"{label(self, name)}, group 0 of {groups}: its fan-in is {fan_in}, the limit is "
                f"{limit}: {fan_in - limit} too many; use more groups or a smaller kernel"
            )
        self.hidden = nn.Parameter(torch.rand(shape, generator=generator) * 2 - 1)
        # before the first step there is no weight to stay at: round at +-0.5, without hysteresis
        first = trinarize(self.hidden.detach(), torch.zeros(shape), 0.0)
        self.trinary: Tensor
        self.register_buffer("trinary", first)

    def weights(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """The trinary weights, whose gradient goes to the hidden ones; rounded anew in training.

        In the dtype of the spikes, so that a model cast to another one sums as exactly as they do.
        """
        if self.training:
            with torch.no_grad():
                self.hidden.clamp_(-1, 1)
                self.trinary = trinarize(self.hidden, self.trinary)
        return straight_through(self.hidden, self.trinary).to(dtype)


def label(layer: TrinaryLayer, name: str) -> str:
    """A layer's name in messages, also before it is made."""
    return f"layer {name!r}" if name else type(layer).__name__
