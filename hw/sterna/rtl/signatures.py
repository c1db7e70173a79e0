"""Seams between the parts of a device: the memory bus, the tile's streams, trace and counters."""

from amaranth.hdl import signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import Hardware
from sterna.spec.layout import EVENT_FIELDS, TILE_COUNTERS, Field, Space, input_fields, word_bits

from .counter import COUNTER_BITS


def bus_bits(hardware: Hardware) -> int:
    """Width of the memory bus: the widest word of any space."""
    return max(word_bits(space, hardware) for space in Space)


class MemoryBus(wiring.Signature):
    """Access to the tile's memories, from the host's side; only while the tile is idle.

    Members
    -------
    space : Out(4) - memory space (`sterna.spec.layout.Space`).
    address : Out(16) - word of the space; the host side checks it against the depth.
    write : Out(1) - strobe: `write_data` is stored at the coming clock edge.
    write_data : Out(width) - the word, in the low bits.
    read : Out(1) - strobe: asks for the word.
    again : Out(1) - with `read`: the same word as before, for its next byte; a register that
        changes meanwhile is not looked at anew.
    read_valid : In(1) - strobe: `read_data` is the word asked for; some cycles after `read`.
    read_data : In(width) - valid only when `read_valid` is asserted; upper bits are 0.
    """

    def __init__(self, width: int) -> None:
        super().__init__(
            {
                "space": Out(4),
                "address": Out(16),
                "write": Out(1),
                "write_data": Out(width),
                "read": Out(1),
                "again": Out(1),
                "read_valid": In(1),
                "read_data": In(width),
            }
        )


def layout_of(fields: tuple[Field, ...]) -> data.StructLayout:
    """The Amaranth layout of a table of fields."""
    return data.StructLayout({f.name: signed(f.width) if f.signed else f.width for f in fields})


def input_layout(hardware: Hardware) -> data.StructLayout:
    """Input spikes of one ring word: bit i of `axons` is axon `16 word + i` of the context."""
    return layout_of(input_fields(hardware))


#: Event of a tile: a spike on an output line, or the end of a tick. All spikes of a tick come
#: before its TICK_DONE. `line` is valid for LINE; `tick` and `cycles` for TICK_DONE.
EVENT = layout_of(EVENT_FIELDS)

#: Counters of a tile, as `sterna.spec.link.Register` names them.
COUNTERS = data.StructLayout(dict.fromkeys(TILE_COUNTERS, COUNTER_BITS))


class Trace(wiring.Signature):
    """One neuron's update, for verification; tied off on a board.

    Members
    -------
    valid : Out(1) - a neuron is updated in this cycle; the other members are valid with it.
    context, neuron : Out - which.
    spike : Out(1) - it fires.
    potential : Out(signed) - its membrane potential after the tick.
    """

    def __init__(self, hardware: Hardware) -> None:
        super().__init__(
            {
                "valid": Out(1),
                "context": Out(hardware.context_bits),
                "neuron": Out(hardware.neuron_bits),
                "spike": Out(1),
                "potential": Out(signed(hardware.potential_bits)),
            }
        )
