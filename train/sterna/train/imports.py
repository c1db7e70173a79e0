"""From a network of layers back to a PyTorch model, to look into it or to train it on."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from sterna.compile import LayerGraph, lower
from sterna.spec import ConfigError, LayeredNetwork

from .build import build
from .coding import WEIGHT_MAX, BitPlanes, Coding, PixelConv2d, Thermometer, Transduction
from .layers import TrinaryLinear, TrinaryPatches
from .neurons import SpikingNeuron
from .trinary import TrinaryLayer


def from_layers(network: LayeredNetwork, graph: LayerGraph) -> nn.Sequential:
    """The model of a trained network, calibrated and in evaluation: `to_layers`, backwards.

    Parameters
    ----------
    network : a network of layers; its provenance says how pixels are coded.
    graph : that it was made of, its recipe's say.

    Raises
    ------
    ConfigError : the network is not one of that graph.
    """
    shapes = lower(graph)
    for own, layer in zip(shapes.layers, network.layers, strict=False):
        if (own.name, own.weights.shape) != (layer.name, layer.weights.shape):
            raise ConfigError(
                f"layer {layer.name!r} of {network.name!r} has weights {layer.weights.shape}, the "
                f"graph's {own.name!r} {own.weights.shape}: name the graph that it was made of"
            )
    if len(shapes.layers) != len(network.layers):
        raise ConfigError(
            f"{network.name!r} has {len(network.layers)} layers, the graph {len(shapes.layers)}"
        )
    coding = network.provenance.get("coding", {"kind": "none"})
    model = build(graph, coding=_coder(coding))
    modules = [module for module in model if isinstance(module, TrinaryLayer)]
    neurons = [module for module in model if isinstance(module, SpikingNeuron)]
    place = {layer.name: layer.place for layer in shapes.layers}
    for module, own, layer, plan in zip(modules, neurons, network.layers, graph.order, strict=True):
        features = network.maps[layer.source].features
        wide = layer.weights.reshape(layer.groups, *layer.kernel, features, layer.neurons)
        trits = torch.from_numpy(
            np.stack([wide[group][:, :, _used(plan.source, group, place, features)]
                      for group in range(layer.groups)])
        )  # fmt: skip
        module.trinary.copy_(_as_module(module, trits))
        module.hidden.data.copy_(module.trinary)
        _settle(own, torch.tensor(layer.leak.ravel()))
    return model.eval()


def _used(
    source: str | None, group: int, place: Mapping[str, np.ndarray], features: int
) -> np.ndarray:
    """Features of a group's map that neurons write, in order; the others are holes."""
    if source is None:
        return np.arange(features)
    at = place[source]
    return np.sort(at[..., 1][at[..., 0] == group])


def _as_module(module: TrinaryLayer, trits: torch.Tensor) -> torch.Tensor:
    """Trits [groups, rows, columns, features, neurons] of a window, laid out as the module's."""
    if isinstance(module, TrinaryPatches):
        return trits.reshape(module.trinary.shape)
    if isinstance(module, TrinaryLinear):
        return trits.permute(0, 3, 1, 2, 4).reshape(module.trinary.shape)
    return trits.permute(0, 4, 3, 1, 2).reshape(module.trinary.shape)


def _settle(neurons: SpikingNeuron, leak: torch.Tensor) -> None:
    neurons.leak.copy_(leak)
    neurons.sign.fill_(1)  # signs are in the weights
    neurons.folded.fill_(True)


def _coder(coding: Mapping[str, Any]) -> Coding | Transduction | None:
    """The module that codes pixels as a provenance says; None for bits and spikes."""
    kind = coding["kind"]
    if kind == "thermometer":
        return Thermometer(len(coding["edges"]))
    if kind == "planes":
        return BitPlanes(coding["bits"])
    if kind != "transduction":
        return None
    weights = torch.tensor(coding["weights"], dtype=torch.float32)
    outputs, inputs, kernel, _ = weights.shape
    coder = Transduction(inputs, outputs, kernel)
    sums, neurons = coder
    assert isinstance(sums, PixelConv2d)
    assert isinstance(neurons, SpikingNeuron)
    sums.hidden.data.copy_(weights / WEIGHT_MAX)
    _settle(neurons, torch.tensor(coding["leak"]))
    return coder
