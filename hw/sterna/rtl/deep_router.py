"""The router of a deep build: the same targets, through registers before and behind their table.

Whether a target is a neuron's last is known three cycles after it was asked for. So it is asked for
as many as each neuron of the core has entries, unless the last was seen before; what was asked for
behind the last is passed over.
"""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data

from sterna.spec.hardware import Hardware, bits_for

from .router import Router


class DeepRouter(Router):
    """A `Router` whose spikes come with the number of target entries of their neuron.

    Members
    -------
    spikes : In(stream) - `first`: address of the first target; `count`: target entries a neuron.
    """

    #: Spikes that wait for the router before the neuron unit must.
    queue = 8

    @staticmethod
    def spike_shape(hardware: Hardware) -> data.StructLayout:
        bits = bits_for(hardware.targets)
        return data.StructLayout({"first": bits, "count": bits})

    def _walk(
        self, m: Module, address: Signal, valid: Signal, entry: data.View, handled: Signal
    ) -> Value:
        targets, queue = self._targets, self._queue
        bits = bits_for(self._hardware.targets)
        spike = data.View(self.spike_shape(self._hardware), queue.r_data)
        # one behind another: an address; the table's word; the target in hand. `start`: of a
        # neuron's first target
        addressed, start = Signal(), Signal()
        fetched, fetched_start = Signal(), Signal()
        left, more = Signal(bits), Signal()  # entries of this neuron still to be asked for; any
        move, kept, seen = Signal(), Signal(), Signal()
        m.d.comb += [
            move.eq(~valid | handled),
            targets.read_address.eq(address),
            targets.read_enable.eq(move),
            kept.eq(fetched & (fetched_start | ~entry.last)),
            # the last one is in hand, of the neuron that is still asked for
            seen.eq(valid & entry.last & ~(addressed & start) & ~(fetched & fetched_start)),
            queue.r_en.eq(move & (~more | seen)),
        ]
        with m.If(move):
            m.d.sync += [
                *(fetched.eq(addressed), fetched_start.eq(start), valid.eq(kept)),
                address.eq(Mux(more, address + 1, spike.first)),
                addressed.eq((more & ~seen) | queue.r_rdy),
                start.eq(~more | seen),
            ]
            with m.If(more & ~seen):
                m.d.sync += [left.eq(left - 1), more.eq(left != 1)]
            with m.Else():
                m.d.sync += [
                    address.eq(spike.first),
                    left.eq(spike.count - 1),
                    more.eq(queue.r_rdy & (spike.count > 1)),
                ]
            with m.If(kept):
                m.d.sync += entry.eq(targets.read_data)
        return addressed | fetched
