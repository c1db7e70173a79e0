"""Training in bfloat16 on a CPU: neurons in C++ and products of groups, against plain PyTorch."""

import pytest
import torch
from torch import Tensor

from sterna.spec import ConfigError
from sterna.train import SpikingNeuron, TrinaryConv2d, fused
from sterna.train.neurons import EPSILON

EDGE = 1e-4  # of r: two roundings may differ about the step


def sums_of(batch: int, features: int, rows: int, columns: int, seed: int = 0) -> Tensor:
    """Whole sums as a convolution gives them, bfloat16, channels last."""
    draw = torch.Generator().manual_seed(seed)
    values = torch.randint(-60, 90, (batch, features, rows, columns), generator=draw)
    return values.to(torch.bfloat16).contiguous(memory_format=torch.channels_last)


def neuron_of(features: int, width: float = 1.0) -> SpikingNeuron:
    neuron = SpikingNeuron(features, width=width)
    neuron.bias.data.uniform_(-0.5, 0.5, generator=torch.Generator().manual_seed(1))
    return neuron


def both(sums: Tensor, width: float) -> list[tuple[Tensor, ...]]:
    """Spikes, gradient of sums and of bias: of the C++, and of PyTorch in float32."""
    upstream = torch.randn(sums.shape, generator=torch.Generator().manual_seed(2)).bfloat16()
    found: list[tuple[Tensor, ...]] = []
    for dtype in (torch.bfloat16, torch.float32):
        neuron, inputs = (
            neuron_of(sums.shape[1], width),
            sums.detach().clone().to(dtype).requires_grad_(),
        )
        assert fused.can_fuse(inputs) == (dtype == torch.bfloat16)
        spikes = neuron(inputs)
        spikes.backward(upstream.to(dtype))
        assert inputs.grad is not None
        assert neuron.bias.grad is not None
        found.append((spikes.detach().float(), inputs.grad.float(), neuron.bias.grad))
    return found


@pytest.mark.parametrize("width", [1.0, 2.5])
@pytest.mark.parametrize(
    "shape", [(2, 1, 1, 1), (3, 5, 2, 7), (4, 64, 8, 8), (2, 100, 16, 16), (50, 440, 2, 2)]
)
def test_the_neuron_is_that_of_pytorch(shape, width):
    sums = sums_of(*shape)
    (spikes, gradient, of_bias), (plain, its, of_its) = both(sums, width)
    wide = sums.double()
    variance, mean = torch.var_mean(wide, dim=(0, 2, 3), correction=0, keepdim=True)
    r = (wide - mean) / (variance + EPSILON).sqrt() + neuron_of(shape[1]).bias.reshape(-1, 1, 1)
    sure = r.abs() > EDGE
    assert torch.equal(spikes[sure], (r[sure] >= 0).float())
    assert torch.equal(spikes[sure], plain[sure])
    # bfloat16 keeps 8 bits
    torch.testing.assert_close(gradient, its, rtol=2**-7, atol=1e-4)
    torch.testing.assert_close(of_bias, of_its, rtol=1e-4, atol=1e-3)


@pytest.mark.control
def test_another_width_is_another_gradient():
    (_, ours, _), _ = both(sums_of(4, 64, 8, 8), 1.0)
    _, (_, other, _) = both(sums_of(4, 64, 8, 8), 2.5)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(ours, other, rtol=2**-7, atol=1e-4)


def test_the_number_of_threads_changes_nothing():
    sums, before = sums_of(4, 100, 8, 8), torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3, 7):
            torch.set_num_threads(threads)
            found.append(both(sums, 1.0)[0])
    finally:
        torch.set_num_threads(before)
    for each in found[1:]:
        assert all(map(torch.equal, each, found[0]))


def test_without_a_compiler_pytorch_does_it(monkeypatch):
    sums = sums_of(4, 16, 8, 8)
    monkeypatch.setattr(fused, "_kernels", lambda: None)
    assert not fused.can_fuse(sums)
    spikes = neuron_of(16)(sums)
    assert spikes.dtype == torch.float32
    assert torch.equal(spikes, neuron_of(16)(sums.float()))


@pytest.mark.parametrize("groups", [1, 4])
def test_products_of_groups_are_the_convolution(groups):
    layer = TrinaryConv2d(64, 32, groups=groups, generator=torch.Generator().manual_seed(0))
    spikes = (sums_of(3, 64, 4, 5) > 0).float().requires_grad_()
    plain = layer(spikes)
    with torch.autocast("cpu", torch.bfloat16):
        short = layer(spikes)
    assert short.dtype == torch.bfloat16
    assert torch.equal(short.float(), plain)
    assert short.is_contiguous(memory_format=torch.channels_last)
    gradients: list[Tensor] = []
    for sums in (plain, short):
        layer.zero_grad()
        # of few bits, and no batch is large: no rounding comes in
        (sums * torch.arange(-16, 16).reshape(1, 32, 1, 1)).sum().backward()
        assert layer.hidden.grad is not None
        gradients.append(layer.hidden.grad.clone())
    torch.testing.assert_close(*gradients, rtol=2**-8, atol=0)


def test_a_width_must_be_above_0():
    with pytest.raises(ConfigError, match="width must be a number above 0, not 0"):
        SpikingNeuron(4, width=0)
