"""How the windows and groups of a layer share cores."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .errors import ConfigError
from .hardware import Hardware
from .layers import LayeredNetwork, MapLayer, SpikeMap

Integers = npt.NDArray[np.int64]


class Packing(NamedTuple):
    """Windows that share a core: how many down and across, and of how many groups; each at least 1.

    At the last row, column and group a core has fewer, where the numbers do not divide.
    """

    down: int = 1
    across: int = 1
    groups: int = 1

    def __str__(self) -> str:
        windows = f"{self.down}x{self.across}"
        return windows if self.groups == 1 else f"{windows} of {self.groups}"


@dataclass(frozen=True, eq=False)
class Blocks:
    """The cores of a layer, by block of groups, block row and block column.

    Parameters
    ----------
    layer : the layer.
    source : the map that it reads.
    packing : of a whole core.
    """

    layer: MapLayer
    source: SpikeMap
    packing: Packing

    @cached_property
    def groups(self) -> Integers:
        """Groups of each block of groups: int [blocks]."""
        return _parts(self.layer.groups, self.packing.groups)

    @cached_property
    def down(self) -> Integers:
        """Windows down of each block row: int [block rows]."""
        return _parts(self.layer.sites[0], self.packing.down)

    @cached_property
    def across(self) -> Integers:
        """Windows across of each block column: int [block columns]."""
        return _parts(self.layer.sites[1], self.packing.across)

    @property
    def rows(self) -> Integers:
        """Rows of the patch that each block row reads."""
        return self.layer.kernel[0] + (self.down - 1) * self.layer.stride[0]

    @property
    def columns(self) -> Integers:
        """Columns of the patch that each block column reads."""
        return self.layer.kernel[1] + (self.across - 1) * self.layer.stride[1]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Blocks of groups, block rows, block columns."""
        return len(self.groups), len(self.down), len(self.across)

    @property
    def cores(self) -> int:
        """Cores of the layer."""
        return len(self.groups) * len(self.down) * len(self.across)

    @property
    def axons(self) -> Integers:
        """Axons of each core, as `shape`; they lie in the order group, row, column, feature."""
        return _outer(self.groups * self.source.features, self.rows, self.columns)

    @property
    def neurons(self) -> Integers:
        """Neurons of each core, as `shape`; in the order group, window row, window column."""
        return _outer(self.groups * self.layer.neurons, self.down, self.across)

    @cached_property
    def kinds(self) -> tuple[Integers, Integers]:
        """Cores of one size share a crossbar within a block of groups.

        Returns
        -------
        int [kinds, 3] - block of groups, block row and block column of the first core of each kind;
        int, as `shape` - the kind of each core.
        """
        sizes = [
            np.unique(one, return_index=True, return_inverse=True)[1:]
            for one in (self.down, self.across)
        ]
        (first_row, row), (first_column, column) = sizes
        groups = np.arange(len(self.groups))
        first = np.stack(np.meshgrid(groups, first_row, first_column, indexing="ij"), axis=-1)
        kind = np.arange(first.size // 3).reshape(first.shape[:3])
        return first.reshape(-1, 3), kind[:, row][:, :, column]


def blocks_of(network: LayeredNetwork, packing: Sequence[Packing] | None = None) -> list[Blocks]:
    """The cores of each layer; raises ConfigError if a packing is missing or of no window."""
    packing = packing or [Packing()] * len(network.layers)
    if len(packing) != len(network.layers):
        raise ConfigError(
            f"{len(packing)} packings for the {len(network.layers)} layers of {network.name!r}"
        )
    for layer, one in zip(network.layers, packing, strict=True):
        if min(one) < 1:
            raise ConfigError(
                f"layer {layer.name!r}: a packing must be windows down and across and groups, each "
                f"at least 1, not {tuple(one)}"
            )
    return [
        Blocks(layer, network.maps[layer.source], one)
        for layer, one in zip(network.layers, packing, strict=True)
    ]


def core_count(network: LayeredNetwork, packing: Sequence[Packing] | None = None) -> int:
    """Cores of a network so packed."""
    return sum(shape.cores for shape in blocks_of(network, packing))


def packings(layer: MapLayer, source: SpikeMap, hardware: Hardware) -> list[Packing]:
    """The packings of a layer that fit a core, each the smallest for its numbers of blocks."""
    rows, columns = layer.sites
    found: list[Packing] = []
    for down in _sides(rows):
        for across in _sides(columns):
            for groups in _sides(layer.groups):
                packing = Packing(down, across, groups)
                neurons = down * across * groups * layer.neurons
                if neurons > hardware.neurons or _axons(layer, source, packing) > hardware.axons:
                    break  # with more groups it is no smaller
                found.append(packing)
    return found


def _sides(whole: int) -> list[int]:
    """The smallest part for each number of parts that a number can be cut in, rising."""
    return sorted({-(-whole // parts) for parts in range(1, whole + 1)})


def _axons(layer: MapLayer, source: SpikeMap, packing: Packing) -> int:
    patch = (layer.kernel[0] + (packing.down - 1) * layer.stride[0]) * (
        layer.kernel[1] + (packing.across - 1) * layer.stride[1]
    )
    return patch * source.features * packing.groups


def _parts(whole: int, part: int) -> Integers:
    """A number cut in parts, the last one smaller where it is no multiple."""
    starts = np.arange(0, whole, part)
    return np.minimum(part, whole - starts)


def _outer(first: Integers, second: Integers, third: Integers) -> Integers:
    return first[:, None, None] * second[:, None] * third
