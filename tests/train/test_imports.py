"""A network of layers becomes a model again: the same network, and the same votes."""

import pytest
import torch

from sterna.compile import graph
from sterna.spec import ConfigError, content_hash
from sterna.train import SpikingNeuron, from_layers, recipe, to_layers
from sterna.train.judging import coding_of


def drawn(name):
    """A recipe's model with random trits, and leaks as if it had been calibrated."""
    made = recipe(name)
    model = made.model(1)
    draw = torch.Generator().manual_seed(2)
    for module in model.modules():
        if isinstance(module, SpikingNeuron):
            module.leak.copy_(torch.randint(-4, 5, module.leak.shape, generator=draw))
            module.sign.copy_(torch.randint(0, 2, module.sign.shape, generator=draw) * 2 - 1)
            module.folded.fill_(True)
    return made, model.eval()


def network_of(made, model):
    return to_layers(model, made.data.shape, name=made.name, grain=made.grain,
                     provenance={"coding": coding_of(made, model)})  # fmt: skip


@pytest.mark.parametrize(
    "name", ["mnist-up5k", "mnist-free", "spoken-digits", "nmnist-events", "one-chip-eighth"]
)
def test_a_network_comes_back(name):
    made, model = drawn(name)
    network = network_of(made, model)
    again = from_layers(network, made.graph)
    assert content_hash(network_of(made, again)) == content_hash(network)
    pixels = torch.randint(
        0, 256, (3, *made.data.shape), generator=torch.Generator().manual_seed(3)
    )
    pixels = (
        pixels.float() if made.coding["kind"] not in ("bits", "none") else (pixels > 127).float()
    )
    with torch.no_grad():
        votes = model(pixels)
        assert torch.equal(again(pixels), votes)
    assert votes.std() > 0


@pytest.mark.control
def test_another_trit_gives_other_votes():
    made, model = drawn("mnist-free")
    network = network_of(made, model)
    last = network.layers[-1]
    weights = last.weights.copy()
    weights[:] = -weights
    other = network.replace(layers=(*network.layers[:-1], last.replace(weights=weights)))
    frames = (torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(3)) < 0.3).float()
    with torch.no_grad():
        assert not torch.equal(from_layers(other, made.graph)(frames), model(frames))


def test_another_graph_is_refused():
    made, model = drawn("mnist-free")
    with pytest.raises(ConfigError, match="name the graph that it was made of"):
        from_layers(network_of(made, model), graph("one-chip-eighth"))


def test_a_model_from_a_network_can_be_trained_on():
    made, model = drawn("mnist-free")
    again = from_layers(network_of(made, model), made.graph).train()
    again(torch.ones(2, 1, 28, 28)).sum().backward()
    assert all(value.grad is not None for value in again.parameters())
