"""A convolutional network as data: maps of spikes, and layers of neurons between them.

It says which neurons share weights and where windows lie; it says nothing of cores. Its meaning is
its expansion to explicit cores (`sterna.spec.expand`), run by the golden model. Validated in full
on construction, so that whoever holds a `LayeredNetwork` may trust it.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from .checks import check_array, check_distinct, check_integer, check_name, check_range
from .errors import NetworkError
from .maps import (
    MOST_AXONS,
    MOST_BORDER,
    MOST_LAYERS,
    MOST_NEURONS,
    MOST_PLACES,
    MOST_SIDE,
    MapLayer,
    SpikeMap,
)
from .network import MOST_FEATURES, OUTPUT, IntArray

__all__ = [
    "MOST_AXONS",
    "MOST_BORDER",
    "MOST_LAYERS",
    "MOST_NEURONS",
    "MOST_PLACES",
    "MOST_SIDE",
    "LayeredNetwork",
    "MapLayer",
    "SpikeMap",
    "frame_inputs",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class LayeredNetwork:
    """A feed-forward network of map layers; map 0 is the frame's.

    Parameters
    ----------
    name : 1..200 printable characters.
    maps : map 0 is written by the host, every other one by exactly one layer.
    layers : in the order of data: a layer reads map 0, or a map that a layer before it writes.
    features : features (0/1) of a frame, 1..65536.
    inputs : int32 [n, 2], columns feature, place - places of map 0 that a feature is sent to, each
        as an index into the map, [group][row][column][feature]; a place has one feature at most.
    output_class : int32 [lines] - class that a spike on the line votes for, -1 for none.
    provenance : where it came from: seed, data set, accuracy in training; JSON values only.

    Raises
    ------
    NetworkError : names the layer or map, the array, the index, the value and the limit broken.
    """

    name: str
    maps: tuple[SpikeMap, ...]
    layers: tuple[MapLayer, ...]
    features: int
    inputs: IntArray
    output_class: IntArray
    provenance: dict[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        check_name(self.name)
        for what, count in (("layers", len(self.layers)), ("maps", len(self.maps))):
            if not 1 <= count <= MOST_LAYERS:
                raise NetworkError(f"{count} {what}, the limit is 1..{MOST_LAYERS}")
        self._check_frame()
        check_array("output_class", self.output_class, (None,))
        check_range("output_class", self.output_class, -1, MOST_FEATURES)
        check_distinct("layers", [layer.name for layer in self.layers])
        written = {0}
        for layer in self.layers:
            self._check_source(layer, written)
            self._check_target(layer, written)
            written.add(layer.target)
        for index in range(len(self.maps)):
            if index not in written:
                raise NetworkError(f"maps[{index}] is written by no layer: leave it out")
        self._check_votes()

    def _check_frame(self) -> None:
        check_integer("features", self.features, 1, MOST_FEATURES)
        check_array("inputs", self.inputs, (None, 2))
        feature, place = self.inputs.T
        check_range("inputs.feature", feature, 0, self.features)
        check_range("inputs.place", place, 0, self.maps[0].places)
        _distinct("inputs", "features of the frame", place)

    def _check_source(self, layer: MapLayer, written: set[int]) -> None:
        where = f"layer {layer.name!r}"
        if layer.source >= len(self.maps):
            raise NetworkError(f"{where} reads map {layer.source} of {len(self.maps)}")
        if layer.source not in written:
            raise NetworkError(
                f"{where} reads map {layer.source} before a layer has written it: list layers in "
                "the order of data; loops are not possible"
            )
        source = self.maps[layer.source]
        fan_in = layer.kernel[0] * layer.kernel[1] * source.features
        want = source.groups, fan_in, layer.neurons
        if layer.weights.shape != want:
            raise NetworkError(
                f"{where}: weights has shape {list(layer.weights.shape)}; a kernel of "
                f"{layer.kernel[0]} x {layer.kernel[1]} over {source.features} features in "
                f"{source.groups} groups wants {list(want)}"
            )
        if layer.pad > source.border:
            raise NetworkError(
                f"{where}: its windows begin {layer.pad} sites before the map, beyond its border "
                f"of {source.border}: give map {layer.source} a wider border"
            )
        for what, size, sites, kernel, stride in zip(
            ("rows", "columns"),
            (source.rows, source.columns),
            layer.sites,
            layer.kernel,
            layer.stride,
            strict=True,
        ):
            over = (sites - 1) * stride - layer.pad + kernel - size
            if over > source.border:
                raise NetworkError(
                    f"{where}: its last window ends {over} {what} after the map, beyond its border "
                    f"of {source.border}: use fewer sites, or a wider border"
                )

    def _check_target(self, layer: MapLayer, written: set[int]) -> None:
        where = f"layer {layer.name!r}"
        group, feature = layer.place[..., 0], layer.place[..., 1]
        if layer.target == OUTPUT:
            check_range(f"{where}: place.group", group, 0, 1)
            check_range(f"{where}: place.line", feature, 0, len(self.output_class))
            return
        if layer.target >= len(self.maps):
            raise NetworkError(f"{where} writes map {layer.target} of {len(self.maps)}")
        if layer.target in written:
            who = "the host" if layer.target == 0 else "a layer before it"
            raise NetworkError(f"{where} writes map {layer.target}, which {who} writes")
        target = self.maps[layer.target]
        if layer.sites != (target.rows, target.columns):
            raise NetworkError(
                f"{where} has {layer.sites[0]} x {layer.sites[1]} sites, map {layer.target} "
                f"{target.rows} x {target.columns}"
            )
        check_range(f"{where}: place.group", group, 0, target.groups)
        check_range(f"{where}: place.feature", feature, 0, target.features)
        _distinct(f"{where}: place", "neurons", (group * target.features + feature).ravel())

    def _check_votes(self) -> None:
        ticks = [
            (depth, layer.name)
            for layer, depth in zip(self.layers, self.depths, strict=True)
            if layer.target == OUTPUT
        ]
        for depth, name in ticks:
            if depth != ticks[0][0]:
                raise NetworkError(
                    f"layer {name!r} votes at tick {depth} after a frame, layer {ticks[0][1]!r} at "
                    f"tick {ticks[0][0]}: put layers before the earlier one"
                )

    @cached_property
    def writers(self) -> dict[int, int]:
        """The layer that writes each map, but map 0; maps and layers by index."""
        return {layer.target: at for at, layer in enumerate(self.layers) if layer.target != OUTPUT}

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """For each layer: ticks after a frame's input at which it works on that frame."""
        depths: list[int] = []
        for layer in self.layers:
            depths.append(depths[self.writers[layer.source]] + 1 if layer.source else 0)
        return tuple(depths)

    @property
    def latency(self) -> int:
        """Ticks from a frame's input to its votes."""
        return max(
            (
                depth
                for layer, depth in zip(self.layers, self.depths, strict=True)
                if layer.target == OUTPUT
            ),
            default=0,
        )

    @property
    def classes(self) -> int:
        """Number of classes that the output lines vote for."""
        return int(self.output_class.max(initial=-1)) + 1

    def replace(self, **changes: Any) -> "LayeredNetwork":
        """A copy with these fields changed, validated anew."""
        return dataclasses.replace(self, **changes)


def frame_inputs(frame: SpikeMap, used: Sequence[int]) -> tuple[int, IntArray]:
    """The plain order of a frame: features and `inputs` of a frame that lies in a map once.

    A feature's number is ((group, feature of the group), row, column); `used` says how many
    features of each group the frame has, the map's first ones.
    """
    planes = np.arange(frame.places, dtype=np.int32).reshape(frame.shape).transpose(0, 3, 1, 2)
    place = np.concatenate(
        [group[:count].ravel() for group, count in zip(planes, used, strict=True)]
    )
    return len(place), np.stack([np.arange(len(place), dtype=np.int32), place], axis=1)


def _distinct(what: str, kind: str, places: IntArray) -> None:
    """Raise NetworkError if two entries lie on one place."""
    order = np.argsort(places, kind="stable")
    twice = np.flatnonzero(np.diff(places[order]) == 0)
    if twice.size:
        first, second = sorted(int(index) for index in order[twice[0] : twice[0] + 2])
        raise NetworkError(
            f"{what}: two {kind} on one place: entries {first} and {second}; a place has one writer"
        )
