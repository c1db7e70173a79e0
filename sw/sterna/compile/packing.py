"""How windows and groups of a network share the cores of a device: a search, layer by layer.

A window a core stores a group's weights once, however many windows it has. Windows that share a
core take fewer cores and fewer targets, and more words of the weight store: their crossbar holds
the weights once for each window, and zeros between them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sterna.spec import Hardware, LayeredNetwork, MapLayer, SpikeMap
from sterna.spec.blocks import Blocks, Packing, core_count, packings
from sterna.spec.expand import CORE

#: Costs that a search minimizes after the number of cores, by turns: shares of the weight store and
#: of the target table.
_AIMS = ((1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@dataclass(frozen=True)
class _Choice:
    """One packing of a layer, and what it takes: cores, crossbar words, target entries."""

    packing: Packing
    cores: int
    words: int
    entries: int


def candidates(network: LayeredNetwork, hardware: Hardware) -> Iterator[tuple[Packing, ...]]:
    """Packings of a network that take no more cores than the device has, least packed first.

    For each number of cores there are those with the fewest crossbar words, the fewest target
    entries, and the fewest of both together. Words and entries are counted from shapes.
    """
    layers = [_choices(layer, network.maps[layer.source], hardware) for layer in network.layers]
    if not all(layers):
        return
    plain = tuple(Packing() for _ in layers)
    if core_count(network, plain) <= hardware.contexts:
        yield plain
    fronts = [_front(layers, hardware, *aim) for aim in _AIMS]
    found = {plain: None}
    for cores in range(hardware.contexts, 0, -1):
        for front in fronts:
            if cores in front and front[cores] not in found:
                found[front[cores]] = None
                yield front[cores]


def fewest(network: LayeredNetwork, hardware: Hardware = CORE) -> tuple[Packing, ...]:
    """The packing with the fewest cores, whatever else it takes; of equals the fewest words.

    A layer whose groups are larger than a core is left a window a core.
    """
    made: list[Packing] = []
    for layer in network.layers:
        choices = _choices(layer, network.maps[layer.source], hardware)
        best = min(choices, key=lambda one: (one.cores, one.words), default=None)
        made.append(best.packing if best else Packing())
    return tuple(made)


def fewest_cores(network: LayeredNetwork) -> int:
    """Cores of 256 x 256 that hold a network, packed for the fewest."""
    return core_count(network, fewest(network))


def crossbar_words(shape: Blocks, lanes: int) -> int:
    """Words of the weight store that a layer takes; equal groups are not counted once."""
    first = tuple(shape.kinds[0].T)
    return int((-(-shape.neurons[first] // lanes) * shape.axons[first]).sum())


def _choices(layer: MapLayer, source: SpikeMap, hardware: Hardware) -> list[_Choice]:
    """The packings of a layer that fit a core and that no other beats in everything."""
    found = [
        _choice(layer, source, packing, hardware) for packing in packings(layer, source, hardware)
    ]
    found.sort(key=lambda one: (one.cores, one.words, one.entries))
    kept: list[_Choice] = []
    for one in found:
        if not any(other.words <= one.words and other.entries <= one.entries for other in kept):
            kept.append(one)
    return kept


def _choice(layer: MapLayer, source: SpikeMap, packing: Packing, hardware: Hardware) -> _Choice:
    shape = Blocks(layer, source, packing)
    reach = int(shape.rows.sum() * shape.columns.sum())
    return _Choice(
        packing,
        shape.cores,
        crossbar_words(shape, hardware.lanes),
        reach * source.features * layer.groups if layer.source else 0,
    )


def _front(
    layers: Sequence[Sequence[_Choice]], hardware: Hardware, words: float, entries: float
) -> dict[int, tuple[Packing, ...]]:
    """For each number of cores, the packing of all layers that takes least of the device.

    Numbers of cores at which fewer cores take no more are left out. A share of the weight store
    counts as `words`, one of the target table as `entries`.
    """
    most = hardware.contexts
    least = np.full(most + 1, np.inf)
    least[0] = 0
    ways: list[np.ndarray] = []
    for choices in layers:
        after, way = np.full(most + 1, np.inf), np.zeros(most + 1, np.int64)
        for at, one in enumerate(choices):
            if one.cores > most:
                continue
            load = words * one.words / hardware.crossbar_words
            load += entries * one.entries / hardware.targets
            taken = least[: most + 1 - one.cores] + load
            better = taken < after[one.cores :]
            after[one.cores :][better] = taken[better]
            way[one.cores :][better] = at
        least, ways = after, [*ways, way]
    found: dict[int, tuple[Packing, ...]] = {}
    best = np.inf
    for cores in np.flatnonzero(np.isfinite(least)).tolist():
        if least[cores] < best:
            best, left, packing = least[cores], cores, []
            for choices, way in zip(reversed(layers), reversed(ways), strict=True):
                one = choices[int(way[left])]
                packing.append(one.packing)
                left -= one.cores
            found[cores] = tuple(reversed(packing))
    return found
