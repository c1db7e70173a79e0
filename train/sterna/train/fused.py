"""Spiking neurons in bfloat16 on a CPU, as one step of C++ each way.

What PyTorch does in a dozen passes over memory (batch normalization, step, surrogate gradient, and
their gradients) takes four; sums are taken in float32 and float64. The neuron is `neurons.py`'s.
"""

import ctypes
import functools
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from sterna.model.native import load
from sterna.spec import ToolError

_SOURCES = Path(__file__).with_name("native")


@functools.cache
def _kernels() -> ctypes.CDLL | None:
    """The compiled library; None without a C++ compiler."""
    try:
        return load(_SOURCES)
    except ToolError:
        return None


def can_fuse(sums: Tensor) -> bool:
    """True for bfloat16 sums [batch, features, rows, columns] on a CPU, if there is a compiler."""
    return (
        sums.dtype == torch.bfloat16
        and sums.dim() == 4
        and sums.device.type == "cpu"
        and _kernels() is not None
    )


def fused_spikes(sums: Tensor, bias: Tensor, epsilon: float, width: float) -> Tensor:
    """Spikes 0/1 where the sums, normalized over batch and sites, plus the bias are at least 0.

    Parameters
    ----------
    sums : bfloat16 [batch, features, rows, columns], on a CPU.
    bias : float32 [features].
    epsilon : added to the variance.
    width : of the surrogate gradient, as of `neurons.spike`.

    Returns
    -------
    Tensor like `sums`, channels last; its gradient is that of `neurons.spike`.
    """
    return cast(Tensor, _Fused.apply(sums, bias, epsilon, width))


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, sums: Tensor, bias: Tensor, epsilon: float, width: float) -> Tensor:
        sums = sums.contiguous(memory_format=torch.channels_last)
        bias, spikes = bias.contiguous(), torch.empty_like(sums)
        mean, inverse = torch.empty_like(bias), torch.empty_like(bias)
        _call("forward", sums, ctypes.c_float(epsilon), sums, bias, mean, inverse, spikes)
        ctx.save_for_backward(sums, bias, mean, inverse)
        ctx.narrowness = 1 / width
        return spikes

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, Tensor, None, None]:
        sums, bias, mean, inverse = ctx.saved_tensors
        gradient = grad_outputs[0].contiguous(memory_format=torch.channels_last)
        ours, of_bias = torch.empty_like(sums), torch.empty_like(bias)
        _call(
            "backward",
            sums,
            ctypes.c_float(ctx.narrowness),
            sums,
            gradient,
            bias,
            mean,
            inverse,
            of_bias,
            ours,
        )
        return ours, of_bias, None, None


def _call(name: str, shape: Tensor, *values: Any) -> None:
    """Call a kernel for arrays like `shape`, with as many threads as torch has."""
    batch, features, rows, columns = shape.shape
    getattr(_kernels(), f"sterna_neuron_{name}")(
        ctypes.c_int(torch.get_num_threads()),
        ctypes.c_int64(batch * rows * columns),
        ctypes.c_int64(features),
        *(
            ctypes.c_void_p(each.data_ptr()) if isinstance(each, Tensor) else each
            for each in values
        ),
    )
