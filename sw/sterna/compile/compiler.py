"""From plans of cores to a validated network: what is equal is stored once."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sterna.spec import OUTPUT, ConfigError, Hardware, Network, build_image
from sterna.spec.checks import check_distinct
from sterna.spec.sharing import distinct_crossbars, memoryless_types

from .plan import INPUT, CorePlan
from .schedule import schedule, targets


def compile_network(
    *,
    name: str,
    cores: Sequence[CorePlan],
    features: int,
    hardware: Hardware,
    provenance: dict[str, Any] | None = None,
) -> Network:
    """Compile a feed-forward network for a device.

    Parameters
    ----------
    name : name of the network.
    cores : its cores; a core's place in this list is its number in the network.
    features : features of an input frame.
    hardware : the device; the network is proven to fit it.
    provenance : where the network comes from; JSON values only.

    Returns
    -------
    Network - each output line is one voting neuron, in the order of cores and neurons.

    Raises
    ------
    ConfigError : names the core or the memory, the limit, and by how much it is broken.
    """
    _check(cores, features, hardware)
    ticks = schedule(cores, hardware)
    crossbars, core_crossbar = distinct_crossbars(core.weights for core in cores)
    types, neuron_type = memoryless_types(np.concatenate([core.leak for core in cores]))
    lines, output_class = _lines(cores)
    voters = [tick for tick, core in zip(ticks, cores, strict=True) if core.classes is not None]
    network = Network(
        name=name,
        hardware=hardware,
        crossbars=crossbars,
        core_crossbar=core_crossbar,
        types=types,
        neuron_type=neuron_type,
        neuron_potential=np.zeros(len(neuron_type), np.int32),
        targets=np.concatenate([targets(cores, ticks), lines]),
        features=features,
        input_map=_input_map(cores),
        output_class=output_class,
        latency=max(voters, default=0),
        provenance=provenance or {},
    )
    build_image(network, hardware)  # the last word on what fits is the memories' own
    return network


def _check(cores: Sequence[CorePlan], features: int, hardware: Hardware) -> None:
    if not cores:
        raise ConfigError("a network needs at least one core")
    names = [core.name for core in cores]
    check_distinct("cores", names)
    for core in cores:
        core.check(hardware)
    if len(cores) > hardware.contexts:
        raise ConfigError(
            f"core {names[hardware.contexts]!r} is one too many: the network has {len(cores)} "
            f"cores, the device {hardware.contexts}"
        )
    for core in cores:
        for axon, (source, index) in enumerate(core.sources.tolist()):
            where = f"core {core.name!r}: the source of axon {axon}"
            if not INPUT <= source < len(cores):
                raise ConfigError(f"{where} is core {source}; there are {len(cores)} cores")
            if source == INPUT:
                what, limit = "feature", features
            else:
                what, limit = f"neuron of core {names[source]!r}", cores[source].weights.shape[1]
            if not 0 <= index < limit:
                raise ConfigError(f"{where} is {what} {index}, the limit is 0..{limit - 1}")


def _lines(cores: Sequence[CorePlan]) -> tuple[np.ndarray, np.ndarray]:
    """Targets of the voting neurons, int32 [lines, 5], and the class of each line, [lines]."""
    voters = [
        (index, int(neuron))
        for index, core in enumerate(cores)
        if core.classes is not None
        for neuron in np.flatnonzero(core.classes >= 0)
    ]
    rows = [(core, neuron, OUTPUT, line, 0) for line, (core, neuron) in enumerate(voters)]
    votes = [
        int(classes[neuron])
        for core, neuron in voters
        if (classes := cores[core].classes) is not None
    ]
    return np.array(rows, np.int32).reshape(-1, 5), np.array(votes, np.int32)


def _input_map(cores: Sequence[CorePlan]) -> np.ndarray:
    """Rows (feature, core, axon), int32 [n, 3], by core and axon."""
    rows = [
        (feature, index, axon)
        for index, core in enumerate(cores)
        for axon, (source, feature) in enumerate(core.sources.tolist())
        if source == INPUT
    ]
    return np.array(rows, np.int32).reshape(-1, 3)
