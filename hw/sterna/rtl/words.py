"""The words of one context's bitmap, out of the delay ring one after another, bit by bit.

The word in hand, `current`, loses its lowest set bit in each cycle; as the last one goes, the next
word takes its place. Words are asked for ahead of that: a shallow build holds one more, and decides
on it in the same cycle; a deep build has a queue, and asks as long as there is room.
"""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import RING_WORD, Hardware
from sterna.spec.layout import Space, word_bits

#: Words that a deep build's queue holds, and those held or under way from which it asks no more:
#: what is asked for in a cycle is counted in the next, and stops the asking in the one after.
QUEUE, ENOUGH = 8, 6


class RingWords(wiring.Component):
    """The words.

    Parameters
    ----------
    deep : with a queue.

    Members
    -------
    start : In(1) - strobe: begin with word 0; all words of the context before have gone.
    scanning : In(1) - words may be asked for.
    words : In - how many there are.
    take : Out(1) - strobe: word `asked` is asked of the ring.
    asked : Out - how many have been asked for.
    taken, types : In - the word asked for in the cycle before, in a deep build three cycles before,
        and the types of the axons of the one asked for in the cycle before.
    current, current_types : Out - the word in hand; 0 if there is none.
    word : Out - its number.
    ended : Out(1) - no bit comes after the lowest one of `current`.
    """

    def __init__(self, *, hardware: Hardware, deep: bool = False) -> None:
        self._deep = deep
        count = hardware.ring_word_bits + 1
        types = word_bits(Space.AXON_TYPE, hardware)
        super().__init__(
            {
                "start": In(1),
                "scanning": In(1),
                "words": In(count),
                "take": Out(1),
                "asked": Out(count),
                "taken": In(RING_WORD),
                "types": In(types),
                "current": Out(RING_WORD),
                "current_types": Out(types),
                "word": Out(count),
                "ended": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        current = self.current
        all_asked, arriving, exhausted = Signal(), Signal(), Signal()
        m.d.comb += [
            all_asked.eq(self.asked == self.words),
            exhausted.eq(~several(current)),
        ]
        m.d.sync += arriving.eq(self.take)
        with m.If(self.take):
            m.d.sync += self.asked.eq(self.asked + 1)
        with m.If(exhausted):
            m.d.sync += current.eq(0)
        with m.Else():
            m.d.sync += current.eq(current & (current - 1))  # without its lowest set bit
        (self._ask_ahead if self._deep else self._ask)(m, all_asked, arriving, exhausted)
        with m.If(self.start):
            m.d.sync += [self.word.eq(-1), self.asked.eq(0)]
        return m

    def _ask(self, m: Module, all_asked: Signal, arriving: Signal, exhausted: Signal) -> None:
        following, following_types = Signal.like(self.taken), Signal.like(self.types)
        have_following = Signal()
        m.d.comb += [
            self.take.eq(self.scanning & ~all_asked & ~have_following & (~arriving | exhausted)),
            self.ended.eq(self.scanning & all_asked & ~arriving & ~have_following & exhausted),
        ]
        with m.If(exhausted):
            m.d.sync += have_following.eq(have_following & arriving)
            with m.If(have_following | arriving):
                m.d.sync += self.word.eq(self.word + 1)
            with m.If(have_following):
                m.d.sync += [self.current.eq(following), self.current_types.eq(following_types)]
            with m.Elif(arriving):
                m.d.sync += [self.current.eq(self.taken), self.current_types.eq(self.types)]
        with m.Elif(arriving):
            m.d.sync += have_following.eq(1)
        with m.If(arriving):
            m.d.sync += [following.eq(self.taken), following_types.eq(self.types)]

    def _ask_ahead(self, m: Module, all_asked: Signal, arriving: Signal, exhausted: Signal) -> None:
        width = len(self.taken) + len(self.types)
        m.submodules.queue = queue = SyncFIFO(width=width, depth=QUEUE)
        held = Signal(range(QUEUE + 1))  # in the queue or under way
        room, pop = Signal(), Signal()
        passing, arrived = Signal(), Signal()
        types, late_types = Signal.like(self.types), Signal.like(self.types)
        m.d.sync += [
            *(room.eq(held < ENOUGH), held.eq(held + self.take - pop)),
            *(passing.eq(arriving), arrived.eq(passing)),
            *(types.eq(self.types), late_types.eq(types)),
        ]
        m.d.comb += [
            self.take.eq(self.scanning & ~all_asked & room),
            self.ended.eq(self.scanning & all_asked & (held == 0) & exhausted),
            queue.w_en.eq(arrived),
            queue.w_data.eq(Cat(self.taken, late_types)),
            pop.eq(exhausted & queue.r_rdy),
            queue.r_en.eq(pop),
        ]
        with m.If(pop):
            m.d.sync += [
                Cat(self.current, self.current_types).eq(queue.r_data),
                self.word.eq(self.word + 1),
            ]


def several(bits: Value) -> Value:
    """More than one bit is set: by halves, which is less deep than `bits & (bits - 1)`."""

    def split(part: Value) -> tuple[Value, Value]:  # one bit is set, more than one
        if len(part) == 1:
            return part, Const(0, 1)
        (one, more), (other, others) = split(part[: len(part) // 2]), split(part[len(part) // 2 :])
        return one | other, more | others | (one & other)

    return split(bits)[1]
