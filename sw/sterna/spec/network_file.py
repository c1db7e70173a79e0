"""The network file: a `.sterna` file is an .npz container with a JSON manifest, and no pickle.

`ARRAYS` and `MANIFEST` are the format; docs/network-file.md prints them.
"""

import hashlib
import io
import json
from pathlib import Path
from typing import Any, cast

import numpy as np

from .arrays import AnyArray, read_container
from .errors import ConfigError, DataError, NetworkError
from .hardware import Hardware
from .network import Network
from .neuron import TYPE_COLUMNS
from .output import write_output

#: Raised when an older reader could not read the file any more.
FORMAT_VERSION = 2
FORMAT_NAME = "sterna-network"
#: Bytes of a manifest at most.
MOST_MANIFEST = 1 << 20

#: Arrays of the container: name -> (dtype, shape, meaning).
ARRAYS: dict[str, tuple[str, str, str]] = {
    "manifest": ("uint8", "[bytes]", "the manifest: JSON, UTF-8"),
    "crossbar_shape": ("int32", "[crossbars, 2]", "axons and neurons of each distinct crossbar"),
    "crossbar_trits": ("int8", "[sum of axons x neurons]",
                       "weights -1, 0, +1; crossbars one after another, axon by axon"),
    "core_crossbar": ("int32", "[cores]", "which crossbar each core uses"),
    "types": ("int32", f"[types, {len(TYPE_COLUMNS)}]",
              f"neuron types: {', '.join(TYPE_COLUMNS)}"),
    "neuron_type": ("int32", "[neurons]", "type of each neuron; core by core"),
    "neuron_potential": ("int32", "[neurons]", "initial membrane potential; core by core"),
    "targets": ("int32", "[targets, 5]",
                "core, neuron, target core (-1: output), target axon or line, delay"),
    "input_map": ("int32", "[inputs, 3]", "feature of a frame, core, axon"),
    "output_class": ("int32", "[lines]", "class that each output line votes for, or -1"),
    "axon_type": ("int32", "[axons]", "type of each axon; core by core"),
    "core_seed": ("uint32", "[cores]", "seed of each core's draws"),
}  # fmt: skip

#: Keys of the manifest: name -> meaning.
MANIFEST: dict[str, str] = {
    "format": f"'{FORMAT_NAME}'",
    "version": f"format version, {FORMAT_VERSION}",
    "name": "name of the network",
    "hardware": "hardware parameters it was compiled for, by name",
    "features": "features of an input frame",
    "latency": "ticks from a frame's input to its output spikes",
    "provenance": "seed, data set, accuracy and versions in training; free form",
    "hash": "BLAKE2b-128 over the arrays and the manifest without this key, hexadecimal",
}


def _arrays(network: Network) -> dict[str, AnyArray]:
    shapes = [crossbar.shape for crossbar in network.crossbars]
    plain = ("core_crossbar", "types", "neuron_type", "neuron_potential", "targets", "input_map",
             "output_class", "axon_type", "core_seed")  # fmt: skip
    return {
        "crossbar_shape": np.array(shapes, np.int32).reshape(-1, 2),
        "crossbar_trits": np.concatenate(
            [np.zeros(0, np.int8), *(crossbar.ravel() for crossbar in network.crossbars)]
        ),
        **{name: getattr(network, name) for name in plain},
    }


def _manifest(network: Network) -> dict[str, Any]:
    return {
        "format": FORMAT_NAME,
        "version": FORMAT_VERSION,
        "name": network.name,
        "hardware": network.hardware.as_dict(),
        "features": network.features,
        "latency": network.latency,
        "provenance": network.provenance,
    }


def _digest(arrays: dict[str, AnyArray], manifest: dict[str, Any]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps(manifest, sort_keys=True).encode())
    for name in sorted(arrays):
        little = arrays[name].astype(arrays[name].dtype.newbyteorder("<"))
        digest.update(f"{name} {arrays[name].dtype.name} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(little).tobytes())
    return digest.hexdigest()


def content_hash(network: Network) -> str:
    """The hash that the network's file carries: equal networks, equal hash."""
    return _digest(_arrays(network), _manifest(network))


def save(network: Network, path: str | Path) -> None:
    """Write a `.sterna` file, whole or not at all.

    Raises
    ------
    NetworkError : the network does not fit the hardware that it was compiled for, so that `load`
        would refuse it. OutputError : the file cannot be written.
    """
    arrays, manifest = _arrays(network), _manifest(network)
    for name, most in array_limits(network.hardware).items():
        if arrays[name].nbytes > most:
            raise NetworkError(
                f"{name} has {arrays[name].nbytes:,} bytes, its hardware's limit is {most:,}: "
                "compile the network for hardware with room for it"
            )
    manifest["hash"] = _digest(arrays, manifest)
    text = json.dumps(manifest, sort_keys=True, indent=1).encode()
    members: dict[str, Any] = {"manifest": np.frombuffer(text, np.uint8), **arrays}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **members)
    write_output(path, buffer.getvalue())


def load_bytes(data: bytes) -> Network:
    """The network of a `.sterna` file's bytes; raises NetworkError, which names no file."""
    try:
        return _load(data)
    except NetworkError:
        raise
    except ConfigError as error:
        raise NetworkError(f"hardware: {error}") from None


def load(path: str | Path) -> Network:
    """Read and validate a `.sterna` file.

    Raises
    ------
    NetworkError : names the file and what is wrong with it: absent, no container, truncated,
        of another format or version, an array missing or invalid, a hash that does not match.
    """
    path = Path(path)
    try:
        return _load(path)
    except NetworkError as error:
        raise NetworkError(f"{path}: {error}") from None
    except ConfigError as error:
        raise NetworkError(f"{path}: hardware: {error}") from None


def _load(path: Path | bytes) -> Network:
    manifest = _read_manifest(_read(path, {"manifest": MOST_MANIFEST})["manifest"])
    hardware = Hardware.from_dict(manifest["hardware"])
    arrays = _read(path, array_limits(hardware))
    claimed = manifest.pop("hash")
    if claimed != _digest(arrays, manifest):
        raise NetworkError(
            f"the content does not match its hash {_short(claimed)}: the file is damaged or was "
            "edited; fetch or train it again"
        )
    if not len(arrays["core_crossbar"]):
        raise NetworkError("core_crossbar has no entry: a network has at least one core")
    shapes = arrays["crossbar_shape"]
    most = hardware.axons, hardware.neurons
    if shapes.ndim != 2 or shapes.shape[1] != 2 or ((shapes < 1) | (shapes > most)).any():
        raise NetworkError(
            "crossbar_shape must be [crossbars, 2], each at least 1 and at most "
            f"{most[0]} axons and {most[1]} neurons, the hardware's"
        )
    sizes = shapes.prod(axis=1, dtype=np.int64)
    trits = arrays["crossbar_trits"]
    if trits.shape != (int(sizes.sum()),):
        raise NetworkError(
            f"crossbar_trits has shape {list(trits.shape)}; crossbar_shape wants [{sizes.sum()}]"
        )
    parts = np.split(trits, np.cumsum(sizes)[:-1]) if len(sizes) else []
    crossbars = tuple(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))
    return Network(
        name=manifest["name"],
        hardware=hardware,
        crossbars=crossbars,
        **{name: arrays[name] for name in ARRAYS if not name.startswith(("manifest", "crossbar_"))},
        features=manifest["features"],
        latency=manifest["latency"],
        provenance=manifest["provenance"],
    )


def array_limits(hardware: Hardware) -> dict[str, int]:
    """Bytes of each array but the manifest at most, for a network compiled for this hardware.

    They grow with the hardware: what one context can use, for each context; and eight inputs for
    each axon. A file that passes them is refused before anything is unpacked.
    """
    cores = hardware.contexts
    axons, neurons = cores * hardware.axons, cores * hardware.neurons
    entries = {
        "crossbar_shape": 2 * cores,
        "crossbar_trits": cores * hardware.axons * hardware.neurons,
        "core_crossbar": cores,
        "types": len(TYPE_COLUMNS) * hardware.types,
        "neuron_type": neurons,
        "neuron_potential": neurons,
        "targets": 5 * hardware.targets,
        "input_map": 3 * 8 * axons,
        "output_class": hardware.lines,
        "axon_type": axons,
        "core_seed": cores,
    }
    return {name: count * np.dtype(ARRAYS[name][0]).itemsize for name, count in entries.items()}


def _read(path: Path | bytes, most_bytes: dict[str, int]) -> dict[str, AnyArray]:
    """These arrays of the file; each must be there and of its type."""
    try:
        arrays = read_container(path, most_bytes)
    except DataError as error:
        raise NetworkError(
            str(error) if str(error) == "no such file" else f"not a Sterna network file: {error}"
        ) from None
    for name in most_bytes:
        if name not in arrays:
            raise NetworkError(
                f"array {name!r} is missing: not a Sterna network file, or a cut one"
            )
        if arrays[name].dtype != np.dtype(ARRAYS[name][0]):
            raise NetworkError(f"{name} must be {ARRAYS[name][0]}, not {arrays[name].dtype}")
    return arrays


def _read_manifest(raw: AnyArray) -> dict[str, Any]:
    try:
        read: object = json.loads(raw.tobytes().decode())
        json.dumps(read).encode()  # as deep as it may be, and text that can be written again
    except (ValueError, RecursionError) as error:
        raise NetworkError(f"manifest: not JSON that can be read ({error})") from None
    manifest = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
    if manifest.get("format") != FORMAT_NAME:
        raise NetworkError(f"manifest: format is not {FORMAT_NAME!r}: a foreign file")
    if manifest.get("version") != FORMAT_VERSION:
        raise NetworkError(
            f"manifest: format version {_short(manifest.get('version'))}; this Sterna reads "
            f"{FORMAT_VERSION}: use a matching release"
        )
    if set(manifest) != set(MANIFEST):
        odd = sorted(set(manifest) ^ set(MANIFEST))
        raise NetworkError(f"manifest: keys missing or unknown: {', '.join(odd):.80}")
    if not isinstance(manifest["hardware"], dict):
        raise NetworkError("manifest: hardware must be an object")
    if not isinstance(manifest["provenance"], dict):
        raise NetworkError("manifest: provenance must be an object")
    return manifest


def _short(value: object) -> str:
    """A value for a message, however long it is."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
