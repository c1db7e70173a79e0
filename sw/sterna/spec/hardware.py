"""Hardware parameters: what one build of the tile can hold."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from .errors import ConfigError

#: Width of the leak, signed. Ten bits, so that a bias over 256 trinary inputs folds into it.
LEAK_BITS = 10
#: Bits in a word of the delay ring: this many axons are written or scanned at once.
RING_WORD = 16
#: Words that one context's descriptor takes (see `sterna.spec.layout.ContextField`).
CONTEXT_WORDS = 16
#: The widest threshold noise: a draw has this many bits.
MAX_NOISE_BITS = 18
#: Bits of the draw of a stochastic leak or synapse: uniform in 0..255.
DRAW_BITS = 8
#: The widest output line number that a message can carry.
MAX_LINE_BITS = 15


def bits_for(count: int) -> int:
    """Bits of an index into `count` things; at least one, so that no field vanishes."""
    return max(1, (count - 1).bit_length())


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """Parameters of one tile; every width and depth of the RTL follows from these.

    Parameters
    ----------
    contexts : cores that the tile serves (K), 1..64.
    crossbars : full crossbars that its weight store holds (M), 1..64; M < K is allowed, since
        cores may share a crossbar and small cores take only what they use.
    lanes : neurons integrated at once (L), a power of two, 8..64, at most `neurons`.
    axons : axons of a core (A), a power of two, 32..256.
    neurons : neurons of a core (N), a power of two, 32..256.
    delay_slots : ticks that a spike can be on its way, plus one; a power of two, 2..16.
    targets : entries of the tile's target table, 1..65536.
    types : neuron types of the tile, 1..256.
    potential_bits : width of the membrane potential, signed, 8..24.
    threshold_bits : width of alpha and beta, unsigned, 4..`potential_bits` - 1.

    What a build may drop, and drops by default:

    axon_types : types G of an axon, 1, 2 or 4; a neuron type has a weight for each.
    weight_bits : width of these weights, signed, 2..9; 0: all are 1, and there is no multiplier.
    noise_bits : widest mask of the threshold noise, 0..18; 0: none.
    stochastic_leak : 1: a leak may be drawn.
    stochastic_synapses : 1: a synapse may be drawn; costs a generator for every eight lanes.

    Raises
    ------
    ConfigError : a parameter is out of its range; the text names it, its value and the limit.
    """

    contexts: int
    crossbars: int
    lanes: int
    axons: int
    neurons: int
    delay_slots: int
    targets: int
    types: int
    potential_bits: int
    threshold_bits: int
    axon_types: int = 1
    weight_bits: int = 0
    noise_bits: int = 0
    stochastic_leak: int = 0
    stochastic_synapses: int = 0

    def __post_init__(self) -> None:
        self._check_range("contexts", 1, 64)
        self._check_range("crossbars", 1, 64)
        self._check_power("lanes", 8, 64)
        self._check_power("axons", 32, 256)
        self._check_power("neurons", 32, 256)
        self._check_power("delay_slots", 2, 16)
        self._check_range("targets", 1, 65536)
        self._check_range("types", 1, 256)
        self._check_range("potential_bits", 8, 24)
        self._check_range("threshold_bits", 4, self.potential_bits - 1)
        self._check_power("axon_types", 1, 4)
        self._check_range("weight_bits", 0, 9)
        self._check_range("noise_bits", 0, MAX_NOISE_BITS)
        self._check_range("stochastic_leak", 0, 1)
        self._check_range("stochastic_synapses", 0, 1)
        if self.weight_bits < 2 and (self.axon_types > 1 or self.stochastic_synapses):
            raise ConfigError(
                f"axon_types > 1 and stochastic_synapses need weight_bits of at least 2, not "
                f"{self.weight_bits}"
            )
        if self.weight_bits == 1:
            raise ConfigError("weight_bits must be 0 (all weights are 1) or 2..9, not 1")
        if self.lanes > self.neurons:
            raise ConfigError(f"lanes must be at most neurons ({self.neurons}), not {self.lanes}")
        if self.crossbar_words > 65536:
            raise ConfigError(
                f"the crossbar store would take {self.crossbar_words} words; an address has 16 "
                "bits (65536 words): use more lanes or fewer crossbars"
            )

    def _check_range(self, name: str, low: int, high: int) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ConfigError(f"{name} must be an integer, not {value!r}")
        if not low <= value <= high:
            raise ConfigError(f"{name} must be {low}..{high}, not {value}")

    def _check_power(self, name: str, low: int, high: int) -> None:
        self._check_range(name, low, high)
        value = getattr(self, name)
        if value & (value - 1):
            raise ConfigError(f"{name} must be a power of two, {low}..{high}, not {value}")

    @property
    def max_delay(self) -> int:
        """Longest delay of a target, in ticks; the shortest is 1."""
        return self.delay_slots - 1

    @property
    def crossbar_words(self) -> int:
        """Words of `lanes` trits in the crossbar store."""
        return self.crossbars * self.axons * self.neurons // self.lanes

    @property
    def neuron_words(self) -> int:
        """Neurons that the tile holds state for."""
        return self.contexts * self.neurons

    @property
    def ring_words(self) -> int:
        """Words of the delay ring, the unused contexts of a power of two included."""
        return self.delay_slots << (self.context_bits + self.ring_word_bits)

    @property
    def axon_type_words(self) -> int:
        """Words of 16 axon types; none if there is one type only."""
        return 1 << (self.context_bits + self.ring_word_bits) if self.axon_types > 1 else 0

    @property
    def slot_bits(self) -> int:
        """Bits of the index of a slot of the delay ring."""
        return bits_for(self.delay_slots)

    @property
    def context_bits(self) -> int:
        """Bits of the index of a context."""
        return bits_for(self.contexts)

    @property
    def axon_bits(self) -> int:
        """Bits of the index of an axon."""
        return bits_for(self.axons)

    @property
    def neuron_bits(self) -> int:
        """Bits of the index of a neuron."""
        return bits_for(self.neurons)

    @property
    def ring_word_bits(self) -> int:
        """Bits of the index of a ring word within one context's bitmap."""
        return bits_for(self.axons // RING_WORD)

    @property
    def line_bits(self) -> int:
        """Bits of an output line number: it lies over delay, context and axon of a target."""
        return min(MAX_LINE_BITS, self.slot_bits + self.context_bits + self.axon_bits)

    @property
    def lines(self) -> int:
        """Output lines that a target can name."""
        return 1 << self.line_bits

    @property
    def sum_bits(self) -> int:
        """Width of an accumulator, signed: exact for `axons` trits of one sign."""
        return self.axon_bits + 2

    @property
    def axon_type_bits(self) -> int:
        """Bits of an axon's type; 0 if there is one type only."""
        return self.axon_types.bit_length() - 1

    @property
    def weight_max(self) -> int:
        """Largest weight, and largest magnitude of a negative one."""
        return (1 << self.weight_bits - 1) - 1 if self.weight_bits else 1

    @property
    def random(self) -> bool:
        """The build has a generator."""
        return bool(self.noise_bits or self.stochastic_leak or self.stochastic_synapses)

    @property
    def draws_in_neuron(self) -> bool:
        """Leaks or thresholds may be drawn."""
        return bool(self.noise_bits or self.stochastic_leak)

    @property
    def input_bits(self) -> int:
        """Width of a neuron's synaptic input of one tick, signed: exact for all axons."""
        return self.sum_bits + self.weight_bits

    @property
    def potential_min(self) -> int:
        """The lowest membrane potential."""
        return -(1 << (self.potential_bits - 1))

    @property
    def potential_max(self) -> int:
        """The highest membrane potential."""
        return (1 << (self.potential_bits - 1)) - 1

    @property
    def threshold_max(self) -> int:
        """The highest threshold."""
        return (1 << self.threshold_bits) - 1

    def as_dict(self) -> dict[str, int]:
        """The parameters by name, in the order of the registers."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: object) -> "Hardware":
        """Build from a mapping of exactly the parameters' names; raises ConfigError."""
        names = [field.name for field in dataclasses.fields(cls)]
        known = cast("dict[str, int]", values) if isinstance(values, dict) else {}
        if set(known) != set(names):
            raise ConfigError(f"hardware parameters must be exactly {', '.join(names)}")
        return cls(**known)

    def bound(
        self, active: Sequence[Sequence[int]], neurons: Sequence[int], *, deep: bool = False
    ) -> int:
        """Lower bound of a tick's cycles.

        `active` gives, for each context in use, the axons with a spike due of each axon type;
        `neurons` the neurons in use. A chunk integrates its active axons, type after type, a cycle
        each, while the sums of the type or chunk before are taken, a neuron a cycle; the last
        ones come on top. In a `deep` build one chunk's sums may wait besides. Stochastic synapses
        load a threshold for each lane, a cycle each, first.
        Source: docs/architecture.md, section 3.
        """
        # since when the accumulators are free, and the sums of the pass before begun and done with
        free = begun = done = 0
        load = self.lanes if self.stochastic_synapses else 0
        for types, count in zip(active, neurons, strict=True):
            passes = [axons for axons in types if axons] or [0]
            for at in range(0, count, self.lanes):
                for axons in passes:
                    end = free + load + axons
                    free = max(end, begun if deep else done)
                    begun = max(end, done)
                    done = begun + min(self.lanes, count - at)
        return done
