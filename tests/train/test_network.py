"""The patch network: which pixel, neuron and vote goes where."""

import numpy as np
import pytest
import torch

from sterna.model import GoldenModel, run
from sterna.spec import ConfigError, preset
from sterna.train import PatchConfig, PatchNetwork
from sterna.train.data import Split
from sterna.train.export import export
from sterna.train.training import calibrate

SMALL = PatchConfig(
    side=6, patch=2, stride=2, across=2, first=4, groups=2, second=3, votes=2, classes=3
)


@pytest.mark.parametrize(
    ("change", "text"),
    [({"stride": 5}, "reach over 7 pixels, the image has 6"), ({"first": 5}, "not a multiple")],
)
def test_a_shape_that_cannot_be_is_refused(change, text):
    with pytest.raises(ConfigError, match=text):
        PatchConfig(**{**vars(SMALL), **change})


def test_the_cores_read_what_the_module_reads():
    net = PatchNetwork(config=SMALL)
    network = export(net, name="small", hardware=preset("up5k"))
    assert network.cores == 7  # four patches in the middle of the image, two groups, the votes
    pixels = network.input_map[:, 0].reshape(4, 4).tolist()
    assert pixels == [[7, 8, 13, 14], [9, 10, 15, 16], [19, 20, 25, 26], [21, 22, 27, 28]]
    assert sources(network, 5) == [(p, n) for p in range(4) for n in (2, 3)]
    assert sources(network, 6) == [(g, n) for g in (4, 5) for n in range(3)]
    assert network.output_class.tolist() == [0, 1, 2, 0, 1, 2]


def sources(network, core):
    """Core and neuron that each axon of a core hears, in the order of its axons."""
    rows = network.targets[network.targets[:, 2] == core]
    return [tuple(row) for row in rows[rows[:, 3].argsort(), :2].tolist()]


def test_scores_count_the_votes_of_each_class():
    net = PatchNetwork(config=SMALL, seed=3).eval()
    frames = (torch.rand((5, 36), generator=torch.Generator().manual_seed(5)) < 0.5).float()
    spikes = net(frames)
    assert torch.equal(net.scores(frames), spikes[:, :3] + spikes[:, 3:])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"groups": 1, "votes": 1},
        {"groups": 4, "across": 1, "patch": 5},
        {"stride": 1, "patch": 3, "first": 6, "groups": 3},
    ],
)
def test_untrained_networks_agree_with_the_golden_model(change, seed):
    config = PatchConfig(**{**vars(SMALL), **change})
    net = PatchNetwork(config=config, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    for layer in net.neurons:
        layer.bias.data.copy_(torch.randn(layer.bias.shape, generator=generator) / 2)
    frames = (torch.rand((100, 36), generator=generator) < 0.5).float()
    calibrate(net, Split(frames, torch.zeros(100).long()))
    with torch.no_grad():
        spikes = net(frames)
    assert 0.05 < spikes.mean() < 0.95
    network = export(net, name="small", hardware=preset("up5k"))
    np.testing.assert_array_equal(run(GoldenModel(network), frames.numpy()), spikes)


def test_the_seed_draws_the_first_weights():
    first, same, other = (PatchNetwork(config=SMALL, seed=seed).weights[0].hidden
                          for seed in (1, 1, 2))  # fmt: skip
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
