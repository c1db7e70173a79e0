"""Cost of a layered network on a device, from its shapes alone: before training, in no time.

The counts are those of what `compile_layers` then builds, if no two groups have equal weights; the
cycles are the tile's lower bound (docs/architecture.md, section 3) at an activity that is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sterna.spec import OUTPUT, ConfigError, Hardware
from sterna.spec.blocks import Blocks, Packing, blocks_of
from sterna.spec.expand import CORE
from sterna.spec.layers import LayeredNetwork, MapLayer

from .packing import candidates, crossbar_words, fewest
from .report import Use

#: Trits of a row, and neurons that are laid out together, where weights are stored by neuron.
ROW, WORD = 128, 16
#: Share of the axons with a spike at a tick, where none is given and none was measured: a guess.
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
    packing : the windows that share a core.
    cores, axons, neurons : in use, of all groups; holes and border included.
    driven : axons with a source.
    words : of the crossbar store.
    entries : of the target table.
    patch_axons, core_neurons : of the largest core.
    """

    layer: MapLayer
    packing: Packing
    cores: int
    axons: int
    neurons: int
    driven: int
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
    uses : words that it takes of each memory.
    latency : ticks from a frame's input to its votes.
    cycles : of a tick, at the activity; on a device with room for all cores if it does not fit.
    packing : windows that share a core, layer by layer: the first packing tried that fits, or
        else the nearest.
    tried : how many packings were counted.
    """

    layers: tuple[LayerCost, ...]
    uses: tuple[Use, ...]
    latency: int
    cycles: int
    packing: tuple[Packing, ...]
    tried: int

    @property
    def fits(self) -> bool:
        """Whether the device has room, as far as shapes say: neuron types come of training."""
        return not self.over

    def excess(self) -> float:
        """The largest share of a memory that is used; above 1 if it does not fit."""
        return max(use.used / use.available for use in self.uses)

    @property
    def over(self) -> list[Use]:
        """Resources that the device has too little of, the worst first."""
        over = [use for use in self.uses if use.used > use.available]
        return sorted(over, key=lambda use: -use.used / use.available)

    def refusal(self, name: str) -> str:
        """That the network does not fit: what was tried, how near it came, what to cut."""
        lacks = " and ".join(
            f"{use.used:,} {use.resource} of {use.available:,}" for use in self.over
        )
        return (
            f"network {name!r} does not fit the device: it needs {lacks} in the nearest packing of "
            f"{self.tried} tried ({self.packed()}); cut first {self.first_to_cut()}"
        )

    def packed(self) -> str:
        """How many windows and groups share a core, layer by layer, in words."""
        each = ", ".join(f"{one.layer.name} {one.packing}" for one in self.layers)
        return f"windows a core: {each}"

    def first_to_cut(self) -> str:
        """Advice on the resource that is short by most; empty if all fits."""
        if not self.over:
            return ""
        worst = self.over[0]
        share = {
            "cores": "cores",
            "axons": "axons",
            "neurons": "neurons",
            "crossbar words": "words",
            "target entries": "entries",
            "axons a core": "patch_axons",
            "neurons a core": "core_neurons",
        }
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
    found: list[Estimate] = []
    for packing in candidates(network, hardware):
        found.append(of_packing(network, hardware, packing, activity=activity, deep=deep))
        if found[-1].fits:
            return replace(found[-1], tried=len(found))
    packing = fewest(network, hardware)
    found.append(of_packing(network, hardware, packing, activity=activity, deep=deep))
    return replace(min(found, key=Estimate.excess), tried=len(found))


def packed_cost(network: LayeredNetwork) -> Estimate:
    """The cost of a network packed for the fewest cores of 256 x 256, however many there are."""
    return of_packing(network, CORE, fewest(network))


def measured_activity(network: LayeredNetwork) -> dict[str, float] | None:
    """Share of each layer's axons with a spike at a tick, 0..1, by the network's provenance.

    `sterna train` measures it on test examples. None if the provenance has no activity.

    Raises ConfigError if the provenance has an activity without a share for a layer.
    """
    kept = network.provenance.get("activity")
    if not isinstance(kept, dict):
        return None
    found: dict[str, float] = {}
    for layer in network.layers:
        share = kept.get(layer.name)
        if not isinstance(share, (int, float)) or isinstance(share, bool) or not 0 <= share <= 1:
            raise ConfigError(
                f"{network.name}: the activity in its provenance has {share!r:.40} for layer "
                f"{layer.name!r}: it must be a share of the axons, 0..1; or give --activity"
            )
        found[layer.name] = float(share)
    return found


def of_packing(
    network: LayeredNetwork,
    hardware: Hardware,
    packing: Sequence[Packing],
    *,
    activity: float | Mapping[str, float] = ACTIVITY,
    deep: bool = False,
) -> Estimate:
    """The cost of a network on a device, so packed; parameters as of `estimate`."""
    blocks = blocks_of(network, packing)
    costs: list[LayerCost] = []
    active: list[Sequence[int]] = []
    neurons: list[int] = []
    for layer, shape in zip(network.layers, blocks, strict=True):
        driven, own = _driven(network, shape), shape.neurons
        costs.append(
            LayerCost(
                layer,
                shape.packing,
                shape.cores,
                int(shape.axons.sum()),
                int(own.sum()),
                int(driven.sum()),
                crossbar_words(shape, hardware.lanes),
                int((own * _fan_out(network, shape, blocks)).sum()),
                int(shape.axons.max()),
                int(own.max()),
            )
        )
        share = activity.get(layer.name) if isinstance(activity, Mapping) else activity
        if share is None:
            raise ConfigError(f"there is no activity for layer {layer.name!r}")
        active += [[round(share * count)] for count in driven.ravel().tolist()]
        neurons += own.ravel().tolist()
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
    return Estimate(tuple(costs), tuple(uses), network.latency, cycles, tuple(packing), 1)


def _cover(reach: npt.NDArray[np.int64], step: int, pad: int, size: int) -> npt.NDArray[np.int64]:
    """Bool as int [blocks, size]: whether a block's patch holds a row (or column) of its map."""
    first = np.arange(len(reach))[:, None] * step - pad
    at = np.arange(size)[None, :]
    return ((first <= at) & (at < first + reach[:, None])).astype(np.int64)


def _covers(shape: Blocks) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of the map that each block row's patch holds, and columns of each block column's."""
    layer, source = shape.layer, shape.source
    return (
        _cover(shape.rows, shape.packing.down * layer.stride[0], layer.pad, source.rows),
        _cover(shape.columns, shape.packing.across * layer.stride[1], layer.pad, source.columns),
    )


def _driven(network: LayeredNetwork, shape: Blocks) -> npt.NDArray[np.int64]:
    """Axons of each core that somebody sends to: int [blocks of groups, block rows, columns]."""
    layer, source = shape.layer, shape.source
    down, across = _covers(shape)
    written = np.zeros(source.shape, np.int64)
    if layer.source == 0:
        written.reshape(-1)[network.inputs[:, 1]] = 1
    else:
        place = network.layers[network.writers[layer.source]].place
        written[place[..., 0], :, :, place[..., 1]] = 1
    features = written.sum(axis=3)  # of each group and site
    starts = np.arange(0, layer.groups, shape.packing.groups)
    return np.add.reduceat(down @ features @ across.T, starts, axis=0)


def _fan_out(network: LayeredNetwork, shape: Blocks, blocks: list[Blocks]) -> npt.NDArray[np.int64]:
    """Entries of the target table for each neuron of a core: int [block rows, block columns].

    The most that any site of the block has: patches of readers that hold the site; at least 1.
    """
    layer, per = shape.layer, shape.packing
    if layer.target == OUTPUT:
        return np.ones(shape.shape[1:], np.int64)
    readers = np.zeros(layer.sites, np.int64)
    for form in blocks:
        if form.layer.source == layer.target:
            down, across = _covers(form)
            readers += np.outer(down.sum(axis=0), across.sum(axis=0))
    rows = np.maximum.reduceat(readers, np.arange(0, layer.sites[0], per.down), axis=0)
    most = np.maximum.reduceat(rows, np.arange(0, layer.sites[1], per.across), axis=1)
    return np.maximum(most, 1)
