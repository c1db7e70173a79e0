"""The memory image: a network as words of a device's memories."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .errors import ConfigError
from .hardware import CONTEXT_WORDS, RING_WORD, Hardware
from .layout import ContextField, Space, TargetKind, pack, target_fields, type_fields
from .network import OUTPUT, IntArray, Network
from .neuron import TYPE_COLUMNS


@dataclass(frozen=True)
class Image:
    """Words to write at address 0 of each space, and the contexts in use."""

    words: dict[Space, list[int]]
    used_contexts: int
    first_potential: IntArray  #: [cores] address of each core's first potential


def build_image(network: Network, hardware: Hardware) -> Image:
    """Lay a network out in a device of these parameters.

    Raises
    ------
    ConfigError : the device lacks something: names it, what is needed and what there is.
    """
    check_fit(network, hardware)
    first_word, crossbar_words = _crossbars(network, hardware)
    fan_out = network_fan_out(network)
    neurons = network.neurons
    first_target = np.concatenate([[0], np.cumsum(neurons * fan_out)])
    contexts: list[int] = []
    for core in range(network.cores):
        record = [0] * CONTEXT_WORDS
        record[ContextField.CROSSBAR] = int(first_word[network.core_crossbar[core]])
        record[ContextField.AXONS] = int(network.axons[core])
        record[ContextField.NEURONS] = int(neurons[core])
        record[ContextField.TYPE_INDEX_AT] = int(network.first_neuron[core])
        record[ContextField.POTENTIAL_AT] = int(network.first_neuron[core])
        record[ContextField.TARGET_AT] = int(first_target[core])
        record[ContextField.FAN_OUT] = int(fan_out[core])
        record[ContextField.SEED_LOW] = int(network.core_seed[core]) & 0xFFFF
        record[ContextField.SEED_HIGH] = int(network.core_seed[core]) >> 16
        contexts += record
    mask = (1 << hardware.potential_bits) - 1
    types = type_fields(hardware)
    words = {
        Space.CROSSBAR: crossbar_words,
        Space.TYPE_INDEX: [int(index) for index in network.neuron_type],
        Space.POTENTIAL: [int(value) & mask for value in network.neuron_potential],
        Space.TYPE: [
            pack(types, dict(zip(TYPE_COLUMNS, map(int, row), strict=True)))
            for row in network.types
        ],
        Space.TARGET: _targets(network, hardware, first_target, fan_out),
        Space.CONTEXT: contexts,
        Space.AXON_TYPE: _axon_types(network, hardware),
    }
    return Image(
        words={space: values for space, values in words.items() if values},
        used_contexts=network.cores,
        first_potential=network.first_neuron[:-1],
    )


def network_fan_out(network: Network) -> IntArray:
    """[cores] target entries a neuron of each core takes: its largest fan-out, at least 1."""
    start = network.first_neuron
    neuron = start[network.targets[:, 0]] + network.targets[:, 1]
    count = np.bincount(neuron, minlength=int(start[-1]))
    return np.array([max(1, count[a:b].max()) for a, b in pairwise(start)], np.int32)


def check_fit(network: Network, hardware: Hardware) -> None:
    """Every limit of the device against what the network needs; raises ConfigError at the first."""
    lanes = hardware.lanes
    chunks = [-(-crossbar.shape[1] // lanes) for crossbar in network.crossbars]
    words = sum(c * x.shape[0] for c, x in zip(chunks, network.crossbars, strict=True))
    delays = network.targets[:, 4]
    entries = int((network.neurons * network_fan_out(network)).sum())
    needs = [
        ("contexts (cores)", network.cores, hardware.contexts),
        ("axons a core", int(network.axons.max(initial=0)), hardware.axons),
        ("neurons a core", int(network.neurons.max(initial=0)), hardware.neurons),
        ("crossbar words", words, hardware.crossbar_words),
        ("neurons in all", int(network.first_neuron[-1]), hardware.neuron_words),
        ("neuron types", len(network.types), hardware.types),
        ("axon types", 1 + int(network.axon_type.max(initial=0)), hardware.axon_types),
        ("ticks of delay", int(delays.max(initial=0)), hardware.max_delay),
        ("target entries (neurons x largest fan-out, core by core)", entries, hardware.targets),
        ("output lines", len(network.output_class), hardware.lines),
    ]
    for what, need, have in needs:
        if need > have:
            raise ConfigError(
                f"network {network.name!r} needs {need} {what}, the device has {have}: compile it "
                "for this device, or use a larger one"
            )
    for index, neuron_type in enumerate(network.neuron_types()):
        neuron_type.validate(hardware, f"network {network.name!r}, types[{index}]")
    low, high = hardware.potential_min, hardware.potential_max
    bad = np.flatnonzero((network.neuron_potential < low) | (network.neuron_potential > high))
    if bad.size:
        raise ConfigError(
            f"network {network.name!r}: neuron_potential[{bad[0]}] is "
            f"{network.neuron_potential[bad[0]]}, the device takes {low}..{high} "
            f"(potential_bits={hardware.potential_bits})"
        )
    if network.hardware.potential_bits != hardware.potential_bits:
        raise ConfigError(
            f"network {network.name!r} saturates at {network.hardware.potential_bits} potential "
            f"bits, the device at {hardware.potential_bits}: compile it for this device"
        )


def _crossbars(network: Network, hardware: Hardware) -> tuple[IntArray, list[int]]:
    """First word of each crossbar, and all words: word = first + chunk * axons + axon."""
    lanes = hardware.lanes
    first: list[int] = []
    words: list[int] = []
    for crossbar in network.crossbars:
        first.append(len(words))
        axons, neurons = crossbar.shape
        chunks = -(-neurons // lanes)
        padded = np.zeros((axons, chunks, lanes), np.uint8)
        padded.reshape(axons, -1)[:, :neurons] = crossbar & 3
        bits = np.stack([padded & 1, padded >> 1], axis=-1)  # two bits a trit, the lower one first
        packed = np.packbits(bits.reshape(axons, chunks, -1), axis=-1, bitorder="little")
        rows = packed.swapaxes(0, 1).reshape(chunks * axons, -1)
        words += [int.from_bytes(row.tobytes(), "little") for row in rows]
    return np.array(first, np.int32), words


def _axon_types(network: Network, hardware: Hardware) -> list[int]:
    """The types of 16 axons a word; none where the device knows one type only."""
    bits = hardware.axon_type_bits
    if not bits:
        return []
    types = np.zeros((network.cores, hardware.axons), np.int64)
    for core, (start, end) in enumerate(pairwise(network.first_axon)):
        types[core, : end - start] = network.axon_type[start:end]
    return [
        sum(int(kind) << bits * place for place, kind in enumerate(word))
        for word in types.reshape(-1, RING_WORD)
    ]


def _targets(network: Network, hardware: Hardware, first: IntArray, fan_out: IntArray) -> list[int]:
    fields = target_fields(hardware)
    none = dict(kind=TargetKind.NONE, last=1, axon=0, context=0, delay=0)
    table = [dict(none) for _ in range(int(first[-1]))]
    used: dict[int, int] = {}
    for core, neuron, to_core, place, delay in network.targets.tolist():
        base = int(first[core] + neuron * fan_out[core])
        at = base + used.get(base, 0)
        if at > base:
            table[at - 1]["last"] = 0
        used[base] = used.get(base, 0) + 1
        if to_core == OUTPUT:
            line = place
            table[at] = dict(kind=TargetKind.LINE, last=1, **_split_line(line, hardware))
        else:
            table[at] = dict(kind=TargetKind.AXON, last=1, axon=place, context=to_core, delay=delay)
    return [pack(fields, entry) for entry in table]


def _split_line(line: int, hardware: Hardware) -> dict[str, int]:
    """A line number as the fields axon, context and delay that it lies over."""
    axon = line & (hardware.axons - 1)
    context = line >> hardware.axon_bits & ((1 << hardware.context_bits) - 1)
    delay = line >> hardware.axon_bits + hardware.context_bits
    return {"axon": axon, "context": context, "delay": delay}
