"""An interpreter of network files, written from docs/network-file.md and docs/layers.md alone.

It shares no code with Sterna: where it differs, a page or the product is wrong.
"""

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def read(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """The manifest of a file, and its other arrays, trits unpacked."""
    arrays = {}
    with zipfile.ZipFile(path) as container:
        for member in container.namelist():
            data = io.BytesIO(container.read(member))
            arrays[member.removesuffix(".npy")] = np.load(data, allow_pickle=False)
    manifest = json.loads(arrays.pop("manifest").tobytes())
    if manifest["version"] >= 4:
        for name in arrays:
            if name.endswith("_trits"):
                arrays[name] = unpack(arrays[name])
    return manifest, arrays


def unpack(packed: Array) -> Array:
    """Trits from bytes: (trit + 1) x 3^i, five a byte; the first byte is the padding's number."""
    padding, *values = packed.tolist()
    trits = [value // 3**i % 3 - 1 for value in values for i in range(5)]
    return np.array(trits[: len(trits) - padding], np.int8)


def content_hash(manifest: dict[str, Any], arrays: dict[str, Array]) -> str:
    """The hash that the file should carry."""
    kept = {key: value for key, value in manifest.items() if key not in ("hash", "kind")}
    kept["version"] = 3 if manifest.get("kind") == "layers" else 2
    whole = json.dumps(kept, sort_keys=True).encode("ascii")
    for name in sorted(arrays):
        array = arrays[name]
        shape = ", ".join(map(str, array.shape)) + ("," if array.ndim == 1 else "")
        whole += f"{name} {array.dtype} ({shape})".encode("ascii")
        whole += array.astype(array.dtype.newbyteorder("<")).tobytes()
    return hashlib.blake2b(whole, digest_size=16).hexdigest()


def split(manifest: dict[str, Any], arrays: dict[str, Array]) -> list[tuple[Array, Array, Array]]:
    """Weights [groups][axons][neurons], leak [groups][neurons] and place [..., 2] of each layer."""
    found = []
    trit = neuron = 0
    for layer in manifest["layers"]:
        groups, axons, neurons = layer["groups"], layer["fan_in"], layer["neurons"]
        weights = arrays["layer_trits"][trit : trit + groups * axons * neurons]
        span = slice(neuron, neuron + groups * neurons)
        found.append(
            (
                weights.reshape(groups, axons, neurons),
                arrays["layer_leak"][span].reshape(groups, neurons),
                arrays["layer_place"][span].reshape(groups, neurons, 2),
            )
        )
        trit, neuron = trit + weights.size, span.stop
    return found


def spikes(manifest: dict[str, Any], arrays: dict[str, Array], frame: Array) -> list[int]:
    """Spikes on each output line for a frame, bool [features]."""
    maps = [
        np.zeros((m["groups"], m["rows"], m["columns"], m["features"]), int)
        for m in manifest["maps"]
    ]
    flat = maps[0].reshape(-1)
    for feature, place in arrays["inputs"].tolist():
        flat[place] = int(frame[feature])
    lines = [0] * len(arrays["output_class"])
    for layer, (weights, leak, place) in zip(
        manifest["layers"], split(manifest, arrays), strict=True
    ):
        source = maps[layer["source"]]
        for y, x in np.ndindex(*layer["sites"]):
            window = cut(source, layer, y, x)
            for group in range(layer["groups"]):
                sums = window[group] @ weights[group].astype(int) + leak[group]
                for neuron in np.flatnonzero(sums >= 1).tolist():
                    to, feature = place[group, neuron].tolist()
                    if layer["target"] == -1:
                        lines[feature] += 1
                    else:
                        maps[layer["target"]][to, y, x, feature] = 1
    return lines


def cut(source: Array, layer: dict[str, Any], y: int, x: int) -> Array:
    """The axons of the windows at a site: [groups][row, column, feature in one]."""
    (rows, columns), (down, across) = layer["kernel"], layer["stride"]
    window = np.zeros((source.shape[0], rows, columns, source.shape[3]), int)
    for r, c in np.ndindex(rows, columns):
        row, column = y * down - layer["pad"] + r, x * across - layer["pad"] + c
        if 0 <= row < source.shape[1] and 0 <= column < source.shape[2]:
            window[:, r, c] = source[:, row, column]
    return window.reshape(source.shape[0], -1)


def winner(lines: list[int], output_class: list[int]) -> int:
    """The class with the most votes, the lowest of equal ones."""
    votes = [0] * (max(0, *output_class) + 1)
    for count, kind in zip(lines, output_class, strict=True):
        if kind >= 0:
            votes[kind] += count
    return votes.index(max(votes))
