"""Spiking neurons: batch normalization and a step in training, one integer comparison afterwards.

Source: Esser et al., "Convolutional networks for fast, energy-efficient neuromorphic computing",
PNAS 2016 (surrogate gradient, batch normalization folded into a bias, penalty on spikes).
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, cast

import torch
from torch import Tensor, distributed, nn

from sterna.spec import ConfigError, DataError
from sterna.spec.maps import MOST_AXONS

from .fused import can_fuse, fused_spikes

#: Added to the variance in batch normalization.
EPSILON = 1e-4


class _Spike(torch.autograd.Function):
    """Step at 0 (1 from r >= 0), with the surrogate gradient max(0, 1 - |r| / width)."""

    @staticmethod
    def forward(ctx: Any, r: Tensor, width: float) -> Tensor:
        ctx.save_for_backward(r)
        ctx.narrowness = 1 / width
        return torch.ge(r, 0, out=torch.empty_like(r))

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (r,) = ctx.saved_tensors
        # in place: on a CPU new memory costs more than the arithmetic
        slope = r.abs().mul_(-ctx.narrowness).add_(1).clamp_(min=0)
        return slope.mul_(grad_outputs[0]), None


def spike(r: Tensor, width: float = 1.0) -> Tensor:
    """Spikes 0/1 of normalized sums r, any shape; gradient max(0, 1 - |r| / width)."""
    return cast(Tensor, _Spike.apply(r, width))


class SpikingNeuron(nn.Module):
    """Memoryless neurons, one for each feature, the same at every site.

    In training r = scale * (s - mean) / sqrt(variance + EPSILON) + bias, with the statistics of the
    batch and its sites, and a neuron fires if r >= 0. In evaluation it fires if
    sign * s + leak >= 1, as a core's neuron does whose weights have been multiplied by the sign.

    Parameters
    ----------
    features : of the layer below: its input is [batch, features] or [batch, features, rows,
        columns].
    fan_in : inputs of each neuron, 1..256; sums are -fan_in..fan_in.
    scaled : learn a scale too. Eedn does without, since only the sign of r counts.
    width : of the surrogate gradient max(0, 1 - |r| / width), in deviations of the sums; Eedn's is
        1.

    Members
    -------
    bias, scale : float32 [features] - learned; scale is None unless `scaled`.
    mean, variance : float64 [features], buffers - statistics for evaluation, which
        `sterna.train.calibrate` takes over the training set. After `set_leaks` they are not known:
        variance is NaN.
    leak, sign : float32 [features], buffers - integers and -1 or +1; set by `fold`. These four keep
        their dtype where the model is cast to another one: they would be rounded.
    folded : bool, buffer - whether leak and sign are those of the last training.
    rate : float32 [features] - spikes a neuron and frame, 0..1, of the last forward in training;
        part of the graph of gradients, for `spike_penalty`. None before. Worked out when asked for.

    Raises
    ------
    ConfigError : features or fan_in is out of range.
    """

    def __init__(
        self, features: int, *, fan_in: int = MOST_AXONS, scaled: bool = False, width: float = 1.0
    ) -> None:
        super().__init__()
        if features < 1:
            raise ConfigError(f"SpikingNeuron: features must be at least 1, not {features}")
        if fan_in < 1:
            raise ConfigError(f"SpikingNeuron: fan_in must be at least 1, not {fan_in}")
        if not 0 < width < math.inf:
            raise ConfigError(f"SpikingNeuron: width must be a number above 0, not {width}")
        self.features = features
        self.fan_in = fan_in
        self.width = width
        self.bias = nn.Parameter(torch.zeros(features))
        self.scale = nn.Parameter(torch.ones(features)) if scaled else None
        self._spikes: Tensor | None = None
        self.mean: Tensor
        self.variance: Tensor
        self.leak: Tensor
        self.sign: Tensor
        self.folded: Tensor
        self.register_buffer("mean", torch.zeros(features, dtype=torch.float64))
        self.register_buffer("variance", torch.ones(features, dtype=torch.float64))
        self.register_buffer("leak", torch.zeros(features))
        self.register_buffer("sign", torch.ones(features))
        self.register_buffer("folded", torch.tensor(False))
        self._biased = True

    def forward(self, sums: Tensor) -> Tensor:
        """Spikes 0/1 of sums, both [batch, features] or [batch, features, rows, columns]."""
        if not self.training:
            # sums are whole; rounding takes away what a GPU's fast convolution may add
            whole = sums.round() * self._wide(self.sign, sums)
            return (whole + self._wide(self.leak, sums) >= 1).to(sums.dtype)
        if not self._biased:
            self._bias_from_leak(sums.detach())
        self.folded.fill_(False)
        if self.scale is None and can_fuse(sums):
            self._spikes = fused_spikes(sums, self.bias.float(), EPSILON, self.width)
        else:
            self._spikes = spike(self._normalized(sums.float()), self.width)
        return self._spikes

    def train(self, mode: bool = True) -> "SpikingNeuron":
        """Set training or evaluation, as of `nn.Module`."""
        self._biased = not mode or not bool(self.variance.isnan().any())
        return super().train(mode)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "SpikingNeuron":
        exact = {name: getattr(self, name) for name in ("mean", "variance", "leak", "sign")}
        super()._apply(fn, recurse)
        for name, before in exact.items():
            after = getattr(self, name)
            if after.dtype != before.dtype:
                setattr(self, name, before.to(after.device))
        return self

    @property
    def rate(self) -> Tensor | None:
        """Spikes a neuron and frame of the last forward in training; None before."""
        spikes = self._spikes
        return None if spikes is None else spikes.mean(dim=[0, *range(2, spikes.dim())])

    def __getstate__(self) -> dict[str, Any]:
        # a copy of the module is one of its state, not of the last step
        return {**self.__dict__, "_spikes": None}

    def _normalized(self, sums: Tensor) -> Tensor:
        bias, scale = self.bias.float(), None if self.scale is None else self.scale.float()
        if sums.dim() > 2:
            return nn.functional.batch_norm(
                sums, None, None, scale, bias, training=True, eps=EPSILON
            )
        # written out: `mnist-up5k` was trained so, and another rounding would make another of it
        variance, mean = torch.var_mean(sums, dim=0, correction=0)
        r = (sums - mean) * torch.rsqrt(variance + EPSILON)
        return (r if scale is None else r * scale) + bias

    @staticmethod
    def _wide(values: Tensor, like: Tensor) -> Tensor:
        return values.reshape(-1, *[1] * (like.dim() - 2))

    @torch.no_grad()
    def fold(self) -> None:
        """Fold statistics, scale and bias into the sign and the integer leak for evaluation.

        Raises DataError if one of them is no finite number: training has diverged.
        """
        scale = torch.ones_like(self.bias) if self.scale is None else self.scale
        sigma = torch.sqrt(self.variance + EPSILON)
        folded: list[tuple[int, int]] = []
        for feature, values in enumerate(
            zip(
                *(each.double().tolist() for each in (self.mean, sigma, self.bias, scale)),
                strict=True,
            )
        ):
            if not all(map(math.isfinite, values)):
                raise DataError(
                    f"neuron {feature}: mean, deviation, bias and scale are {values}: training has "
                    "diverged; use a smaller learning rate"
                )
            folded.append(fold(*values, fan_in=self.fan_in))
        signs, leaks = zip(*folded, strict=True)
        self.sign.copy_(torch.tensor(signs))
        self.leak.copy_(torch.tensor(leaks))
        self.folded.fill_(True)

    @torch.no_grad()
    def set_leaks(self, leak: Tensor) -> None:
        """Take leaks from a network, int [features]; training will begin where they are.

        The biases that stand for them depend on statistics, which a network does not have: the
        first batch in training gives both.
        """
        self.leak.copy_(leak)
        self.sign.fill_(1)  # signs are in the weights
        if self.scale is not None:
            self.scale.fill_(1)
        self.folded.fill_(True)
        self.variance.fill_(math.nan)
        self.train(self.training)

    @torch.no_grad()
    def _bias_from_leak(self, sums: Tensor) -> None:
        """Statistics of this batch, and the biases with which it gets the spikes of evaluation."""
        mean, square = moments([sums])
        if distributed.is_initialized():  # each process has its share of the batch
            for each in (mean, square):
                distributed.all_reduce(each)
                each /= distributed.get_world_size()
        variance = square - mean.square()
        self.mean.copy_(mean)
        self.variance.copy_(variance)
        # s + leak >= 1 for whole s: the edge is half way between two of them
        edge = 0.5 - self.leak.double()
        bias = (mean - edge) * torch.rsqrt(variance + EPSILON)
        self.bias.copy_(bias)
        self._biased = True

    def extra_repr(self) -> str:
        """Parameters, for PyTorch's `repr`."""
        return (
            f"{self.features}, fan_in={self.fan_in}, scaled={self.scale is not None}, "
            f"width={self.width}"
        )


def moments(batches: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean and mean square of each feature over frames and sites: float64 [features] each.

    Parameters
    ----------
    batches : [batch, features] or [batch, features, rows, columns]; whole numbers, whose moments
        do not depend on the order of summing.
    """
    totals: list[Tensor] = []
    count = 0
    for batch in batches:
        sums = batch.double()
        dims = [0, *range(2, sums.dim())]
        totals.append(torch.stack([sums.sum(dim=dims), sums.square().sum(dim=dims)]))
        count += sums.numel() // sums.shape[1]
    mean, square = sum(totals[1:], totals[0]) / count
    return mean, square


def fold(
    mean: float, sigma: float, bias: float, scale: float = 1.0, *, fan_in: int
) -> tuple[int, int]:
    """Sign and leak so that sign * s + leak >= 1 says scale * (s - mean) / sigma + bias >= 0.

    For integers s and sigma > 0, worked out without any rounding. A positive scale gives the leak
    1 - ceil(mean - bias * sigma / scale); a negative one turns the comparison around, and so the
    sign; with none the neuron is constant. The leak is brought into -fan_in..fan_in + 1, beyond
    which the neuron is as constant as at the end.

    Returns
    -------
    (sign, leak) : -1 or +1, and -fan_in..fan_in + 1.
    """
    if scale == 0:
        return 1, fan_in + 1 if bias >= 0 else -fan_in
    edge = Fraction(mean) - Fraction(bias) * Fraction(sigma) / Fraction(scale)
    leak = 1 - math.ceil(edge) if scale > 0 else 1 + math.floor(edge)
    return (1 if scale > 0 else -1), min(max(leak, -fan_in), fan_in + 1)


def spike_penalty(model: nn.Module) -> Tensor:
    """Half the sum of each feature's squared rate, over all layers, of the last forward.

    Times a small weight (Eedn: 1e-4), added to the loss, it makes networks that spike less.
    Raises ConfigError if the model has not been run in training.
    """
    layers = [module for module in model.modules() if isinstance(module, SpikingNeuron)]
    rates = [rate for layer in layers if (rate := layer.rate) is not None]
    if not rates or len(rates) < len(layers):
        raise ConfigError("spike_penalty: run the model in training mode first")
    return torch.stack([rate.square().sum() / 2 for rate in rates]).sum()
