"""Layers of trinary weights: hysteresis, sums of windows and groups, wiring, votes."""

import numpy as np
import pytest
import torch
from torch import nn

from sterna.spec import ConfigError
from sterna.train import Shuffle, TrinaryConv2d, TrinaryLinear, TrinaryPatches, Votes
from sterna.train.trinary import trinarize


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


def linear(inputs, outputs, groups=1):
    return TrinaryLinear(inputs, outputs, groups=groups, generator=torch.Generator().manual_seed(1))


def random_spikes(*shape, seed=2):
    return (torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.5).float()


def test_the_gradient_of_the_trinary_weights_goes_straight_to_the_hidden_ones():
    layer = linear(6, 8, groups=2)
    spikes = torch.tensor([[1.0, 0, 1, 0, 1, 0]])
    layer(spikes).sum().backward()
    grad = layer.hidden.grad
    assert grad is not None
    np.testing.assert_array_equal(grad, spikes.reshape(2, 3, 1).expand(2, 3, 4))


def test_sums_are_those_of_the_trinary_weights_of_each_group():
    layer = linear(768, 15, groups=3).eval()
    spikes = random_spikes(7, 768)
    sums = layer(spikes).detach().numpy()
    assert set(np.unique(layer.trinary)) == {-1, 0, 1}
    for group in range(3):
        weights = layer.trinary[group].numpy().astype(int)
        want = spikes[:, 256 * group :][:, :256].numpy().astype(int) @ weights
        np.testing.assert_array_equal(sums[:, 5 * group :][:, :5], want)


def test_weights_change_in_training_only_and_stay_clipped():
    layer = linear(2, 2)
    layer.hidden.data = torch.tensor([[[1.7, -1.2], [0.9, 0.1]]])
    before = layer.trinary.clone()
    layer.eval()(torch.ones(1, 2))
    assert torch.equal(layer.trinary, before)
    layer.train()(torch.ones(1, 2))
    assert layer.hidden.abs().max() == 1
    assert layer.trinary.tolist() == [[[1, -1], [1, 0]]]


def test_hysteresis_is_in_the_state_of_a_model():
    layer = linear(4, 4)
    layer.hidden.data.fill_(0.7)
    layer(torch.ones(1, 4))
    layer.hidden.data.fill_(0.5)
    again = linear(4, 4)
    again.load_state_dict(layer.state_dict())
    again(torch.ones(1, 4))
    assert again.trinary.unique().tolist() == [1]
    fresh = linear(4, 4)
    fresh.hidden.data.fill_(0.5)
    fresh(torch.ones(1, 4))
    assert fresh.trinary.unique().tolist() != [1]


def conv(**changes):
    shape = {"inputs": 8, "outputs": 12, "kernel": 3, "stride": 1, "padding": 1, "groups": 2}
    return TrinaryConv2d(**{**shape, **changes}, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"kernel": 4, "stride": 2},
        {"kernel": 5, "stride": 5, "padding": 2},
        {"kernel": 2, "stride": 2, "padding": 0, "groups": 4},
        {"kernel": 1, "padding": 0},
        {"kernel": (1, 3), "stride": (2, 1)},
        {"groups": 1},
    ],
)
@pytest.mark.parametrize("side", [2, 6])
def test_a_convolution_sums_each_window_of_each_group(changes, side):
    layer = conv(**changes).eval()
    spikes = random_spikes(3, 8, side, side)
    pad = layer.padding
    padded = np.pad(spikes.numpy().astype(int), [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    sums = layer(spikes).detach().numpy()
    share, own = 8 // layer.groups, 12 // layer.groups
    weights = layer.trinary.numpy().astype(int)
    for (image, feature, y, x), seen in np.ndenumerate(sums):
        group = feature // own
        window = padded[
            image,
            group * share : (group + 1) * share,
            y * layer.stride[0] : y * layer.stride[0] + layer.kernel[0],
            x * layer.stride[1] : x * layer.stride[1] + layer.kernel[1],
        ]
        assert seen == (window * weights[feature]).sum()


def test_both_ways_to_a_1_x_1_convolution_have_the_same_gradients():
    spikes = random_spikes(5, 8, 2, 2)
    layer = conv(kernel=1, padding=0)
    layer(spikes).square().sum().backward()
    quick = layer.hidden.grad.clone()
    layer.hidden.grad = None
    nn.functional.conv2d(spikes, layer.weights(), groups=2).square().sum().backward()
    torch.testing.assert_close(quick, layer.hidden.grad)


def test_patches_have_weights_of_their_own_in_the_order_of_a_networks_axons():
    layer = TrinaryPatches(2, 3, frame=(6, 5), kernel=(2, 3), stride=(2, 2), padding=-1)
    layer.eval()
    spikes = random_spikes(4, 2, 6, 5)
    sums = layer(spikes).detach().reshape(4, 2, 3)
    for patch, top in enumerate((1, 3)):
        window = spikes[:, :, top : top + 2, 1:4].permute(0, 2, 3, 1).flatten(1)
        torch.testing.assert_close(sums[:, patch], window @ layer.trinary[patch])


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: conv(inputs=64, name="wide"),
            "layer 'wide', group 0 of 2: its fan-in is 288, the limit is 256: 32 too many",
        ),
        (lambda: conv(inputs=64, limit=128), "fan-in is 288, the limit is 128: 160 too many"),
        (lambda: TrinaryLinear(300, 10), "TrinaryLinear, group 0 of 1: its fan-in is 300.*44 too"),
        (
            lambda: TrinaryPatches(1, 3, frame=(20, 20), kernel=(17, 16), stride=(1, 1)),
            "TrinaryPatches, group 0 of 20: its fan-in is 272",
        ),
        (lambda: conv(groups=3), "8 inputs in 3 groups"),
        (lambda: conv(outputs=9), "9 outputs in 2 groups"),
        (lambda: conv(kernel=17), r"kernel must be 1\.\.16, not 17 x 17"),
        (lambda: conv(stride=0), r"stride must be 1\.\.16, not 0 x 0"),
        (lambda: conv(padding=16), r"padding must be 0\.\.15, not 16"),
        (lambda: TrinaryPatches(1, 3, frame=(4, 4), kernel=(5, 1), stride=(1, 1)), "no patch of"),
        (lambda: Shuffle(0, 2), "groups and targets must be at least 1"),
        (lambda: Shuffle(2, 3)(torch.zeros(1, 8)), "8 features of 2 groups do not go evenly to 3"),
        (lambda: Votes(0), "classes must be at least 1"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(make, text):
    with pytest.raises(ConfigError, match=text):
        make()


def test_a_shuffle_deals_each_groups_features_to_all_groups():
    spikes = torch.arange(12.0).reshape(1, 12)  # two groups of six
    assert Shuffle(2, 3)(spikes)[0].tolist() == [0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11]
    wide = spikes.reshape(1, 12, 1, 1).expand(2, 12, 2, 3)
    assert torch.equal(Shuffle(2, 3)(wide)[0, :, 1, 1], Shuffle(2, 3)(spikes)[0])


def test_votes_are_counted_over_features_and_sites():
    spikes = random_spikes(2, 7, 2, 2)
    counts = spikes.sum(dim=(2, 3))
    want = torch.stack(
        [counts[:, [0, 3, 6]].sum(1), counts[:, [1, 4]].sum(1), counts[:, [2, 5]].sum(1)], dim=1
    )
    assert torch.equal(Votes(3)(spikes), want)
    assert torch.equal(Votes(3)(spikes[:, :6, 0, 0]), spikes[:, :3, 0, 0] + spikes[:, 3:6, 0, 0])


@pytest.mark.parametrize("dims", [2, 4])
def test_votes_are_exact_in_the_precision_that_a_gpu_trains_in(dims):
    """815 and 814 votes, which bfloat16 would both make 816."""
    spikes = torch.zeros(1, 2040, 2, 2, dtype=torch.bfloat16)
    spikes[:, ::10] = 1
    spikes[:, 1::10] = 1
    spikes[:, 0, 0, 0] = spikes[:, 1, 0, 0] = spikes[:, 1, 0, 1] = 0
    if dims == 2:  # features of one site, in the same order of classes
        spikes = spikes.permute(0, 2, 3, 1).flatten(1)
    with torch.autocast("cpu", torch.bfloat16):
        votes = Votes(10)(spikes)
    assert votes.dtype == torch.float32
    assert votes.tolist() == [[815, 814] + [0] * 8]


@pytest.mark.parametrize("kernel", [1, 4])
def test_sums_are_exact_in_the_precision_that_a_gpu_trains_in(kernel):
    """bfloat16 has eight bits: checked at the largest sums that 256 axons can have."""
    layer = TrinaryConv2d(256 // kernel**2, 4, kernel)
    layer.trinary[:2], layer.trinary[2:] = 1, -1
    layer.eval()
    spikes = torch.ones(2, 256 // kernel**2, 5, 5)
    spikes[1, 0, 0, 0] = 0
    with torch.autocast("cpu", torch.bfloat16):
        seen = layer(spikes)
    assert seen.dtype == torch.bfloat16
    assert seen[0].unique().tolist() == [-256, 256]
    assert torch.equal(seen.float(), layer(spikes))


@pytest.mark.control
def test_the_check_notices_a_fan_in_that_bfloat16_does_not_hold():
    layer = TrinaryConv2d(257, 1, limit=512)
    layer.trinary.fill_(1)
    layer.eval()
    spikes = torch.ones(1, 257, 5, 5)
    with torch.autocast("cpu", torch.bfloat16):
        seen = layer(spikes)
    assert not torch.equal(seen.float(), layer(spikes))
