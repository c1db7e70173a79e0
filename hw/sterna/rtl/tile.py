"""The tile: one compute engine that serves all contexts, with its memories and the tick barrier."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import RING_WORD, Hardware
from sterna.spec.layout import EventKind, Space

from .counter import COUNTER_BITS
from .deep_router import DeepRouter
from .fabric import GENERIC, Fabric
from .integrator import Integrator
from .neuron import NeuronUnit
from .ring import DelayRing, ring_address
from .router import Router
from .scanner import Scanner
from .signatures import COUNTERS, EVENT, MemoryBus, Trace, bus_bits, input_layout
from .stage import Stage


class Tile(wiring.Component):
    """One tile.

    Parameters
    ----------
    hardware : its parameters.
    fabric : of its memories and counters.

    Members
    -------
    bus : In(MemoryBus) - memories, while `idle`.
    inputs : In(stream) - input spikes, due at tick `granted + delay`; held back while the delay
        ring has no slot for them.
    grants : In(stream(16)) - ticks granted, added to those outstanding.
    events : Out(stream(EVENT)) - output spikes and ends of ticks.
    used_contexts : In(7) - contexts that a tick visits: 0..n-1. Changes only while idle.
    tick_period : In(32) - cycles between starts of ticks; 0: as fast as granted.
    tick_base : In(32) - tick that counts as 0 in the draws.
    counters : Out(COUNTERS).
    idle : Out(1) - no tick runs and none is outstanding.
    trace : Out(Trace).
    stalled : Out(5) - of the streams inside, which wait: work, chunks, spikes, routed, lines. For
        verification.
    """

    def __init__(self, *, hardware: Hardware, fabric: Fabric = GENERIC) -> None:
        self._hardware = hardware
        self._fabric = fabric
        super().__init__(
            {
                "bus": In(MemoryBus(bus_bits(hardware))),
                "inputs": In(stream.Signature(input_layout(hardware))),
                "grants": In(stream.Signature(unsigned(16))),
                "events": Out(stream.Signature(EVENT)),
                "used_contexts": In(7),
                "tick_period": In(32),
                "tick_base": In(32),
                "counters": Out(COUNTERS),
                "idle": Out(1),
                "trace": Out(Trace(hardware)),
                "stalled": Out(5),
            }
        )

    @property
    def hardware(self) -> Hardware:
        """Parameters of the tile."""
        return self._hardware

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        hw, deep = self._hardware, self._fabric.deep
        m.submodules.ring = ring = DelayRing(hardware=hw, deep=deep)
        m.submodules.scanner = scanner = Scanner(hardware=hw, deep=deep)
        m.submodules.integrator = integrator = Integrator(hardware=hw, fabric=self._fabric)
        m.submodules.neurons = neurons = NeuronUnit(hardware=hw, deep=deep)
        m.submodules.router = router = (DeepRouter if deep else Router)(hardware=hw)
        wiring.connect(m, scanner.work, integrator.work)
        wiring.connect(m, scanner.active_axons, integrator.active_axons)
        wiring.connect(m, integrator.chunks, neurons.chunks)
        wiring.connect(m, neurons.spikes, router.spikes)
        staged = Const(0)  # a spike is between router and ring
        if deep:
            m.submodules.stage = stage = Stage(router.routed.p.shape())
            wiring.connect(m, router.routed, stage.i)
            wiring.connect(m, stage.o, ring.routed)
            staged = stage.busy
        else:
            wiring.connect(m, router.routed, ring.routed)
        wiring.connect(m, neurons.trace, wiring.flipped(self.trace))

        # The tick barrier: a tick ends when every context was scanned and no neuron and no spike
        # is under way any more. Stages are listed upstream first, and work moves only downstream
        # and is counted busy in every cycle of its way, so that all of them idle means the end.
        running, empty, drained = Signal(), Signal(), Signal()
        outstanding = Signal(17)  # ticks granted and not done, the running one included
        counters = self.counters
        ticks = Signal(COUNTER_BITS)  # done
        cycles = Signal(24)
        left = Signal(32)  # cycles until the next tick may start
        timed, due = Signal(), Signal()
        passed, may_start = Signal(init=1), Signal()
        starting, ending = Signal(), Signal()
        if deep:
            # from registers: that no cycle is left is seen ahead; that a tick is outstanding, late
            was_running = Signal()
            granted_some = Signal()
            m.d.sync += [
                timed.eq(self.tick_period != 0),
                passed.eq(left[1:] == 0),
                was_running.eq(running),
                granted_some.eq(outstanding != 0),
            ]
            m.d.comb += may_start.eq(granted_some & ~was_running)
        else:
            m.d.comb += [
                timed.eq(self.tick_period != 0),
                passed.eq(left == 0),
                may_start.eq(outstanding != 0),
            ]
        m.d.comb += [
            empty.eq(scanner.finished & ~(integrator.busy | neurons.busy | router.busy) & ~staged),
            due.eq(passed | ~timed),
            starting.eq(~running & may_start & due),
            ending.eq(drained & self.events.ready),
            self.idle.eq(outstanding == 0),
            # an input that waits was sent before, and its tick counts from the grants before it
            self.grants.ready.eq(~outstanding[16] & ~self.inputs.valid),
            scanner.running.eq(running),
            scanner.used_contexts.eq(self.used_contexts),
            scanner.slot.eq(ticks),
            router.slot.eq(ticks),
            integrator.tick.eq(ticks - self.tick_base),
            neurons.tick.eq(ticks - self.tick_base),
        ]
        inner = (scanner.work, integrator.chunks, neurons.spikes, router.routed, router.lines)
        m.d.comb += self.stalled.eq(Cat(stream.valid & ~stream.ready for stream in inner))
        granted = Signal(16)
        m.d.comb += granted.eq(Mux(self.grants.valid & self.grants.ready, self.grants.p, 0))
        # overrun: the next tick was due already when this one was drained
        was_drained, was_late, late = Signal(), Signal(), Signal()
        m.d.comb += late.eq(Mux(was_drained, was_late, timed & due))
        m.d.sync += [
            was_drained.eq(drained),
            was_late.eq(late),
            # once empty, a tick stays so until it ends
            drained.eq(running & empty & ~ending),
            outstanding.eq(outstanding + granted - ending),
            cycles.eq(Mux(cycles.all() | drained, cycles, cycles + 1)),
            left.eq(Mux((left == 0) | ~timed, 0, left - 1)),
        ]
        with m.If(starting):
            # the cycle in which it starts, and the first in which it runs
            m.d.sync += [running.eq(1), cycles.eq(2), left.eq(self.tick_period - 1)]
        with m.If(ending):
            m.d.sync += [running.eq(0), ticks.eq(ticks + 1)]

        # events: spikes on lines; when all are out, the end of the tick
        event = self.events.p
        m.d.comb += [
            self.events.valid.eq(router.lines.valid | drained),
            router.lines.ready.eq(self.events.ready),
        ]
        with m.If(router.lines.valid):
            m.d.comb += [event.kind.eq(EventKind.LINE), event.line.eq(router.lines.p)]
        with m.Else():
            m.d.comb += [
                event.kind.eq(EventKind.TICK_DONE),
                event.tick.eq(ticks),
                event.cycles.eq(cycles),
            ]

        # inputs, while their tick is near enough to have its own slot. That is seen a cycle
        # late, which is safe: a tick that ends brings it nearer. An input is acknowledged in the
        # cycle after the ring has taken it, so that no path leads from the ring to the host's side.
        ahead = Signal(18)
        slot = Signal(hw.slot_bits)  # stays while an input waits, as the end of a tick changes both
        open_ = Signal()
        delivered = Signal()
        m.d.comb += [
            ahead.eq(outstanding + self.inputs.p.delay),
            ring.inputs.valid.eq(open_),
            delivered.eq(open_ & ring.inputs.ready),
            ring.inputs.p.axons.eq(self.inputs.p.axons),
            ring.inputs.p.address.eq(ring_address(slot, self.inputs.p.context, self.inputs.p.word)),
            ring.take.eq(scanner.take),
            ring.take_address.eq(scanner.take_address),
            scanner.taken.eq(ring.taken),
        ]

        spikes = Signal(range(RING_WORD + 1))  # of the input that was acknowledged last
        m.d.sync += [
            slot.eq(ticks + ahead),
            open_.eq(
                self.inputs.valid & ~self.inputs.ready & ~delivered & (ahead < hw.delay_slots)
            ),
            self.inputs.ready.eq(delivered),
            spikes.eq(Mux(delivered, popcount(self.inputs.p.axons), 0)),
        ]
        m.d.comb += counters.ticks.eq(ticks)
        for name, step in {
            "spikes_in": spikes,
            "spikes_routed": router.routed.valid & router.routed.ready,
            "spikes_out": router.lines.valid & router.lines.ready,
            "dropped": router.dropped,
            "overruns": ending & late,
            "busy_cycles": running,
        }.items():
            m.submodules[name] = counter = self._fabric.counter()
            m.d.comb += [counter.step.eq(step), counters[name].eq(counter.count)]

        self._connect_bus(
            m,
            {
                Space.CROSSBAR: integrator.host,
                Space.TYPE_INDEX: neurons.type_index,
                Space.POTENTIAL: neurons.potential,
                Space.TYPE: neurons.type,
                Space.TARGET: router.host,
                Space.CONTEXT: scanner.host,
                Space.RING: ring.host,
                **({Space.AXON_TYPE: scanner.types} if hw.axon_types > 1 else {}),
            },
            delays={
                Space.CROSSBAR: self._fabric.crossbar_delay,
                **dict.fromkeys(
                    (Space.TYPE_INDEX, Space.POTENTIAL, Space.TYPE, Space.TARGET, Space.CONTEXT),
                    2,
                ),
                Space.RING: 3,
            },
        )
        if hw.stochastic_synapses:  # its copies are written with the neuron unit's, never read
            for name in ("type_index", "type"):
                copy, original = getattr(integrator, name), getattr(neurons, name)
                m.d.comb += [
                    copy.address.eq(original.address),
                    copy.write_data.eq(original.write_data),
                    copy.write.eq(original.write),
                ]
        return m

    def _connect_bus(
        self, m: Module, ports: dict[Space, wiring.PureInterface], delays: dict[Space, int]
    ) -> None:
        """Give each memory its space on the bus.

        A word read comes one cycle later. In a deep build it is asked for a cycle late, and comes
        two cycles after the slowest memory shows it.
        """
        bus, deep = self.bus, self._fabric.deep
        space_q = Signal.like(bus.space)
        address, write_data = bus.address, bus.write_data
        m.d.sync += space_q.eq(bus.space)
        reads = [bus.read]  # now, and some cycles ago
        for cycle in range(max(delays.values()) + 2 if deep else 0):
            reads.append(Signal(name=f"read_{cycle + 1}"))
            m.d.sync += reads[-1].eq(reads[-2])
        m.d.sync += bus.read_valid.eq(reads[-1])
        if deep:
            address, write_data = Signal.like(address), Signal.like(write_data)
            m.d.sync += [address.eq(bus.address), write_data.eq(bus.write_data)]
        for space, port in ports.items():
            here, strobes = Signal(name=f"here_{space.name.lower()}"), Cat(port.write, port.read)
            m.d.comb += [
                *(port.address.eq(address), port.write_data.eq(write_data)),
                here.eq(bus.space == space),
            ]
            asked = Cat(bus.write & here, bus.read & here)
            if not deep:
                m.d.comb += strobes.eq(asked)
                with m.If(space_q == space):
                    m.d.comb += bus.read_data.eq(port.read_data)
                continue
            held = Signal(2, name=f"asked_{space.name.lower()}")
            shown = Signal.like(port.read_data, name=f"shown_{space.name.lower()}")
            m.d.sync += [held.eq(asked), shown.eq(port.read_data)]
            m.d.comb += strobes.eq(held)
            with m.If(reads[delays.get(space, 1) + 2] & (space_q == space)):
                m.d.sync += bus.read_data.eq(shown)


def popcount(bits: Value) -> Value:
    """How many bits are set."""
    return sum((bit for bit in bits), start=Const(0))
