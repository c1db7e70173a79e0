"""The golden model: a network stepped tick by tick, in integers. It is the definition of Sterna."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from sterna.spec import OUTPUT, DataError, Network

from .neuron import (
    NO_DRAWS,
    Bits,
    Draws,
    Integers,
    NeuronParameters,
    integrate,
    neuron_draws,
    synapse_draws,
    update,
)


@dataclass(frozen=True)
class Tick:
    """Everything that happened in one tick.

    Members
    -------
    tick : its number, from 0.
    axons : per core, bool [axons] - spikes due.
    spikes : per core, bool [neurons] - which neurons fired.
    potentials : per core, int64 [neurons] - membrane potentials after the tick.
    lines : int64 [lines] - spikes sent on each output line.
    """

    tick: int
    axons: list[Bits]
    spikes: list[Bits]
    potentials: list[Integers]
    lines: Integers

    @property
    def active(self) -> list[int]:
        """Axons with a spike due, core by core."""
        return [int(axons.sum()) for axons in self.axons]

    def active_by_type(self, network: Network) -> list[list[int]]:
        """Axons with a spike due, core by core and axon type by axon type."""
        return [
            np.bincount(network.axon_types(core)[axons], minlength=1).tolist()
            for core, axons in enumerate(self.axons)
        ]


class GoldenModel:
    """A network's state, and how a tick changes it.

    Spikes due are kept as bits, one per delay slot, core and axon: two spikes due on one axon at
    one tick are one. Slot `t mod delay_slots` holds what is due at tick t.

    Parameters
    ----------
    network : the network; its own hardware parameters give the width of the potentials.

    Members
    -------
    tick : ticks done.
    base : tick that counts as 0 in the draws.
    spikes_in, spikes_routed, spikes_out : counts since `reset`, as a device's counters: spikes put
        in by the host, sent to axons (one a target), sent on output lines.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        hardware = network.hardware
        self._weights = [network.weights(core).astype(np.int64) for core in range(network.cores)]
        rows = network.types[network.neuron_type]
        starts = network.first_neuron
        self._span = [slice(a, b) for a, b in pairwise(starts)]
        self._parameters = [NeuronParameters(rows[span]) for span in self._span]
        self._axon_type = [network.axon_types(core) for core in range(network.cores)]
        core, neuron, to_core, place, delay = network.targets.T
        source = starts[core] + neuron
        inner = to_core != OUTPUT
        self._axon_targets = source[inner], to_core[inner], place[inner], delay[inner]
        self._line_targets = source[~inner], place[~inner]
        self._seed = network.core_seed.tolist()
        self._axons = network.axons
        self._slots = hardware.delay_slots
        self._due = np.zeros((self._slots, network.cores, hardware.axons), bool)
        self._feature, self._in_core, self._in_axon = network.input_map.T
        self.reset()

    def reset(self) -> None:
        """Back to tick 0: initial potentials, no spike on its way, counts 0."""
        self.tick = 0
        self.base = 0
        self._due[:] = False
        initial = self.network.neuron_potential.astype(np.int64)
        self.potentials = [initial[span].copy() for span in self._span]
        self.spikes_in = self.spikes_routed = self.spikes_out = 0

    def inject(self, core: int, axon: int, delay: int = 0) -> None:
        """Put one input spike on an axon, due `delay` ticks after the coming one.

        Raises ConfigError if the core, the axon or the delay (0..max_delay) does not exist.
        """
        self.network.check_spike(core, axon, delay)
        self._due[(self.tick + delay) % self._slots, core, axon] = True
        self.spikes_in += 1

    def inject_all(self, spikes: npt.NDArray[Any]) -> None:
        """Put in many: rows of core, axon, delay; as `inject`, and as fast as one."""
        core, axon, delay = spikes.T
        exists = (0 <= core) & (core < self.network.cores) & (0 <= delay) & (delay < self._slots)
        exists &= (0 <= axon) & (axon < self._axons[np.where(exists, core, 0)])
        if not exists.all():
            self.network.check_spike(*spikes[~exists][0].tolist())
        self._due[(self.tick + delay) % self._slots, core, axon] = True
        self.spikes_in += len(spikes)

    def present(self, frame: npt.NDArray[Any]) -> None:
        """Put in a frame's spikes, due at the coming tick: bool or 0/1 [features]."""
        if frame.shape != (self.network.features,):
            raise DataError(
                f"a frame must have shape [{self.network.features}], not {list(frame.shape)}"
            )
        on = frame[self._feature] != 0
        self._due[self.tick % self._slots, self._in_core[on], self._in_axon[on]] = True
        self.spikes_in += int(on.sum())

    def step(self, frame: npt.NDArray[Any] | None = None) -> Tick:
        """Run one tick, after presenting `frame` if there is one."""
        if frame is not None:
            self.present(frame)
        due = self._due[self.tick % self._slots]
        axons: list[Bits] = []
        spikes: list[Bits] = []
        for core, weights in enumerate(self._weights):
            active = due[core, : weights.shape[0]].copy()
            self.potentials[core], fired = self._advance(core, weights, np.flatnonzero(active))
            axons.append(active)
            spikes.append(fired)
        due[:] = False
        lines = self._send(np.concatenate([*spikes, np.zeros(0, bool)]))
        result = Tick(self.tick, axons, spikes, [v.copy() for v in self.potentials], lines)
        self.tick += 1
        return result

    def _advance(self, core: int, weights: Integers, axons: Integers) -> tuple[Integers, Bits]:
        """A core's potentials after this tick, and which of its neurons fire."""
        p, neurons = self._parameters[core], weights.shape[1]
        seed, tick = self._seed[core], self.tick - self.base
        synapses = synapse_draws(seed, tick, axons, neurons) if p.b.any() else None
        synaptic = integrate(weights, axons, self._axon_type[core], p, synapses)
        draws = neuron_draws(seed, tick, neurons) if p.drawn else NO_DRAWS
        self._observe(core, synaptic, draws)
        return update(self.potentials[core], synaptic, p, draws, self.network.hardware)

    def _observe(self, core: int, synaptic: Integers, draws: Draws) -> None:
        """Hook for subclasses: called with the input of a core's update."""

    def _send(self, fired: Bits) -> Integers:
        """Send the spikes of fired neurons, bool [all neurons], to their targets."""
        source, core, axon, delay = self._axon_targets
        sent = fired[source]
        slot = (self.tick + delay[sent]) % self._slots
        self._due[slot, core[sent], axon[sent]] = True
        source, line = self._line_targets
        out = line[fired[source]]
        self.spikes_routed += int(sent.sum())
        self.spikes_out += len(out)
        return np.bincount(out, minlength=len(self.network.output_class))
