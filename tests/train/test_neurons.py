"""Spiking neurons: the surrogate gradient, the penalty, and a fold without any rounding."""

import copy
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from sterna.spec import ConfigError, DataError
from sterna.train import SpikingNeuron, spike_penalty
from sterna.train.neurons import EPSILON, fold, spike


def test_a_spike_is_due_from_zero_up():
    assert spike(torch.tensor([-1e-9, 0.0, 1e-9])).tolist() == [0, 1, 1]


def test_the_surrogate_gradient_is_a_triangle():
    r = torch.tensor([-2.0, -1.0, -0.75, 0.0, 0.25, 1.0, 3.0], requires_grad=True)
    (spike(r) * 2).sum().backward()
    assert r.grad is not None
    assert r.grad.tolist() == [0, 0, 0.5, 2, 1.5, 0, 0]


SUMS = range(-256, 257)


def normalized_fires(s, mean, sigma, bias, scale=1.0):
    """r >= 0, in rationals: what batch normalization says before any fold."""
    return Fraction(scale) * (s - Fraction(mean)) / Fraction(sigma) + Fraction(bias) >= 0


def parameters():
    rng = np.random.default_rng(3)
    for scale in (0.1, 5.0, 60.0, 400.0):
        for _ in range(20):
            yield (
                rng.normal(0, scale),
                math.sqrt(rng.exponential(scale) + EPSILON),
                rng.normal(0, 2),
                rng.normal(0, 1),
            )
            yield rng.normal(0, scale), math.sqrt(EPSILON), rng.normal(0, 2), rng.normal(0, 1e-3)
    # ties: the threshold is an integer or half way, or a rounding away from one
    for mean in (-3.0, 0.0, 2.5, 2.0 + 2**-50, 2.0 - 2**-50, np.nextafter(7, 8), -256.0, 256.0):
        for scale in (1.0, -1.0, 0.3, -1e-30):
            yield float(mean), 1.0, 0.0, scale
            yield float(mean), 0.1, 10.0, scale
            yield float(mean), math.sqrt(2), -0.5, scale
    # no variance at all: sigma is the root of EPSILON; and a scale that is 0
    for bias in (-1.0, 0.0, 1e-12):
        yield 5.0, math.sqrt(EPSILON), bias, 1.0
        yield 5.0, 3.0, bias, 0.0


def test_the_fold_is_the_normalized_neuron_at_every_sum():
    for mean, sigma, bias, scale in parameters():
        sign, leak = fold(mean, sigma, bias, scale, fan_in=256)
        assert sign in (-1, 1)
        assert -256 <= leak <= 257
        for s in SUMS:
            fires = sign * s + leak >= 1
            assert fires == normalized_fires(s, mean, sigma, bias, scale), (mean, bias, scale)


@pytest.mark.control
def test_the_check_notices_a_fold_off_by_one():
    def wrong(mean, sigma, bias):
        return -math.ceil(mean - bias * sigma)

    assert any((s + wrong(2.5, 1.0, 0.0) >= 1) != normalized_fires(s, 2.5, 1.0, 0.0) for s in SUMS)


@pytest.mark.control
def test_the_check_notices_a_negative_scale_folded_as_a_positive_one():
    _, leak = fold(2.5, 1.0, 0.5, 1.0, fan_in=256)
    assert any((s + leak >= 1) != normalized_fires(s, 2.5, 1.0, 0.5, -1.0) for s in SUMS)


@pytest.mark.parametrize("shape", [(500, 16), (50, 16, 3, 4)])
@pytest.mark.parametrize("scaled", [False, True])
def test_neurons_in_evaluation_fire_as_in_training_with_the_same_statistics(shape, scaled):
    generator = torch.Generator().manual_seed(4)
    sums = torch.randint(-40, 41, shape, generator=generator).float()
    layer = SpikingNeuron(16, scaled=scaled)
    layer.bias.data = torch.randn(16, generator=generator)
    if layer.scale is not None:
        layer.scale.data = torch.randn(16, generator=generator)
    training = layer(sums)
    dims = [0, *range(2, len(shape))]
    variance, mean = torch.var_mean(sums.double(), dim=dims, correction=0)
    layer.mean.copy_(mean)
    layer.variance.copy_(variance)
    layer.fold()
    np.testing.assert_array_equal(layer.eval()(sums), training.detach())


def test_a_layer_that_has_diverged_is_named():
    layer = SpikingNeuron(3)
    layer.bias.data[1] = math.nan
    with pytest.raises(DataError, match=r"neuron 1: .*diverged; use a smaller learning rate"):
        layer.fold()


@pytest.mark.parametrize("fields", [{"features": 0}, {"features": 3, "fan_in": 0}])
def test_neurons_that_cannot_be_are_refused(fields):
    with pytest.raises(ConfigError, match="must be at least 1, not 0"):
        SpikingNeuron(**fields)


def test_a_model_in_training_can_be_copied():
    model = nn.Sequential(SpikingNeuron(2))
    model(torch.randn(5, 2))
    again = copy.deepcopy(model)
    assert again[0].rate is None
    assert model[0].rate is not None


def test_the_penalty_is_half_the_sum_of_squared_rates_and_lowers_them():
    model = nn.Sequential(SpikingNeuron(2), SpikingNeuron(2))
    with pytest.raises(ConfigError, match="run the model in training mode first"):
        spike_penalty(model)
    sums = torch.randn((400, 2), generator=torch.Generator().manual_seed(0))
    model(sums)
    first, second = model
    want = (first.rate.square().sum() + second.rate.square().sum()) / 2
    assert torch.equal(spike_penalty(model), want)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    before = first.rate.mean().item()
    for _ in range(10):
        model(sums)
        optimizer.zero_grad()
        spike_penalty(model).backward()
        optimizer.step()
    assert first.rate.mean().item() < before - 0.1
