"""A PyTorch model against the golden model of its network: every neuron of every layer."""

import numpy as np

from sterna.data.coding import encode
from sterna.model import GoldenModel
from sterna.spec.expand import expand
from sterna.train import layer_spikes


def torch_layers(model, network, inputs):
    """Spikes of every layer of a network in PyTorch: [frames, groups, neurons, rows, columns]."""
    spikes = [one for name, one in layer_spikes(model, inputs).items() if "(coding)" not in name]
    return [
        one.numpy().reshape(len(inputs), layer.groups, layer.neurons, *layer.sites)
        for one, layer in zip(spikes, network.layers, strict=True)
    ]


def golden_layers(network, frames, packing=None):
    """The same in the golden model of the network's expansion."""
    expansion = expand(network, packing)
    model = GoldenModel(expansion.network)
    seen = []
    for tick in range(len(frames) + network.latency):
        cores = model.step(frames[tick]) if tick < len(frames) else model.step()
        spikes = np.zeros((expansion.network.cores, 256), bool)
        for core, own in enumerate(cores.spikes):
            spikes[core, : len(own)] = own
        seen.append(spikes)
    return [
        np.stack(
            [
                seen[frame + depth][at[..., 0], at[..., 1]].transpose(0, 3, 1, 2)
                for frame in range(len(frames))
            ]
        )
        for at, depth in zip(expansion.where, network.depths, strict=True)
    ]


def check(model, network, inputs, packing=None):
    """Compare every neuron of every layer; fails where a layer does nothing."""
    first = next(model.children())
    coding = first.describe() if hasattr(first, "describe") else {"kind": "none"}
    frames = encode(coding, inputs.numpy().astype(np.uint8))
    for layer, seen, want in zip(
        network.layers,
        torch_layers(model, network, inputs),
        golden_layers(network, frames, packing),
        strict=True,
    ):
        np.testing.assert_array_equal(seen, want, err_msg=layer.name)
        assert 0 < want.mean() < 1, layer.name
