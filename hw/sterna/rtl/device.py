"""The device: a tile and its host link, with the wire as bytes or as pins."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.clock import CLOCK, Clock
from sterna.spec.hardware import Hardware
from sterna.spec.layout import Space

from .decoder import Decoder
from .encoder import Encoder
from .fabric import GENERIC, Fabric
from .receiver import ReceivedFrame, Receiver
from .registers import Registers
from .signatures import MemoryBus, Trace, bus_bits
from .stage import Stage
from .tile import Tile
from .transmitter import Transmitter
from .uart import UartReceiver, UartTransmitter


class Device(wiring.Component):
    """A device whose wire is a stream of bytes each way.

    Parameters
    ----------
    hardware : parameters of its tile.
    build_hash : 64 bits, part of the handshake (`sterna.rtl.build_hash`).
    clock : part of the handshake; None: the wire is no UART.
    fabric : of its memories and counters.

    Members
    -------
    rx : In(stream(8)) - bytes from the host.
    tx : Out(stream(8)) - bytes to the host.
    idle : Out(1) - nothing will happen until a byte comes.
    trace : Out(Trace) - the tile's.
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
                "rx": In(stream.Signature(8)),
                "tx": Out(stream.Signature(8)),
                "idle": Out(1),
                "trace": Out(Trace(hardware)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        ring_bytes = self._fabric.ring_bytes
        m.submodules.receiver = receiver = Receiver(ring_bytes=ring_bytes)
        m.submodules.transmitter = transmitter = Transmitter(ring_bytes=ring_bytes)
        # the frame is a cycle later in a deep build: to judge it takes long
        received = receiver.received
        strobes = Cat(receiver.damaged, receiver.refused)
        if self._fabric.deep:
            received = ReceivedFrame().create()
            counted = Signal(2)
            m.d.sync += counted.eq(strobes)
            strobes = counted
            for name in ReceivedFrame().members:
                m.d.sync += getattr(received, name).eq(getattr(receiver.received, name))
        core = Core(
            hardware=self._hardware,
            build_hash=self._build_hash,
            clock=self._clock,
            fabric=self._fabric,
        )
        # a SYN starts both streams of messages anew
        core.add(m, restart=received.syn)
        wiring.connect(m, wiring.flipped(self.rx), receiver.bytes)
        for name in ReceivedFrame().members:
            m.d.comb += getattr(transmitter.received, name).eq(getattr(received, name))
        m.d.comb += receiver.near.eq(transmitter.near)
        core.join(m)
        wiring.connect(m, transmitter.bytes, wiring.flipped(self.tx))
        wiring.connect(m, core.tile.trace, wiring.flipped(self.trace))
        core.connect(
            m,
            receiver.payload,
            transmitter.payload,
            restart=received.syn,
            strobes=strobes,
            idle=self.idle,
            ends_idle=(receiver.idle, transmitter.idle),
        )
        return m


class Core:
    """Executes a host's messages: decoder, tile, registers and encoder, within a module.

    Parameters are those of `Device`.

    Members
    -------
    tile, registers : the components.
    """

    def __init__(
        self,
        *,
        hardware: Hardware,
        build_hash: int,
        clock: Clock | None = None,
        fabric: Fabric = GENERIC,
    ) -> None:
        self._fabric = fabric
        self._bus = MemoryBus(bus_bits(hardware))
        self._decoder, self._encoder = Decoder(hardware=hardware), Encoder()
        self.registers = Registers(
            hardware=hardware, build_hash=build_hash, clock=clock, fabric=fabric
        )
        self.tile = Tile(hardware=hardware, fabric=fabric)

    def add(self, m: Module, *, restart: Value) -> None:
        """Add the components to a module; `restart` starts both streams of messages afresh."""
        m.submodules.decoder = ResetInserter(restart)(self._decoder)
        m.submodules.encoder = ResetInserter(restart)(self._encoder)
        m.submodules.registers = self.registers
        m.submodules.tile = self.tile

    def join(self, m: Module) -> None:
        """Connect the components with each other."""
        decoder, encoder = self._decoder, self._encoder
        wiring.connect(m, decoder.grants, self.tile.grants)
        wiring.connect(m, decoder.reply, encoder.reply)
        wiring.connect(m, decoder.failure, encoder.failure)
        wiring.connect(m, self.tile.events, encoder.events)

    def connect(
        self,
        m: Module,
        messages: Any,
        answers: Any,
        *,
        restart: Value,
        strobes: Value,
        idle: Value,
        ends_idle: tuple[Value, Value],
    ) -> None:
        """Connect them with the streams of messages and of answers.

        Parameters
        ----------
        restart : as of `add`.
        strobes : a damaged frame, a refused one; they are counted.
        idle : driven: nothing is under way here, nor at the streams' ends, `ends_idle`.
        """
        decoder, encoder, tile, registers = self._decoder, self._encoder, self.tile, self.registers
        waits = []  # what is between the parts
        for source, sink, both in (
            # the first register is the block RAM's own
            (messages, decoder.messages, (False, True)),
            (decoder.inputs, tile.inputs, (True,)),
            (encoder.messages, answers, (True,)),
        ):
            for stage in (Stage(sink.p.shape(), both=way) for way in both if self._fabric.deep):
                m.submodules += ResetInserter(restart)(stage)
                wiring.connect(m, source, stage.i)
                waits.append(stage.busy)
                source = stage.o
            wiring.connect(m, source, sink)
        m.d.comb += [
            decoder.tile_idle.eq(tile.idle),
            registers.counters.eq(tile.counters),
            Cat(registers.damaged, registers.refused).eq(strobes),
            tile.used_contexts.eq(registers.used_contexts),
            tile.tick_period.eq(registers.tick_period),
            tile.tick_base.eq(registers.tick_base),
            idle.eq(
                Cat(
                    *(ends_idle[0], decoder.idle, tile.idle, encoder.idle, ends_idle[1]),
                    *(~wait for wait in waits),
                ).all()
            ),
        ]
        self._connect_bus(m)

    def _connect_bus(self, m: Module) -> None:
        """The registers are one more memory on the tile's bus."""
        tile, registers = self.tile, self.registers
        bus = self._decoder.bus
        if self._fabric.deep:  # a cycle later
            bus = self._bus.create()
            for name, member in self._bus.members.items():
                ours, others = getattr(bus, name), getattr(self._decoder.bus, name)
                if member.flow is Out:
                    m.d.sync += ours.eq(others)
                else:
                    m.d.comb += others.eq(ours)
        is_register = bus.space == Space.REGISTER
        m.d.comb += [
            tile.bus.space.eq(bus.space),
            tile.bus.address.eq(bus.address),
            tile.bus.write.eq(bus.write),
            tile.bus.write_data.eq(bus.write_data),
            tile.bus.read.eq(bus.read),
            registers.host.address.eq(bus.address),
            registers.host.write.eq(bus.write & is_register),
            registers.host.write_data.eq(bus.write_data),
            registers.host.read.eq(bus.read & is_register & ~bus.again),
            bus.read_valid.eq(tile.bus.read_valid),
            bus.read_data.eq(Mux(is_register, registers.host.read_data, tile.bus.read_data)),
        ]


class PinDevice(wiring.Component):
    """A device whose wire is a UART.

    Parameters
    ----------
    hardware, build_hash, fabric : as of `Device`.
    clock : of the device; its bit rate is the UART's.

    Members
    -------
    rx, tx : the pins.
    idle, trace : as of `Device`; busy also while a byte is on the pins.
    """

    def __init__(
        self,
        *,
        hardware: Hardware,
        build_hash: int,
        clock: Clock = CLOCK,
        fabric: Fabric = GENERIC,
    ) -> None:
        self._device = Device(hardware=hardware, build_hash=build_hash, clock=clock, fabric=fabric)
        self._divisor = clock.divisor
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "idle": Out(1),
                "trace": Out(Trace(hardware)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        m.submodules.device = device = self._device
        m.submodules.receiver = receiver = UartReceiver(divisor=self._divisor)
        m.submodules.transmitter = transmitter = UartTransmitter(divisor=self._divisor)
        wiring.connect(m, device.tx, transmitter.bytes)
        wiring.connect(m, device.trace, wiring.flipped(self.trace))
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            # the link may pause for one cycle after a frame; bytes are many cycles apart
            device.rx.valid.eq(receiver.bytes.valid),
            device.rx.p.eq(receiver.bytes.p),
            self.idle.eq(device.idle & receiver.idle & transmitter.idle),
        ]
        return m
