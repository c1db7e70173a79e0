"""The ring's words of a deep build: each is gone through once, in order, bit by bit."""

from amaranth.hdl import Assert, Assume, Cover, Module, Signal

from sterna.rtl.words import QUEUE, RingWords
from sterna.spec import Hardware

from .harness import Harness, Inside, constant, drive, never_reset, past


class WordsHarness(Harness):
    """Any one word is in hand after the words before it, loses its bits one by one, and no other.

    Assumed: the ring gives that word's bits and types whenever it is asked for it; a context
    begins when the one before has ended, and its words are asked for only after that.
    """

    def __init__(self, hardware: Hardware, dut: RingWords | None = None) -> None:
        super().__init__()
        self.most = hardware.axons // 16
        self.dut = dut or RingWords(hardware=hardware, deep=True)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut, most = self.dut, self.most
        inside = Inside(dut)
        queue = inside.open("queue")
        contents = [queue["storage"].read_port(domain="comb") for _ in range(QUEUE)]
        m.submodules.dut = inside.module
        never_reset(m)
        drive(m, dut)
        word = constant(m, dut.asked.shape(), "word_followed")
        bits = constant(m, len(dut.taken), "bits")
        types = constant(m, len(dut.types), "types_followed")

        # the contract: which word was asked for one, two and three cycles ago
        running, ended, total = Signal(), Signal(), Signal.like(dut.words)
        with m.If(dut.start):
            m.d.sync += [running.eq(1), ended.eq(0), total.eq(dut.words)]
        with m.Elif(dut.ended):
            m.d.sync += ended.eq(1)
        ago = [(dut.take, dut.asked)]
        for _ in range(3):
            ago.append((past(m, ago[-1][0]), past(m, ago[-1][1])))
        m.d.comb += [
            Assume(word < most),
            Assume(dut.words <= most),
            Assume(~dut.scanning | (running & ~dut.start & (dut.words == total))),
            Assume(~dut.start | ~running | ended),
            Assume(~(ago[1][0] & (ago[1][1] == word)) | (dut.types == types)),
            Assume(~(ago[3][0] & (ago[3][1] == word)) | (dut.taken == bits)),
        ]

        # words begun, and those that wait: under way, or in the queue
        begun = Signal(range(most + 1))
        level = inside["queue"].level
        waiting = level + ago[1][0] + ago[2][0] + ago[3][0]
        pop = inside["pop"]
        with m.If(dut.start):
            m.d.sync += begun.eq(0)
        with m.Elif(pop):
            m.d.sync += begun.eq(begun + 1)
        current = dut.current
        lowest = current & -current
        removed = bits & ~current
        in_hand = (begun != 0) & (dut.word == word)
        m.d.comb += [
            # what is in hand is the rest of that word, its lowest bits gone; the word is right
            Assert(~running | (dut.word == (begun - 1)[: len(dut.word)])),
            Assert((begun != 0) | (current == 0)),
            Assert(~in_hand | ((current & ~bits) == 0)),
            Assert(~in_hand | (current == 0) | (removed < lowest[: len(bits)])),
            Assert(~in_hand | (current == 0) | (dut.current_types == types)),
            # it begins whole, loses a bit a cycle, and goes when none is left
            Assert(~past(m, pop & ~dut.start & (begun == word)) | (current == bits)),
            Assert(past(m, pop | dut.start) | (current == past(m, current & (current - 1)))),
            Assert(~pop | ((current & (current - 1)) == 0)),
            # all have begun when it ends, and no bit comes after those of the last
            Assert(~dut.ended | ((begun == dut.words) & ((current & (current - 1)) == 0))),
            Assert(~dut.take | (dut.asked < dut.words)),
        ]

        # invariants
        held, room = inside["held"], inside["room"]
        place = word - begun
        produce, consume = queue["produce"], queue["consume"]
        m.d.comb += [
            Assert(~running | (dut.asked == begun + waiting)),
            Assert(running | ((dut.asked == 0) & (waiting == 0) & (current == 0))),
            Assert(held == waiting),
            Assert(held <= QUEUE - 1),
            Assert(~room | (held <= QUEUE - 2)),
            Assert(dut.asked <= most),
            Assert(running | (~ended & (begun == 0))),
            Assert(begun + waiting <= total),
            Assert(total <= most),
            Assert(~ended | ((begun == total) & (waiting == 0) & (current == 0))),
            Assert((inside["arriving"] == ago[1][0]) & (inside["passing"] == ago[2][0])),
            Assert(inside["arrived"] == ago[3][0]),
            Assert(level <= QUEUE),
            Assert((produce - consume)[:3] == level[:3]),
            Assert(~ago[1][0] | (ago[1][1] == dut.asked - 1)),
            Assert(~ago[2][0] | (ago[2][1] == dut.asked - 1 - ago[1][0])),
            Assert(~ago[3][0] | (ago[3][1] == dut.asked - 1 - ago[1][0] - ago[2][0])),
            Assert(~(ago[2][0] & (ago[2][1] == word)) | (inside["types"] == types)),
            Assert(~(ago[3][0] & (ago[3][1] == word)) | (inside["late_types"] == types)),
        ]
        for i, port in enumerate(contents):
            here = (level > i) & (begun <= word) & (place == i)
            m.d.comb += [
                port.addr.eq(consume + i),
                Assert(~here | (port.data == (types << len(bits) | bits))),
            ]
        m.d.comb += [
            Cover(dut.ended & (dut.words == most) & (current != 0)),
            Cover(in_hand & (word == most - 1) & (current == bits) & (bits.bool())),
            Cover((held == QUEUE - 1) & ~inside["all_asked"]),
            Cover(dut.start & ended),
        ]
        return m
