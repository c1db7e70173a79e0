"""The delay ring: spikes due, as one bitmap of axons per delay slot and context.

Every access is a read and, one cycle later (two in a deep build), a write of the same word, so that
spikes can be OR-ed in and a word can be taken and cleared; one access enters a cycle. What was
written in the cycle of the read, or after it, did not reach it, and is taken from where it was
kept; hence accesses to one word may follow one another at once.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import RING_WORD, Hardware

from .memory import UNCHECKED, HostPort


def ring_address(slot: object, context: object, word: object) -> Cat:
    """Address of a ring word: {slot, context, word}, the slot in the upper bits."""
    return Cat(word, context, slot)


def set_layout(hardware: Hardware) -> data.StructLayout:
    """Spikes to OR into one word: bit i of `axons` is axon 16 word + i."""
    address = hardware.slot_bits + hardware.context_bits + hardware.ring_word_bits
    return data.StructLayout({"address": address, "axons": RING_WORD})


class DelayRing(wiring.Component):
    """The delay ring.

    Parameters
    ----------
    deep : the word read goes through a register before it is written.

    Members
    -------
    take, take_address : In - strobe: take the word and clear it; goes before all else.
    taken : Out(16) - the word, valid in the cycle after `take`.
    routed : In(stream) - spikes from neurons; go before inputs.
    inputs : In(stream) - spikes from the host.
    host : In(HostPort) - plain access while the tile is idle; goes before all others.
    """

    def __init__(self, *, hardware: Hardware, deep: bool = False) -> None:
        self._depth = hardware.ring_words
        self._deep = deep
        sets = set_layout(hardware)
        super().__init__(
            {
                "take": In(1),
                "take_address": In(sets["address"].shape),
                "taken": Out(RING_WORD),
                "routed": In(stream.Signature(sets)),
                "inputs": In(stream.Signature(sets)),
                "host": In(HostPort(width=RING_WORD, depth=self._depth)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.words = words = memory.Memory(
            shape=RING_WORD, depth=self._depth, init=[], attrs=UNCHECKED
        )
        write, read = words.write_port(), words.read_port()
        host = self.host

        # first cycle: choose one access and read
        store = Signal()  # the access writes the word, in the second cycle
        keep = Signal()  # the word written is OR-ed with what was there
        bits = Signal(RING_WORD)
        with m.If(host.read | host.write):
            m.d.comb += [
                read.addr.eq(host.address),
                read.en.eq(1),
                store.eq(host.write),
                bits.eq(host.write_data),
            ]
        with m.Elif(self.take):
            m.d.comb += [read.addr.eq(self.take_address), read.en.eq(1), store.eq(1)]
        with m.Else():
            m.d.comb += [
                self.routed.ready.eq(1),
                self.inputs.ready.eq(~self.routed.valid),
                store.eq(self.routed.valid | self.inputs.valid),
                keep.eq(1),
                read.en.eq(store),
            ]
            with m.If(self.routed.valid):
                m.d.comb += [read.addr.eq(self.routed.p.address), bits.eq(self.routed.p.axons)]
            with m.Else():
                m.d.comb += [read.addr.eq(self.inputs.p.address), bits.eq(self.inputs.p.axons)]

        if self._deep:
            self._write_late(m, write, read, Cat(store, keep), bits)
            return m

        # second cycle: write
        bits_q, keep_q = Signal(RING_WORD), Signal()
        written, written_at, wrote = Signal(RING_WORD), Signal.like(write.addr), Signal()
        found = Signal(RING_WORD)
        m.d.sync += [
            write.addr.eq(read.addr),
            write.en.eq(store),
            bits_q.eq(bits),
            keep_q.eq(keep),
            *(written.eq(write.data), written_at.eq(write.addr), wrote.eq(write.en)),
        ]
        m.d.comb += [
            found.eq(Mux(wrote & (written_at == write.addr), written, read.data)),
            write.data.eq(bits_q | Mux(keep_q, found, 0)),
            self.taken.eq(found),
            host.read_data.eq(found),
        ]
        return m

    def _write_late(
        self, m: Module, write: memory.WritePort, read: memory.ReadPort, kind: Cat, bits: Signal
    ) -> None:
        """The second cycle brings the word, the third writes it.

        Nothing is under way to a word that is taken: its tick was not granted, or has not started,
        before all that is due in it had been written.
        """
        accesses = [(kind, read.addr, bits)]  # in the first, second, third and fourth cycle
        for cycle in range(3):
            before = accesses[-1]
            held = tuple(
                Signal(len(value), name=f"{name}_{cycle + 2}")
                for name, value in zip(("kind", "at", "bits"), before, strict=True)
            )
            m.d.sync += [later.eq(value) for later, value in zip(held, before, strict=True)]
            accesses.append(held)
        _, (_, at_2, _), (kind_3, at_3, bits_3), (kind_4, at_4, _) = accesses
        word = Signal(RING_WORD)
        near, far = Signal(), Signal()  # the access before, or the one before that, wrote the word
        last, earlier = Signal(RING_WORD), Signal(RING_WORD)  # what they wrote
        m.d.sync += [
            word.eq(read.data),
            near.eq(kind_3[0] & (at_2 == at_3)),
            far.eq(kind_4[0] & (at_2 == at_4)),
            last.eq(write.data),
            earlier.eq(last),
        ]
        m.d.comb += [
            write.addr.eq(at_3),
            write.en.eq(kind_3[0]),
            write.data.eq(bits_3 | Mux(kind_3[1], Mux(near, last, Mux(far, earlier, word)), 0)),
            self.taken.eq(read.data),
            self.host.read_data.eq(read.data),
        ]
