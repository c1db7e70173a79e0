"""What a layered network means: the same network as explicit cores and targets.

The expansion is the definition: whatever runs a `LayeredNetwork` in another way must give the
spikes that the golden model gives for `expand(network)`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import ConfigError
from .hardware import Hardware
from .layers import LayeredNetwork, MapLayer, SpikeMap
from .network import OUTPUT, IntArray, Network
from .sharing import distinct_crossbars, memoryless_types

#: The largest core, with a delay of one tick: whatever has it can hold an expansion's cores.
CORE = Hardware(
    contexts=64, crossbars=64, lanes=64, axons=256, neurons=256, delay_slots=2, targets=65536,
    types=256, potential_bits=16, threshold_bits=15,
)  # fmt: skip
#: Nobody writes this place of a map.
_NONE = -1


@dataclass(frozen=True)
class Block:
    """How a layer's windows share cores.

    Members
    -------
    down, across : windows of a core.
    rows, columns : sites of the patch that they read together.
    blocks : cores of a group, down and across.
    """

    down: int
    across: int
    rows: int
    columns: int
    blocks: tuple[int, int]

    @property
    def cores(self) -> int:
        """Cores of a group."""
        return self.blocks[0] * self.blocks[1]


@dataclass(frozen=True)
class Expansion:
    """An expanded network, and where its neurons are.

    Members
    -------
    network : explicit cores, in the order of layer, group, block row, block column.
    where : for each layer, int32 [groups, rows, columns, neurons, 2] - core, and its neuron.
    first_core : for each layer, the number of its first core.
    stages : int32 [cores] - the tick after a frame's input at which each core works on the frame.
    """

    network: Network
    where: tuple[IntArray, ...]
    first_core: tuple[int, ...]
    stages: IntArray


def block(
    layer: MapLayer, source: SpikeMap, pack: tuple[int, int], hardware: Hardware = CORE
) -> Block:
    """The windows that share a core: `pack` of them at most, where windows overlap and it fits.

    All blocks are equal, so their sides divide the layer's sites.
    """
    overlap = layer.kernel[0] > layer.stride[0] and layer.kernel[1] > layer.stride[1]
    best = _block(layer, 1, 1)
    if not overlap:
        return best
    for down in range(1, pack[0] + 1):
        for across in range(1, pack[1] + 1):
            found = _block(layer, down, across)
            if layer.sites[0] % down or layer.sites[1] % across:
                continue
            if found.rows * found.columns * source.features > hardware.axons:
                continue
            if down * across * layer.neurons > hardware.neurons:
                continue
            if down * across > best.down * best.across:
                best = found
    return best


def _block(layer: MapLayer, down: int, across: int) -> Block:
    return Block(
        down, across,
        layer.kernel[0] + (down - 1) * layer.stride[0],
        layer.kernel[1] + (across - 1) * layer.stride[1],
        (layer.sites[0] // down, layer.sites[1] // across),
    )  # fmt: skip


def expand(
    network: LayeredNetwork, pack: tuple[int, int] = (1, 1), *, hardware: Hardware = CORE
) -> Expansion:
    """A layered network as explicit cores and targets, all delays one tick.

    Parameters
    ----------
    network : the network.
    pack : windows down and across that share a core, where windows overlap and a core has the
        axons and neurons; 1 x 1 is one window a core. Every packing gives the same spikes.
    hardware : parameters that the cores are compiled for. Their number is not bounded by it, as
        more than one device can hold them; `build_image` says whether they fit one.

    Raises
    ------
    ConfigError : a layer's groups are wider than the hardware's cores; says by how much.
    """
    if min(pack) < 1:
        raise ConfigError(f"pack must be windows down and across, each at least 1, not {pack}")
    _check_cores(network, hardware)
    blocks = [block(layer, network.maps[layer.source], pack, hardware) for layer in network.layers]
    crossbars: list[npt.NDArray[np.int8]] = []  # of each group
    leaks: list[IntArray] = []
    where: list[IntArray] = []
    first_core: list[int] = []
    cores = 0
    for layer, shape in zip(network.layers, blocks, strict=True):
        crossbars += [*_crossbars(layer, shape, network.maps[layer.source].features)]
        leak = np.tile(layer.leak, (1, shape.down * shape.across))
        leaks.append(np.repeat(leak, shape.cores, axis=0).ravel())
        where.append(_where(layer, shape, cores))
        first_core.append(cores)
        cores += layer.groups * shape.cores
    distinct, of_group = distinct_crossbars(crossbars)
    cores_of_group = np.repeat([shape.cores for shape in blocks],
                               [layer.groups for layer in network.layers])  # fmt: skip
    types, neuron_type = memoryless_types(np.concatenate(leaks))
    inputs, targets = _wiring(network, blocks, first_core, where)
    expanded = Network(
        name=network.name,
        hardware=hardware,
        crossbars=distinct,
        core_crossbar=np.repeat(of_group, cores_of_group),
        types=types,
        neuron_type=neuron_type,
        neuron_potential=np.zeros(len(neuron_type), np.int32),
        targets=targets,
        features=network.features,
        input_map=inputs,
        output_class=network.output_class,
        latency=network.latency,
        provenance=network.provenance,
    )
    stages = np.repeat(np.array(network.depths, np.int32), np.diff([*first_core, cores]))
    return Expansion(expanded, tuple(where), tuple(first_core), stages)


def _check_cores(network: LayeredNetwork, hardware: Hardware) -> None:
    for layer in network.layers:
        for what, need, have in (
            ("fan-in", layer.fan_in, hardware.axons),
            ("number of neurons", layer.neurons, hardware.neurons),
        ):
            if need > have:
                raise ConfigError(
                    f"layer {layer.name!r}: the {what} of each of its {layer.groups} groups is "
                    f"{need}, a core has {have}: {need - have} too many; use more groups"
                )


def _crossbars(layer: MapLayer, shape: Block, features: int) -> npt.NDArray[np.int8]:
    """The crossbar of each group, int8 [groups, patch x features, windows x neurons]."""
    (rows, columns), (down, across) = layer.kernel, layer.stride
    window = layer.weights.reshape(layer.groups, rows, columns, features, layer.neurons)
    patch = np.zeros(
        (layer.groups, shape.rows, shape.columns, features, shape.down, shape.across,
         layer.neurons), np.int8,
    )  # fmt: skip
    for y in range(shape.down):
        for x in range(shape.across):
            top, left = y * down, x * across
            patch[:, top : top + rows, left : left + columns, :, y, x] = window
    return patch.reshape(layer.groups, shape.rows * shape.columns * features, -1)


def _where(layer: MapLayer, shape: Block, first: int) -> IntArray:
    """Core and neuron of every neuron: int32 [groups, rows, columns, neurons, 2]."""
    g, y, x, n = np.ogrid[: layer.groups, : layer.sites[0], : layer.sites[1], : layer.neurons]
    core = first + (g * shape.blocks[0] + y // shape.down) * shape.blocks[1] + x // shape.across
    neuron = ((y % shape.down) * shape.across + x % shape.across) * layer.neurons + n
    return np.stack(np.broadcast_arrays(core, neuron), axis=-1).astype(np.int32)


def _wiring(
    network: LayeredNetwork, blocks: list[Block], first_core: list[int], where: list[IntArray]
) -> tuple[IntArray, IntArray]:
    """The expanded network's `input_map` and `targets`; targets by source, lines last."""
    inputs: list[npt.NDArray[np.int64]] = [np.zeros((0, 3), np.int64)]
    targets: list[npt.NDArray[np.int64]] = [np.zeros((0, 5), np.int64)]
    lines: list[npt.NDArray[np.int64]] = [np.zeros((0, 5), np.int64)]
    for layer, shape, first, at in zip(network.layers, blocks, first_core, where, strict=True):
        source = _sources(network, layer.source, where)
        border = network.maps[layer.source].border
        writer, core, axon = _axons(layer, shape, source, border, first)
        if layer.source == 0:
            inputs.append(np.stack([writer, core, axon], axis=1))
        else:
            one = np.ones_like(core)
            targets.append(np.stack([writer >> 8, writer & 0xFF, core, axon, one], axis=1))
        if layer.target == OUTPUT:
            line = np.broadcast_to(layer.place[:, None, None, :, 1], at.shape[:-1])
            row = np.stack([at[..., 0], at[..., 1], np.full_like(line, OUTPUT), line,
                            np.zeros_like(line)], axis=-1)  # fmt: skip
            lines.append(row.reshape(-1, 5).astype(np.int64))
    inner, outer = np.concatenate(targets), np.concatenate(lines)
    inner = inner[np.lexsort(inner.T[3::-1])]
    outer = outer[np.lexsort(outer.T[1::-1])]
    return (
        np.concatenate(inputs).astype(np.int32),
        np.concatenate([inner, outer]).astype(np.int32),
    )


def _sources(network: LayeredNetwork, index: int, where: list[IntArray]) -> npt.NDArray[np.int64]:
    """Who writes each place of a map, with its border: int64 [groups, rows, columns, features].

    A feature of the frame for map 0, else core x 256 + neuron; -1: nobody.
    """
    plane = network.maps[index]
    source = np.full(plane.shape, _NONE, np.int64)
    if index == 0:
        feature, place = network.inputs.T
        source.reshape(-1)[place] = feature
    else:
        at = network.writers[index]
        group, feature = network.layers[at].place[..., 0], network.layers[at].place[..., 1]
        code = where[at][..., 0].astype(np.int64) << 8 | where[at][..., 1]
        source[group, :, :, feature] = code.transpose(0, 3, 1, 2)
    sides = plane.border, plane.border
    return np.pad(source, ((0, 0), sides, sides, (0, 0)), constant_values=_NONE)


def _axons(
    layer: MapLayer, shape: Block, source: npt.NDArray[np.int64], border: int, first: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Every axon that has a source: who writes it, its core, its number; by core and axon."""
    start = border - layer.pad
    y, x = (
        start
        + np.arange(count)[:, None] * windows * stride
        + np.arange(reach)[None, :]
        for count, windows, stride, reach in zip(
            shape.blocks, (shape.down, shape.across), layer.stride, (shape.rows, shape.columns),
            strict=True,
        )
    )  # fmt: skip
    patches = source[:, y[:, None, :, None], x[None, :, None, :]]
    axons = patches.reshape(layer.groups * shape.cores, -1)
    core, axon = np.nonzero(axons != _NONE)
    return axons[core, axon], first + core, axon
