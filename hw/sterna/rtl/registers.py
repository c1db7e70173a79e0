"""The registers of Space.REGISTER: what the device is, its two settings, its counters."""

from amaranth.hdl import Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.clock import Clock
from sterna.spec.hardware import Hardware
from sterna.spec.link import MAGIC, PROTOCOL_VERSION, REGISTERS, Register, hardware_registers

from .fabric import GENERIC, Fabric
from .memory import HostPort
from .signatures import COUNTERS


class Registers(wiring.Component):
    """The registers.

    Parameters
    ----------
    build_hash : 64 bits that tell builds apart.
    clock : of the device and its UART; None: it has no UART.
    fabric : of its counters.

    Members
    -------
    host : In(HostPort) - 32-bit words; writes to read-only registers do nothing.
    counters : In(COUNTERS) - the tile's.
    damaged, refused : In(1) - strobes of the receiver, counted here.
    used_contexts, tick_period, tick_base : Out - the settings.
    """

    def __init__(
        self,
        *,
        hardware: Hardware,
        build_hash: int,
        clock: Clock | None = None,
        fabric: Fabric = GENERIC,
    ) -> None:
        self._hardware = hardware
        self._clock = clock
        self._fabric = fabric
        self._build_hash = build_hash
        super().__init__(
            {
                "host": In(HostPort(width=32, depth=len(Register))),
                "counters": In(COUNTERS),
                "damaged": In(1),
                "refused": In(1),
                "used_contexts": Out(7),
                "tick_period": Out(32),
                "tick_base": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        m.submodules.crc_errors = crc_errors = self._fabric.counter()
        m.submodules.refused_frames = refused_frames = self._fabric.counter()
        m.d.comb += [
            crc_errors.step.eq(self.damaged),
            refused_frames.step.eq(self.refused),
        ]
        values = {
            Register.MAGIC: Const(MAGIC, 32),
            Register.PROTOCOL: Const(PROTOCOL_VERSION, 32),
            Register.BUILD_LOW: Const(self._build_hash & 0xFFFFFFFF, 32),
            Register.BUILD_HIGH: Const(self._build_hash >> 32, 32),
            Register.CLOCK: Const(self._clock.word if self._clock else 0, 32),
            Register.USED_CONTEXTS: self.used_contexts,
            Register.TICK_PERIOD: self.tick_period,
            # nothing looks at it where nothing is drawn
            Register.TICK_BASE: self.tick_base if self._hardware.random else Const(0, 32),
            Register.CRC_ERRORS: crc_errors.count,
            Register.REFUSED_FRAMES: refused_frames.count,
        }
        for register, value in hardware_registers(self._hardware).items():
            values[register] = Const(value, 32)
        for name in COUNTERS.members:
            values[Register[name.upper()]] = self.counters[name]

        with m.If(self.host.read), m.Switch(self.host.address):
            for register in Register:
                with m.Case(register.value):
                    m.d.sync += self.host.read_data.eq(values[register])
        with m.If(self.host.write):
            for register, (access, _) in REGISTERS.items():
                if access == "rw" and isinstance(values[register], Signal):
                    with m.If(self.host.address == register.value):
                        m.d.sync += values[register].eq(self.host.write_data)
        return m
