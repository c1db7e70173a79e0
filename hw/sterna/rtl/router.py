"""The router: walks the targets of each neuron that fired, one a cycle."""

from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import MAX_LINE_BITS, RING_WORD, Hardware, bits_for
from sterna.spec.layout import Space, TargetKind, depth, target_fields, word_bits

from .memory import HostPort, TileMemory
from .ring import ring_address, set_layout
from .signatures import layout_of


class Router(wiring.Component):
    """The router.

    Members
    -------
    spikes : In(stream) - address of the first target of a neuron that fired.
    slot : In - delay slot of the tick.
    routed : Out(stream) - spikes for the delay ring.
    lines : Out(stream(15)) - spikes on output lines.
    dropped : Out(1) - strobe: a target entry that names nothing that exists was passed over.
    busy : Out(1) - there is a spike here.
    host : In(HostPort) - the target table.
    """

    deep = False
    #: Spikes that wait for the router before the neuron unit must.
    queue = 4

    def __init__(self, *, hardware: Hardware) -> None:
        self._hardware = hardware
        super().__init__(
            {
                "spikes": In(stream.Signature(self.spike_shape(hardware))),
                "slot": In(hardware.slot_bits),
                "routed": Out(stream.Signature(set_layout(hardware))),
                "lines": Out(stream.Signature(MAX_LINE_BITS)),
                "dropped": Out(1),
                "busy": Out(1),
                "host": In(
                    HostPort(width=word_bits(Space.TARGET, hardware), depth=hardware.targets)
                ),
            }
        )

    @staticmethod
    def spike_shape(hardware: Hardware) -> Any:
        """The shape of a spike."""
        return bits_for(hardware.targets)

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        hw = self._hardware
        fields = layout_of(target_fields(hw))
        self._targets = targets = TileMemory(
            width=fields.size, depth=depth(Space.TARGET, hw), deep=self.deep
        )
        m.submodules.targets = targets
        wiring.connect(m, wiring.flipped(self.host), targets.host)
        width = Value.cast(self.spikes.p).shape().width
        m.submodules.queue = self._queue = queue = SyncFIFO(width=width, depth=self.queue)
        m.d.comb += [
            queue.w_data.eq(self.spikes.p),
            queue.w_en.eq(self.spikes.valid & self.spikes.ready),
        ]
        # a register cuts the path from the ring to the neuron unit: a cycle late, a spike early
        m.d.sync += self.spikes.ready.eq(queue.w_level < self.queue - 1)

        entry = Signal(fields)  # the target in hand, while `valid`
        valid, handled = Signal(), Signal()
        address = Signal(bits_for(hw.targets))
        exists = (
            (entry.kind == TargetKind.AXON) & (entry.context < hw.contexts) & (entry.delay != 0)
        )
        place = entry.as_value()[3:][: hw.line_bits]  # axon, context and delay as one number
        m.d.comb += [
            self.routed.valid.eq(valid & exists),
            self.routed.p.address.eq(
                ring_address(
                    (self.slot + entry.delay)[: hw.slot_bits], entry.context, entry.axon[4:]
                )
            ),
            self.routed.p.axons.eq(1 << entry.axon[: bits_for(RING_WORD)]),
            self.lines.valid.eq(valid & (entry.kind == TargetKind.LINE)),
            self.lines.p.eq(place),
            handled.eq(
                Mux(self.routed.valid, self.routed.ready, ~self.lines.valid | self.lines.ready)
            ),
            self.dropped.eq(
                valid & ~exists & ((entry.kind == TargetKind.AXON) | (entry.kind == 3))
            ),
        ]

        waiting = self._walk(m, address, valid, entry, handled)
        m.d.comb += self.busy.eq(valid | waiting | queue.r_rdy)
        return m

    def _walk(
        self, m: Module, address: Signal, valid: Signal, entry: data.View, handled: Signal
    ) -> Value:
        """Fetch the next entry of this neuron, or the first of the next spike.

        Returns whether one is under way.
        """
        targets, queue = self._targets, self._queue
        walking = Signal()
        m.d.comb += [
            entry.eq(targets.read_data),
            walking.eq(valid & ~entry.last),
            targets.read_address.eq(Mux(walking, address + 1, queue.r_data)),
            targets.read_enable.eq(~valid | handled),
            queue.r_en.eq(targets.read_enable & ~walking),
        ]
        with m.If(targets.read_enable):
            m.d.sync += [valid.eq(walking | queue.r_rdy), address.eq(targets.read_address)]
        return Const(0)
