"""A tile without RTL: a device's memories, and an engine over the network in them."""

from collections.abc import Callable, Sequence

import numpy as np

import sterna.model
from sterna.model import Engine
from sterna.spec import Hardware, Network
from sterna.spec.hardware import CONTEXT_WORDS, RING_WORD
from sterna.spec.layout import ContextField, Space, depth, word_bits
from sterna.spec.link import REGISTERS, Register
from sterna.spec.presets import is_deep
from sterna.spec.results import TickResult

_COUNTER = (1 << 32) - 1
_CYCLES = (1 << 24) - 1
#: Words of these spaces make up the network; a write changes it.
_IMAGE = (
    Space.CROSSBAR,
    Space.TYPE_INDEX,
    Space.POTENTIAL,
    Space.TYPE,
    Space.TARGET,
    Space.CONTEXT,
    Space.AXON_TYPE,
)


class EmulatedTile:
    """Memories, counters and ticks of a device.

    A tick decodes the memories into a network and steps an engine on it; its cycles are the lower
    bound that a perfect engine would take. Spikes on axons that their core does not use are counted
    and go nowhere.

    Parameters
    ----------
    model : opens the engine of a network; one of a fault is a deliberate fault.

    Members
    -------
    outstanding : ticks granted and not done.
    counters : the tile's registers from TICKS on, and the settings.
    """

    def __init__(
        self,
        hardware: Hardware,
        model: Callable[[Network], Engine] = sterna.model.open,
    ) -> None:
        self._hardware = hardware
        self._make = model
        self._words = {space: [0] * depth(space, hardware) for space in _IMAGE}
        shape = (hardware.delay_slots, 1 << hardware.context_bits, hardware.axons)
        self._ring = np.zeros(shape, bool)
        self._model: Engine | None = None
        self.outstanding = 0
        self.counters = {register: 0 for register in Register if register >= Register.USED_CONTEXTS}

    # memories; only while no tick is outstanding

    def read(self, space: Space, address: int, count: int) -> list[int]:
        """Words of any space but the registers."""
        span = slice(address, address + count)
        if space == Space.RING:
            self._store_ring()
            bits = self._ring.reshape(-1, RING_WORD)[span]
            return np.packbits(bits, axis=1, bitorder="little").view("<u2")[:, 0].tolist()
        self._store_potentials()
        return self._words[space][span]

    def write(self, space: Space, address: int, words: Sequence[int]) -> None:
        """Store words in any space but the registers; upper bits that do not fit are lost."""
        span = slice(address, address + len(words))
        self._forget()
        if space == Space.RING:
            self._ring.reshape(-1, RING_WORD)[span] = _bits(words)
            return
        mask = (1 << word_bits(space, self._hardware)) - 1
        self._words[space][span] = [word & mask for word in words]

    def set(self, register: Register, value: int) -> None:
        """Write a register; a read-only one does not change."""
        if REGISTERS[register][0] != "rw":
            return
        self._forget()
        self.counters[register] = value & 0x7F if register == Register.USED_CONTEXTS else value

    # ticks

    def ready_for(self, delay: int) -> bool:
        """The delay ring has a slot for an input of that delay."""
        return self.outstanding + delay < self._hardware.delay_slots

    def deliver(self, delay: int, context: int, word: int, axons: bytes) -> None:
        """Put in spikes due at the first tick not granted plus `delay`.

        Bit i of byte b in `axons` is axon 16 word + 8 b + i.
        """
        tick = self.counters[Register.TICKS] + self.outstanding + delay
        model = self._model
        ring = model.due if model and context < model.network.cores else self._ring
        place = ring[tick % self._hardware.delay_slots, context]
        bits = np.unpackbits(np.frombuffer(axons, np.uint8), bitorder="little")
        place[RING_WORD * word :][: len(bits)] |= bits.view(bool)
        self._count(Register.SPIKES_IN, int(bits.sum()))

    def step(self) -> TickResult:
        """Run one tick; raises ConfigError if the memories hold no network."""
        model = self._awake()
        routed, out = model.spikes_routed, model.spikes_out
        number = self.counters[Register.TICKS]
        tick = model.step()
        active = tick.active_by_type(model.network)
        neurons = model.network.neurons.tolist()
        bound = self._hardware.bound(active, neurons, deep=is_deep(self._hardware))
        cycles = min(bound, _CYCLES)
        self.outstanding -= 1
        period = self.counters[Register.TICK_PERIOD]
        self._count(Register.OVERRUNS, int(0 < period < cycles))
        self._count(Register.TICKS, 1)
        self._count(Register.SPIKES_ROUTED, model.spikes_routed - routed)
        self._count(Register.SPIKES_OUT, model.spikes_out - out)
        self._count(Register.BUSY_CYCLES, cycles)
        return TickResult(number, tick.lines, cycles)

    def _count(self, register: Register, amount: int) -> None:
        self.counters[register] = (self.counters[register] + amount) & _COUNTER

    def _awake(self) -> Engine:
        if self._model is None:
            from sterna.spec.image_reader import read_image

            used = self.counters[Register.USED_CONTEXTS]
            network = read_image(self._words, self._hardware, used)
            ticks, base = self.counters[Register.TICKS], self.counters[Register.TICK_BASE]
            self._model = self._make(network)
            self._model.tick, self._model.base = ticks, base
            self._model.due[:] = self._ring[:, : network.cores]
        return self._model

    def _store_potentials(self) -> None:
        """Bring the memory of potentials up to the model."""
        if self._model is None:
            return
        mask = (1 << self._hardware.potential_bits) - 1
        for core, values in enumerate(self._model.potentials):
            at = self._words[Space.CONTEXT][CONTEXT_WORDS * core + ContextField.POTENTIAL_AT]
            self._words[Space.POTENTIAL][at : at + len(values)] = (values & mask).tolist()

    def _store_ring(self) -> None:
        """Bring the memory of spikes on their way up to the model."""
        if self._model is not None:
            self._ring[:, : self._model.network.cores] = self._model.due

    def _forget(self) -> None:
        """The network is about to change."""
        self._store_potentials()
        self._store_ring()
        self._model = None


def _bits(words: Sequence[int]) -> np.ndarray:
    """Words of 16 bits as bool [words, 16]."""
    raw = np.array(words, "<u2").view(np.uint8).reshape(-1, 2)
    return np.unpackbits(raw, axis=1, bitorder="little").view(bool)
