"""Layered networks for tests, and what one means, worked out without any core."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from sterna.spec import OUTPUT
from sterna.spec.layers import LayeredNetwork, MapLayer, SpikeMap, frame_inputs


def layer(
    name="one",
    *,
    groups=1,
    features=3,
    neurons=2,
    kernel=(3, 3),
    stride=(1, 1),
    pad=1,
    sites=(4, 4),
    source=0,
    target=OUTPUT,
    seed=0,
    **changes,
):
    """A layer with random trits; its neurons write places in order, or vote on lines 0, 1, ..."""
    rng = np.random.default_rng(seed)
    fan_in = kernel[0] * kernel[1] * features
    place = np.zeros((groups, neurons, 2), np.int32)
    place[..., 1] = np.arange(neurons)
    if target != OUTPUT:
        place[..., 0] = np.arange(groups)[:, None]
    fields = dict(
        name=name,
        source=source,
        target=target,
        kernel=kernel,
        stride=stride,
        pad=pad,
        sites=sites,
        place=place,
        weights=rng.integers(-1, 2, (groups, fan_in, neurons)).astype(np.int8),
        leak=rng.integers(-2, 3, (groups, neurons)).astype(np.int32),
    )
    return MapLayer(**{**fields, **changes})


def layered(*layers, maps=None, lines=2, used=None, **changes):
    """A network of these layers; by default one over a frame of 4 x 4 sites and 3 features."""
    layers = layers or (layer(),)
    maps = maps or (SpikeMap(groups=1, rows=4, columns=4, features=3, border=1),)
    features, inputs = frame_inputs(maps[0], used or [maps[0].features] * maps[0].groups)
    fields = dict(
        name="layered",
        maps=maps,
        layers=layers,
        features=features,
        inputs=inputs,
        output_class=np.arange(lines, dtype=np.int32),
    )
    return LayeredNetwork(**{**fields, **changes})


def two_layers(**changes):
    """3 x 3 windows over a frame, then 2 x 2 windows that vote."""
    maps = (
        SpikeMap(groups=1, rows=4, columns=4, features=3, border=1),
        SpikeMap(groups=2, rows=4, columns=4, features=4),
    )
    place = np.array([[[0, 3], [1, 0], [1, 2], [0, 1]]], np.int32)  # with holes, across groups
    first = layer("first", neurons=4, target=1, place=place)
    second = layer(
        "second",
        groups=2,
        features=4,
        kernel=(2, 2),
        stride=(2, 2),
        pad=0,
        sites=(2, 2),
        source=1,
        seed=1,
    )
    return layered(first, second, **{"maps": maps, **changes})


def eight_cores():
    """Two layers, with a stride, a border, holes and two groups, on eight cores."""
    maps = (
        SpikeMap(groups=1, rows=4, columns=4, features=3, border=1),
        SpikeMap(groups=2, rows=2, columns=2, features=4),
    )
    first, _ = two_layers().layers
    first = first.replace(stride=(2, 2), sites=(2, 2))
    second = layer(
        "second",
        groups=2,
        features=4,
        kernel=(1, 2),
        pad=0,
        sites=(2, 1),
        source=1,
        seed=1,
        leak=np.zeros((2, 2), np.int32),
    )
    return layered(first, second, maps=maps)


def faults(rng, network, at):
    """Deliberate faults: the network with one thing wrong in a layer, by name."""
    maps, layers = list(network.maps), list(network.layers)
    one = layers[at]

    def changed(**change):
        return network.replace(
            maps=tuple(maps), layers=(*layers[:at], one.replace(**change), *layers[at + 1 :])
        )

    weights = one.weights.copy()
    # not of a hole, where no spike comes from
    group, feature = layers[0].place[0, rng.integers(4)] if one.source else (0, rng.integers(3))
    window = rng.integers(one.kernel[0] * one.kernel[1])
    spot = group, window * maps[one.source].features + feature, rng.integers(one.neurons)
    weights[spot] = 1 if weights[spot] != 1 else -1
    yield "trit", changed(weights=weights)
    leak = one.leak.copy()
    leak[tuple(int(index) for index in rng.integers(leak.shape))] += 1
    yield "leak", changed(leak=leak)
    if one.neurons > 1:
        place = one.place.copy()
        place[0, [0, 1]] = place[0, [1, 0]]
        yield "place", changed(place=place)
    if one.stride[0] > 1 and one.sites[0] > 1:
        yield "stride", changed(stride=(one.stride[0] - 1, one.stride[1]))
    if one.pad:  # the windows begin a site late
        maps[one.source] = replace(maps[one.source], border=maps[one.source].border + 1)
        yield "border", changed(pad=one.pad - 1)


def meaning(
    network: LayeredNetwork, frames: np.ndarray
) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
    """Window by window: for each frame, the spikes of each layer and the lines' counts.

    Spikes are bool [groups, rows, columns, neurons]. Every layer works on what the maps held at
    the end of the tick before; map 0 holds the frame.
    """
    maps = [np.zeros(plane.shape, int) for plane in network.maps]
    for frame in frames:
        maps[0] = np.zeros(network.maps[0].shape, int)
        feature, place = network.inputs.T
        maps[0].reshape(-1)[place] = frame[feature]
        after = [plane.copy() for plane in maps]
        spikes, lines = [], np.zeros(len(network.output_class), int)
        for one in network.layers:
            plane = maps[one.source]
            fired = np.zeros((one.groups, *one.sites, one.neurons), bool)
            for g, y, x in np.ndindex(one.groups, *one.sites):
                sums = one.leak[g].astype(int)
                for a, b, f in np.ndindex(*one.kernel, plane.shape[3]):
                    row = y * one.stride[0] - one.pad + a
                    column = x * one.stride[1] - one.pad + b
                    if 0 <= row < plane.shape[1] and 0 <= column < plane.shape[2]:
                        axon = (a * one.kernel[1] + b) * plane.shape[3] + f
                        sums = sums + plane[g, row, column, f] * one.weights[g, axon]
                fired[g, y, x] = sums >= 1
                for neuron, (group, to) in enumerate(one.place[g]):
                    if one.target == OUTPUT:
                        lines[to] += fired[g, y, x, neuron]
                    else:
                        after[one.target][group, y, x, to] = fired[g, y, x, neuron]
            spikes.append(fired)
        maps = after
        yield spikes, lines
