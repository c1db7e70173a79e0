"""Stochastic synapses: which lanes' synapses of an axon count in this tick.

Before each pass the lanes load the magnitudes of their neurons' weights for the axon type of the
pass; then each axon draws a byte for every lane, from one generator for eight lanes.
"""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import DRAW_BITS, Hardware, bits_for
from sterna.spec.layout import Space, depth, word_bits
from sterna.spec.threefry import DRAWS_A_BLOCK, Purpose

from .datapath import type_layout
from .memory import HostPort, TileMemory
from .threefry import Threefry

#: The largest draw: a limit that every draw is below or at.
ALWAYS = (1 << DRAW_BITS) - 1


class StochasticSynapses(wiring.Component):
    """The lanes' limits, and the draws against them.

    Members
    -------
    load : In(1) - load the limits of the chunk's neurons; they are there when `loaded`.
    loaded : Out(1) - until `forget`.
    forget : In(1) - the pass ends.
    neuron, type_index_at, group : In - first neuron of the chunk, its type index, the axon type.
    advance : In(1) - the stages move.
    seed, tick, axon : In - the axon whose synapses are drawn.
    mask : Out(lanes) - its synapse counts; `delay` + 1 advances later.
    type_index, type : In(HostPort).
    """

    #: Advances from an axon to the cycle in which its crossbar word must be read.
    delay = Threefry.delay - 1

    def __init__(self, *, hardware: Hardware) -> None:
        self._hardware = hardware
        ports = {
            space.name.lower(): In(
                HostPort(width=word_bits(space, hardware), depth=depth(space, hardware))
            )
            for space in (Space.TYPE_INDEX, Space.TYPE)
        }
        super().__init__(
            {
                "load": In(1),
                "loaded": Out(1),
                "forget": In(1),
                "neuron": In(hardware.neuron_bits),
                "type_index_at": In(bits_for(hardware.neuron_words)),
                "group": In(bits_for(hardware.axon_types)),
                "advance": In(1),
                "seed": In(32),
                "tick": In(32),
                "axon": In(hardware.axon_bits),
                "mask": Out(hardware.lanes),
                **ports,
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        hw = self._hardware
        memories = []
        for space in (Space.TYPE_INDEX, Space.TYPE):
            name = space.name.lower()
            words = TileMemory(width=word_bits(space, hw), depth=depth(space, hw))
            m.submodules[name] = words
            wiring.connect(m, wiring.flipped(getattr(self, name)), words.host)
            memories.append(words)
        indices, types = memories

        # load: a neuron's type index, its type, its limit; a cycle each, one behind the other
        asked = Signal(range(hw.lanes + 1))
        index_there, type_there = Signal(), Signal()
        limits = Signal(data.ArrayLayout(DRAW_BITS, hw.lanes))
        loading = Signal()
        m.d.comb += [
            indices.read_address.eq(self.type_index_at + asked),
            indices.read_enable.eq(1),
            types.read_address.eq(indices.read_data),
            types.read_enable.eq(1),
        ]
        m.d.sync += [
            index_there.eq(loading & (asked != hw.lanes)),
            type_there.eq(index_there),
        ]
        with m.If(loading & (asked != hw.lanes)):
            m.d.sync += asked.eq(asked + 1)
        with m.If(self.load & ~loading):
            m.d.sync += [loading.eq(1), asked.eq(0)]
        with m.If(loading & (asked == hw.lanes) & ~index_there):
            m.d.sync += [loading.eq(0), self.loaded.eq(1)]
        with m.If(self.forget):
            m.d.sync += self.loaded.eq(0)

        p = data.View(type_layout(hw), types.read_data)
        groups = range(hw.axon_types)
        weight = Array(p[f"s{g}"] for g in groups)[self.group]
        drawn = Array(p[f"b{g}"] for g in groups)[self.group]
        magnitude, limit = Signal(hw.weight_bits + 1), Signal(DRAW_BITS)
        m.d.comb += [
            magnitude.eq(abs(weight)),
            limit.eq(Mux(drawn & (magnitude < ALWAYS), magnitude, ALWAYS)),
        ]
        with m.If(type_there):
            m.d.sync += limits.eq(Cat(limits.as_value()[DRAW_BITS:], limit))

        # draw
        for block in range(hw.lanes // DRAWS_A_BLOCK):
            generator = Threefry(purpose=Purpose.SYNAPSE)
            m.submodules[f"generator_{block}"] = generator
            place = Signal(8, name=f"place_{block}")
            m.d.comb += [
                place.eq(self.neuron[bits_for(DRAWS_A_BLOCK) :] + block),
                generator.advance.eq(self.advance),
                generator.seed.eq(self.seed),
                generator.tick.eq(self.tick),
                generator.index.eq(Cat(place, self.axon)),
            ]
            for k in range(DRAWS_A_BLOCK):
                lane = block * DRAWS_A_BLOCK + k
                m.d.comb += self.mask[lane].eq(
                    generator.block.word_select(k, DRAW_BITS) <= limits[lane]
                )
        return m
