"""Measures a network on frames: spikes, synaptic operations, classes taken for others."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sterna.spec import OUTPUT, ConfigError, DataError, LayeredNetwork, Network
from sterna.spec.expand import expand
from sterna.spec.results import Counts

from .engine import open as open_engine


@dataclass(frozen=True)
class Activity:
    """Cost of a frame, at one frame a tick; means over the frames measured.

    Members
    -------
    spikes : of all neurons, those that go to output lines too; those of the frame are apart.
    frame_spikes : of the frame itself, one for each of its features that is on.
    synaptic_operations : weights other than 0 in the rows of all axons with a spike.
    rates : float64 [cores] - spikes a neuron and tick, 0..1.
    axons : float64 [cores] - axons with a spike, a tick.
    """

    spikes: float
    frame_spikes: float
    synaptic_operations: float
    rates: npt.NDArray[np.float64]
    axons: npt.NDArray[np.float64]


def activity(network: Network, frames: npt.NDArray[Any], *, threads: int | None = None) -> Activity:
    """Spikes and synaptic operations a frame of a network in full flow.

    The frames go round: the last ones come first, so that every tick that counts has a frame at
    work in every layer, and of networks without memory each frame counts once everywhere.

    Parameters
    ----------
    network : explicit cores; of a layered network its expansion.
    frames : bool or 0/1 [n, features], at least one.

    Raises
    ------
    ConfigError : there is no frame.
    """
    if not len(frames):
        raise ConfigError("activity is measured on at least one frame")
    # all axons of the network in one row, and all neurons
    links = [np.count_nonzero(weights, axis=1) for weights in network.crossbars]
    synapses = np.concatenate([links[crossbar] for crossbar in network.core_crossbar])
    counts = np.zeros(int(network.neurons.sum()), np.int64)
    arrivals = np.zeros(len(synapses), np.int64)
    operations = 0
    engine = open_engine(network, threads=threads)
    before = np.resize(np.roll(frames, network.latency, axis=0), (network.latency, frames.shape[1]))
    engine.advance(network.latency, before)
    for tick in engine.stream(frames):
        axons = np.concatenate(tick.axons)
        arrivals += axons
        operations += int(synapses[axons].sum())
        counts += np.concatenate(tick.spikes)
    per_core = np.add.reduceat(counts, network.first_neuron[:-1])
    return Activity(
        spikes=float(counts.sum()) / len(frames),
        frame_spikes=float(np.count_nonzero(frames)) / len(frames),
        synaptic_operations=operations / len(frames),
        rates=per_core / network.neurons / len(frames),
        axons=np.add.reduceat(arrivals, network.first_axon[:-1]) / len(frames),
    )


def axon_activity(
    network: LayeredNetwork, frames: npt.NDArray[Any], *, threads: int | None = None
) -> dict[str, float]:
    """Share of each layer's axons that have a spike at a tick, 0..1, by name; as `activity`.

    Of the axons with a source; where each window has a core. A network's provenance keeps it for
    `sterna estimate`.
    """
    expansion = expand(network)
    cores = expansion.network
    found = activity(cores, frames, threads=threads)
    wired = np.concatenate([cores.targets[cores.targets[:, 2] != OUTPUT, 2], cores.input_map[:, 1]])
    sources = np.bincount(wired, minlength=cores.cores)
    starts = np.array(expansion.first_core)
    active, there = (np.add.reduceat(one, starts) for one in (found.axons, sources))
    return {
        layer.name: round(float(share), 4)
        for layer, share in zip(network.layers, active / np.maximum(there, 1), strict=True)
    }


def confusion(labels: npt.NDArray[Any], found: npt.NDArray[Any], classes: int) -> Counts:
    """How often each label was found to be each class: int64 [label, found].

    Raises DataError if a label or a class is not below `classes`.
    """
    for what, values in (("label", labels), ("class", found)):
        if len(values) and not 0 <= values.min() <= values.max() < classes:
            raise DataError(f"a {what} is {values.min()}..{values.max()}, not 0..{classes - 1}")
    return np.bincount(labels * classes + found, minlength=classes**2).reshape(classes, classes)


def core_depths(network: Network) -> npt.NDArray[np.int64]:
    """[cores] layer of each core: 0 where frames come in, one more along each target."""
    depth = np.full(network.cores, network.cores)
    depth[network.input_map[:, 1]] = 0
    inner = network.targets[network.targets[:, 2] != OUTPUT]
    source, target = np.unique(inner[:, [0, 2]], axis=0).T
    for _ in range(network.cores):
        before = depth.copy()
        np.minimum.at(depth, target, depth[source] + 1)
        if np.array_equal(before, depth):
            break
    return depth
