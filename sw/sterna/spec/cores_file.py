"""Network files of kind `cores`: explicit cores and targets, compiled for a device."""

from typing import Any

import numpy as np

from .arrays import AnyArray
from .errors import NetworkError
from .file_kind import Kind
from .hardware import Hardware
from .network import Network
from .neuron import TYPE_COLUMNS

#: Arrays of the container: name -> (dtype, shape, meaning).
ARRAYS: dict[str, tuple[str, str, str]] = {
    "crossbar_shape": ("int32", "[crossbars, 2]", "axons and neurons of each distinct crossbar"),
    "crossbar_trits": ("uint8", "[1 + sum of axons x neurons / 5]",
                       "weights -1, 0, +1; crossbars one after another, axon by axon; five in a "
                       "byte"),
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

MANIFEST = {
    "hardware": "hardware parameters it was compiled for, by name",
    "latency": "ticks from a frame's input to its output spikes",
}
#: Arrays that are fields of a network as they are.
_PLAIN = tuple(name for name in ARRAYS if not name.startswith("crossbar_"))


def _dump(network: Network) -> tuple[dict[str, AnyArray], dict[str, Any]]:
    shapes = [crossbar.shape for crossbar in network.crossbars]
    trits = [np.zeros(0, np.int8), *(crossbar.ravel() for crossbar in network.crossbars)]
    arrays = {
        "crossbar_shape": np.array(shapes, np.int32).reshape(-1, 2),
        "crossbar_trits": np.concatenate(trits),
        **{name: getattr(network, name) for name in _PLAIN},
    }
    return arrays, {"hardware": network.hardware.as_dict(), "latency": network.latency}


def _limits(manifest: dict[str, Any]) -> dict[str, int]:
    values: Any = manifest["hardware"]
    if not isinstance(values, dict):
        raise NetworkError("manifest: hardware must be an object")
    return array_limits(Hardware.from_dict(manifest["hardware"]))


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


def _build(manifest: dict[str, Any], arrays: dict[str, AnyArray]) -> Network:
    hardware = Hardware.from_dict(manifest["hardware"])
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
        **{name: arrays[name] for name in _PLAIN},
        features=manifest["features"],
        latency=manifest["latency"],
        provenance=manifest["provenance"],
    )


CORES = Kind[Network](2, "crossbar_trits", ARRAYS, MANIFEST, _dump, _limits, _build)
