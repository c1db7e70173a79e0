"""The neuron unit: takes the sums of a chunk, and updates its neurons, one a cycle.

Stages, in their order; a build without weights or draws has not all of them:

    draw       the generator's block for this neuron              (builds that draw)
    fetch      neuron type's index, potential
    hold       in registers behind the memories, twice            (deep builds)
    type       neuron type                                        (builds with weights)
    weigh      sum times weight, axon types added up: `weigher`   (builds with weights)
    integrate  neuron type, V + sum
    update     leak, clamp, threshold, reset: `datapath`
    store      new potential stored, spike sent
"""

from amaranth.hdl import Array, Cat, Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import Hardware
from sterna.spec.layout import Space, depth, word_bits
from sterna.spec.threefry import Purpose

from .datapath import NeuronDatapath, integrated_shape, type_layout
from .deep_router import DeepRouter
from .integrator import chunk_layout
from .memory import HostPort, TileMemory
from .router import Router
from .signatures import Trace
from .threefry import Threefry
from .weigher import Weigher, weighed_layout


class NeuronUnit(wiring.Component):
    """The neuron unit.

    Parameters
    ----------
    deep : with more and shorter stages.

    Members
    -------
    chunks : In(stream) - sums; a new chunk is taken as the last neuron of the one before enters.
    tick : In(32) - the tick's number, for the draws.
    spikes : Out(stream) - to the router, of each neuron that fires.
    busy : Out(1) - a neuron is in the pipeline.
    type_index, potential, type : In(HostPort) - the memories.
    trace : Out(Trace).
    """

    def __init__(self, *, hardware: Hardware, deep: bool = False) -> None:
        self._hardware = hardware
        self._deep = deep

        def port(space: Space) -> HostPort:
            return HostPort(width=word_bits(space, hardware), depth=depth(space, hardware))

        router = DeepRouter if deep else Router
        super().__init__(
            {
                "chunks": In(stream.Signature(chunk_layout(hardware))),
                "tick": In(32),
                "spikes": Out(stream.Signature(router.spike_shape(hardware))),
                "busy": Out(1),
                "type_index": In(port(Space.TYPE_INDEX)),
                "potential": In(port(Space.POTENTIAL)),
                "type": In(port(Space.TYPE)),
                "trace": Out(Trace(hardware)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        hw = self._hardware
        memories = {}
        for space in (Space.TYPE_INDEX, Space.POTENTIAL, Space.TYPE):
            name = space.name.lower()
            memories[space] = TileMemory(
                width=word_bits(space, hw), depth=depth(space, hw), deep=self._deep
            )
            m.submodules[name] = memories[space]
            wiring.connect(m, wiring.flipped(getattr(self, name)), memories[space].host)
        indices, potentials = memories[Space.TYPE_INDEX], memories[Space.POTENTIAL]
        types = memories[Space.TYPE]

        advance = Signal()
        flags = []  # of all stages: there is a neuron here

        def register(value: Value, name: str) -> Signal:
            """`value` one stage later."""
            held = Signal.like(value, name=name)
            with m.If(advance):
                m.d.sync += Value.cast(held).eq(Value.cast(value))
            return held

        def later(valid: Value, entry: Signal, stages: int, name: str) -> tuple[Signal, Signal]:
            """A neuron's flag and entry some stages later."""
            for stage in range(stages):
                valid = register(valid, f"valid_{name}_{stage}")
                entry = register(entry, f"{name}_{stage}")
                flags.append(valid)
            return valid, entry

        # the chunk in hand: its next neuron is lane 0
        chunk = Signal(chunk_layout(hw))
        entry = Signal(self._entry_layout())
        valid = Signal()
        flags.append(valid)
        m.d.comb += [
            valid.eq(chunk.count != 0),
            entry.sum.eq(chunk.sums[0]),
            *(entry[name].eq(chunk[name]) for name in entry.shape().members if name != "sum"),
            self.chunks.ready.eq(~valid | (advance & (chunk.count == 1))),
        ]
        with m.If(advance & valid):
            m.d.sync += [
                chunk.count.eq(chunk.count - 1),
                chunk.neuron.eq(chunk.neuron + 1),
                chunk.type_index_at.eq(chunk.type_index_at + 1),
                chunk.potential_at.eq(chunk.potential_at + 1),
                chunk.target_at.eq(chunk.target_at + chunk.fan_out),
            ]
            m.d.sync += [chunk.sums[lane].eq(chunk.sums[lane + 1]) for lane in range(hw.lanes - 1)]
        with m.If(self.chunks.valid & self.chunks.ready):
            m.d.sync += chunk.eq(self.chunks.p)

        # draw
        if hw.draws_in_neuron:
            m.submodules.generator = generator = Threefry(purpose=Purpose.NEURON)
            m.d.comb += [
                generator.advance.eq(advance),
                generator.seed.eq(entry.seed),
                generator.tick.eq(self.tick),
                generator.index.eq(entry.neuron),
            ]
            valid, entry = later(valid, entry, generator.delay, "drawing")
            draws = generator.block
        else:
            draws = Signal(64)

        # fetch
        m.d.comb += [
            indices.read_address.eq(entry.type_index_at),
            indices.read_enable.eq(advance),
            potentials.read_address.eq(entry.potential_at),
            potentials.read_enable.eq(advance),
            types.read_enable.eq(advance),
        ]
        valid, entry = later(valid, entry, 1, "fetched")
        draws = register(draws, "draws_fetched")
        potential = potentials.read_data.as_signed()
        m.d.comb += types.read_address.eq(indices.read_data)
        if self._deep:
            # hold: the memories have registers; of all else a stage for the first two, and one for
            # the neuron type
            valid, entry = later(valid, entry, 2, "held")
            draws = register(register(draws, "draws_held"), "draws_held_too")
            potential = register(potential, "potential_held")
        synaptic = entry.sum
        p = data.View(type_layout(hw), types.read_data)  # of the neuron in the next stage

        # type, weigh
        if hw.weight_bits:
            valid, entry = later(valid, entry, 1, "typed")
            m.submodules.weigher = weigher = Weigher(hardware=hw)
            m.d.comb += [
                weigher.advance.eq(advance),
                weigher.valid.eq(valid),
                weigher.i.eq(self._weighed(m, entry, p)),
            ]
            valid, entry = later(valid, entry, weigher.delay, "weighed")
            valid = valid & entry.last  # with its last axon type the neuron goes on
            synaptic, word = weigher.total, p.as_value()
            for stage in range(1 + weigher.delay):
                potential = register(potential, f"potential_{stage}")
                draws = register(draws, f"draws_{stage}")
            for stage in range(1 + weigher.delay):
                word = register(word, f"type_{stage}")
            p = data.View(type_layout(hw), word)

        # integrate
        integrated = Signal(integrated_shape(hw))
        with m.If(advance):
            m.d.sync += integrated.eq(potential + synaptic)
        valid, entry = later(valid, entry, 1, "integrated")
        draws = register(draws, "draws_integrated")

        # update
        m.submodules.datapath = datapath = NeuronDatapath(hardware=hw, deep=self._deep)
        m.d.comb += [
            datapath.advance.eq(advance),
            datapath.integrated.eq(integrated),
            datapath.type.eq(p),
            datapath.draws.eq(draws),
        ]
        valid, entry = later(valid, entry, datapath.delay, "updated")

        # store
        fires = Signal()
        m.d.comb += [
            fires.eq(valid & datapath.fires),
            self.busy.eq(Cat(*flags).any()),
            advance.eq(~fires | self.spikes.ready),
            self.spikes.valid.eq(fires),
            Value.cast(self.spikes.p).eq(
                Cat(entry.target_at, entry.fan_out) if self._deep else entry.target_at
            ),
            potentials.write_enable.eq(valid & advance),
            potentials.write_address.eq(entry.potential_at),
            potentials.write_data.eq(datapath.potential),
            self.trace.valid.eq(valid & advance),
            self.trace.context.eq(entry.context),
            self.trace.neuron.eq(entry.neuron),
            self.trace.spike.eq(datapath.fires),
            self.trace.potential.eq(datapath.potential),
        ]
        return m

    def _entry_layout(self) -> data.StructLayout:
        """A neuron in the pipeline: its sum, and its chunk's data."""
        chunk = chunk_layout(self._hardware)
        common = set(chunk.members) - {"sums", "count"}
        if not self._deep:
            common -= {"fan_out"}
        return data.StructLayout(
            {"sum": chunk.members["sums"].elem_shape}
            | {name: shape for name, shape in chunk.members.items() if name in common}
        )

    def _weighed(self, m: Module, entry: Signal, p: data.View) -> Signal:
        """The weigher's input: the sum, and the weight of its axon type."""
        hw = self._hardware
        weighed = Signal(weighed_layout(hw))
        groups = range(hw.axon_types)
        m.d.comb += [
            weighed.sum.eq(entry.sum),
            weighed.lane.eq(entry.neuron),
            weighed.first.eq(entry.first),
            weighed.weight.eq(Array(p[f"s{g}"] for g in groups)[entry.group]),
        ]
        if hw.stochastic_synapses:
            m.d.comb += weighed.drawn.eq(Array(p[f"b{g}"] for g in groups)[entry.group])
        return weighed
