"""From a layer graph to a PyTorch model."""

from collections import OrderedDict
from collections.abc import Mapping

import torch
from torch import nn

from sterna.compile import Layer, LayerGraph
from sterna.spec import ConfigError

from .layers import TrinaryConv2d, TrinaryLinear, TrinaryPatches
from .neurons import SpikingNeuron
from .trinary import TrinaryLayer
from .wiring import Shuffle, Votes


def build(
    graph: LayerGraph,
    *,
    coding: nn.Module | None = None,
    dropout: Mapping[str, float] | None = None,
    width: float = 1.0,
    generator: torch.Generator | None = None,
) -> nn.Sequential:
    """A model of a layer graph, to be trained: layers, neurons, shuffles, and votes at the end.

    Parameters
    ----------
    graph : a chain of layers, of which the last votes.
    coding : from pixels to the graph's frame; None: the model takes frames.
    dropout : for layers by name, share of their spikes that is left out in training.
    width : of the neurons' surrogate gradient, as of `SpikingNeuron`.
    generator : draws the weights, layer by layer; None: torch's own.

    Raises
    ------
    ConfigError : the graph is no chain; a group's fan-in is over 256; a dropout is no share.
    """
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    if coding is not None:
        modules["(coding)"] = coding
    dropout = dropout or {}
    for name, share in dropout.items():
        if name not in graph.planes:
            raise ConfigError(f"dropout of {name!r}; the layers are: {', '.join(graph.planes)}")
        if not 0 <= share < 1:
            raise ConfigError(
                f"layer {name!r}: dropout must be at least 0 and below 1, not {share}"
            )
    source: str | None = None
    flat = False
    for index, layer in enumerate(graph.order):
        if layer.source != source:
            raise ConfigError(
                f"layer {layer.name!r} reads {layer.source!r}, not {source!r}: models are built of "
                "chains, in which each layer reads the one before"
            )
        if source is not None:
            before = graph.order[index - 1]
            if before.wiring == "shuffle" and layer.groups > 1:
                modules[f"({index} shuffle)"] = Shuffle(graph.planes[source].groups, layer.groups)
        weights = _weights(graph, layer, flat, generator)
        key = layer.name.replace(".", "_")
        modules[key] = weights
        plane = graph.planes[layer.name]
        modules[f"{key} (neurons)"] = SpikingNeuron(
            plane.groups * plane.neurons, fan_in=weights.fan_in, width=width
        )
        if layer.name in dropout:
            modules[f"{key} (dropout)"] = nn.Dropout(dropout[layer.name])
        flat = flat or not isinstance(weights, TrinaryConv2d)
        source = layer.name
    last = graph.order[-1]
    if last.classes is None:
        raise ConfigError(f"layer {last.name!r} is the last, and votes for no class")
    modules["(votes)"] = Votes(last.classes)
    return nn.Sequential(modules)


def _weights(
    graph: LayerGraph, layer: Layer, flat: bool, generator: torch.Generator | None
) -> TrinaryLayer:
    frame = graph.frame
    inputs, outputs = frame.features, layer.groups * layer.neurons
    if layer.source is not None:
        plane = graph.planes[layer.source]
        inputs = plane.groups * plane.neurons
    if layer.patches:
        return TrinaryPatches(
            inputs,
            layer.neurons,
            frame=(frame.rows, frame.columns),
            kernel=layer.kernel,
            stride=layer.stride,
            padding=layer.pad,
            name=layer.name,
            generator=generator,
        )
    if flat:
        return TrinaryLinear(
            inputs, outputs, groups=layer.groups, name=layer.name, generator=generator
        )
    return TrinaryConv2d(
        inputs,
        outputs,
        layer.kernel,
        stride=layer.stride,
        padding=layer.pad,
        groups=layer.groups,
        name=layer.name,
        generator=generator,
    )
