"""The neuron unit: takes the sums of a chunk through leak, threshold, fire and reset.

One neuron enters a cycle. The stages are those of `sterna.model.neuron.update`, and named so:

    1 fetch      neuron type's index, potential
    2 integrate  neuron type, V + sum
    3 leak
    4 clamp
    5 threshold  both comparisons, and the values that the reset may need
    6 reset      new potential stored, spike sent
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import Hardware, bits_for
from sterna.spec.layout import Field, Space, depth, type_fields, word_bits

from .integrator import chunk_layout
from .memory import HostPort, TileMemory
from .signatures import Trace


def layout_of(fields: tuple[Field, ...]) -> data.StructLayout:
    """The Amaranth layout of a table of fields."""
    return data.StructLayout({f.name: signed(f.width) if f.signed else f.width for f in fields})


class NeuronUnit(wiring.Component):
    """The neuron unit.

    Members
    -------
    chunks : In(stream) - sums; a new chunk is taken as the last neuron of the one before enters.
    spikes : Out(stream) - address of the first target of each neuron that fires.
    busy : Out(1) - a neuron is in the pipeline.
    type_index, potential, type : In(HostPort) - the memories.
    trace : Out(Trace).
    """

    def __init__(self, *, hardware: Hardware) -> None:
        self._hardware = hardware

        def port(space: Space) -> HostPort:
            return HostPort(width=word_bits(space, hardware), depth=depth(space, hardware))

        super().__init__(
            {
                "chunks": In(stream.Signature(chunk_layout(hardware))),
                "spikes": Out(stream.Signature(bits_for(hardware.targets))),
                "busy": Out(1),
                "type_index": In(port(Space.TYPE_INDEX)),
                "potential": In(port(Space.POTENTIAL)),
                "type": In(port(Space.TYPE)),
                "trace": Out(Trace(hardware)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        hw = self._hardware
        type_layout = layout_of(type_fields(hw))
        memories = {}
        for space in (Space.TYPE_INDEX, Space.POTENTIAL, Space.TYPE):
            name = space.name.lower()
            memories[space] = TileMemory(width=word_bits(space, hw), depth=depth(space, hw))
            m.submodules[name] = memories[space]
            wiring.connect(m, wiring.flipped(getattr(self, name)), memories[space].host)
        indices, potentials = memories[Space.TYPE_INDEX], memories[Space.POTENTIAL]
        types = memories[Space.TYPE]

        place = data.StructLayout(
            {
                "context": hw.context_bits,
                "neuron": hw.neuron_bits,
                "potential_at": bits_for(hw.neuron_words),
                "target_at": bits_for(hw.targets),
            }
        )
        wide = signed(max(hw.potential_bits, hw.sum_bits) + 2)  # exact before the clamp
        advance = Signal()
        valid = [Signal(name=f"valid_{stage}") for stage in range(7)]
        places = [Signal(place, name=f"place_{stage}") for stage in range(7)]

        # the chunk in hand: its next neuron is lane 0
        chunk = Signal(chunk_layout(hw))
        sums = chunk.sums
        entering = places[0]
        m.d.comb += [
            valid[0].eq(chunk.count != 0),
            entering.context.eq(chunk.context),
            entering.neuron.eq(chunk.neuron),
            entering.potential_at.eq(chunk.potential_at),
            entering.target_at.eq(chunk.target_at),
            self.chunks.ready.eq(~valid[0] | (advance & (chunk.count == 1))),
            self.busy.eq(
                valid[0] | valid[1] | valid[2] | valid[3] | valid[4] | valid[5] | valid[6]
            ),
        ]
        with m.If(advance & valid[0]):
            m.d.sync += [
                chunk.count.eq(chunk.count - 1),
                chunk.neuron.eq(chunk.neuron + 1),
                chunk.type_index_at.eq(chunk.type_index_at + 1),
                chunk.potential_at.eq(chunk.potential_at + 1),
                chunk.target_at.eq(chunk.target_at + chunk.fan_out),
            ]
            m.d.sync += [sums[lane].eq(sums[lane + 1]) for lane in range(hw.lanes - 1)]
        with m.If(self.chunks.valid & self.chunks.ready):
            m.d.sync += chunk.eq(self.chunks.p)
        with m.If(advance):
            for stage in range(6):
                m.d.sync += [valid[stage + 1].eq(valid[stage]), places[stage + 1].eq(places[stage])]

        # fetch
        sum_1 = Signal(signed(hw.sum_bits))
        m.d.comb += [
            indices.read_address.eq(chunk.type_index_at),
            indices.read_enable.eq(advance),
            potentials.read_address.eq(chunk.potential_at),
            potentials.read_enable.eq(advance),
        ]
        with m.If(advance):
            m.d.sync += sum_1.eq(sums[0])

        # integrate
        v_2 = Signal(wide)
        m.d.comb += [
            types.read_address.eq(indices.read_data),
            types.read_enable.eq(advance),
        ]
        with m.If(advance):
            m.d.sync += v_2.eq(potentials.read_data.as_signed() + sum_1)

        # leak: with epsilon = 1 along V; a V that it would carry across 0 stops at 0
        p_2 = data.View(type_layout, types.read_data)
        along = Signal(signed(p_2.leak.shape().width + 1))
        leaked = Signal(wide)
        crossed = Signal()
        v_3, p_3 = Signal(wide), Signal(type_layout)
        m.d.comb += [
            along.eq(p_2.leak),
            leaked.eq(v_2 + along),
            crossed.eq(p_2.epsilon & (leaked != 0) & ((v_2 < 0) != (leaked < 0))),
        ]
        with m.If(p_2.epsilon & (v_2 < 0)):
            m.d.comb += along.eq(-p_2.leak)
        with m.Elif(p_2.epsilon & (v_2 == 0)):
            m.d.comb += along.eq(0)
        with m.If(advance):
            m.d.sync += [v_3.eq(Mux(crossed, 0, leaked)), p_3.eq(p_2)]

        # clamp
        narrow = signed(hw.potential_bits)
        v_4, p_4 = Signal(narrow), Signal(type_layout)
        with m.If(advance):
            m.d.sync += [v_4.eq(v_3), p_4.eq(p_3)]
            with m.If(v_3 > hw.potential_max):
                m.d.sync += v_4.eq(hw.potential_max)
            with m.Elif(v_3 < hw.potential_min):
                m.d.sync += v_4.eq(hw.potential_min)

        # threshold
        over, under = v_4 - p_4.alpha, v_4 + p_4.beta  # >= 0: fires; < 0: below -beta
        fires_5, under_5 = Signal(), Signal()
        v_5, over_v_5, under_v_5, p_5 = (
            Signal(narrow), Signal(narrow), Signal(narrow), Signal(type_layout),
        )  # fmt: skip
        with m.If(advance):
            m.d.sync += [
                fires_5.eq(over >= 0),
                under_5.eq(under < 0),
                v_5.eq(v_4),
                over_v_5.eq(over),
                under_v_5.eq(under),
                p_5.eq(p_4),
            ]

        # reset
        v_6, fires_6 = Signal(narrow), Signal()
        with m.If(advance):
            m.d.sync += [fires_6.eq(fires_5), v_6.eq(v_5)]
            with m.If(fires_5):
                with m.Switch(p_5.gamma):
                    with m.Case(0):
                        m.d.sync += v_6.eq(p_5.reset)
                    with m.Case(1):
                        m.d.sync += v_6.eq(over_v_5)
            with m.Elif(under_5):
                with m.If(p_5.kappa):
                    m.d.sync += v_6.eq(-p_5.beta)
                with m.Else():
                    with m.Switch(p_5.gamma):
                        with m.Case(0):
                            m.d.sync += v_6.eq(-p_5.reset)
                        with m.Case(1):
                            m.d.sync += v_6.eq(under_v_5)
        done = places[6]
        m.d.comb += [
            advance.eq(~(valid[6] & fires_6) | self.spikes.ready),
            self.spikes.valid.eq(valid[6] & fires_6),
            self.spikes.p.eq(done.target_at),
            potentials.write_enable.eq(valid[6] & advance),
            potentials.write_address.eq(done.potential_at),
            potentials.write_data.eq(v_6),
            self.trace.valid.eq(valid[6] & advance),
            self.trace.context.eq(done.context),
            self.trace.neuron.eq(done.neuron),
            self.trace.spike.eq(fires_6),
            self.trace.potential.eq(v_6),
        ]
        return m
