"""From a network of layers back to a PyTorch model, to look into it or to train it on."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from sterna.compile import LayerGraph, lower
from sterna.data.coding import WEIGHT_MAX, check_coding
from sterna.spec import ConfigError, LayeredNetwork

from .build import build
from .coding import BitPlanes, Coding, PixelConv2d, Thermometer, Transduction
from .compare import Pair, compare
from .layers import TrinaryLinear, TrinaryPatches
from .neurons import SpikingNeuron
from .trinary import TrinaryLayer
from .walk import walk


def from_layers(network: LayeredNetwork, graph: LayerGraph) -> nn.Sequential:
    """The model of a trained network, calibrated and in evaluation: `to_layers`, backwards.

    Model and network are compared on drawn frames, spike by spike. In training the model begins
    with the network's spikes: the first batch gives the statistics with which its leaks become
    biases.

    Parameters
    ----------
    network : a network of layers; its provenance says how pixels are coded.
    graph : that it was made of, its recipe's say.

    Raises
    ------
    ConfigError : the network is not one of that graph: names what is another.
    """
    shapes = lower(graph)
    _check_graph(network, shapes)
    coding = network.provenance.get("coding", {"kind": "none"})
    check_coding(coding)
    model = build(graph, coding=_coder(coding))
    modules = [module for module in model if isinstance(module, TrinaryLayer)]
    neurons = [module for module in model if isinstance(module, SpikingNeuron)]
    place = {layer.name: layer.place for layer in shapes.layers}
    for module, own, layer, plan in zip(modules, neurons, network.layers, graph.order, strict=True):
        features = network.maps[layer.source].features
        wide = layer.weights.reshape(layer.groups, *layer.kernel, features, layer.neurons)
        trits = torch.from_numpy(
            np.stack(
                [
                    wide[group][:, :, _used(plan.source, group, place, features)]
                    for group in range(layer.groups)
                ]
            )
        )
        module.trinary.copy_(_as_module(module, trits))
        module.hidden.data.copy_(module.trinary)
        own.set_leaks(torch.tensor(layer.leak.ravel()))
    model.eval()
    steps = walk(model)
    of_steps = [at for at, step in enumerate(steps) if step.module in neurons]
    kind, frame = _input(graph, model[0], coding)
    compare(Pair(model, network, steps, of_steps, kind, frame))
    return model


def _check_graph(network: LayeredNetwork, shapes: LayeredNetwork) -> None:
    """Raise ConfigError unless a network is one of a graph in all but weights and leaks."""
    if len(shapes.layers) != len(network.layers):
        raise ConfigError(
            f"{network.name!r} has {len(network.layers)} layers, the graph {len(shapes.layers)}: "
            "name the graph that it was made of"
        )
    for own, layer in zip(shapes.layers, network.layers, strict=True):
        for name in ("name", "kernel", "stride", "pad", "sites", "source", "target"):
            _check_equal(f"layer {layer.name!r}: {name}", getattr(layer, name), getattr(own, name))
        _check_equal(
            f"layer {layer.name!r}: shape of weights", layer.weights.shape, own.weights.shape
        )
        _check_equal(
            f"layer {layer.name!r}: places of its neurons (wiring, grain)",
            layer.place.tolist(),
            own.place.tolist(),
        )
    for index, (plane, own) in enumerate(zip(network.maps, shapes.maps, strict=True)):
        _check_equal(f"map {index}", plane, own)
    _check_equal("places of the frame's features", network.inputs.tolist(), shapes.inputs.tolist())
    _check_equal(
        "classes of the output lines", network.output_class.tolist(), shapes.output_class.tolist()
    )


def _check_equal(what: str, seen: Any, wanted: Any) -> None:
    if seen != wanted:
        short = [
            text if len(text := str(each)) < 60 else text[:57] + "..." for each in (seen, wanted)
        ]
        raise ConfigError(
            f"{what}: the network has {short[0]}, the graph {short[1]}: name the graph that it was "
            "made of"
        )


def _input(
    graph: LayerGraph, first: nn.Module, coding: Mapping[str, Any]
) -> tuple[Mapping[str, Any], tuple[int, int, int]]:
    """How the model codes its input, and channels, rows and columns of it."""
    frame = graph.frame
    if isinstance(first, Transduction):
        sums = first[0]
        assert isinstance(sums, PixelConv2d)
        return coding, (sums.inputs, frame.rows, frame.columns)
    if isinstance(first, Coding):
        return coding, (frame.features // first.planes(1), frame.rows, frame.columns)
    return {"kind": "none"}, (frame.features, frame.rows, frame.columns)


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
    neurons.set_leaks(torch.tensor(coding["leak"]))
    return coder
