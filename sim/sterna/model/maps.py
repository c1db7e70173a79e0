"""A network of layers over its maps, layer by layer, in NumPy: nothing but the definition.

No cores, no ticks: what a layer's neurons do with the spikes of one map. `sterna.train` compares
models with it; the engines run whole networks.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from sterna.spec import LayeredNetwork, MapLayer
from sterna.spec.results import Counts

#: float32 0/1 [frames, groups, rows, columns, features]: exact, as sums stay below 2^24.
Plane = npt.NDArray[np.float32]
#: bool or 0/1 [frames, groups, neurons, rows, columns].
Fired = npt.NDArray[Any]


def frame_plane(network: LayeredNetwork, frames: npt.NDArray[Any]) -> Plane:
    """Map 0 with frames in it: 0/1 [frames, features]."""
    plane = np.zeros((len(frames), network.maps[0].places), np.float32)
    feature, place = network.inputs.T
    plane[:, place] = frames[:, feature]
    return plane.reshape(len(frames), *network.maps[0].shape)


def write(network: LayeredNetwork, layer: MapLayer, spikes: Fired) -> Plane:
    """The map that a layer writes, with its neurons' spikes in it."""
    plane = np.zeros((len(spikes), *network.maps[layer.target].shape), np.float32)
    for own, place in zip(spikes.swapaxes(0, 1), layer.place, strict=True):
        group, feature = place.T
        plane[:, group, :, :, feature] = own.swapaxes(0, 1)
    return plane


def fire(network: LayeredNetwork, layer: MapLayer, plane: Plane) -> npt.NDArray[np.bool_]:
    """Spikes of a layer's neurons over the map that it reads."""
    frames, groups, *_, features = plane.shape
    border = network.maps[layer.source].border
    wide = np.pad(plane, ((0, 0), (0, 0), (border, border), (border, border), (0, 0)))
    weights = layer.weights.reshape(groups, *layer.kernel, features, -1).astype(np.float32)
    sums = np.zeros((frames, groups, layer.sites[0] * layer.sites[1], layer.neurons), np.float32)
    first = border - layer.pad
    for down, right in np.ndindex(layer.kernel):
        rows = first + down + layer.stride[0] * np.arange(layer.sites[0])
        columns = first + right + layer.stride[1] * np.arange(layer.sites[1])
        spikes = wide[:, :, rows[:, None], columns].reshape(frames, groups, -1, features)
        sums += spikes @ weights[:, down, right]
    fired = (sums + layer.leak[:, None] >= 1).swapaxes(2, 3)
    return fired.reshape(frames, groups, layer.neurons, *layer.sites)


def lines(network: LayeredNetwork, layer: MapLayer, spikes: Fired) -> Counts:
    """Spikes on each output line of a layer that votes: int64 [frames, lines]."""
    counts = np.zeros((len(network.output_class), len(spikes)), np.int64)
    voters = spikes.sum(axis=(3, 4), dtype=np.int64).reshape(len(spikes), -1)
    np.add.at(counts, layer.place[..., 1].ravel(), voters.T)
    return counts.T
