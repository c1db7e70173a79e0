"""A device that tests itself, without a host: its memories by a march, then a script.

It is built in place of a device, from the same parts but for the link: in the place of the host's
messages are those of a march test (MATS++) over every word of every memory, and of a script (a
network, its inputs, and the answers that a sound device gives).

    up: write p;  up: read p, write ~p;  down: read ~p, write p;  up: read p, write 0

`p` is a pattern of the address, so that a word that lies in another's place is noticed too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import Hardware
from sterna.spec.layout import Space, depth, word_bits, word_bytes
from sterna.spec.link import ACCESS, DeviceOp, HostOp

from .device import Core
from .fabric import GENERIC, Fabric

#: Passes of the march: whether it goes down, whether it reads; what it writes.
UP_WRITE, UP_SWAP, DOWN_SWAP, UP_CLEAR = range(4)


@dataclass(frozen=True)
class Step:
    """One byte of a script: to send, or to be answered; `any`: whatever it is.

    `sends` and `any` are not both set.
    """

    byte: int
    sends: bool = False
    any: bool = False

    @property
    def word(self) -> int:
        """The step as a word of the script's memory."""
        return self.byte | self.sends << 8 | self.any << 9


STEP_BITS = 10


class Player(wiring.Component):
    """Plays the march, then the script, as the host of a device.

    Parameters
    ----------
    hardware : the device's.
    script : steps after the march.

    Members
    -------
    messages : Out(stream(8)) - to the device.
    answers : In(stream(8)) - from the device.
    passed, failed : Out(1) - how it ended; one of them stays high.
    """

    def __init__(self, *, hardware: Hardware, script: Sequence[Step]) -> None:
        self._hardware, self._script = hardware, script
        super().__init__(
            {
                "messages": Out(stream.Signature(8)),
                "answers": In(stream.Signature(8)),
                "passed": Out(1),
                "failed": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        hw = self._hardware
        spaces = [space for space in Space if space != Space.REGISTER and depth(space, hw)]
        space = Signal(range(len(spaces)))
        number, last_address, last_byte, mask = (
            Array(values)[space]
            for values in (
                [Const(one, 8) for one in spaces],
                [Const(depth(one, hw) - 1, 16) for one in spaces],
                [Const(ACCESS.size + word_bytes(one, hw) - 1, 5) for one in spaces],
                [Const((1 << (word_bits(one, hw) - 1) % 8 + 1) - 1, 8) for one in spaces],
            )
        )
        march, address, at = Signal(2), Signal(16), Signal(5)

        # a byte of a message that reads, writes or answers: its head, then the word
        op, inverted, cleared = Signal(8), Signal(), Signal()
        pattern, byte = Signal(8), Signal(8)
        m.d.comb += [
            pattern.eq(
                Mux(at[0], address[8:], address[:8]) ^ Cat(at[:4], at[:4]) ^ inverted.replicate(8)
            ),
        ]
        with m.Switch(at):
            for place, value in enumerate((op, number, address[:8], address[8:], 1, 0)):
                with m.Case(place):
                    m.d.comb += byte.eq(value)
            with m.Default(), m.If(~cleared):
                m.d.comb += byte.eq(pattern & Mux(at == last_byte, mask, 0xFF))
        # a byte goes the cycle after it was made, and an answer is judged the cycle after it came:
        # no path is long, and time there is enough
        held, settled, wrong = Signal(8), Signal(), Signal()
        sent, taken = Signal(), Signal()
        m.d.comb += [
            sent.eq(self.messages.valid & self.messages.ready),
            taken.eq(self.answers.valid & self.answers.ready),
        ]
        m.d.sync += [held.eq(byte), settled.eq(~(sent | taken))]

        script = memory.Memory(
            shape=STEP_BITS, depth=len(self._script), init=[step.word for step in self._script]
        )
        m.submodules.script = script
        played = script.read_port()
        step = Signal(range(len(self._script) + 1))
        entry = Signal(STEP_BITS, reset_less=True)
        script_byte, sends, accepts_any = entry[:8], entry[8], entry[9]
        m.d.comb += [played.en.eq(1), played.addr.eq(step)]
        m.d.sync += entry.eq(played.data)

        down = march == DOWN_SWAP
        at_end = Mux(down, address == 0, address == last_address)
        with m.FSM():
            with m.State("BEGIN"):  # of a pass
                m.d.sync += address.eq(Mux(down, last_address, 0))
                m.next = "ACCESS"
            with m.State("ACCESS"):
                m.d.sync += [at.eq(0), settled.eq(0)]
                m.next = "READ"
                with m.If(march == UP_WRITE):
                    m.next = "WRITE"
            with m.State("READ"):
                m.d.comb += [op.eq(HostOp.READ), self.messages.p.eq(held)]
                m.d.comb += self.messages.valid.eq(settled)
                with m.If(sent):
                    m.d.sync += at.eq(at + 1)
                    with m.If(at == ACCESS.size - 1):
                        m.d.sync += at.eq(0)
                        m.next = "COMPARE"
            with m.State("COMPARE"):
                # written by the pass before
                m.d.comb += [op.eq(DeviceOp.DATA), inverted.eq(down)]
                m.d.comb += self.answers.ready.eq(settled)
                with m.If(taken):
                    m.d.sync += [at.eq(at + 1), wrong.eq(wrong | (self.answers.p != held))]
                    with m.If(at == last_byte):
                        m.d.sync += at.eq(0)
                        m.next = "WRITE"
            with m.State("WRITE"):
                m.d.comb += [
                    *(op.eq(HostOp.WRITE), self.messages.p.eq(held)),
                    self.messages.valid.eq(settled),
                    *(inverted.eq(march == UP_SWAP), cleared.eq(march == UP_CLEAR)),
                ]
                with m.If(sent):
                    m.d.sync += at.eq(at + 1)
                    with m.If(at == last_byte):
                        m.next = "NEXT"
            with m.State("NEXT"):
                m.d.sync += address.eq(Mux(down, address - 1, address + 1))
                m.next = "ACCESS"
                with m.If(at_end):
                    m.d.sync += march.eq(march + 1)
                    m.next = "BEGIN"
                    with m.If(march == UP_CLEAR):
                        m.d.sync += space.eq(space + 1)
                        with m.If(space == len(spaces) - 1):
                            m.next = "FETCH"
                with m.If(wrong):
                    m.next = "FAILED"
            with m.State("FETCH"):  # the step is there two cycles later
                m.next = "LOAD"
                with m.If(wrong):
                    m.next = "FAILED"
                with m.Elif(step == len(self._script)):
                    m.next = "PASSED"
            with m.State("LOAD"):
                m.next = "STEP"
            with m.State("STEP"):
                m.d.comb += [
                    self.messages.p.eq(script_byte),
                    self.messages.valid.eq(sends),
                    self.answers.ready.eq(~sends),
                ]
                with m.If(taken & ~accepts_any):
                    m.d.sync += wrong.eq(wrong | (self.answers.p != script_byte))
                with m.If(sent | taken):
                    m.d.sync += step.eq(step + 1)
                    m.next = "FETCH"
            with m.State("PASSED"):
                m.d.comb += self.passed.eq(1)
            with m.State("FAILED"):
                m.d.comb += self.failed.eq(1)
        return m


class SelfTest(wiring.Component):
    """A tile and what executes messages, with a `Player` as host.

    Parameters
    ----------
    hardware, fabric : as of `sterna.rtl.device.Device`.
    script : as of `Player`.

    Members
    -------
    passed, failed : Out(1) - how it ended.
    """

    def __init__(
        self, *, hardware: Hardware, script: Sequence[Step], fabric: Fabric = GENERIC
    ) -> None:
        self._hardware, self._fabric, self._script = hardware, fabric, script
        super().__init__({"passed": Out(1), "failed": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        m.submodules.player = player = Player(hardware=self._hardware, script=self._script)
        core = Core(hardware=self._hardware, build_hash=0, fabric=self._fabric)
        never = Const(0)
        core.add(m, restart=never)
        core.join(m)
        core.connect(
            m,
            player.messages,
            player.answers,
            restart=never,
            strobes=Const(0, 2),
            idle=Signal(),
            ends_idle=(Const(1), Const(1)),
        )
        m.d.comb += [self.passed.eq(player.passed), self.failed.eq(player.failed)]
        return m
