"""Layouts of the device's memories: spaces, words and fields, each written once.

The RTL makes its Amaranth layouts from these tables, the simulators their C++ headers, the host
packs words with them, and docs/link-protocol.md prints them.
"""

import enum
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from .hardware import CONTEXT_WORDS, LEAK_BITS, MAX_LINE_BITS, RING_WORD, Hardware


class Space(enum.IntEnum):
    """Memories that the host reads and writes, by number on the wire."""

    REGISTER = 0  #: 32-bit registers and counters (`sterna.spec.link.Register`)
    CROSSBAR = 1  #: `lanes` trits a word
    TYPE_INDEX = 2  #: neuron -> index of its neuron type
    POTENTIAL = 3  #: neuron -> membrane potential
    TYPE = 4  #: neuron types
    TARGET = 5  #: target table
    CONTEXT = 6  #: context descriptors, CONTEXT_WORDS words each
    RING = 7  #: delay ring: word {slot, context, word}, one bit an axon
    AXON_TYPE = 8  #: word {context, word}: the types of 16 axons; none if there is one type only


class ContextField(enum.IntEnum):
    """Words of a context descriptor, 16 bits each; descriptor k starts at word 16 k."""

    CROSSBAR = 0  #: first crossbar word
    AXONS = 1  #: axons in use, 1..A
    NEURONS = 2  #: neurons in use, 1..N
    TYPE_INDEX_AT = 3  #: type index of neuron 0
    POTENTIAL_AT = 4  #: potential of neuron 0
    TARGET_AT = 5  #: first target of neuron 0
    FAN_OUT = 6  #: target entries a neuron
    SEED_LOW = 7  #: core seed, bits 15..0
    SEED_HIGH = 8  #: core seed, bits 31..16


class TargetKind(enum.IntEnum):
    """The kind of a target entry."""

    NONE = 0  #: nothing: the spike ends here
    AXON = 1  #: an axon of a core, after a delay
    LINE = 2  #: an output line


@dataclass(frozen=True)
class Field:
    """A field of a word: `width` bits, signed or not; fields are packed from bit 0 up."""

    name: str
    width: int
    signed: bool
    meaning: str


def type_fields(hardware: Hardware) -> tuple[Field, ...]:
    """Fields of a word of Space.TYPE; what the build does not have takes no bits."""
    threshold = hardware.threshold_bits
    fields = (
        Field("leak", LEAK_BITS, True, "lambda"),
        Field("epsilon", 1, False, "1: leak times sgn(V)"),
        Field("alpha", threshold, False, "positive threshold"),
        Field("beta", threshold, False, "negative threshold, magnitude"),
        Field("gamma", 2, False, "reset mode"),
        Field("kappa", 1, False, "1: saturate at -beta"),
        Field("reset", hardware.potential_bits, True, "R"),
        Field("c", hardware.stochastic_leak, False, "1: the leak is drawn"),
        Field("tm", hardware.noise_bits.bit_length(), False, "bits of threshold noise"),
    )
    for g in range(hardware.axon_types):
        fields += (
            Field(f"s{g}", hardware.weight_bits, True, f"weight of axon type {g}"),
            Field(f"b{g}", hardware.stochastic_synapses, False, "1: the synapse is drawn"),
        )
    return tuple(field for field in fields if field.width)


def target_fields(hardware: Hardware) -> tuple[Field, ...]:
    """Fields of a word of Space.TARGET; a LINE's number lies over delay, context and axon."""
    return (
        Field("kind", 2, False, "0 none, 1 axon, 2 output line"),
        Field("last", 1, False, "1: the neuron's last target"),
        Field("axon", hardware.axon_bits, False, "target axon; with the next two, the line"),
        Field("context", hardware.context_bits, False, "target core"),
        Field("delay", hardware.slot_bits, False, "ticks until the spike is due, 1..max_delay"),
    )


def input_fields(hardware: Hardware) -> tuple[Field, ...]:
    """Fields of an input to the tile: the spikes of one ring word."""
    return (
        Field("delay", hardware.slot_bits, False, "ticks after the first not granted yet"),
        Field("context", hardware.context_bits, False, "core"),
        Field("word", hardware.ring_word_bits, False, "word of its axons"),
        Field("axons", RING_WORD, False, "bit i: a spike on axon 16 word + i"),
    )


class EventKind(enum.IntEnum):
    """The kind of an event of the tile."""

    LINE = 0  #: a spike on an output line
    TICK_DONE = 1  #: the end of a tick; all its spikes came before


#: Fields of an event of the tile: `line` belongs to LINE, `tick` and `cycles` to TICK_DONE.
EVENT_FIELDS = (
    Field("kind", 1, False, "0 a spike on a line, 1 the end of a tick"),
    Field("line", MAX_LINE_BITS, False, "output line"),
    Field("tick", 16, False, "tick that has ended, modulo 65536"),
    Field("cycles", 24, False, "clock cycles that it took"),
)

#: Counters of the tile, 32 bits each, in the order of their registers.
TILE_COUNTERS: tuple[str, ...] = (
    "ticks",
    "spikes_in",
    "spikes_routed",
    "spikes_out",
    "dropped",
    "overruns",
    "busy_cycles",
)


def offsets(fields: tuple[Field, ...]) -> dict[str, int]:
    """The lowest bit of each field, by name."""
    ends = accumulate((field.width for field in fields), initial=0)
    return {field.name: end for field, end in zip(fields, ends, strict=False)}


def width_of(fields: tuple[Field, ...]) -> int:
    """Bits of a word of these fields."""
    return sum(field.width for field in fields)


def pack(fields: tuple[Field, ...], values: Mapping[str, int]) -> int:
    """The word with these field values; others are passed over.

    Raises ValueError on one that does not fit.
    """
    word = shift = 0
    for field in fields:
        value = values[field.name]
        low, high = (
            (-(1 << field.width - 1), (1 << field.width - 1) - 1)
            if field.signed
            else (0, (1 << field.width) - 1)
        )
        if not low <= value <= high:
            raise ValueError(f"{field.name}={value} does not fit {low}..{high}")
        word |= (value & ((1 << field.width) - 1)) << shift
        shift += field.width
    return word


def unpack(fields: tuple[Field, ...], word: int) -> dict[str, int]:
    """The field values of a word."""
    values: dict[str, int] = {}
    for field in fields:
        value = word & ((1 << field.width) - 1)
        if field.signed and value >> (field.width - 1):
            value -= 1 << field.width
        values[field.name] = value
        word >>= field.width
    return values


@functools.cache
def word_bits(space: Space, hardware: Hardware) -> int:
    """Bits of a word of a memory space."""
    return {
        Space.REGISTER: 32,
        Space.CROSSBAR: 2 * hardware.lanes,
        Space.TYPE_INDEX: 8,
        Space.POTENTIAL: hardware.potential_bits,
        Space.TYPE: width_of(type_fields(hardware)),
        Space.TARGET: width_of(target_fields(hardware)),
        Space.CONTEXT: 16,
        Space.RING: RING_WORD,
        Space.AXON_TYPE: max(1, RING_WORD * hardware.axon_type_bits),
    }[space]


def word_bytes(space: Space, hardware: Hardware) -> int:
    """Bytes of a word on the wire, least significant first."""
    return -(-word_bits(space, hardware) // 8)


def depth(space: Space, hardware: Hardware) -> int:
    """Words of a memory space; the registers' depth is in `sterna.spec.link`."""
    from .link import Register

    return {
        Space.REGISTER: len(Register),
        Space.CROSSBAR: hardware.crossbar_words,
        Space.TYPE_INDEX: hardware.neuron_words,
        Space.POTENTIAL: hardware.neuron_words,
        Space.TYPE: hardware.types,
        Space.TARGET: hardware.targets,
        Space.CONTEXT: CONTEXT_WORDS << hardware.context_bits,
        Space.RING: hardware.ring_words,
        Space.AXON_TYPE: hardware.axon_type_words,
    }[space]
