"""The inverse of `sterna.spec.build_image`: a network from the words in a device's memories."""

from collections.abc import Mapping, Sequence

import numpy as np

from sterna.spec import OUTPUT, ConfigError, Hardware, Network, NeuronType
from sterna.spec.hardware import CONTEXT_WORDS, RING_WORD
from sterna.spec.layout import ContextField, Space, TargetKind, target_fields, type_fields, unpack
from sterna.spec.neuron import TYPE_COLUMNS

Words = Mapping[Space, Sequence[int]]


def read_image(words: Words, hardware: Hardware, used_contexts: int) -> Network:
    """The network that these words make up.

    What an image does not hold is made up: feature i is axon i, counted core after core; the
    latency is 0; lines vote for no class. Crossbars and neuron types that no core uses are left
    out, so that what an earlier, larger network left behind does not show.

    Parameters
    ----------
    words : every space's words from address 0 on, as far as the network needs them.
    used_contexts : cores 0..used_contexts-1 are read.

    Raises
    ------
    ConfigError : no network would be written so: names the core and what is wrong.
    """
    cores = [_descriptor(words, core) for core in range(used_contexts)]
    shapes = [
        (core[ContextField.CROSSBAR], core[ContextField.AXONS], core[ContextField.NEURONS])
        for core in cores
    ]
    for index, (_, axons, neurons) in enumerate(shapes):
        if not (1 <= axons <= hardware.axons and 1 <= neurons <= hardware.neurons):
            raise ConfigError(f"core {index}: {axons} axons x {neurons} neurons do not exist")
    distinct = sorted(set(shapes))
    indices = _gather(words, Space.TYPE_INDEX, cores, ContextField.TYPE_INDEX_AT)
    used_types, neuron_type = np.unique(indices, return_inverse=True)
    potentials = _gather(words, Space.POTENTIAL, cores, ContextField.POTENTIAL_AT)
    sign = 1 << hardware.potential_bits - 1
    targets = [
        row for index, core in enumerate(cores) for row in _targets(words, hardware, index, core)
    ]
    lines = 1 + max((place for _, _, to, place, _ in targets if to == OUTPUT), default=-1)
    axons = [(index, axon) for index, shape in enumerate(shapes) for axon in range(shape[1])]
    return Network(
        name="image",
        hardware=hardware,
        crossbars=tuple(_crossbar(words, hardware, *shape) for shape in distinct),
        core_crossbar=np.array([distinct.index(shape) for shape in shapes], np.int32),
        types=np.array(
            [_type_row(words, hardware, int(index)) for index in used_types], np.int32
        ).reshape(-1, len(TYPE_COLUMNS)),
        neuron_type=neuron_type.astype(np.int32).reshape(-1),
        neuron_potential=((potentials ^ sign) - sign).astype(np.int32),
        targets=np.array(targets, np.int32).reshape(-1, 5),
        features=max(1, len(axons)),
        input_map=np.array([(i, *place) for i, place in enumerate(axons)], np.int32).reshape(-1, 3),
        output_class=np.full(lines, -1, np.int32),
        latency=0,
        axon_type=_axon_types(words, hardware, shapes),
        core_seed=np.array(
            [core[ContextField.SEED_LOW] | core[ContextField.SEED_HIGH] << 16 for core in cores],
            np.uint32,
        ),
    )


def _descriptor(words: Words, core: int) -> list[int]:
    at = CONTEXT_WORDS * core
    return list(words[Space.CONTEXT][at : at + CONTEXT_WORDS])


def _gather(
    words: Words, space: Space, cores: list[list[int]], first: ContextField
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """The words of every neuron, core after core: int64 [neurons]."""
    found: list[int] = []
    for index, core in enumerate(cores):
        at, count = core[first], core[ContextField.NEURONS]
        part = words[space][at : at + count]
        if len(part) != count:
            raise ConfigError(f"core {index}: {count} words of {space.name} from {at} on are short")
        found += part
    return np.array(found, np.int64)


def _crossbar(words: Words, hardware: Hardware, first: int, axons: int, neurons: int) -> np.ndarray:
    """The int8 [axons, neurons] crossbar; word = first + chunk * axons + axon."""
    lanes = hardware.lanes
    chunks = -(-neurons // lanes)
    part = words[Space.CROSSBAR][first : first + chunks * axons]
    if len(part) != chunks * axons:
        raise ConfigError(f"a crossbar of {chunks * axons} words from {first} on is short")
    raw = np.frombuffer(b"".join(word.to_bytes(lanes // 4, "little") for word in part), np.uint8)
    trits = raw[:, None] >> np.array([0, 2, 4, 6], np.uint8) & 3  # [bytes, 4]
    if (trits == 2).any():
        raise ConfigError(f"the crossbar from word {first} on holds 0b10, which is not a trit")
    signed = (trits ^ 2).astype(np.int8) - 2  # two's complement of two bits
    blocks = signed.reshape(chunks, axons, lanes)
    return np.ascontiguousarray(blocks.transpose(1, 0, 2).reshape(axons, -1)[:, :neurons])


def _type_row(words: Words, hardware: Hardware, index: int) -> list[int]:
    return NeuronType(**unpack(type_fields(hardware), words[Space.TYPE][index])).row()


def _axon_types(words: Words, hardware: Hardware, shapes: list[tuple[int, int, int]]) -> np.ndarray:
    """The type of every axon, core after core: int32 [axons]."""
    bits = hardware.axon_type_bits
    if not bits:
        return np.zeros(0, np.int32)
    table = words[Space.AXON_TYPE]
    return np.array(
        [
            table[core << hardware.ring_word_bits | axon // RING_WORD] >> bits * (axon % RING_WORD)
            & (1 << bits) - 1
            for core, (_, axons, _) in enumerate(shapes)
            for axon in range(axons)
        ],
        np.int32,
    )


def _targets(
    words: Words, hardware: Hardware, index: int, core: list[int]
) -> list[tuple[int, int, int, int, int]]:
    """Rows of `targets` of one core."""
    fields, table = target_fields(hardware), words[Space.TARGET]
    rows: list[tuple[int, int, int, int, int]] = []
    for neuron in range(core[ContextField.NEURONS]):
        at = core[ContextField.TARGET_AT] + neuron * core[ContextField.FAN_OUT]
        last = 0
        while not last:
            if at >= len(table):
                raise ConfigError(f"core {index}, neuron {neuron}: its targets have no end")
            entry = unpack(fields, table[at])
            kind, last = entry["kind"], entry["last"]
            if kind == TargetKind.AXON:
                rows.append((index, neuron, entry["context"], entry["axon"], entry["delay"]))
            elif kind == TargetKind.LINE:
                rows.append((index, neuron, OUTPUT, _line(entry, hardware), 0))
            elif kind != TargetKind.NONE:
                raise ConfigError(f"core {index}, neuron {neuron}: target kind {kind}")
            at += 1
    return rows


def _line(entry: Mapping[str, int], hardware: Hardware) -> int:
    """The line number that lies over axon, context and delay."""
    upper = entry["context"] | entry["delay"] << hardware.context_bits
    return entry["axon"] | upper << hardware.axon_bits
