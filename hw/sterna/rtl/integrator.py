"""The integrator: sums the weights of the active axons, `lanes` neurons at a time.

Outer loop over chunks of `lanes` neurons, inner loop over the active axons, axon type by axon
type: each cycle reads one crossbar word and adds its trits to `lanes` accumulators. Four steps,
one cycle each: read the axon's number from the list; address its crossbar word; read it; add. A
deep build holds the axon's number in a register, takes as many cycles to read as its crossbars do,
and has a buffer for the sums. The end of a pass (one chunk, one axon type) travels behind its last
axon as a marker, and hands the sums over. With stochastic synapses the drawing comes before the
crossbar word: `synapses`.
"""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import Hardware, bits_for
from sterna.spec.layout import Space, depth, word_bits

from .fabric import GENERIC, Fabric
from .memory import HostPort
from .scanner import ActiveList, work_layout
from .synapses import StochasticSynapses


def chunk_layout(hardware: Hardware) -> data.StructLayout:
    """Sums of up to `lanes` neurons over the axons of one type, and where their state lies.

    `count` neurons are in use: `neuron`, `neuron` + 1, ... With several axon types, `first` and
    `last` tell that no other type of this chunk came before, or comes after.
    """
    layout: dict[str, object] = {
        "sums": data.ArrayLayout(signed(hardware.sum_bits), hardware.lanes),
        "context": hardware.context_bits,
        "neuron": hardware.neuron_bits,
        "count": bits_for(hardware.lanes + 1),
        "type_index_at": bits_for(hardware.neuron_words),
        "potential_at": bits_for(hardware.neuron_words),
        "target_at": bits_for(hardware.targets),
        "fan_out": bits_for(hardware.targets),
    }
    if hardware.weight_bits:
        layout |= {"group": bits_for(hardware.axon_types), "first": 1, "last": 1}
    if hardware.draws_in_neuron:
        layout |= {"seed": 32}
    return data.StructLayout(layout)


class Integrator(wiring.Component):
    """The integrator.

    Parameters
    ----------
    hardware : parameters of the tile.
    fabric : of the crossbars.

    Members
    -------
    work : In(stream) - a context to integrate; taken when the one before is issued.
    active_axons : In(ActiveList) - of the context in work.
    tick : In(32) - the tick's number, for the draws.
    chunks : Out(stream) - sums; one pass in no less than max(active axons + 1, lanes) cycles.
    busy : Out(1) - there is work here.
    host : In(HostPort) - the crossbars.
    type_index, type : In(HostPort) - copies of the neuron unit's memories, only written; only in
        builds with stochastic synapses.
    """

    def __init__(self, *, hardware: Hardware, fabric: Fabric = GENERIC) -> None:
        self._hardware = hardware
        self._fabric = fabric
        copies = {
            space.name.lower(): In(
                HostPort(width=word_bits(space, hardware), depth=depth(space, hardware))
            )
            for space in (Space.TYPE_INDEX, Space.TYPE)
        }
        super().__init__(
            {
                "work": In(stream.Signature(work_layout(hardware))),
                "active_axons": In(ActiveList(hardware)),
                "tick": In(32),
                "chunks": Out(stream.Signature(chunk_layout(hardware))),
                "busy": Out(1),
                "host": In(HostPort(width=2 * hardware.lanes, depth=hardware.crossbar_words)),
                **(copies if hardware.stochastic_synapses else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        hw, deep = self._hardware, self._fabric.deep
        m.submodules.crossbars = crossbars = self._fabric.crossbars(
            lanes=hw.lanes, depth=hw.crossbar_words
        )
        wiring.connect(m, wiring.flipped(self.host), crossbars.host)

        work = Signal(work_layout(hw))  # addresses in it run along, chunk by chunk
        active = Signal()
        neuron = Signal(hw.neuron_bits)
        index = Signal(hw.axon_bits + 1)
        group = Signal(bits_for(hw.axon_types))  # axon type of this pass
        first_pass = Signal(init=1)  # the first pass of its chunk
        advance = Signal()
        axon_1, marker_1 = Signal(), Signal()
        base_1 = Signal(crossbars.read_address.shape())
        # a deep build gathers a chunk here, and hands it over to a buffer
        chunk = Signal(chunk_layout(hw)) if deep else self.chunks.p
        sums = chunk.sums

        # the pass in hand, and the next axon type with active axons, once the lists are complete
        groups = range(hw.axon_types)
        counts = self.active_axons.count[work.half]
        count, complete = Signal(hw.axon_bits + 1), Signal()
        at_end = Signal()  # of the list, as far as it goes
        lowest, following = Signal.like(group), Signal.like(group)
        more = Signal()  # there is such a type
        m.d.comb += [
            count.eq(Array(counts[g] for g in groups)[group] if hw.axon_types > 1 else counts[0]),
        ]
        for g in reversed(groups):
            with m.If(counts[g] != 0):
                m.d.comb += lowest.eq(g)
                if g:  # none comes before the first
                    with m.If(g > group):
                        m.d.comb += [following.eq(g), more.eq(1)]

        # stochastic synapses: more stages between, and a load of the lanes before each pass
        may_issue, in_flight = Signal(init=1), Signal()  # axons may go; something is in the stages
        may_end = Signal(init=1)  # a marker may go
        mask: Value = Signal(hw.lanes, init=-1)  # lanes whose synapse of this axon counts
        stages = [(axon_1, marker_1, Cat(base_1, self.active_axons.axon))]

        def stage(name: str) -> None:
            """One more, before the crossbar word is addressed."""
            before = stages[-1]
            held = tuple(
                Signal(len(value), name=f"{name}_{i}", reset_less=i == 2)
                for i, value in enumerate(before)
            )
            with m.If(advance):
                m.d.sync += [later.eq(value) for later, value in zip(held, before, strict=True)]
            stages.append(held)

        if deep:
            stage("held")
        if hw.stochastic_synapses:
            m.submodules.synapses = synapses = StochasticSynapses(hardware=hw)
            for name in ("type_index", "type"):
                wiring.connect(m, wiring.flipped(getattr(self, name)), getattr(synapses, name))
            m.d.comb += [
                synapses.advance.eq(advance),
                synapses.tick.eq(self.tick),
                synapses.seed.eq(Cat(work.seed_low, work.seed_high)),
                synapses.neuron.eq(neuron),
                synapses.type_index_at.eq(work.type_index_at),
                synapses.group.eq(group),
                synapses.axon.eq(self.active_axons.axon),
                synapses.load.eq(active & ~at_end & ~synapses.loaded & ~in_flight),
                may_issue.eq(synapses.loaded),
            ]
            mask = synapses.mask
            for number in range(len(stages) - 1 + crossbars.delay):
                held = Signal(hw.lanes, name=f"mask_{number}")
                with m.If(advance):
                    m.d.sync += held.eq(mask)
                mask = held
            for number in range(synapses.delay):
                stage(f"late_{number}")
        axon_late, marker_late, both = stages[-1]
        # the crossbar word's address is known; in the last of these stages, the word itself
        word_axons, word_markers = Signal(1 + crossbars.delay), Signal(1 + crossbars.delay)
        axon_2, marker_2 = word_axons[-1], word_markers[-1]
        markers = Cat(word_markers, *(marker for _, marker, _ in stages))
        axons = Cat(word_axons, *(axon for axon, _, _ in stages))
        m.d.comb += in_flight.eq(Cat(axons, markers).any())

        marked, over = Signal(), Signal()  # a marker is under way; it hands the sums over
        # issue: the next axon of the list, or the marker; only one marker is under way at a time
        have_axon, have_end, skip, last_chunk = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            have_axon.eq(active & ~at_end & may_issue),
            have_end.eq(active & complete & at_end & ~marked & may_end),
            skip.eq(have_end & (index == 0) & more),  # nothing of this type; the next one
            last_chunk.eq(work.neurons <= hw.lanes),
            self.active_axons.address.eq(
                Cat(index[: hw.axon_bits], group[: hw.axon_type_bits], work.half)
            ),
            self.active_axons.enable.eq(advance),
            # not in the cycle in which the last ends: that is known too late to load the next
            self.work.ready.eq(~active),
            self.busy.eq(active | in_flight | self.chunks.valid),
        ]
        with m.If(advance):
            m.d.sync += [
                axon_1.eq(have_axon),
                marker_1.eq(have_end & ~skip),
                marked.eq((marked & ~over) | (have_end & ~skip)),
                base_1.eq(work.crossbar),
            ]
            with m.If(have_axon):
                m.d.sync += index.eq(index + 1)
            with m.If(have_end):
                self._describe(m, chunk, work, neuron, group, first_pass, more)
                m.d.sync += index.eq(0)
                with m.If(more):
                    m.d.sync += [group.eq(following), first_pass.eq(first_pass & skip)]
                with m.Else():
                    m.d.sync += [
                        group.eq(lowest),
                        first_pass.eq(1),
                        neuron.eq(neuron + hw.lanes),
                        work.crossbar.eq(work.crossbar + work.axons),
                        work.neurons.eq(work.neurons - hw.lanes),
                        work.type_index_at.eq(work.type_index_at + hw.lanes),
                        work.potential_at.eq(work.potential_at + hw.lanes),
                        work.target_at.eq(work.target_at + work.fan_out * hw.lanes),
                    ]
                    with m.If(last_chunk):
                        m.d.sync += active.eq(0)
                if hw.stochastic_synapses:
                    m.d.comb += synapses.forget.eq(1)
        with m.If(self.work.valid & self.work.ready):
            m.d.sync += [work.eq(self.work.p), active.eq(1), index.eq(0), neuron.eq(0)]
            m.d.sync += [group.eq(0), first_pass.eq(1)]

        if deep:
            issues, ends = advance & have_axon, advance & have_end
            next_group = Mux(more, following, lowest)
            self._end_ahead(m, work, index, count, at_end, complete, issues, ends, next_group)
        else:
            m.d.comb += [
                at_end.eq(index == count),
                complete.eq(self.active_axons.complete.bit_select(work.half, 1)),
            ]

        # address the crossbar word, then read it
        address = Signal.like(base_1)
        m.d.comb += [crossbars.read_address.eq(address), crossbars.read_enable.eq(advance)]
        with m.If(advance):
            m.d.sync += [
                address.eq(both[: len(base_1)] + both[len(base_1) :]),
                word_axons.eq(Cat(axon_late, word_axons)),
                word_markers.eq(Cat(marker_late, word_markers)),
            ]

        # add, or hand over and start from 0
        trits = data.View(data.ArrayLayout(signed(2), hw.lanes), crossbars.read_data)
        if deep:
            # a marker goes only if the buffer is empty, and so is never held up on its way
            full = self.chunks.valid
            m.d.comb += [advance.eq(1), over.eq(marker_2), may_end.eq(~full)]
            with m.If(self.chunks.ready):
                m.d.sync += full.eq(0)
            with m.If(over):
                m.d.sync += [self.chunks.p.eq(chunk), full.eq(1)]
        else:
            m.d.comb += [
                self.chunks.valid.eq(marker_2),
                advance.eq(~marker_2 | self.chunks.ready),
                over.eq(marker_2 & self.chunks.ready),
            ]
        for lane in range(hw.lanes):
            with m.If(axon_2 & mask[lane]):
                m.d.sync += sums[lane].eq(sums[lane] + trits[lane])
            with m.Elif(over):
                m.d.sync += sums[lane].eq(0)
        return m

    def _end_ahead(
        self,
        m: Module,
        work: Signal,
        index: Signal,
        count: Signal,
        at_end: Signal,
        complete: Signal,
        issues: Value,
        ends: Value,
        next_group: Value,
    ) -> None:
        """Find the end of the list from registers alone.

        A list only grows. `at_end` is a cycle late: the list may have grown since, and then it only
        holds the next axon back. `complete` follows when `at_end` has seen all of the list.
        """
        after = Signal.like(index, init=1)  # index + 1
        some = self.active_axons.some
        was_complete = Signal(2)
        m.d.sync += [
            was_complete.eq(self.active_axons.complete),
            at_end.eq(Mux(issues, after == count, index == count)),
        ]
        m.d.comb += complete.eq(was_complete.bit_select(work.half, 1))
        with m.If(issues):
            m.d.sync += after.eq(after + 1)
        with m.If(ends):
            m.d.sync += [after.eq(1), at_end.eq(~some[work.half].bit_select(next_group, 1))]
        with m.If(self.work.valid & self.work.ready):
            m.d.sync += [after.eq(1), at_end.eq(~some[self.work.p.half][0])]

    def _describe(
        self,
        m: Module,
        chunk: Signal,
        work: Signal,
        neuron: Signal,
        group: Signal,
        first_pass: Signal,
        more: Signal,
    ) -> None:
        """Set the description of the pass that ends: its neurons, and where their state lies."""
        hw = self._hardware
        m.d.sync += [
            chunk.context.eq(work.context),
            chunk.neuron.eq(neuron),
            chunk.count.eq(hw.lanes),
            chunk.type_index_at.eq(work.type_index_at),
            chunk.potential_at.eq(work.potential_at),
            chunk.target_at.eq(work.target_at),
            chunk.fan_out.eq(work.fan_out),
        ]
        with m.If(work.neurons <= hw.lanes):
            m.d.sync += chunk.count.eq(work.neurons)
        if hw.weight_bits:
            m.d.sync += [chunk.group.eq(group), chunk.first.eq(first_pass), chunk.last.eq(~more)]
        if hw.draws_in_neuron:
            m.d.sync += chunk.seed.eq(Cat(work.seed_low, work.seed_high))
