"""A trained network is judged against its PyTorch model, example by example."""

import numpy as np
import pytest
import torch

from sterna.data import mnist_test
from sterna.data.examples import Examples
from sterna.spec import LayeredNetwork, Network, SternaError
from sterna.train import SpikingNeuron, recipe, to_layers
from sterna.train.judging import judged


def untrained(name):
    """A recipe, a model of it with drawn leaks, and its network."""
    made = recipe(name)
    model = made.model(1)
    draw = torch.Generator().manual_seed(2)
    for module in model.modules():
        if isinstance(module, SpikingNeuron):
            module.leak.copy_(torch.randint(-2, 3, module.leak.shape, generator=draw))
            module.folded.fill_(True)
    return made, model.eval(), to_layers(model, made.data.shape, grain=made.grain)


def digits(count):
    images = mnist_test()
    return Examples(images.pixels[:count, None], images.labels[:count].astype(np.int64))


@pytest.mark.parametrize(
    ("name", "kind"), [("mnist-up5k", Network), ("mnist-free", LayeredNetwork)]
)
def test_the_words_say_what_was_compared(name, kind):
    made, model, network = untrained(name)
    shipped, accuracy, how = judged(made, model, network, digits(30))
    assert isinstance(shipped, kind)
    assert 0 <= accuracy <= 1
    assert how == "PyTorch, equal to the layers engine on 30 examples"


@pytest.mark.control
@pytest.mark.parametrize("name", ["mnist-up5k", "mnist-free"])
def test_a_network_of_other_weights_is_noticed_for_a_board_too(name):
    made, model, network = untrained(name)
    last = network.layers[-1]
    other = network.replace(layers=(*network.layers[:-1], last.replace(weights=-last.weights)))
    with pytest.raises(SternaError, match="differ in the votes of 30 examples"):
        judged(made, model, other, digits(30))
