"""Eedn's layers: hysteresis, surrogate gradient, and a fold without any rounding."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from sterna.train.layers import (
    EPSILON,
    SpikingNeuron,
    TrinaryLinear,
    fold,
    spike,
    trinarize,
)


def after(hidden, previous):
    return trinarize(torch.tensor([hidden]), torch.tensor([float(previous)])).item()


@pytest.mark.parametrize("previous", [-1, 0, 1])
@pytest.mark.parametrize(
    ("hidden", "weight"),
    [(-1, -1), (-0.61, -1), (-0.39, 0), (0, 0), (0.39, 0), (0.61, 1), (1, 1)],
)
def test_outside_the_dead_bands_only_the_hidden_weight_counts(hidden, weight, previous):
    assert after(hidden, previous) == weight


@pytest.mark.parametrize("previous", [-1, 0, 1])
@pytest.mark.parametrize("hidden", [-0.59, -0.5, -0.41, 0.41, 0.5, 0.59])
def test_in_a_dead_band_a_weight_stays(hidden, previous):
    assert after(hidden, previous) == previous


def returns_to_zero(rule):
    """Whether a weight that was 1 is 0 again once its hidden weight has gone back to 0.2."""
    weight = torch.tensor([0.0])
    for hidden in (0.7, 0.5, 0.2):
        weight = rule(torch.tensor([hidden]), weight)
    return weight.item() == 0


def test_a_weight_returns_to_zero():
    assert returns_to_zero(trinarize)


def test_the_check_notices_the_rule_of_the_open_port():
    # its two inner tests are joined by OR, which is always true: the middle keeps its weight
    def port(hidden, previous):
        middle = torch.logical_or(hidden > -0.4, hidden < 0.4)
        outer = torch.where(hidden >= 0.6, 1.0, torch.where(hidden <= -0.6, -1.0, 0.0))
        return torch.where(middle & (hidden.abs() < 0.6), previous, outer)

    assert not returns_to_zero(port)


def test_without_hysteresis_weights_round_at_a_half():
    hidden = torch.tensor([-0.51, -0.49, 0.49, 0.51])
    assert trinarize(hidden, torch.zeros(4), 0.0).tolist() == [-1, 0, 0, 1]


def test_a_spike_is_due_from_zero_up():
    assert spike(torch.tensor([-1e-9, 0.0, 1e-9])).tolist() == [0, 1, 1]


def test_the_surrogate_gradient_is_a_triangle():
    r = torch.tensor([-2.0, -1.0, -0.75, 0.0, 0.25, 1.0, 3.0], requires_grad=True)
    (spike(r) * 2).sum().backward()
    assert r.grad is not None
    assert r.grad.tolist() == [0, 0, 0.5, 2, 1.5, 0, 0]


def linear(**shape):
    return TrinaryLinear(**shape, generator=torch.Generator().manual_seed(1))


def test_the_gradient_of_the_trinary_weights_goes_straight_to_the_hidden_ones():
    layer = linear(groups=2, inputs=3, outputs=4)
    spikes = torch.tensor([[[1.0, 0, 1]], [[0, 1, 0]]])
    layer(spikes).sum().backward()
    grad = layer.hidden.grad
    assert grad is not None
    np.testing.assert_array_equal(grad, spikes[:, 0, :, None].expand(2, 3, 4))


def test_sums_are_those_of_the_trinary_weights_of_each_group():
    layer = linear(groups=3, inputs=256, outputs=5).eval()
    spikes = (torch.rand((3, 7, 256), generator=torch.Generator().manual_seed(2)) < 0.5).float()
    sums = layer(spikes).detach().numpy()
    for group in range(3):
        weights = layer.trinary[group].numpy().astype(int)
        assert set(np.unique(weights)) == {-1, 0, 1}
        want = spikes[group].numpy().astype(int) @ weights
        np.testing.assert_array_equal(sums[group], want)


def test_weights_change_in_training_only_and_stay_clipped():
    layer = linear(groups=1, inputs=2, outputs=2)
    layer.hidden.data = torch.tensor([[[1.7, -1.2], [0.9, 0.1]]])
    before = layer.trinary.clone()
    layer.clip()
    assert layer.hidden.abs().max() == 1
    layer.eval()(torch.ones(1, 1, 2))
    assert torch.equal(layer.trinary, before)
    layer.train()(torch.ones(1, 1, 2))
    assert layer.trinary.tolist() == [[[1, -1], [1, 0]]]


SUMS = range(-256, 257)


def normalized_fires(s, mean, sigma, bias):
    """r >= 0, in rationals: what batch normalization says before any fold."""
    return (s - Fraction(mean)) / Fraction(sigma) + Fraction(bias) >= 0


def parameters():
    rng = np.random.default_rng(3)
    for scale in (0.1, 5.0, 60.0, 400.0):
        for _ in range(40):
            yield (rng.normal(0, scale), math.sqrt(rng.exponential(scale) + EPSILON),
                   rng.normal(0, 2))  # fmt: skip
    # ties: the threshold is an integer or half way, or a rounding away from one
    for mean in (-3.0, 0.0, 2.5, 2.0 + 2**-50, 2.0 - 2**-50, np.nextafter(7, 8), -256.0, 256.0):
        yield float(mean), 1.0, 0.0
        yield float(mean), 0.1, 10.0
        yield float(mean), math.sqrt(2), -0.5


def test_the_fold_is_the_normalized_neuron_at_every_sum():
    for mean, sigma, bias in parameters():
        leak = fold(mean, sigma, bias, fan_in=256)
        assert -256 <= leak <= 257
        for s in SUMS:
            assert (s + leak >= 1) == normalized_fires(s, mean, sigma, bias), (mean, sigma, bias)


@pytest.mark.control
def test_the_check_notices_a_fold_off_by_one():
    def wrong(mean, sigma, bias):
        return -math.ceil(mean - bias * sigma)

    assert any((s + wrong(2.5, 1.0, 0.0) >= 1) != normalized_fires(s, 2.5, 1.0, 0.0) for s in SUMS)


def test_neurons_in_evaluation_fire_as_in_training_with_the_same_statistics():
    generator = torch.Generator().manual_seed(4)
    sums = torch.randint(-40, 41, (2, 500, 16), generator=generator).float()
    layer = SpikingNeuron(groups=2, neurons=16, fan_in=256)
    layer.bias.data = torch.randn((2, 1, 16), generator=generator)
    training = layer(sums)
    variance, mean = torch.var_mean(sums.double(), dim=1, keepdim=True, correction=0)
    layer.mean.copy_(mean)
    layer.variance.copy_(variance)
    layer.fold()
    np.testing.assert_array_equal(layer.eval()(sums), training.detach())
