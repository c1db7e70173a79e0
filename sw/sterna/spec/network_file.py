"""The network file: a `.sterna` file is an .npz container with a JSON manifest, and no pickle.

`ARRAYS` and `MANIFEST` are the format; docs/network-file.md prints them.
"""

import hashlib
import io
import json
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from .errors import ConfigError, NetworkError
from .hardware import Hardware
from .network import Network
from .neuron import TYPE_COLUMNS
from .output import write_output

AnyArray = npt.NDArray[Any]

#: Raised when an older reader could not read the file any more.
FORMAT_VERSION = 2
FORMAT_NAME = "sterna-network"

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
    """Write a `.sterna` file, whole or not at all; raises OutputError."""
    arrays, manifest = _arrays(network), _manifest(network)
    manifest["hash"] = _digest(arrays, manifest)
    text = json.dumps(manifest, sort_keys=True, indent=1).encode()
    members: dict[str, Any] = {"manifest": np.frombuffer(text, np.uint8), **arrays}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **members)
    write_output(path, buffer.getvalue())


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


def _load(path: Path) -> Network:
    arrays = _read_arrays(path)
    manifest = _read_manifest(arrays.pop("manifest"))
    claimed = manifest.pop("hash")
    if claimed != _digest(arrays, manifest):
        raise NetworkError(
            f"the content does not match its hash {claimed}: the file is damaged or was edited; "
            "fetch or train it again"
        )
    shapes = arrays["crossbar_shape"]
    if shapes.ndim != 2 or shapes.shape[1] != 2 or (shapes < 1).any():
        raise NetworkError("crossbar_shape must be [crossbars, 2], each at least 1")
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
        hardware=Hardware.from_dict(manifest["hardware"]),
        crossbars=crossbars,
        **{name: arrays[name] for name in ARRAYS if not name.startswith(("manifest", "crossbar_"))},
        features=manifest["features"],
        latency=manifest["latency"],
        provenance=manifest["provenance"],
    )


def _container(file: BinaryIO) -> "np.lib.npyio.NpzFile[Any]":
    container: object = np.load(file, allow_pickle=False)
    if not isinstance(container, np.lib.npyio.NpzFile):
        raise NetworkError("not a Sterna network file (a bare array, not a container)")
    return cast("np.lib.npyio.NpzFile[Any]", container)


def _read_arrays(path: Path) -> dict[str, AnyArray]:
    try:
        with path.open("rb") as file, _container(file) as container:
            missing = [name for name in ARRAYS if name not in container.files]
            if missing:
                raise NetworkError(
                    f"array {missing[0]!r} is missing: not a Sterna network file, or a cut one"
                )
            arrays = {name: container[name] for name in ARRAYS}
    except FileNotFoundError:
        raise NetworkError("no such file") from None
    except NetworkError:
        raise
    except Exception as error:  # a damaged zip makes its readers raise a dozen kinds
        raise NetworkError(f"not a Sterna network file, or a damaged one ({error})") from None
    for name, (dtype, _, _) in ARRAYS.items():
        if arrays[name].dtype != np.dtype(dtype):
            raise NetworkError(f"{name} must be {dtype}, not {arrays[name].dtype}")
    return arrays


def _read_manifest(raw: AnyArray) -> dict[str, Any]:
    try:
        read: object = json.loads(raw.tobytes().decode())
    except ValueError as error:
        raise NetworkError(f"manifest: not JSON ({error})") from None
    manifest = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
    if manifest.get("format") != FORMAT_NAME:
        raise NetworkError(f"manifest: format is not {FORMAT_NAME!r}: a foreign file")
    if manifest.get("version") != FORMAT_VERSION:
        raise NetworkError(
            f"manifest: format version {manifest.get('version')!r}; this Sterna reads "
            f"{FORMAT_VERSION}: use a matching release"
        )
    if set(manifest) != set(MANIFEST):
        odd = sorted(set(manifest) ^ set(MANIFEST))
        raise NetworkError(f"manifest: keys missing or unknown: {', '.join(odd)}")
    if not isinstance(manifest["provenance"], dict):
        raise NetworkError("manifest: provenance must be an object")
    return manifest
