"""TrueNorth as a target: binary crossbars with two axons a feature, and one target a neuron.

Source: a compiled model of 4,042 cores that IBM's tools wrote: axons 2k and 2k + 1 carry feature k
with weights -1 and +1, so that a core has 128 features; neurons differ in their leak alone.
"""

from dataclasses import dataclass, replace

import numpy as np

from sterna.spec import OUTPUT, Hardware, Network, preset
from sterna.spec.blocks import Packing
from sterna.spec.expand import expand
from sterna.spec.layers import LayeredNetwork, MapLayer, SpikeMap

from .single_target import SingleTargets, count_copies, single_targets, splitter_cores

#: A TrueNorth core, with the parameters of its preset.
TRUENORTH = preset("truenorth")
#: A core's capacity for trinary weights: two axons carry one feature.
FEATURES = replace(TRUENORTH, axons=TRUENORTH.axons // 2)
#: Windows down and across that share a core, at most, where they share a patch.
PACK = (2, 2)
#: Cores of one chip, 64 x 64.
CHIP = 4096
#: Weights of the axon types in use: 0 is the even axon of a feature, 1 the odd one.
SIGNS = (-1, 1)


@dataclass(frozen=True)
class TrueNorthCores:
    """Cores by layer: name and count, in the order of data; splitters apart."""

    layers: tuple[tuple[str, int], ...]
    splitters: int

    @property
    def cores(self) -> int:
        """All cores."""
        return self.splitters + sum(count for _, count in self.layers)


def compile_truenorth(network: LayeredNetwork) -> SingleTargets:
    """A layered network on TrueNorth's cores, splitters for its frame included.

    Raises
    ------
    ConfigError : a group has a fan-in of more than 128; names the layer and by how much.
    """
    expansion = expand(network, shared_patches(network), hardware=FEATURES)
    return single_targets(paired(expansion.network), expansion.stages, TRUENORTH, split_frame=True)


def count_truenorth(network: LayeredNetwork) -> TrueNorthCores:
    """The cores that `compile_truenorth` makes, counted without making them."""
    expansion = expand(network, shared_patches(network), hardware=FEATURES)
    cores = paired(expansion.network)
    copies = count_copies(cores, TRUENORTH)
    tick = np.repeat(expansion.stages, cores.neurons)
    splitters = [copies.feature_fan_out]
    splitters += [copies.fan_out[copies.split & (tick == stage)] for stage in np.unique(tick)]
    first = (*expansion.first_core, cores.cores)
    return TrueNorthCores(
        tuple(
            (layer.name, end - start)
            for layer, start, end in zip(network.layers, first, first[1:], strict=False)
        ),
        sum(len(splitter_cores(fan_out, TRUENORTH)[1]) for fan_out in splitters),
    )


def shared_patches(network: LayeredNetwork, hardware: Hardware = FEATURES) -> tuple[Packing, ...]:
    """TrueNorth's packing: 2 x 2 windows share a core where they overlap, divide and fit."""
    return tuple(
        _shared_patch(layer, network.maps[layer.source], hardware) for layer in network.layers
    )


def _shared_patch(layer: MapLayer, source: SpikeMap, hardware: Hardware) -> Packing:
    best = Packing()
    if layer.kernel[0] <= layer.stride[0] or layer.kernel[1] <= layer.stride[1]:
        return best
    for down, across in np.ndindex(*PACK):
        down, across = down + 1, across + 1
        rows = layer.kernel[0] + (down - 1) * layer.stride[0]
        columns = layer.kernel[1] + (across - 1) * layer.stride[1]
        if layer.sites[0] % down or layer.sites[1] % across:
            continue
        if rows * columns * source.features > hardware.axons:
            continue
        if down * across * layer.neurons > hardware.neurons:
            continue
        if down * across > best.down * best.across:
            best = Packing(down, across)
    return best


def paired(network: Network) -> Network:
    """A trinary network with binary crossbars: feature k on axons 2k (weight -1) and 2k + 1 (+1).

    Its neurons give the same spikes and potentials; every spike goes to both axons of a pair.
    """
    crossbars: list[np.ndarray] = []
    for weights in network.crossbars:
        pairs = np.stack([weights == sign for sign in SIGNS], axis=1)
        crossbars.append(pairs.reshape(-1, weights.shape[1]).astype(np.int8))
    types = [replace(kind, s0=SIGNS[0], s1=SIGNS[1]).row() for kind in network.neuron_types()]
    inner = network.targets[network.targets[:, 2] != OUTPUT]
    outer = network.targets[network.targets[:, 2] == OUTPUT]
    return network.replace(
        hardware=TRUENORTH,
        crossbars=tuple(crossbars),
        types=np.array(types, np.int32),
        targets=np.concatenate([_pairs(inner, 3), outer]),
        input_map=_pairs(network.input_map, 2),
        axon_type=np.tile(np.array([0, 1], np.int32), int(network.axons.sum())),
    )


def _pairs(rows: np.ndarray, column: int) -> np.ndarray:
    """Every row twice, to axons 2k and 2k + 1 in place of axon k of this column."""
    twice = np.repeat(rows, 2, axis=0)
    twice[:, column] = 2 * twice[:, column] + np.tile([0, 1], len(rows))
    return twice
