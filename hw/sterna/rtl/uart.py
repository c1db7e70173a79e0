"""Bytes on a pair of wires: 8 data bits, no parity, one stop bit."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from sterna.spec.clock import LEAST_DIVISOR


def _check_divisor(divisor: int) -> None:
    if not isinstance(divisor, int) or divisor < LEAST_DIVISOR:
        raise ValueError(f"divisor must be an integer of at least {LEAST_DIVISOR}, not {divisor!r}")


class UartReceiver(wiring.Component):
    """Receives bytes.

    A start bit shorter than half a bit is a glitch and ignored; a byte whose stop bit is low (a
    break, another bit rate) is dropped: the frame's CRC finds the gap.

    Parameters
    ----------
    divisor : clock cycles a bit, at least 4.

    Members
    -------
    rx : In(1) - the pin, asynchronous, idle high.
    bytes : Out(stream(8), always_ready) - valid for one cycle; credit keeps it from overrunning.
    idle : Out(1) - no byte is under way.
    """

    def __init__(self, *, divisor: int) -> None:
        _check_divisor(divisor)
        self._divisor = divisor
        super().__init__(
            {
                "rx": In(1, init=1),
                "bytes": Out(stream.Signature(8, always_ready=True)),
                "idle": Out(1, init=1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        rx = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, rx, init=1)
        timer = Signal(range(self._divisor))
        bits = Signal(range(8))
        shift = Signal(8)
        m.d.sync += [timer.eq(timer - 1), self.bytes.valid.eq(0)]
        m.d.comb += self.bytes.p.eq(shift)
        with m.FSM() as fsm:
            m.d.comb += self.idle.eq(fsm.ongoing("IDLE") & rx)
            with m.State("IDLE"):
                m.d.sync += timer.eq((self._divisor + 1) // 2 - 1)  # half a bit, rounded up
                with m.If(~rx):
                    m.next = "START"
            with m.State("START"), m.If(timer == 0):
                m.d.sync += [timer.eq(self._divisor - 1), bits.eq(7)]
                with m.If(rx):
                    m.next = "IDLE"
                with m.Else():
                    m.next = "DATA"
            with m.State("DATA"), m.If(timer == 0):
                m.d.sync += [
                    timer.eq(self._divisor - 1),
                    bits.eq(bits - 1),
                    shift.eq(Cat(shift[1:], rx)),
                ]
                with m.If(bits == 0):
                    m.next = "STOP"
            with m.State("STOP"), m.If(timer == 0):
                m.d.sync += self.bytes.valid.eq(rx)
                # at 4 cycles a bit, a fast sender's next start bit is but a cycle away
                with m.If(rx):
                    m.next = "IDLE"
                with m.Else():
                    m.next = "BREAK"  # it lasts until the line is high again
            with m.State("BREAK"), m.If(rx):
                m.next = "IDLE"
        return m


class UartTransmitter(wiring.Component):
    """Sends bytes.

    Parameters
    ----------
    divisor : clock cycles a bit, at least 4.

    Members
    -------
    bytes : In(stream(8)).
    tx : Out(1) - the pin, idle high.
    idle : Out(1) - no byte is under way.
    """

    def __init__(self, *, divisor: int) -> None:
        _check_divisor(divisor)
        self._divisor = divisor
        super().__init__(
            {"bytes": In(stream.Signature(8)), "tx": Out(1, init=1), "idle": Out(1, init=1)}
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        timer = Signal(range(self._divisor))
        shift = Signal(9, init=0x1FF)  # the bits to send after the one on the pin, then ones
        bits = Signal(range(11))
        m.d.comb += [self.bytes.ready.eq(bits == 0), self.idle.eq(bits == 0)]
        with m.If(self.bytes.valid & self.bytes.ready):
            m.d.sync += [
                self.tx.eq(0),
                shift.eq(Cat(self.bytes.p, 1)),
                bits.eq(10),
                timer.eq(self._divisor - 1),
            ]
        with m.Elif(bits != 0):
            m.d.sync += timer.eq(timer - 1)
            with m.If(timer == 0):
                m.d.sync += [
                    timer.eq(self._divisor - 1),
                    self.tx.eq(shift[0]),
                    shift.eq(Cat(shift[1:], 1)),
                    bits.eq(bits - 1),
                ]
        return m
