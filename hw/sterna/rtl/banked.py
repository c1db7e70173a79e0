"""Crossbars in banks of block RAM, with registers before and behind each.

Many block RAMs lie far apart, and each takes most of 10 ns by itself: their address is carried to
them in a cycle of its own, and what they show is carried back and joined in two more.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import memory

from sterna.spec.hardware import bits_for

from .memory import CrossbarStore

#: Words of a bank at most: the block RAM of an ECP5 is that deep where it is two bits wide, a trit.
BANK_WORDS = 8192


class BankedStore(CrossbarStore):
    """A `CrossbarStore` that takes four advances: to the bank, read, from the bank, joined.

    There are two banks at least. One that is not read shows 0, so that all can be OR-ed.
    """

    delay = 4

    def elaborate(self, platform: object) -> Module:
        m = Module()
        host, width = self.host, 2 * self._lanes
        within = min(bits_for(BANK_WORDS), len(self.read_address) - 1)
        hosted, move = Signal(), Signal()
        address = Signal.like(self.read_address)
        given = Signal(width)
        m.d.comb += [
            hosted.eq(host.read | host.write),
            move.eq(self.read_enable | hosted),
            address.eq(Mux(hosted, host.address, self.read_address)),
            host.read_data.eq(self.read_data),
        ]
        m.d.sync += given.eq(host.write_data)
        joined = 0
        for number, first in enumerate(range(0, self._depth, 1 << within)):
            m.submodules[f"bank_{number}"] = words = memory.Memory(
                shape=width, depth=max(2, min(1 << within, self._depth - first)), init=[]
            )
            read, write = words.read_port(), words.write_port()
            here = Signal(name=f"here_{number}")
            reading, shows = Signal(name=f"reading_{number}"), Signal(name=f"shows_{number}")
            at = Signal(len(read.addr), name=f"at_{number}")
            word = Signal(width, name=f"word_{number}")
            m.d.comb += [
                here.eq(address[within:] == number),
                read.addr.eq(at),
                read.en.eq(reading & move & ~write.en),
                write.addr.eq(at),
                write.data.eq(given),
            ]
            m.d.sync += write.en.eq(here & host.write)
            with m.If(move):
                m.d.sync += [
                    at.eq(address),
                    reading.eq(here & ~host.write),
                    shows.eq(reading),
                    word.eq(Mux(shows, read.data, 0)),
                ]
            joined |= word
        with m.If(move):
            m.d.sync += self.read_data.eq(joined)
        return m
