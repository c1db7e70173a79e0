"""A network of layers becomes a model again: the same network, and the same votes."""

import re
from dataclasses import replace

import pytest
import torch

from sterna.compile import Frame, Layer, LayerGraph, graph
from sterna.spec import ConfigError, content_hash
from sterna.train import SpikingNeuron, build, from_layers, recipe, to_layers
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
    return to_layers(
        model,
        made.data.shape,
        name=made.name,
        grain=made.grain,
        provenance={"coding": coding_of(made, model)},
    )


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


SMALL = LayerGraph(
    name="small",
    frame=Frame(rows=12, columns=12, features=2),
    layers=[
        Layer(name="a", kernel=(3, 3), stride=(3, 3), groups=2, neurons=8, wiring="shuffle"),
        Layer(name="b", source="a", kernel=(1, 1), groups=4, neurons=9),
        Layer(name="c", source="b", kernel=(2, 2), stride=(2, 2), groups=4, neurons=6, classes=6),
    ],
)


def small_network():
    draw = torch.Generator().manual_seed(2)
    model = build(SMALL, generator=draw)
    for module in model:
        if isinstance(module, SpikingNeuron):
            module.leak.copy_(torch.randint(-2, 3, module.leak.shape, generator=draw))
            module.folded.fill_(True)
    return to_layers(model, (2, 12, 12))


@pytest.mark.parametrize(
    ("at", "change", "text"),
    [
        (2, {"stride": (1, 1)}, "layer 'c': stride: the network has (2, 2), the graph (1, 1)"),
        (0, {"pad": 1}, "layer 'a': pad: the network has 0, the graph 1"),
        (2, {"classes": 3}, "classes of the output lines"),
        (0, {"wiring": "blocks"}, "layer 'a': places of its neurons"),
        (0, {"grain": 1}, "layer 'a': places of its neurons"),
        (1, {"neurons": 8}, "layer 'b': shape of weights"),
        (1, {"name": "other", "rest": "other"}, "layer 'b': name"),
    ],
)
def test_another_graph_is_refused_by_what_differs(at, change, text):
    network = small_network()
    change = dict(change)
    rest = change.pop("rest", None)
    layers = [
        replace(layer, **change) if index == at else layer
        for index, layer in enumerate(SMALL.layers)
    ]
    if rest:
        layers[at + 1] = replace(layers[at + 1], source=rest)
    other = LayerGraph(name="small", frame=SMALL.frame, layers=layers)
    from_layers(network, SMALL)
    with pytest.raises(ConfigError, match=re.escape(text)):
        from_layers(network, other)


def test_a_graph_of_other_layers_is_refused():
    made, model = drawn("mnist-free")
    with pytest.raises(ConfigError, match="name the graph that it was made of"):
        from_layers(network_of(made, model), graph("one-chip-eighth"))


@pytest.mark.parametrize("name", ["mnist-free", "one-chip-eighth"])
def test_training_begins_where_the_network_is(name):
    made, model = drawn(name)
    again = from_layers(network_of(made, model), made.graph)
    draw = torch.Generator().manual_seed(3)
    pixels = torch.randint(0, 256, (8, *made.data.shape), generator=draw).float()
    if made.coding["kind"] == "bits":
        pixels = (pixels > 127).float()
    with torch.no_grad():
        votes = model(pixels)
        assert votes.std() > 0
        assert torch.equal(again.train()(pixels), votes)
        assert torch.equal(again(pixels), votes)  # once the biases are taken, too


@pytest.mark.control
def test_a_model_without_its_biases_is_noticed():
    made, model = drawn("mnist-free")
    again = from_layers(network_of(made, model), made.graph).train()
    frames = (torch.rand(8, 1, 28, 28, generator=torch.Generator().manual_seed(3)) < 0.3).float()
    with torch.no_grad():
        again(frames)
        for module in again:
            if isinstance(module, SpikingNeuron):
                module.bias.zero_()
        assert not torch.equal(again(frames), model(frames))


def test_a_model_from_a_network_can_be_trained_on():
    made, model = drawn("mnist-free")
    again = from_layers(network_of(made, model), made.graph).train()
    again(torch.ones(2, 1, 28, 28)).sum().backward()
    assert all(value.grad is not None for value in again.parameters())
