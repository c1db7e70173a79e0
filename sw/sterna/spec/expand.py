"""Expands a layered network: the same network as explicit cores and targets.

The expansion is the definition: whatever runs a `LayeredNetwork` in another way must give the
spikes that the golden model gives for `expand(network)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .blocks import Blocks, Integers, Packing, blocks_of
from .errors import ConfigError
from .hardware import Hardware
from .layers import LayeredNetwork
from .network import OUTPUT, IntArray, Network, TritArray
from .sharing import distinct_crossbars, memoryless_types

#: The largest core, with a delay of one tick: whatever has it can hold an expansion's cores.
CORE = Hardware(
    contexts=64,
    crossbars=64,
    lanes=64,
    axons=256,
    neurons=256,
    delay_slots=2,
    targets=65536,
    types=256,
    potential_bits=16,
    threshold_bits=15,
)
#: Nobody writes this place of a map.
_NONE = -1


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


def expand(
    network: LayeredNetwork,
    packing: Sequence[Packing] | None = None,
    *,
    hardware: Hardware = CORE,
) -> Expansion:
    """A layered network as explicit cores and targets, all delays one tick.

    Parameters
    ----------
    network : the network.
    packing : of each layer, the windows that share a core; None: each window of each group has
        its own. Every packing gives the same spikes.
    hardware : parameters that the cores are compiled for. Their number is not bounded by it, as
        more than one device can hold them; `build_image` says whether they fit one.

    Raises
    ------
    ConfigError : a packing is missing or of no window, or a layer's packing, or its groups alone,
        are larger than the hardware's cores; says by how much.
    """
    blocks = blocks_of(network, packing)
    for shape in blocks:
        _check_core(shape, hardware)
    crossbars: list[npt.NDArray[np.int8]] = []
    of_core: list[Integers] = []  # the crossbar of each core, by its place in that list
    leaks: list[IntArray] = []
    where: list[IntArray] = []
    first_core: list[int] = []
    cores = 0
    for shape in blocks:
        of_core.append(len(crossbars) + shape.kinds[1].ravel())
        crossbars += [_crossbar(shape, *first) for first in shape.kinds[0].tolist()]
        leaks.append(_leaks(shape))
        where.append(_where(shape, cores))
        first_core.append(cores)
        cores += shape.cores
    distinct, index = distinct_crossbars(crossbars)
    types, neuron_type = memoryless_types(np.concatenate(leaks))
    inputs, targets = _wiring(network, blocks, first_core, where)
    expanded = Network(
        name=network.name,
        hardware=hardware,
        crossbars=distinct,
        core_crossbar=index[np.concatenate(of_core)],
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


def _check_core(shape: Blocks, hardware: Hardware) -> None:
    layer = shape.layer
    for what, of_group, need, have in (
        ("fan-in", layer.fan_in, int(shape.axons.max()), hardware.axons),
        ("number of neurons", layer.neurons, int(shape.neurons.max()), hardware.neurons),
    ):
        if of_group > have:
            raise ConfigError(
                f"layer {layer.name!r}: the {what} of each of its {layer.groups} groups is "
                f"{of_group}, a core has {have}: {of_group - have} too many; use more groups"
            )
        if need > have:
            raise ConfigError(
                f"layer {layer.name!r}: packed {shape.packing}, the {what} of a core is {need}, "
                f"the limit is {have}: {need - have} too many; pack fewer windows or groups"
            )


def _crossbar(shape: Blocks, block: int, block_row: int, block_column: int) -> TritArray:
    """The crossbar of a core, int8 [axons, neurons]: groups apart, windows over one patch."""
    layer, features = shape.layer, shape.source.features
    (rows, columns), (down, across) = layer.kernel, layer.stride
    first, count = block * shape.packing.groups, int(shape.groups[block])
    windows = int(shape.down[block_row]), int(shape.across[block_column])
    patch = int(shape.rows[block_row]), int(shape.columns[block_column])
    made = np.zeros((count, *patch, features, count, *windows, layer.neurons), np.int8)
    for at in range(count):
        weights = layer.weights[first + at].reshape(rows, columns, features, layer.neurons)
        for y, x in np.ndindex(*windows):
            top, left = y * down, x * across
            made[at, top : top + rows, left : left + columns, :, at, y, x] = weights
    return made.reshape(count * patch[0] * patch[1] * features, -1)


def _leaks(shape: Blocks) -> IntArray:
    """The leak of every neuron of a layer, by core and neuron: int32."""
    layer = shape.layer
    starts = range(0, layer.groups, shape.packing.groups)
    parts: list[IntArray] = []
    for start, count in zip(starts, shape.groups.tolist(), strict=True):
        leak = layer.leak[start : start + count]
        for windows in np.outer(shape.down, shape.across).ravel().tolist():
            parts.append(np.repeat(leak[:, None], windows, axis=1).ravel())
    return np.concatenate(parts)


def _where(shape: Blocks, first: int) -> IntArray:
    """Core and neuron of every neuron: int32 [groups, rows, columns, neurons, 2]."""
    layer, (down, across, groups) = shape.layer, shape.packing
    g, y, x, n = np.ogrid[: layer.groups, : layer.sites[0], : layer.sites[1], : layer.neurons]
    _, block_rows, block_columns = shape.shape
    core = first + (g // groups * block_rows + y // down) * block_columns + x // across
    window = (g % groups * shape.down[y // down] + y % down) * shape.across[x // across]
    neuron = (window + x % across) * layer.neurons + n
    return np.stack(np.broadcast_arrays(core, neuron), axis=-1).astype(np.int32)


def _wiring(
    network: LayeredNetwork, blocks: list[Blocks], first_core: list[int], where: list[IntArray]
) -> tuple[IntArray, IntArray]:
    """The expanded network's `input_map` and `targets`; targets by source, lines last."""
    inputs: list[npt.NDArray[np.int64]] = [np.zeros((0, 3), np.int64)]
    targets: list[npt.NDArray[np.int64]] = [np.zeros((0, 5), np.int64)]
    lines: list[npt.NDArray[np.int64]] = [np.zeros((0, 5), np.int64)]
    for shape, first, at in zip(blocks, first_core, where, strict=True):
        layer = shape.layer
        writer, core, axon = _axons(shape, _sources(network, layer.source, where), first)
        if layer.source == 0:
            inputs.append(np.stack([writer, core, axon], axis=1))
        else:
            one = np.ones_like(core)
            targets.append(np.stack([writer >> 8, writer & 0xFF, core, axon, one], axis=1))
        if layer.target == OUTPUT:
            line = np.broadcast_to(layer.place[:, None, None, :, 1], at.shape[:-1])
            row = np.stack(
                [at[..., 0], at[..., 1], np.full_like(line, OUTPUT), line, np.zeros_like(line)],
                axis=-1,
            )
            lines.append(row.reshape(-1, 5).astype(np.int64))
    inner, outer = np.concatenate(targets), np.concatenate(lines)
    inner = inner[np.lexsort(inner.T[3::-1])]
    outer = outer[np.lexsort(outer.T[1::-1])]
    return (
        np.concatenate(inputs).astype(np.int32),
        np.concatenate([inner, outer]).astype(np.int32),
    )


def _sources(network: LayeredNetwork, index: int, where: list[IntArray]) -> Integers:
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


def _axons(shape: Blocks, source: Integers, first: int) -> tuple[Integers, Integers, Integers]:
    """Every axon that has a source: who writes it, its core, its number; by core and axon."""
    layer, per = shape.layer, shape.packing
    start = shape.source.border - layer.pad
    y, inside_y = _spans(shape.rows, start, per.down * layer.stride[0], source.shape[1])
    x, inside_x = _spans(shape.columns, start, per.across * layer.stride[1], source.shape[2])
    # by group, block row, block column, row, column, feature
    writer = source[:, y[:, None, :, None], x[None, :, None, :]]
    inside = inside_y[:, None, :, None] & inside_x[None, :, None, :]
    group, row, column, r, c, feature = np.nonzero((writer != _NONE) & inside[None, ..., None])
    core = (group // per.groups * len(y) + row) * len(x) + column
    site = (group % per.groups * shape.rows[row] + r) * shape.columns[column] + c
    axon = site * shape.source.features + feature
    found = writer[group, row, column, r, c, feature], first + core, axon
    if per.groups == 1:  # in order already
        return found
    order = np.lexsort((axon, core))
    return found[0][order], found[1][order], found[2][order]


def _spans(
    reach: Integers, start: int, step: int, size: int
) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """The rows (or columns) of a map that the patch of each block has, [blocks, longest reach].

    Returns
    -------
    int, the row, kept within the map's size; bool, whether the patch is that long.
    """
    along = np.arange(int(reach.max()))
    at = start + np.arange(len(reach))[:, None] * step + along
    return np.minimum(at, size - 1), along < reach[:, None]
