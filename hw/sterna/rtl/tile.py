"""The tile: one compute engine that serves all contexts, with its memories and the tick barrier."""

from amaranth.hdl import Module, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import Hardware

from .signatures import COUNTERS, EVENT, MemoryBus, Trace, bus_bits, input_layout


class Tile(wiring.Component):
    """One tile.

    Parameters
    ----------
    hardware : its parameters.

    Members
    -------
    bus : In(MemoryBus) - memories, while `idle`.
    inputs : In(stream) - input spikes, due at tick `granted + delay`; held back while the delay
        ring has no slot for them.
    grants : In(stream(16)) - ticks granted, added to those outstanding.
    events : Out(stream(EVENT)) - output spikes and ends of ticks.
    used_contexts : In(7) - contexts that a tick visits: 0..n-1. Changes only while idle.
    tick_period : In(32) - cycles between starts of ticks; 0: as fast as granted.
    counters : Out(COUNTERS).
    idle : Out(1) - no tick runs and none is outstanding.
    trace : Out(Trace).
    """

    def __init__(self, *, hardware: Hardware) -> None:
        self._hardware = hardware
        super().__init__(
            {
                "bus": In(MemoryBus(bus_bits(hardware))),
                "inputs": In(stream.Signature(input_layout(hardware))),
                "grants": In(stream.Signature(unsigned(16))),
                "events": Out(stream.Signature(EVENT)),
                "used_contexts": In(7),
                "tick_period": In(32),
                "counters": Out(COUNTERS),
                "idle": Out(1),
                "trace": Out(Trace(hardware)),
            }
        )

    @property
    def hardware(self) -> Hardware:
        return self._hardware

    def elaborate(self, platform: object) -> Module:
        m = Module()
        return m
