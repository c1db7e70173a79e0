"""Memories of the tile: each has one engine side, and a host side that is used while idle."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import bits_for

#: Attribute of a memory of which nobody looks at a word that is read while it is written. The block
#: RAM of FPGAs has no old word to show then; without it, synthesis keeps one in registers.
UNCHECKED = {"no_rw_check": 1}


class HostPort(wiring.Signature):
    """The host's access to a memory, from the host's side.

    Its reads take precedence over the engine's, and the engine's writes over its own; the engine
    writes nothing while the tile is idle.

    Members
    -------
    address : Out - word.
    write, write_data : Out - store at the coming clock edge.
    read : Out(1) - strobe: asks for the word.
    read_data : In - the word asked for; valid only in the cycle after `read`, or as many cycles
        after it as the memory's `delay` says.
    """

    def __init__(self, *, width: int, depth: int) -> None:
        super().__init__(
            {
                "address": Out(bits_for(depth)),
                "write": Out(1),
                "write_data": Out(width),
                "read": Out(1),
                "read_data": In(width),
            }
        )


class TileMemory(wiring.Component):
    """One synchronous read port and one write port, each shared with the host.

    A word read while it is written comes out as anything.

    Parameters
    ----------
    deep : with a register behind it, which a block RAM may have of its own. While the tile is idle,
        `read_enable` must be asserted: it moves the host's words too.

    Members
    -------
    read_address, read_enable : In - `read_data` is that word `delay` advances later, and stays
        until the next read; an advance is a cycle with `read_enable`.
    read_data : Out(width).
    write_address, write_data, write_enable : In.
    host : In(HostPort).
    """

    def __init__(self, *, width: int, depth: int, deep: bool = False) -> None:
        self._width, self._depth, self._deep = width, depth, deep
        address = bits_for(depth)
        super().__init__(
            {
                "read_address": In(address),
                "read_enable": In(1),
                "read_data": Out(width),
                "write_address": In(address),
                "write_data": In(width),
                "write_enable": In(1),
                "host": In(HostPort(width=width, depth=depth)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        # one word alone would have an address of no bits, which Verilog does not know
        depth = max(2, self._depth)
        m.submodules.words = words = memory.Memory(
            shape=self._width, depth=depth, init=[], attrs=UNCHECKED
        )
        read, write, host = words.read_port(), words.write_port(), self.host
        m.d.comb += [
            read.addr.eq(Mux(host.read, host.address, self.read_address)),
            read.en.eq(host.read | self.read_enable),
            host.read_data.eq(self.read_data),
            # in this order nothing is left of the choice where only the host writes
            write.addr.eq(Mux(self.write_enable, self.write_address, host.address)),
            write.data.eq(Mux(self.write_enable, self.write_data, host.write_data)),
            write.en.eq(host.write | self.write_enable),
        ]
        if self._deep:
            held = Signal(self._width, reset_less=True)
            with m.If(self.read_enable):
                m.d.sync += held.eq(read.data)
            m.d.comb += self.read_data.eq(held)
        else:
            m.d.comb += self.read_data.eq(read.data)
        return m

    @property
    def delay(self) -> int:
        """Advances from an address to its word."""
        return 2 if self._deep else 1


class CrossbarStore(wiring.Component):
    """Weights: words of `lanes` trits behind one address, as a single-port RAM has it.

    This is the block-RAM and simulation form. A single-port RAM (SPRAM) fits the same members.

    Members
    -------
    read_address, read_enable : In - as in `TileMemory`, but for the `delay`.
    read_data : Out(2 lanes) - lane l in bits 2l+1..2l, two's complement.
    host : In(HostPort).
    """

    #: Advances (cycles with `read_enable`) from an address to its word.
    delay = 1

    def __init__(self, *, lanes: int, depth: int) -> None:
        self._lanes, self._depth = lanes, depth
        super().__init__(
            {
                "read_address": In(bits_for(depth)),
                "read_enable": In(1),
                "read_data": Out(2 * lanes),
                "host": In(HostPort(width=2 * lanes, depth=depth)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        m.submodules.words = words = memory.Memory(
            shape=2 * self._lanes, depth=self._depth, init=[]
        )
        read, write, host = words.read_port(), words.write_port(), self.host
        address = Mux(host.read | host.write, host.address, self.read_address)
        m.d.comb += [
            read.addr.eq(address),
            read.en.eq((host.read | self.read_enable) & ~host.write),
            self.read_data.eq(read.data),
            host.read_data.eq(read.data),
            write.addr.eq(address),
            write.data.eq(host.write_data),
            write.en.eq(host.write),
        ]
        return m
