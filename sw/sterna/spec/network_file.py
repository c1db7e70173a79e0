"""The network file: a `.sterna` file is an .npz container with a JSON manifest, and no pickle.

A file holds explicit cores (kind `cores`) or maps and layers (kind `layers`). `COMMON` and the
tables of `cores_file` and `layers_file` are the format; docs/network-file.md prints them.
"""

import hashlib
import io
import json
from pathlib import Path
from typing import Any, cast

import numpy as np

from .arrays import AnyArray, read_container
from .cores_file import CORES
from .errors import ConfigError, DataError, NetworkError
from .file_kind import Kind, short
from .layers import LayeredNetwork
from .layers_file import LAYERS
from .network import Network
from .output import write_output
from .trits import pack_trits, packed_size, unpack_trits

#: Raised when an older reader could not read the file any more.
FORMAT_VERSION = 4
#: The versions that are read; one of before 3 has no key `kind`, and holds cores.
VERSIONS = (2, 3, 4)
#: The first in which trits are packed; before, each is an int8.
PACKED = 4
FORMAT_NAME = "sterna-network"
#: Bytes of a manifest at most.
MOST_MANIFEST = 1 << 20

KINDS: dict[str, Kind[Any]] = {"cores": CORES, "layers": LAYERS}

#: Keys of every manifest: name -> meaning.
COMMON: dict[str, str] = {
    "format": f"'{FORMAT_NAME}'",
    "version": f"format version, {FORMAT_VERSION}",
    "kind": f"what the file holds: {' or '.join(KINDS)}; absent in version 2: cores",
    "name": "name of the network",
    "features": "features of an input frame",
    "provenance": "seed, data set, accuracy and versions in training; free form",
    "hash": "BLAKE2b-128 over the arrays and the manifest without `hash` and `kind`, hexadecimal; "
    "trits count as int8, one by one, and `version` as 2 for cores and 3 for layers, so that a "
    "network has the same hash in every version",
}


def _dump(
    network: Network | LayeredNetwork,
) -> tuple[Kind[Any], dict[str, AnyArray], dict[str, Any]]:
    name = "cores" if isinstance(network, Network) else "layers"
    kind = KINDS[name]
    arrays, keys = kind.dump(network)
    common = {
        "format": FORMAT_NAME,
        "version": FORMAT_VERSION,
        "kind": name,
        "name": network.name,
        "features": network.features,
        "provenance": network.provenance,
    }
    return kind, arrays, {**common, **keys}


def digest(arrays: dict[str, AnyArray], manifest: dict[str, Any], kind: Kind[Any]) -> str:
    """The content hash of a file's arrays and manifest; without `hash` or with it."""
    content = {key: value for key, value in manifest.items() if key not in ("hash", "kind")}
    content["version"] = kind.first_version
    hashed = hashlib.blake2b(digest_size=16)
    hashed.update(json.dumps(content, sort_keys=True).encode())
    for name in sorted(arrays):
        little = arrays[name].astype(arrays[name].dtype.newbyteorder("<"))
        hashed.update(f"{name} {arrays[name].dtype.name} {arrays[name].shape}".encode())
        hashed.update(np.ascontiguousarray(little).tobytes())
    return hashed.hexdigest()


def content_hash(network: Network | LayeredNetwork) -> str:
    """The hash that the network's file carries: equal networks, equal hash."""
    kind, arrays, manifest = _dump(network)
    return digest(arrays, manifest, kind)


def save(network: Network | LayeredNetwork, path: str | Path) -> None:
    """Write a `.sterna` file, whole or not at all.

    Raises
    ------
    NetworkError : the network does not fit the hardware that it was compiled for, so that `load`
        would refuse it. OutputError : the file cannot be written.
    """
    kind, arrays, manifest = _dump(network)
    for name, most in kind.limits(manifest).items():
        if arrays[name].nbytes > most:
            raise NetworkError(
                f"{name} has {arrays[name].nbytes:,} bytes, its hardware's limit is {most:,}: "
                "compile the network for hardware with room for it"
            )
    manifest["hash"] = digest(arrays, manifest, kind)
    arrays[kind.trits] = pack_trits(arrays[kind.trits])
    text = json.dumps(manifest, sort_keys=True, indent=1).encode()
    members: dict[str, Any] = {"manifest": np.frombuffer(text, np.uint8), **arrays}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **members)
    write_output(path, buffer.getvalue())


def load_bytes(data: bytes) -> Network:
    """The cores of a `.sterna` file's bytes; raises NetworkError, which names no file."""
    try:
        return _cores(_load(data))
    except NetworkError:
        raise
    except ConfigError as error:
        raise NetworkError(f"hardware: {error}") from None


def load(path: str | Path) -> Network:
    """Read and validate a `.sterna` file of kind `cores`.

    Raises
    ------
    NetworkError : names the file and what is wrong with it: absent, no container, truncated,
        of another format, version or kind, an array missing or invalid, a hash that does not match.
    """
    found = load_any(path)
    try:
        return _cores(found)
    except NetworkError as error:
        raise NetworkError(f"{path}: {error}") from None


def load_any(path: str | Path) -> Network | LayeredNetwork:
    """Read and validate a `.sterna` file of either kind; raises as `load`."""
    path = Path(path)
    try:
        return _load(path)
    except NetworkError as error:
        raise NetworkError(f"{path}: {error}") from None
    except ConfigError as error:
        raise NetworkError(f"{path}: hardware: {error}") from None


def load_layers(path: str | Path) -> LayeredNetwork:
    """Read and validate a `.sterna` file of kind `layers`; raises as `load`."""
    found = load_any(path)
    if isinstance(found, Network):
        raise NetworkError(
            f"{path}: it holds explicit cores (kind cores), layers are wanted (kind layers): their "
            "maps cannot be had back; lower the layer graph again"
        )
    return found


def _cores(found: Network | LayeredNetwork) -> Network:
    if isinstance(found, LayeredNetwork):
        raise NetworkError(
            "it holds layers (kind layers), explicit cores are wanted (kind cores): compile it for "
            "a device with `sterna compile`, run it with `sterna run --engine auto`, or read it "
            "with load_layers"
        )
    return found


def _load(path: Path | bytes) -> Network | LayeredNetwork:
    raw = _read(path, {"manifest": ("uint8", "", "")}, {"manifest": MOST_MANIFEST})["manifest"]
    manifest = _read_manifest(raw)
    kind = KINDS[manifest.get("kind", "cores")]
    limits, table = kind.limits(manifest), dict(kind.arrays)
    if manifest["version"] < PACKED:
        table[kind.trits] = ("int8", "", "")
        arrays = _read(path, table, limits)
    else:
        arrays = _read(path, table, {**limits, kind.trits: packed_size(limits[kind.trits])})
        arrays[kind.trits] = unpack_trits(kind.trits, arrays[kind.trits])
    if manifest["hash"] != digest(arrays, manifest, kind):
        raise NetworkError(
            f"the content does not match its hash {short(manifest['hash'])}: the file is damaged "
            "or was edited; fetch or train it again"
        )
    return kind.build(manifest, arrays)


def _read(
    path: Path | bytes, table: dict[str, tuple[str, str, str]], most_bytes: dict[str, int]
) -> dict[str, AnyArray]:
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
        if arrays[name].dtype != np.dtype(table[name][0]):
            raise NetworkError(f"{name} must be {table[name][0]}, not {arrays[name].dtype}")
        shape = table[name][1]
        if arrays[name].ndim != shape.count(",") + 1:
            raise NetworkError(
                f"{name} has shape {list(arrays[name].shape)}, it must be {shape or '[bytes]'}"
            )
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
    version = manifest.get("version")
    if type(version) is not int or version not in VERSIONS:
        raise NetworkError(
            f"manifest: format version {short(version)}; this Sterna reads "
            f"{', '.join(map(str, VERSIONS[:-1]))} and {VERSIONS[-1]}: use a matching release"
        )
    keys = {*COMMON} - ({"kind"} if version == 2 else set[str]())
    kind = manifest.get("kind", "cores" if version == 2 else None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise NetworkError(
            f"manifest: kind {short(kind)}; this Sterna reads {' and '.join(KINDS)}: use a "
            "matching release"
        )
    if set(manifest) != keys | set(KINDS[kind].manifest):
        odd = sorted(set(manifest) ^ (keys | set(KINDS[kind].manifest)))
        raise NetworkError(f"manifest: keys missing or unknown: {', '.join(odd):.80}")
    if not isinstance(manifest["provenance"], dict):
        raise NetworkError("manifest: provenance must be an object")
    return manifest
