"""The router of a deep build: the same targets, through registers before and behind their table.

Whether a target is a neuron's last is known some cycles after it was asked for. So as many are
asked for as each neuron of the core has entries, unless the last was seen before; those behind the
last are passed over. Nothing stops on the way: a target is asked for only if there is room behind.
"""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data
from amaranth.lib.fifo import SyncFIFO

from sterna.spec.hardware import Hardware, bits_for

from .router import Router

#: Targets that wait to be sent, and those from which no more are asked for: six can be on the way.
TARGETS, ENOUGH = 16, 10


class DeepRouter(Router):
    """A `Router` whose spikes come with the number of target entries of their neuron.

    Members
    -------
    spikes : In(stream) - `first`: address of the first target; `count`: target entries a neuron.
    """

    deep = True
    queue = 8

    @staticmethod
    def spike_shape(hardware: Hardware) -> data.StructLayout:
        """Shape of what waits in the queue of spikes."""
        bits = bits_for(hardware.targets)
        return data.StructLayout({"first": bits, "count": bits})

    def _walk(
        self, m: Module, address: Signal, valid: Signal, entry: data.View, handled: Signal
    ) -> Value:
        targets, queue = self._targets, self._queue
        spike = data.View(self.spike_shape(self._hardware), queue.r_data)
        word = Signal(entry.shape())
        m.submodules.found = found = SyncFIFO(width=entry.shape().size, depth=TARGETS)
        # one behind another: an address; the table's word; the same held; a target. `start`: of a
        # neuron's first
        addressed, start = Signal(), Signal()
        read, read_start = Signal(), Signal()
        fetched, fetched_start = Signal(), Signal()
        kept, starts = Signal(), Signal()
        left, more = Signal.like(address), Signal()  # entries of this neuron to be asked for; any
        room, seen, proceeds = Signal(), Signal(), Signal()
        m.d.comb += [
            targets.read_address.eq(address),
            targets.read_enable.eq(1),
            # the last target is at hand, of the neuron that is still asked for
            starts.eq((addressed & start) | (read & read_start) | (fetched & fetched_start)),
            seen.eq(kept & word.last & ~starts),
            proceeds.eq(more & ~seen),
            queue.r_en.eq(room & ~proceeds),
            *(found.w_data.eq(word), found.w_en.eq(kept)),
            *(entry.eq(found.r_data), valid.eq(found.r_rdy), found.r_en.eq(handled)),
        ]
        keeps = fetched & (fetched_start | ~word.last)
        m.d.sync += [
            room.eq(found.w_level < ENOUGH),
            addressed.eq(room & (proceeds | queue.r_rdy)),
            start.eq(~proceeds),
            *(read.eq(addressed), read_start.eq(start)),
            *(fetched.eq(read), fetched_start.eq(read_start), kept.eq(keeps)),
        ]
        with m.If(keeps):
            m.d.sync += word.eq(targets.read_data)
        with m.If(seen):
            m.d.sync += more.eq(0)
        with m.If(room):
            with m.If(proceeds):
                m.d.sync += [address.eq(address + 1), left.eq(left - 1), more.eq(left != 1)]
            with m.Else():
                m.d.sync += [
                    address.eq(spike.first),
                    left.eq(spike.count - 1),
                    more.eq(queue.r_rdy & (spike.count != 0) & (spike.count != 1)),
                ]
        return addressed | read | fetched | kept | found.r_rdy
