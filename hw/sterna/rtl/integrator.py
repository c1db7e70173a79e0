"""The integrator: sums the weights of the active axons, `lanes` neurons at a time.

Outer loop over chunks of `lanes` neurons, inner loop over the active axons: each cycle reads one
crossbar word and adds its trits to `lanes` accumulators. Three steps, one cycle each: read the
axon's number from the list; read its crossbar word; add. The end of a chunk travels behind its last
axon as a marker, and hands the sums to the neuron unit.
"""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import Hardware, bits_for

from .memory import CrossbarStore, HostPort
from .scanner import ActiveList, work_layout


def chunk_layout(hardware: Hardware) -> data.StructLayout:
    """Sums of up to `lanes` neurons, and where their state lies.

    `count` neurons are in use: `neuron`, `neuron` + 1, ...
    """
    return data.StructLayout(
        {
            "sums": data.ArrayLayout(signed(hardware.sum_bits), hardware.lanes),
            "context": hardware.context_bits,
            "neuron": hardware.neuron_bits,
            "count": bits_for(hardware.lanes + 1),
            "type_index_at": bits_for(hardware.neuron_words),
            "potential_at": bits_for(hardware.neuron_words),
            "target_at": bits_for(hardware.targets),
            "fan_out": bits_for(hardware.targets),
        }
    )


class Integrator(wiring.Component):
    """The integrator.

    Members
    -------
    work : In(stream) - a context to integrate; taken when the one before is issued.
    list : In(ActiveList) - its active axons.
    chunks : Out(stream) - sums; one chunk in no less than max(active axons + 1, lanes) cycles.
    busy : Out(1) - there is work here.
    host : In(HostPort) - the crossbars.
    """

    def __init__(self, *, hardware: Hardware) -> None:
        self._hardware = hardware
        super().__init__(
            {
                "work": In(stream.Signature(work_layout(hardware))),
                "list": In(ActiveList(hardware)),
                "chunks": Out(stream.Signature(chunk_layout(hardware))),
                "busy": Out(1),
                "host": In(HostPort(width=2 * hardware.lanes, depth=hardware.crossbar_words)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        hw = self._hardware
        m.submodules.crossbars = crossbars = CrossbarStore(lanes=hw.lanes, depth=hw.crossbar_words)
        wiring.connect(m, wiring.flipped(self.host), crossbars.host)

        work = Signal(work_layout(hw))  # addresses in it run along, chunk by chunk
        active = Signal()
        neuron = Signal(hw.neuron_bits)
        index = Signal(hw.axon_bits + 1)
        advance = Signal()
        axon_1, axon_2 = Signal(), Signal()
        marker_1, marker_2 = Signal(), Signal()
        base_1 = Signal(crossbars.read_address.shape())
        sums = self.chunks.p.sums

        # issue: the next axon of the list, or the marker; only one marker is under way at a time
        have_axon, have_end, last_chunk = Signal(), Signal(), Signal()
        m.d.comb += [
            have_axon.eq(active & (index != self.list.count[work.half])),
            have_end.eq(
                active
                & self.list.complete.bit_select(work.half, 1)
                & (index == self.list.count[work.half])
                & ~marker_1
                & ~marker_2
            ),
            last_chunk.eq(work.neurons <= hw.lanes),
            self.list.address.eq(Cat(index[: hw.axon_bits], work.half)),
            self.list.enable.eq(advance),
            self.work.ready.eq(~active | (advance & have_end & last_chunk)),
            self.busy.eq(active | axon_1 | marker_1 | axon_2 | marker_2),
        ]
        with m.If(advance):
            m.d.sync += [axon_1.eq(have_axon), marker_1.eq(have_end), base_1.eq(work.crossbar)]
            with m.If(have_axon):
                m.d.sync += index.eq(index + 1)
            with m.If(have_end):
                chunk = self.chunks.p
                m.d.sync += [
                    chunk.context.eq(work.context),
                    chunk.neuron.eq(neuron),
                    chunk.count.eq(hw.lanes),
                    chunk.type_index_at.eq(work.type_index_at),
                    chunk.potential_at.eq(work.potential_at),
                    chunk.target_at.eq(work.target_at),
                    chunk.fan_out.eq(work.fan_out),
                    index.eq(0),
                    neuron.eq(neuron + hw.lanes),
                    work.crossbar.eq(work.crossbar + work.axons),
                    work.neurons.eq(work.neurons - hw.lanes),
                    work.type_index_at.eq(work.type_index_at + hw.lanes),
                    work.potential_at.eq(work.potential_at + hw.lanes),
                    work.target_at.eq(work.target_at + work.fan_out * hw.lanes),
                ]
                with m.If(last_chunk):
                    m.d.sync += [chunk.count.eq(work.neurons), active.eq(0)]
        with m.If(self.work.valid & self.work.ready):
            m.d.sync += [work.eq(self.work.p), active.eq(1), index.eq(0), neuron.eq(0)]

        # read the crossbar word
        m.d.comb += [
            crossbars.read_address.eq(base_1 + self.list.axon),
            crossbars.read_enable.eq(advance),
        ]
        with m.If(advance):
            m.d.sync += [axon_2.eq(axon_1), marker_2.eq(marker_1)]

        # add, or hand over and start from 0
        trits = data.View(data.ArrayLayout(signed(2), hw.lanes), crossbars.read_data)
        m.d.comb += [
            self.chunks.valid.eq(marker_2),
            advance.eq(~marker_2 | self.chunks.ready),
        ]
        for lane in range(hw.lanes):
            with m.If(axon_2):
                m.d.sync += sums[lane].eq(sums[lane] + trits[lane])
            with m.Elif(marker_2 & self.chunks.ready):
                m.d.sync += sums[lane].eq(0)
        return m
