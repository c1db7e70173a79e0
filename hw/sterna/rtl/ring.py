"""The delay ring: spikes due, as one bitmap of axons per delay slot and context.

Every access is a read and, one cycle later (four in a deep build), a write of the same word, so
that spikes can be OR-ed in and a word can be taken and cleared; one access enters a cycle. What was
written in the cycle of the read, or after it, did not reach it, and is taken from where it was
kept; hence accesses to one word may follow one another at once.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
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
    deep : the word read goes through a register first.

    Members
    -------
    take, take_address : In - strobe: take the word and clear it; goes before all else.
    taken : Out(16) - the word, valid in the cycle after `take`; in a deep build two later.
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
        """The logic, for Amaranth."""
        m = Module()
        m.submodules.words = words = memory.Memory(
            shape=RING_WORD, depth=self._depth, init=[], attrs=UNCHECKED
        )
        write, read = words.write_port(), words.read_port()
        host = self.host

        # first cycle: choose one access and read; a deep build reads in the next
        chosen = Signal.like(read.addr)
        store = Signal()  # the access writes the word, in the second cycle
        keep = Signal()  # the word written is OR-ed with what was there
        bits = Signal(RING_WORD)
        with m.If(host.read | host.write):
            m.d.comb += [
                chosen.eq(host.address),
                store.eq(host.write),
                bits.eq(host.write_data),
            ]
        with m.Elif(self.take):
            m.d.comb += [chosen.eq(self.take_address), store.eq(1)]
        with m.Else():
            m.d.comb += [
                self.routed.ready.eq(1),
                self.inputs.ready.eq(~self.routed.valid),
                store.eq(self.routed.valid | self.inputs.valid),
                keep.eq(1),
            ]
            with m.If(self.routed.valid):
                m.d.comb += [chosen.eq(self.routed.p.address), bits.eq(self.routed.p.axons)]
            with m.Else():
                m.d.comb += [chosen.eq(self.inputs.p.address), bits.eq(self.inputs.p.axons)]

        if self._deep:
            under_way, known, kept = self._write_late(
                m, write, read, chosen, Cat(store, keep), bits
            )
            assert (len(under_way), len(known), len(kept)) == (6, RING_WORD, 3), "as proved"
            return m
        m.d.comb += [read.addr.eq(chosen), read.en.eq(store | host.read)]

        # second cycle: write
        bits_q, keep_q = Signal(RING_WORD), Signal()
        written, written_at, wrote = Signal(RING_WORD), Signal.like(write.addr), Signal()
        found = Signal(RING_WORD)
        m.d.sync += [
            write.addr.eq(chosen),
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
        self,
        m: Module,
        write: memory.WritePort,
        read: memory.ReadPort,
        chosen: Signal,
        kind: Cat,
        bits: Signal,
    ) -> tuple[list[tuple[Value, Value, Value]], Value, list[Signal]]:
        """After the choice, cycle by cycle: it is read; comes; spikes are OR-ed in; it is written.

        Nothing is under way to a word that is taken: its tick was not granted, or has not started,
        before all that is due in it had been written.

        Returns the accesses, by cycle since the choice: whether they store and keep, their address
        and bits; what the word to be OR-ed is known to be; what was written before, latest first.
        """
        accesses = [(kind, chosen, bits)]  # in the cycle of the choice, and in those after it
        for cycle in range(5):
            before = accesses[-1]
            held = tuple(
                Signal(len(value), name=f"{name}_{cycle + 1}")
                for name, value in zip(("kind", "at", "bits"), before, strict=True)
            )
            m.d.sync += [later.eq(value) for later, value in zip(held, before, strict=True)]
            accesses.append(held)
        (_, at_1, _), (_, at_2, _), (kind_3, at_3, bits_3), *earlier = accesses[1:]
        word = Signal(RING_WORD, reset_less=True)
        known, after = Signal(RING_WORD), Signal(RING_WORD)
        m.d.comb += [read.addr.eq(at_1), read.en.eq(1)]
        m.d.sync += word.eq(read.data)
        m.d.comb += [known.eq(word), after.eq(bits_3 | Mux(kind_3[1], known, 0))]
        # earlier accesses wrote to this word, too late for its read; the last one counts
        wrote, written = [(kind_3, at_3), *((kind, at) for kind, at, _ in earlier)], after
        found: list[tuple[Signal, Signal]] = []
        for number, (kind_before, at_before) in enumerate(wrote, start=1):
            same = Signal(name=f"same_{number}")
            kept = Signal(RING_WORD, name=f"kept_{number}")
            m.d.sync += [same.eq(kind_before[0] & (at_2 == at_before)), kept.eq(written)]
            written = kept
            found.append((same, kept))
        for same, kept in reversed(found):
            with m.If(same):
                m.d.comb += known.eq(kept)
        m.d.sync += [write.addr.eq(at_3), write.en.eq(kind_3[0]), write.data.eq(after)]
        m.d.comb += [self.taken.eq(word), self.host.read_data.eq(word)]
        return accesses, known, [kept for _, kept in found]
