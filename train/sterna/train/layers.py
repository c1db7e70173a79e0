"""Eedn's layers: trinary weights with hysteresis, and spiking neurons that fold to a leak.

Source: Esser et al., "Convolutional networks for fast, energy-efficient neuromorphic computing",
PNAS 2016 (trinary weights, surrogate, batch normalization folded into a bias).
"""

import math
from fractions import Fraction
from typing import Any, cast

import torch
from torch import Tensor, nn

#: Half the width of the dead bands about -0.5 and +0.5.
HYSTERESIS = 0.1
#: Added to the variance in batch normalization.
EPSILON = 1e-4


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
    """Forward the trinary weights, and pass their gradient to the hidden ones as it is."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, trinary: Tensor) -> Tensor:
        return trinary

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        return grad_outputs[0], None


class _Spike(torch.autograd.Function):
    """Step at 0 (1 from r >= 0), with the surrogate gradient max(0, 1 - |r|)."""

    @staticmethod
    def forward(ctx: Any, r: Tensor) -> Tensor:
        ctx.save_for_backward(r)
        return (r >= 0).to(r.dtype)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> Tensor:
        (r,) = ctx.saved_tensors
        return grad_outputs[0] * (1 - r.abs()).clamp(min=0)


def spike(r: Tensor) -> Tensor:
    """Spikes 0/1 of normalized sums r, any shape; gradient max(0, 1 - |r|)."""
    return cast(Tensor, _Spike.apply(r))


class TrinaryLinear(nn.Module):
    """Block-diagonal linear layer with trinary weights: one block a core.

    Parameters
    ----------
    groups, inputs, outputs : blocks; inputs and outputs of each.
    generator : draws the hidden weights, uniform in -1..1.

    Members
    -------
    hidden : float32 [groups, inputs, outputs] - learned; kept in -1..1 by `clip`.
    trinary : float32, same shape, buffer - the weights in use, -1, 0, +1.
    """

    def __init__(
        self, *, groups: int, inputs: int, outputs: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        shape = (groups, inputs, outputs)
        self.hidden = nn.Parameter(torch.rand(shape, generator=generator) * 2 - 1)
        # before the first step there is no weight to stay at: round at +-0.5, without hysteresis
        first = trinarize(self.hidden.detach(), torch.zeros(shape), 0.0)
        self.trinary: Tensor
        self.register_buffer("trinary", first)

    def forward(self, spikes: Tensor) -> Tensor:
        """Sums of weighted spikes: [groups, batch, inputs] to [groups, batch, outputs].

        The sums are integers, -inputs..inputs, and exact in float32.
        """
        if self.training:
            self.trinary = trinarize(self.hidden.detach(), self.trinary)
        return torch.bmm(spikes, cast(Tensor, _StraightThrough.apply(self.hidden, self.trinary)))

    @torch.no_grad()
    def clip(self) -> None:
        """Bring the hidden weights back into -1..1; call after each update."""
        self.hidden.clamp_(-1, 1)


class SpikingNeuron(nn.Module):
    """Memoryless neurons: batch normalization and a step; in evaluation one integer comparison.

    In training r = (s - mean) / sqrt(variance + EPSILON) + bias, with a batch's statistics, and a
    neuron fires if r >= 0. In evaluation it fires if s + leak >= 1, as the core's neuron does.

    Parameters
    ----------
    groups, neurons : as the layer below; the layer has groups * neurons neurons.
    fan_in : inputs of each neuron; sums are -fan_in..fan_in.

    Members
    -------
    bias : float32 [groups, 1, neurons] - learned.
    mean, variance : float64 [groups, 1, neurons], buffers - statistics for evaluation, which
        `sterna.train.training.calibrate` takes over the whole training set.
    leak : float32 [groups, 1, neurons], buffer - integers; set by `fold`.
    """

    def __init__(self, *, groups: int, neurons: int, fan_in: int) -> None:
        super().__init__()
        shape = (groups, 1, neurons)
        self._fan_in = fan_in
        self.bias = nn.Parameter(torch.zeros(shape))
        self.mean: Tensor
        self.variance: Tensor
        self.leak: Tensor
        self.register_buffer("mean", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("variance", torch.ones(shape, dtype=torch.float64))
        self.register_buffer("leak", torch.zeros(shape))

    def forward(self, sums: Tensor) -> Tensor:
        """Spikes 0/1 of sums, both [groups, batch, neurons]."""
        if not self.training:
            return (sums + self.leak >= 1).to(sums.dtype)
        variance, mean = torch.var_mean(sums, dim=1, keepdim=True, correction=0)
        return spike((sums - mean) * torch.rsqrt(variance + EPSILON) + self.bias)

    @torch.no_grad()
    def fold(self) -> None:
        """Fold statistics and bias into the integer leak that `forward` uses in evaluation."""
        sigma = torch.sqrt(self.variance + EPSILON)
        leaks = [
            fold(*values, fan_in=self._fan_in)
            for values in zip(
                self.mean.flatten().tolist(),
                sigma.flatten().tolist(),
                self.bias.double().flatten().tolist(),
                strict=True,
            )
        ]
        self.leak.copy_(torch.tensor(leaks).reshape(self.leak.shape))


def fold(mean: float, sigma: float, bias: float, *, fan_in: int) -> int:
    """The leak with which s + leak >= 1 says (s - mean) / sigma + bias >= 0, for sigma > 0.

    It is 1 - ceil(mean - bias * sigma), worked out without any rounding, and brought into
    -fan_in..fan_in + 1, beyond which the neuron is as constant as at the end.

    Returns
    -------
    int, -fan_in..fan_in + 1.
    """
    threshold = math.ceil(Fraction(mean) - Fraction(bias) * Fraction(sigma))
    return min(max(1 - threshold, -fan_in), fan_in + 1)
