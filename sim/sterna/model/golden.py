"""The golden model: a network stepped tick by tick, in integers. It is the definition of Sterna."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from sterna.spec import OUTPUT, Network

from .neuron import (
    NO_DRAWS,
    Bits,
    Integers,
    NeuronParameters,
    integrate,
    neuron_draws,
    synapse_draws,
    update,
)
from .state import Probe, State, Tick


class GoldenModel(State):
    """A network's state, and how a tick changes it; `State` documents its members.

    Parameters
    ----------
    network : the network; its own hardware parameters give the width of the potentials.
    """

    name = "golden"

    def __init__(self, network: Network, *, probe: Probe | None = None) -> None:
        hardware = network.hardware
        due = np.zeros((hardware.delay_slots, network.cores, hardware.axons), bool)
        super().__init__(network, due, probe)
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
        self.reset()

    def reset(self) -> None:
        """Back to tick 0: initial potentials, no spike on its way, counts 0."""
        super().reset()
        initial = self.network.neuron_potential.astype(np.int64)
        self.potentials = [initial[span].copy() for span in self._span]

    def step(self, frame: npt.NDArray[Any] | None = None) -> Tick:
        """Run one tick, after presenting `frame` if there is one."""
        if frame is not None:
            self.present(frame)
        due = self.due[self.tick % self._slots]
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
        if self.probe is not None:
            self.probe(core, self.potentials[core], synaptic, draws)
        return update(self.potentials[core], synaptic, p, draws, self.network.hardware)

    def _send(self, fired: Bits) -> Integers:
        """Send the spikes of fired neurons, bool [all neurons], to their targets."""
        source, core, axon, delay = self._axon_targets
        sent = fired[source]
        slot = (self.tick + delay[sent]) % self._slots
        self.due[slot, core[sent], axon[sent]] = True
        source, line = self._line_targets
        out = line[fired[source]]
        self.spikes_routed += int(sent.sum())
        self.spikes_out += len(out)
        return np.bincount(out, minlength=len(self.network.output_class))
