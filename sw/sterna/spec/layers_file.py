"""Network files of kind `layers`: maps and layers, for any device that has room for them."""

import dataclasses
from typing import Any, cast

import numpy as np

from .arrays import AnyArray
from .errors import NetworkError
from .file_kind import Kind, short
from .layers import MOST_LAYERS, MOST_PLACES, LayeredNetwork, MapLayer, SpikeMap

ARRAYS: dict[str, tuple[str, str, str]] = {
    "layer_trits": ("uint8", "[1 + sum of groups x fan-in x neurons / 5]",
                    "weights -1, 0, +1; layer by layer, group by group, axon by axon; five in a "
                    "byte"),
    "layer_leak": ("int32", "[sum of groups x neurons]", "leak of each neuron; as above"),
    "layer_place": ("int32", "[sum of groups x neurons, 2]",
                    "group and feature of the target map; or 0 and the output line"),
    "inputs": ("int32", "[inputs, 2]",
               "feature of a frame, and its place in map 0: [group][row][column][feature]"),
    "output_class": ("int32", "[lines]", "class that each output line votes for, or -1"),
}  # fmt: skip

#: Fields of an object of the manifest's `maps`, and of its `layers`.
MAP_FIELDS = tuple(field.name for field in dataclasses.fields(SpikeMap))
LAYER_FIELDS = ("name", "source", "target", "kernel", "stride", "pad", "sites", "groups", "fan_in",
                "neurons")  # fmt: skip

MANIFEST = {
    "maps": f"list of objects: {', '.join(MAP_FIELDS)}; map 0 is the frame's",
    "layers": f"list of objects, in the order of data: {', '.join(LAYER_FIELDS)}; "
    "target -1: output lines",
}
_PAIRS = ("kernel", "stride", "sites")
_SIZES = ("groups", "fan_in", "neurons")


def _dump(network: LayeredNetwork) -> tuple[dict[str, AnyArray], dict[str, Any]]:
    layers = network.layers
    arrays: dict[str, AnyArray] = {
        "layer_trits": np.concatenate([layer.weights.ravel() for layer in layers]),
        "layer_leak": np.concatenate([layer.leak.ravel() for layer in layers]),
        "layer_place": np.concatenate([layer.place.reshape(-1, 2) for layer in layers]),
        "inputs": network.inputs,
        "output_class": network.output_class,
    }
    keys: dict[str, Any] = {
        "maps": [dataclasses.asdict(plane) for plane in network.maps],
        "layers": [
            {name: list(value) if name in _PAIRS else value
             for name in LAYER_FIELDS for value in [getattr(layer, name)]}
            for layer in layers
        ],
    }  # fmt: skip
    return arrays, keys


def _objects(manifest: dict[str, Any], key: str, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    """The manifest's list of that name, whose entries have exactly these fields."""
    listed: Any = manifest[key]
    if not isinstance(listed, list) or not 1 <= len(cast("list[Any]", listed)) <= MOST_LAYERS:
        raise NetworkError(f"manifest: {key} must be a list of 1..{MOST_LAYERS} objects")
    entries = cast("list[dict[str, Any]]", listed)
    for at, entry in enumerate(entries):
        if type(entry) is not dict or set(entry) != set(fields):
            raise NetworkError(
                f"manifest: {key}[{at}] must have exactly {', '.join(fields)}, not {short(entry)}"
            )
    return entries


def _limits(manifest: dict[str, Any]) -> dict[str, int]:
    _objects(manifest, "maps", MAP_FIELDS)
    trits = neurons = 0
    for layer in _objects(manifest, "layers", LAYER_FIELDS):
        sizes = [layer[name] for name in _SIZES]
        for name, size in zip(_SIZES, sizes, strict=True):
            if type(size) is not int or not 1 <= size <= MOST_PLACES:
                raise NetworkError(
                    f"manifest: {name} of layer {short(layer['name'])} must be an integer of "
                    f"1..{MOST_PLACES}, not {short(size)}"
                )
        trits += sizes[0] * sizes[1] * sizes[2]
        neurons += sizes[0] * sizes[2]
    if trits > MOST_PLACES:
        raise NetworkError(
            f"manifest: the layers have {trits:,} trits, the limit is {MOST_PLACES:,}"
        )
    places = 4 * MOST_PLACES
    return {"layer_trits": trits, "layer_leak": 4 * neurons, "layer_place": 8 * neurons,
            "inputs": 2 * places, "output_class": places}  # fmt: skip


def _build(manifest: dict[str, Any], arrays: dict[str, AnyArray]) -> LayeredNetwork:
    maps = tuple(SpikeMap(**entry) for entry in _objects(manifest, "maps", MAP_FIELDS))
    layers: list[MapLayer] = []
    at = {"layer_trits": 0, "layer_leak": 0, "layer_place": 0}
    for entry in _objects(manifest, "layers", LAYER_FIELDS):
        groups, fan_in, neurons = (entry[name] for name in _SIZES)
        shapes = {"layer_trits": (groups, fan_in, neurons), "layer_leak": (groups, neurons),
                  "layer_place": (groups, neurons, 2)}  # fmt: skip
        parts: list[AnyArray] = []
        for name, shape in shapes.items():
            rows = groups * neurons * (fan_in if name == "layer_trits" else 1)
            parts.append(arrays[name][at[name] : at[name] + rows])
            at[name] += rows
            if parts[-1].size != np.prod(shape):
                raise NetworkError(
                    f"{name} has shape {list(arrays[name].shape)}; the layers want more, or of "
                    "another shape"
                )
            parts[-1] = parts[-1].reshape(shape)
        fields = {name: entry[name] for name in LAYER_FIELDS if name not in _SIZES}
        for name in _PAIRS:
            fields[name] = tuple(fields[name]) if isinstance(fields[name], list) else fields[name]
        weights, leak, place = parts
        layers.append(MapLayer(**fields, weights=weights, leak=leak, place=place))
    for name, end in at.items():
        if len(arrays[name]) != end:
            raise NetworkError(f"{name} has {len(arrays[name])} entries; the layers want {end}")
    return LayeredNetwork(
        name=manifest["name"],
        maps=maps,
        layers=tuple(layers),
        features=manifest["features"],
        inputs=arrays["inputs"],
        output_class=arrays["output_class"],
        provenance=manifest["provenance"],
    )


LAYERS = Kind[LayeredNetwork](3, "layer_trits", ARRAYS, MANIFEST, _dump, _limits, _build)
