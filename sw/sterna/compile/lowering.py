"""From a layer graph to maps and layers: where every neuron's spikes go."""

from collections.abc import Mapping

import numpy as np

from sterna.spec import OUTPUT, ConfigError
from sterna.spec.layers import MOST_AXONS, LayeredNetwork, MapLayer, SpikeMap, frame_inputs

from .layer_graph import Frame, Layer, LayerGraph, Plane

#: Weights int8 [groups, fan-in, neurons] and leak [groups, neurons] of each layer, by its name.
Parameters = Mapping[str, tuple[np.ndarray, np.ndarray]]


def lower(
    graph: LayerGraph,
    parameters: Parameters | None = None,
    *,
    axons: int = MOST_AXONS,
    provenance: dict[str, object] | None = None,
) -> LayeredNetwork:
    """A graph as a layered network, with these weights and leaks; without any, all are 0.

    Parameters
    ----------
    graph : the layers.
    parameters : of every layer. The axons of a group are its window's sites, row by row, and at
        each the features of the map that it reads, holes included. Which neuron writes a feature is
        in the `place` of the layer that it reads.
    axons : axons of a core: the fan-in that a group may have.
    provenance : where the network comes from; JSON values only.

    Raises
    ------
    ConfigError : names the layer, the group, what is wrong, and by how much.
    """
    writers = [layer for layer in graph.order if layer.classes is None]
    number: dict[str | None, int] = {layer.name: at + 1 for at, layer in enumerate(writers)}
    number[None] = 0
    frame, features, inputs = _frame(graph)
    maps = [frame]
    places: dict[str, np.ndarray] = {}
    for layer in writers:
        readers = graph.readers(layer.name)
        places[layer.name], size = _places(layer, graph.planes[layer.name], readers[0].groups)
        plane = graph.planes[layer.name]
        border = max(reader.pad for reader in readers)
        maps.append(
            SpikeMap(
                groups=readers[0].groups,
                rows=plane.rows,
                columns=plane.columns,
                features=size,
                border=border,
            )
        )
    classes: list[int] = []
    layers: list[MapLayer] = []
    for layer in graph.order:
        plane, source = graph.planes[layer.name], maps[number[layer.source]]
        if layer.classes is not None:
            line = np.arange(plane.groups * plane.neurons).reshape(plane.groups, -1)
            places[layer.name] = np.stack([np.zeros_like(line), len(classes) + line], axis=-1)
            classes += (line.ravel() % layer.classes).tolist()
        fan_in = source.features * (1 if layer.patches else layer.window)
        _check_fan_in(layer, plane, fan_in, axons)
        shape = plane.groups, fan_in, plane.neurons
        weights, leak = _parameters(layer, shape, parameters)
        layers.append(
            MapLayer(
                name=layer.name,
                source=number[layer.source],
                target=number.get(layer.name, OUTPUT),
                kernel=(1, 1) if layer.patches else layer.kernel,
                stride=(1, 1) if layer.patches else layer.stride,
                pad=0 if layer.patches else layer.pad,
                sites=(plane.rows, plane.columns),
                weights=weights,
                leak=leak,
                place=places[layer.name].astype(np.int32),
            )
        )
    return LayeredNetwork(
        name=graph.name,
        maps=tuple(maps),
        layers=tuple(layers),
        features=features,
        inputs=inputs,
        output_class=np.array(classes, np.int32),
        provenance=provenance or {},
    )


def _frame(graph: LayerGraph) -> tuple[SpikeMap, int, np.ndarray]:
    """Map 0, the features of a frame, and where they go."""
    frame, readers = graph.frame, graph.readers(None)
    first = readers[0]
    for other in readers[1:]:
        if ((other.patches or first.patches) and other != first) or other.groups != first.groups:
            raise ConfigError(
                f"layers {first.name!r} and {other.name!r} read the frame in different groups: "
                "the frame is one map; read it with one layer"
            )
    if first.patches:
        return _patches(frame, first, graph.planes[first.name].groups)
    if frame.features % first.groups:
        raise ConfigError(
            f"layer {first.name!r}: the frame's {frame.features} features are no multiple of its "
            f"{first.groups} groups"
        )
    share = frame.features // first.groups
    spikes = SpikeMap(
        groups=first.groups,
        rows=frame.rows,
        columns=frame.columns,
        features=share,
        border=max(reader.pad for reader in readers),
    )
    return spikes, *frame_inputs(spikes, [share] * first.groups)


def _patches(frame: Frame, layer: Layer, count: int) -> tuple[SpikeMap, int, np.ndarray]:
    """A map of one site and as many groups as patches; a pixel goes to each patch that it is in."""
    row, column = (
        np.arange(reach) + np.arange(-layer.pad, size + layer.pad - reach + 1, step)[:, None]
        for size, reach, step in zip(
            (frame.rows, frame.columns), layer.kernel, layer.stride, strict=True
        )
    )
    y, x = row[:, None, :, None, None], column[None, :, None, :, None]
    feature = np.arange(frame.features) * frame.rows * frame.columns + y * frame.columns + x
    there = (y >= 0) & (y < frame.rows) & (x >= 0) & (x < frame.columns)
    place = np.flatnonzero(np.broadcast_to(there, feature.shape))
    inputs = np.stack([feature.ravel()[place], place], axis=1).astype(np.int32)
    spikes = SpikeMap(groups=count, rows=1, columns=1, features=layer.window * frame.features)
    return spikes, frame.features * frame.rows * frame.columns, inputs


def _places(layer: Layer, plane: Plane, groups: int) -> tuple[np.ndarray, int]:
    """Where a layer's neurons lie in the map for a reader of so many groups, and its features.

    Group and feature of each neuron, int [groups, neurons, 2]. A run is what one group of neurons
    sends to one group of the map; it begins at a multiple of the layer's grain.
    """
    count = plane.groups * plane.neurons
    whole = plane.neurons if layer.wiring == "shuffle" else count
    if whole % groups:
        raise ConfigError(
            f"layer {layer.name!r}: {whole} neurons do not go evenly to the {groups} groups that "
            f"read it: {whole % groups} too many"
        )
    neuron = np.arange(count).reshape(plane.groups, plane.neurons)
    if layer.wiring == "shuffle":
        to = np.broadcast_to(np.arange(plane.neurons) // (plane.neurons // groups), neuron.shape)
    else:
        to = neuron // (count // groups)
    group = np.broadcast_to(np.arange(plane.groups)[:, None], neuron.shape)
    # by group of the map, then by group of neurons, then in order
    order = np.lexsort([neuron.ravel(), group.ravel(), to.ravel()])
    to_group, run = to.ravel()[order], (to * plane.groups + group).ravel()[order]
    feature = np.zeros(count, int)
    at, before = 0, (-1, -1)
    for index, key in enumerate(zip(to_group.tolist(), run.tolist(), strict=True)):
        if key[0] != before[0]:
            at = 0
        elif key[1] != before[1]:
            at = -(-at // layer.grain) * layer.grain
        feature[index], at, before = at, at + 1, key
    place = np.zeros((count, 2), int)
    place[order, 0], place[order, 1] = to_group, feature
    return place.reshape(plane.groups, plane.neurons, 2), int(feature.max()) + 1


def _check_fan_in(layer: Layer, plane: Plane, fan_in: int, axons: int) -> None:
    if fan_in > axons:
        window = "x".join(map(str, layer.kernel))
        raise ConfigError(
            f"layer {layer.name!r}, group 0 of {plane.groups}: its fan-in is {fan_in} (a window of "
            f"{window} over {fan_in // layer.window} features), a core has {axons} axons: "
            f"{fan_in - axons} too many; use more groups or a smaller kernel"
        )


def _parameters(
    layer: Layer, shape: tuple[int, int, int], parameters: Parameters | None
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and leak of a layer, checked for their shape alone; `MapLayer` does the rest."""
    if parameters is None:
        return np.zeros(shape, np.int8), np.zeros((shape[0], shape[2]), np.int32)
    if layer.name not in parameters:
        raise ConfigError(f"layer {layer.name!r} has no weights: {', '.join(parameters)} have")
    weights, leak = parameters[layer.name]
    if weights.shape != shape:
        raise ConfigError(
            f"layer {layer.name!r}: its weights have shape {list(weights.shape)}, they must be "
            f"[groups, fan-in, neurons] = {list(shape)}"
        )
    for what, array in (("weights", weights), ("leak", leak)):
        if array.dtype.kind not in "iu":
            raise ConfigError(
                f"layer {layer.name!r}: its {what} must be integers, not {array.dtype}: fold and "
                "trinarize them first"
            )
    bad = weights[(weights < -1) | (weights > 1)]
    if bad.size:
        raise ConfigError(f"layer {layer.name!r}: a weight is {bad[0]}, not -1, 0 or 1")
    return weights.astype(np.int8), leak.astype(np.int32)
