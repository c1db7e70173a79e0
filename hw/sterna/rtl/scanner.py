"""The scanner: reads each context's descriptor, and lists the axons with a spike due.

It runs one context ahead of the integrator: while that works on one list, the next is made in the
other half of the list memory. The integrator may start on a list that is still growing.
"""

from amaranth.hdl import Array, Cat, Const, Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from sterna.spec.hardware import CONTEXT_WORDS, RING_WORD, Hardware, bits_for
from sterna.spec.layout import ContextField, Space, word_bits

from .memory import HostPort, TileMemory
from .ring import ring_address, set_layout
from .words import RingWords

WORD_BITS = bits_for(RING_WORD)


def work_layout(hardware: Hardware) -> data.StructLayout:
    """One context's work for one tick: its descriptor, and which half holds its list."""
    return data.StructLayout(
        {
            "context": hardware.context_bits,
            "half": 1,
            "crossbar": bits_for(hardware.crossbar_words),
            "axons": hardware.axon_bits + 1,
            "neurons": hardware.neuron_bits + 1,
            "type_index_at": bits_for(hardware.neuron_words),
            "potential_at": bits_for(hardware.neuron_words),
            "target_at": bits_for(hardware.targets),
            "fan_out": bits_for(hardware.targets),
            "seed_low": 16,
            "seed_high": 16,
        }
    )


def counts_layout(hardware: Hardware) -> data.ArrayLayout:
    """Active axons of one context, by axon type."""
    return data.ArrayLayout(hardware.axon_bits + 1, hardware.axon_types)


class ActiveList(wiring.Signature):
    """The lists of active axons, one for each axon type, from the scanner's side.

    Members
    -------
    count : Out, one a half and axon type - axons listed so far.
    some : Out(1), one a half and axon type - there are any.
    complete : Out(1), one a half - the lists will not grow any more.
    address, enable : In - {half, axon type, index}; read.
    axon : Out - the axon read, in the next cycle, until the next read.
    """

    def __init__(self, hardware: Hardware) -> None:
        super().__init__(
            {
                "count": Out(data.ArrayLayout(counts_layout(hardware), 2)),
                "some": Out(data.ArrayLayout(hardware.axon_types, 2)),
                "complete": Out(2),
                "address": In(hardware.axon_bits + hardware.axon_type_bits + 1),
                "enable": In(1),
                "axon": Out(hardware.axon_bits),
            }
        )


class Scanner(wiring.Component):
    """The scanner.

    Parameters
    ----------
    deep : an axon that was found goes through a register before it is listed.

    Members
    -------
    running : In(1) - a tick is running; `slot` and `used_contexts` are stable meanwhile.
    slot : In - delay slot of the tick.
    used_contexts : In(7) - values above the number of contexts mean all.
    finished : Out(1) - all contexts of the tick were scanned and handed over.
    take, take_address, taken : to the delay ring.
    work : Out(stream) - a context to integrate.
    active_axons : Out(ActiveList) - of the context in work, as it grows.
    host : In(HostPort) - descriptors.
    types : In(HostPort) - the axons' types; only in builds that have several.
    """

    def __init__(self, *, hardware: Hardware, deep: bool = False) -> None:
        self._hardware = hardware
        self._deep = deep
        self._depth = CONTEXT_WORDS << hardware.context_bits
        members = {
            "types": In(
                HostPort(width=word_bits(Space.AXON_TYPE, hardware), depth=hardware.axon_type_words)
            )
        }
        super().__init__(
            {
                "running": In(1),
                "slot": In(hardware.slot_bits),
                "used_contexts": In(7),
                "finished": Out(1),
                "take": Out(1),
                "take_address": Out(set_layout(hardware)["address"].shape),
                "taken": In(RING_WORD),
                "work": Out(stream.Signature(work_layout(hardware))),
                "active_axons": Out(ActiveList(hardware)),
                "host": In(HostPort(width=16, depth=self._depth)),
                **(members if hardware.axon_types > 1 else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        hw = self._hardware
        m.submodules.descriptors = descriptors = TileMemory(
            width=16, depth=self._depth, deep=self._deep
        )
        wiring.connect(m, wiring.flipped(self.host), descriptors.host)
        m.submodules.axons = axons = TileMemory(
            width=hw.axon_bits, depth=2 * hw.axon_types * hw.axons
        )

        context = Signal(hw.context_bits)
        work = self.work.p
        half = work.half
        step = Signal(range(len(ContextField) + descriptors.delay))
        m.d.comb += [
            descriptors.read_address.eq(Cat(step[: bits_for(CONTEXT_WORDS)], context)),
            descriptors.read_enable.eq(1),
        ]
        with m.If(self.work.valid & self.work.ready):
            m.d.sync += self.work.valid.eq(0)

        m.submodules.words = words = RingWords(hardware=hw, deep=self._deep)
        # that hold axons in use; the descriptor came before
        m.d.sync += words.words.eq((work.axons + (RING_WORD - 1)) >> WORD_BITS)
        m.d.comb += [
            self.take.eq(words.take),
            self.take_address.eq(
                ring_address(self.slot, context, words.asked[: hw.ring_word_bits])
            ),
            words.taken.eq(self.taken),
            words.types.eq(self._axon_types(m, context, words.asked)),
        ]
        current = words.current

        # list the lowest active axon; spikes on axons that are not in use go no further
        index = Signal(WORD_BITS)
        for bit in reversed(range(RING_WORD)):
            with m.If(current[bit]):
                m.d.comb += index.eq(bit)
        axon: Value = Cat(index, words.word[: hw.ring_word_bits])
        kind: Value = Cat()
        if hw.axon_types > 1:
            kind = words.current_types.word_select(index, hw.axon_type_bits)
        found = current != 0
        if self._deep:
            axon, found = self._later(m, axon), self._later(m, found)
            kind = self._later(m, kind) if hw.axon_types > 1 else kind
        count = Array(
            self.active_axons.count[side][g] for side in range(2) for g in range(hw.axon_types)
        )[Cat(kind, half)]
        m.d.comb += [
            axons.write_enable.eq(found & (axon < work.axons)),
            axons.write_address.eq(Cat(count[: hw.axon_bits], kind, half)),
            axons.write_data.eq(axon),
            axons.read_address.eq(self.active_axons.address),
            axons.read_enable.eq(self.active_axons.enable),
            self.active_axons.axon.eq(axons.read_data),
        ]
        with m.If(axons.write_enable):
            m.d.sync += [
                count.eq(count + 1),
                self.active_axons.some[half].bit_select(kind if hw.axon_types > 1 else 0, 1).eq(1),
            ]

        listed = Signal()  # the last axon is put on its list at the coming clock edge, or was
        # a deep build looks at registers only
        taken = Const(0) if self._deep else self.work.ready
        if self._deep:
            m.d.sync += listed.eq(words.ended)
        else:
            m.d.comb += listed.eq(words.ended)

        with m.FSM():
            with m.State("FETCH"):
                # word `step` arrives while the next one, or the one after, is asked for
                m.d.sync += step.eq(step + 1)
                for field in ContextField:
                    with m.If(step == field + descriptors.delay):
                        m.d.sync += work[field.name.lower()].eq(descriptors.read_data)
                with m.If(self.host.read | self.host.write):
                    m.d.sync += step.eq(0)
                with m.Elif(step == len(ContextField) + descriptors.delay - 1):
                    m.d.sync += step.eq(0)
                    m.next = "WAIT"
            with m.State("WAIT"):
                with m.If(self.host.write):
                    m.next = "FETCH"
                with m.Elif(self.running & (self.used_contexts == 0)):
                    m.d.sync += self.finished.eq(1)
                with m.Elif(self.running & ~self.finished):
                    m.d.sync += [
                        self.work.valid.eq(1),
                        work.context.eq(context),
                        self.active_axons.count[half].eq(0),
                        self.active_axons.some[half].eq(0),
                        self.active_axons.complete.bit_select(half, 1).eq(0),
                    ]
                    m.d.comb += words.start.eq(1)
                    m.next = "SCAN"
            with m.State("SCAN"):
                m.d.comb += words.scanning.eq(1)
                with m.If(listed):
                    m.d.sync += self.active_axons.complete.bit_select(half, 1).eq(1)
                    m.next = "HAND OVER"
            with m.State("HAND OVER"), m.If(~self.work.valid | taken):
                m.d.sync += half.eq(~half)
                with m.If((context + 1 == self.used_contexts) | (context == hw.contexts - 1)):
                    m.d.sync += [context.eq(0), self.finished.eq(1)]
                with m.Else():
                    m.d.sync += context.eq(context + 1)
                m.next = "FETCH"
        with m.If(~self.running):
            m.d.sync += self.finished.eq(0)
        return m

    @staticmethod
    def _later(m: Module, value: Value) -> Value:
        """A value a cycle later."""
        held = Signal(len(value))
        m.d.sync += held.eq(value)
        return held

    def _axon_types(self, m: Module, context: Signal, word: Signal) -> Value:
        """The types of a ring word's axons, a cycle after it was asked for."""
        hw = self._hardware
        if hw.axon_types == 1:
            return Const(0, 1)
        m.submodules.types = types = TileMemory(
            width=word_bits(Space.AXON_TYPE, hw), depth=hw.axon_type_words
        )
        wiring.connect(m, wiring.flipped(self.types), types.host)
        m.d.comb += [
            types.read_address.eq(Cat(word[: hw.ring_word_bits], context)),
            types.read_enable.eq(self.take),
        ]
        return types.read_data
