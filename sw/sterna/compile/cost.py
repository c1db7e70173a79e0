"""What a layered network costs on a device, from its shapes alone: before training, in no time.

The counts are those of what `compile_layers` then builds, if no two groups have equal weights; the
cycles are the tile's lower bound (docs/architecture.md, section 3) at an activity that is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sterna.spec import OUTPUT, ConfigError, Hardware, SpikeMap
from sterna.spec.expand import CORE, Block, block
from sterna.spec.layers import LayeredNetwork, MapLayer

from .device import PACKS
from .report import Use

#: Trits of a row, and neurons that are laid out together, where weights are stored by neuron.
ROW, WORD = 128, 16
#: Share of the axons with a spike at a tick, if none is given.
ACTIVITY = 0.2
#: Memories of a device by what fills them, in the order of `report`; and what to cut first.
ADVICE = {
    "cores": "fewer sites (a larger stride) or groups, or a device of more contexts",
    "axons a core": "more groups or a smaller kernel",
    "neurons a core": "fewer neurons in a group",
    "axons": "fewer sites or groups",
    "neurons": "fewer sites or neurons in a group",
    "crossbar words": "fewer groups or neurons: distinct weights are what fills it",
    "target entries": "smaller kernels or larger strides: a spike goes to each window with it",
    "output lines": "fewer voting neurons",
}


@dataclass(frozen=True)
class LayerCost:
    """A layer's share of the cost.

    Members
    -------
    layer : the layer.
    block : how its windows share cores.
    cores, axons, neurons : in use, of all groups; holes and border included.
    heard : axons that a spike can come to.
    words : of the crossbar store.
    entries : of the target table.
    patch_axons, core_neurons : of one core.
    """

    layer: MapLayer
    block: Block
    cores: int
    axons: int
    neurons: int
    heard: int
    words: int
    entries: int
    patch_axons: int
    core_neurons: int

    @property
    def trits(self) -> int:
        """Distinct weights."""
        return self.layer.weights.size

    @property
    def rows(self) -> int:
        """Rows of 128 weights, where they are stored by neuron, in whole words of 16 neurons."""
        layer = self.layer
        return layer.groups * -(-layer.neurons // WORD) * WORD * -(-layer.fan_in // ROW)


@dataclass(frozen=True)
class Estimate:
    """The cost of a network on a device.

    Members
    -------
    layers : the cost of each layer, in the order of data.
    uses : what it takes of each memory.
    latency : ticks from a frame's input to its votes.
    cycles : of a tick, at the activity; on a device with room for all cores if it does not fit.
    pack : windows down and across that share a core where they overlap.
    """

    layers: tuple[LayerCost, ...]
    uses: tuple[Use, ...]
    latency: int
    cycles: int
    pack: tuple[int, int]

    @property
    def fits(self) -> bool:
        """Whether the device has room, as far as shapes say: neuron types come of training."""
        return not self.over

    @property
    def over(self) -> list[Use]:
        """What the device has too little of, the worst first."""
        over = [use for use in self.uses if use.used > use.available]
        return sorted(over, key=lambda use: -use.used / use.available)

    def first_to_cut(self) -> str:
        """What to do about the worst of what does not fit; empty if all fits."""
        if not self.over:
            return ""
        worst = self.over[0]
        share = {"cores": "cores", "axons": "axons", "neurons": "neurons",
                 "crossbar words": "words", "target entries": "entries",
                 "axons a core": "patch_axons", "neurons a core": "core_neurons"}  # fmt: skip
        text = f"{worst.resource}, {worst.used:,} of {worst.available:,}: {ADVICE[worst.resource]}"
        if worst.resource in share:
            name = share[worst.resource]
            most = max(self.layers, key=lambda cost: getattr(cost, name))
            text += f" (most in layer {most.layer.name!r}: {getattr(most, name):,})"
        return text


def estimate(
    network: LayeredNetwork,
    hardware: Hardware = CORE,
    *,
    activity: float | Mapping[str, float] = ACTIVITY,
    deep: bool = False,
) -> Estimate:
    """The cost of a network on a device, with the packing that `compile_layers` takes.

    That `compile_layers` may copy neurons, where a target table alone is too small, is left out.

    Parameters
    ----------
    network : only its shapes and places count, not its weights.
    hardware : the device.
    activity : share of the axons that have a spike at a tick, 0..1; of all, or of each layer.
    deep : the device has more and shorter stages (`sterna.spec.presets.is_deep`).

    Raises
    ------
    ConfigError : an activity is out of its range, or a layer has none.
    """
    shares = activity.values() if isinstance(activity, Mapping) else [activity]
    if not all(0 <= share <= 1 for share in shares):
        raise ConfigError(f"activity must be 0..1, not {activity}")
    first: Estimate | None = None
    for pack in PACKS:
        found = _estimate(network, hardware, pack, activity, deep=deep)
        if found.fits:
            return found
        first = first or found
    assert first is not None
    return first


def _estimate(
    network: LayeredNetwork, hardware: Hardware, pack: tuple[int, int],
    activity: float | Mapping[str, float], *, deep: bool,
) -> Estimate:  # fmt: skip
    blocks = [block(layer, network.maps[layer.source], pack, hardware) for layer in network.layers]
    costs: list[LayerCost] = []
    active: list[Sequence[int]] = []
    neurons: list[int] = []
    for layer, shape in zip(network.layers, blocks, strict=True):
        source = network.maps[layer.source]
        patch_axons = shape.rows * shape.columns * source.features
        core_neurons = shape.down * shape.across * layer.neurons
        cores = layer.groups * shape.cores
        heard = _heard(network, layer, shape)
        fan_out = _fan_out(network, layer, shape, blocks)
        words = layer.groups * -(-core_neurons // hardware.lanes) * patch_axons
        costs.append(LayerCost(
            layer, shape, cores, cores * patch_axons, cores * core_neurons, int(heard.sum()), words,
            layer.groups * core_neurons * int(fan_out.sum()), patch_axons, core_neurons,
        ))  # fmt: skip
        share = activity.get(layer.name) if isinstance(activity, Mapping) else activity
        if share is None:
            raise ConfigError(f"there is no activity for layer {layer.name!r}")
        active += [[round(share * count)] for count in heard.ravel().tolist()]
        neurons += [core_neurons] * cores
    uses = [
        Use("cores", sum(cost.cores for cost in costs), hardware.contexts),
        Use("axons a core", max(cost.patch_axons for cost in costs), hardware.axons),
        Use("neurons a core", max(cost.core_neurons for cost in costs), hardware.neurons),
        Use("axons", sum(cost.axons for cost in costs), hardware.contexts * hardware.axons),
        Use("neurons", sum(cost.neurons for cost in costs), hardware.neuron_words),
        Use("crossbar words", sum(cost.words for cost in costs), hardware.crossbar_words),
        Use("target entries", sum(cost.entries for cost in costs), hardware.targets),
        Use("output lines", len(network.output_class), hardware.lines),
    ]
    cycles = hardware.bound(active, neurons, deep=deep)
    return Estimate(tuple(costs), tuple(uses), network.latency, cycles, pack)


def _cover(sites: int, stride: int, reach: int, pad: int, size: int) -> npt.NDArray[np.int64]:
    """Bool as int [blocks, size]: whether a block's patch holds a row (or column) of its map."""
    first = np.arange(sites)[:, None] * stride - pad
    at = np.arange(size)[None, :]
    return ((first <= at) & (at < first + reach)).astype(np.int64)


def _covers(
    layer: MapLayer, shape: Block, source: SpikeMap
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of the map that each block's patch holds, and columns."""
    return (
        _cover(shape.blocks[0], shape.down * layer.stride[0], shape.rows, layer.pad, source.rows),
        _cover(shape.blocks[1], shape.across * layer.stride[1], shape.columns, layer.pad,
               source.columns),
    )  # fmt: skip


def _heard(network: LayeredNetwork, layer: MapLayer, shape: Block) -> npt.NDArray[np.int64]:
    """Axons of each core that somebody sends to: int [groups, blocks down, blocks across]."""
    source = network.maps[layer.source]
    down, across = _covers(layer, shape, source)
    written = np.zeros(source.shape, np.int64)
    if layer.source == 0:
        written.reshape(-1)[network.inputs[:, 1]] = 1
    else:
        place = network.layers[network.writers[layer.source]].place
        written[place[..., 0], :, :, place[..., 1]] = 1
    features = written.sum(axis=3)  # of each group and site
    return down @ features @ across.T


def _fan_out(
    network: LayeredNetwork, layer: MapLayer, shape: Block, blocks: list[Block]
) -> npt.NDArray[np.int64]:
    """Entries of the target table that each neuron of a block takes: int [down, across].

    The most that any site of the block has: windows of readers that the site is in; at least 1.
    """
    if layer.target == OUTPUT:
        return np.ones(shape.blocks, np.int64)
    readers = np.zeros(layer.sites, np.int64)
    for reader, form in zip(network.layers, blocks, strict=True):
        if reader.source == layer.target:
            down, across = _covers(reader, form, network.maps[layer.target])
            readers += np.outer(down.sum(axis=0), across.sum(axis=0))
    grid = readers.reshape(shape.blocks[0], shape.down, shape.blocks[1], shape.across)
    return np.maximum(grid.max(axis=(1, 3)), 1)
