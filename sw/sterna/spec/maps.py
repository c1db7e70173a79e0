"""Maps of spikes, and layers of neurons over their windows: what a layered network is made of."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from .checks import check_array, check_integer, check_name, check_pair, check_range, check_trits
from .errors import NetworkError
from .network import OUTPUT, IntArray, TritArray
from .neuron import LEAK_MAX, LEAK_MIN

#: Axons and neurons of a core at most: the spikes of a window, and the neurons of a group.
MOST_AXONS = MOST_NEURONS = 256
#: Groups, rows, columns or features of a map at most, and windows of a layer on a side.
MOST_SIDE = 4096
MOST_BORDER = 16
#: Places of a map at most, border left out; and trits of a layer.
MOST_PLACES = 1 << 24
#: Axons, or neurons, of a layer at all its sites at most.
MOST_SPREAD = 1 << 24
#: Layers of a network at most.
MOST_LAYERS = 256


@dataclass(frozen=True, kw_only=True)
class SpikeMap:
    """The spikes of one tick over a plane: [group][row][column][feature].

    Parameters
    ----------
    groups : groups of features, 1..4096; a layer's group g reads group g alone.
    rows, columns : sites, 1..4096 each, without the border.
    features : places of a group and site, 1..4096; one that nobody writes is a hole, always 0.
    border : sites of zeros on every side, 0..16.

    Raises
    ------
    NetworkError : names the parameter, its value and its limits.
    """

    groups: int
    rows: int
    columns: int
    features: int
    border: int = 0

    def __post_init__(self) -> None:
        for name in ("groups", "rows", "columns", "features"):
            check_integer(name, getattr(self, name), 1, MOST_SIDE)
        check_integer("border", self.border, 0, MOST_BORDER)
        if self.places > MOST_PLACES:
            raise NetworkError(f"{self.places:,} places, the limit is {MOST_PLACES:,}")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Groups, rows, columns, features."""
        return self.groups, self.rows, self.columns, self.features

    @property
    def places(self) -> int:
        """Places of the map, holes included and border left out."""
        return self.groups * self.rows * self.columns * self.features


@dataclass(frozen=True, kw_only=True, eq=False)
class MapLayer:
    """Memoryless neurons over the windows of a map; a group has the same weights at every site.

    A neuron fires if the weighted sum of its window's spikes plus its leak is at least 1.

    Parameters
    ----------
    name : 1..200 printable characters, distinct within a network.
    source : the map that it reads, by index; one group of neurons for each group of the map.
    target : the map that it writes, by index; OUTPUT: its spikes are votes on output lines.
    kernel : rows and columns of a window.
    stride : rows and columns from one window to the next.
    pad : the first window begins at site (-pad, -pad); at most the map's border.
    sites : windows down and across.
    weights : int8 [groups, kernel rows x kernel columns x features, neurons], in {-1, 0, +1}; a
        window's axons in the order row, column, feature.
    leak : int32 [groups, neurons], -512..511.
    place : int32 [groups, neurons, 2] - group and feature of the target map that a neuron writes,
        at its own site; for OUTPUT: 0 and the line, which all sites share.

    Raises
    ------
    NetworkError : names the layer, the parameter, its value and its limits.
    """

    name: str
    source: int
    target: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    pad: int
    sites: tuple[int, int]
    weights: TritArray
    leak: IntArray
    place: IntArray

    def __post_init__(self) -> None:
        check_name(self.name, "a layer's name")
        where = f"layer {self.name!r}: "
        check_integer(f"{where}source", self.source, 0, MOST_LAYERS)
        check_integer(f"{where}target", self.target, OUTPUT, MOST_LAYERS)
        check_integer(f"{where}pad", self.pad, 0, MOST_BORDER)
        for name in ("kernel", "stride", "sites"):
            check_pair(f"{where}{name}", getattr(self, name), MOST_SIDE)
        check_array(f"{where}weights", self.weights, (None, None, None), np.int8)
        groups, axons, neurons = self.weights.shape
        if 0 in self.weights.shape or self.weights.size > MOST_PLACES:
            raise NetworkError(
                f"{where}weights has shape {list(self.weights.shape)}; each must be at least 1, "
                f"and all at most {MOST_PLACES:,} trits"
            )
        for what, need, most in (
            ("fan-in", axons, MOST_AXONS),
            ("number of neurons", neurons, MOST_NEURONS),
        ):
            if need > most:
                raise NetworkError(
                    f"{where}the {what} of each of its {groups} groups is {need}, a core has "
                    f"{most}: {need - most} too many; use more groups"
                )
        check_array(f"{where}leak", self.leak, (groups, neurons))
        check_array(f"{where}place", self.place, (groups, neurons, 2))
        check_trits(f"{where}weights", self.weights)
        check_range(f"{where}leak", self.leak, LEAK_MIN, LEAK_MAX + 1)

        spread = self.sites[0] * self.sites[1] * groups * max(axons, neurons)
        if spread > MOST_SPREAD:
            raise NetworkError(
                f"{where}{groups} groups at {self.sites[0]} x {self.sites[1]} sites have "
                f"{spread:,} axons or neurons, the limit is {MOST_SPREAD:,}: use fewer sites"
            )

    @property
    def groups(self) -> int:
        """Number of groups."""
        return self.weights.shape[0]

    @property
    def fan_in(self) -> int:
        """Axons of a window."""
        return self.weights.shape[1]

    @property
    def neurons(self) -> int:
        """Neurons of a group and site."""
        return self.weights.shape[2]

    def replace(self, **changes: Any) -> "MapLayer":
        """A copy with these fields changed, validated anew."""
        return dataclasses.replace(self, **changes)
