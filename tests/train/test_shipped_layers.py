"""The networks that ship as layers: PyTorch, layer engine and golden model, neuron by neuron.

CIFAR-10's images do not ship; digits in three colours stir the network as well. Its accuracy on the
whole test set is in docs/results.json, and `sterna accuracy` measures it again.
"""

import numpy as np
import pytest
import torch

from sterna import model
from sterna.compile.packing import fewest
from sterna.data import SHIPPED_LAYERS, mnist_test, shipped
from sterna.data.coding import encode
from sterna.spec import LayeredNetwork
from sterna.spec.expand import expand
from sterna.spec.results import with_latency
from sterna.train import from_layers, recipe
from sterna.verify.engines import compare_traces, trace
from tests.exact import check


@pytest.fixture(scope="module", params=SHIPPED_LAYERS)
def network(request) -> LayeredNetwork:
    network = shipped(request.param)
    assert isinstance(network, LayeredNetwork)
    return network


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Digits on 32 x 32 pixels, a colour each moved and another upside down: uint8 [2, 3, ...]."""
    digits = np.pad(mnist_test().pixels[:2], ((0, 0), (2, 2), (2, 2)))
    return np.stack([digits, np.roll(digits, 5, axis=2), 255 - digits[:, ::-1]], axis=1)


def test_pytorch_layer_engine_and_golden_model_agree_on_every_spike(network, images):
    again = from_layers(network, recipe(network.name).graph)
    packing = fewest(network)  # fewer cores than windows: the golden model takes its time
    check(again, network, torch.from_numpy(images).float(), packing)
    cores = expand(network, packing).network
    frames = with_latency(cores, encode(network.provenance["coding"], images))
    golden = trace(model.open(cores, engine="golden"), frames)
    layers = trace(model.open(cores, engine="layers"), frames)
    assert compare_traces("layers", cores, golden, layers) is None
    assert golden[2].any()  # votes


@pytest.mark.control
@pytest.mark.parametrize("at", [0, -1])
def test_the_trits_of_one_neuron_turned_are_noticed(network, images, at):
    layer = network.layers[at]
    weights = layer.weights.copy()
    weights[0, :, 0] = -weights[0, :, 0]
    layers = list(network.layers)
    layers[at] = layer.replace(weights=weights)
    wrong = from_layers(network.replace(layers=tuple(layers)), recipe(network.name).graph)
    with pytest.raises(AssertionError, match=layer.name.replace("(", r"\(").replace(")", r"\)")):
        check(wrong, network, torch.from_numpy(images).float(), fewest(network))


def test_it_says_where_it_comes_from(network):
    made = recipe(network.name)
    assert network.provenance["recipe"] == network.name
    assert network.provenance["seed"] == made.seed
    assert network.provenance["epochs"] == made.options.epochs
    assert round(100 * network.provenance["test_accuracy"], 2) == made.expected["accuracy"]
