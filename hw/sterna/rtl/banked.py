"""Crossbars in banks of block RAM, with registers before and behind each.

Many block RAMs lie far apart, and each takes most of 10 ns by itself: their address is carried to
them in its own cycle, and what they show is carried back and joined in two more.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import memory

from sterna.spec.hardware import bits_for

from .memory import CrossbarStore

#: Bits of a column of a bank. In one that is wider Yosys finds block RAMs of nine bits cheaper, of
#: which several must be chosen from.
COLUMN_BITS = 64
#: Words of a bank at most: the block RAM of an ECP5 is that deep where it is two bits wide, a trit.
BANK_WORDS = 8192


class BankedStore(CrossbarStore):
    """A `CrossbarStore` that takes five cycles: to the bank, read, hold, from the bank, join.

    It moves in every cycle, whatever `read_enable` says; who reads takes the words as they come.
    There are two banks at least. One that is not read shows 0, so that all can be OR-ed.
    """

    delay = 5

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        host, width = self.host, 2 * self._lanes
        within = min(bits_for(BANK_WORDS), len(self.read_address) - 1)
        hosted = Signal()
        address = Signal.like(self.read_address)
        given = Signal(width)
        m.d.comb += [
            hosted.eq(host.read | host.write),
            address.eq(Mux(hosted, host.address, self.read_address)),
            host.read_data.eq(self.read_data),
        ]
        m.d.sync += given.eq(host.write_data)
        joined = 0
        for number, first in enumerate(range(0, self._depth, 1 << within)):
            depth = max(2, min(1 << within, self._depth - first))
            here, writes = Signal(name=f"here_{number}"), Signal(name=f"writes_{number}")
            reading, shows = Signal(name=f"reading_{number}"), Signal(name=f"shows_{number}")
            held_shows = Signal(name=f"held_shows_{number}")
            at = Signal(bits_for(depth), name=f"at_{number}")
            # without a reset, a register that a block RAM may have of its own
            held = Signal(width, name=f"held_{number}", reset_less=True)
            word = Signal(width, name=f"word_{number}")
            m.d.comb += here.eq(address[within:] == number)
            m.d.sync += [
                *(writes.eq(here & host.write), reading.eq(here)),
                *(shows.eq(reading), held_shows.eq(shows)),
                word.eq(Mux(held_shows, held, 0)),
            ]
            with m.If(here):  # a bank that is not read stands still
                m.d.sync += at.eq(address)
            for column in range(0, width, COLUMN_BITS):
                bits = slice(column, min(column + COLUMN_BITS, width))
                words = memory.Memory(shape=bits.stop - column, depth=depth, init=[])
                m.submodules[f"bank_{number}_{column}"] = words
                read, write = words.read_port(), words.write_port()
                m.d.comb += [
                    *(read.addr.eq(at), read.en.eq(1)),
                    *(write.addr.eq(at), write.en.eq(writes), write.data.eq(given[bits])),
                ]
                m.d.sync += held[bits].eq(read.data)
            joined |= word
        m.d.sync += self.read_data.eq(joined)
        return m
