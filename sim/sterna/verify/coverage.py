"""Functional coverage: which modes and corners a regression has met, bin by bin.

A bin is hit by what happened, not by what was set up: a reset mode by a neuron that fired or fell
below its negative threshold in it, a delay by a spike that took it.
"""

from collections import Counter
from itertools import product

import numpy as np

from sterna.model.neuron import NO_DRAWS, Draws, Integers, NeuronParameters, leaked, noise
from sterna.simulator.tile_process import STREAMS, StreamResult
from sterna.spec import OUTPUT, Network

from .regression import Regression

#: Of the tile, by whether it is a deep build.
STAGES = {False: "few stages", True: "many stages"}
SIGNS = {-1: "negative", 0: "zero", 1: "positive"}


def _mode(gamma: int, kappa: int, epsilon: int, c: int, leak: int) -> str:
    return f"reset: gamma {gamma} kappa {kappa} epsilon {epsilon} c {c} leak {SIGNS[leak]}"


def bins() -> list[str]:
    """The names of all bins."""
    names = [_mode(*mode) for mode in product(range(3), (0, 1), (0, 1), (0, 1), SIGNS)]
    names += ["saturates at the top", "saturates at the bottom"]
    names += ["eta is 0 under a mask", "eta is its whole mask"]
    names += [f"threshold noise of {tm} bits" for tm in range(19)]
    names += ["leak stops at 0", "leak rests at 0", "potential at alpha", "potential at -beta"]
    names += [f"spike with delay {delay}" for delay in range(1, 16)]
    names += [f"input with delay {delay}" for delay in range(16)]
    names += [f"fan-in {count}" for count in ("0", "1", "A")]
    names += [f"active axons: {count}" for count in ("none", "one", "all")]
    names += [f"axon type {g}, weight {sign}" for g, sign in product(range(4), SIGNS.values())]
    names += [f"axon type {g}, drawn" for g in range(4)]
    names += [
        "fan-out 0",
        "fan-out 1",
        "fan-out above 1",
        "output line",
        "own core",
        "other core",
        "two spikes on one axon",
        "crossbar shared by cores",
        "partial chunk",
        "several chunks",
        *STAGES.values(),
    ]
    # grants wait only when 65,536 ticks are outstanding: tests/verify/test_regression.py does that
    return names + [f"back-pressure on {stream}" for stream in STREAMS if stream != "grants"]


class Observer:
    """A probe of an engine: remembers what acted on the potentials of each core, tick by tick."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, Integers, Integers, Draws]] = []

    def __call__(self, core: int, before: Integers, synaptic: Integers, draws: Draws) -> None:
        """Keep the call's arguments."""
        self.seen.append((core, before, synaptic, draws))


def coverage(
    regression: Regression, observer: Observer, result: StreamResult, *, deep: bool
) -> Counter[str]:
    """The bins that a regression hit on a tile, and how often."""
    network = regression.network
    count: Counter[str] = Counter({STAGES[deep]: 1})
    rows = network.types[network.neuron_type]
    first = network.first_neuron
    fired: list[Integers] = []
    for core in range(network.cores):
        p = NeuronParameters(rows[first[core] : first[core + 1]])
        mine = [seen[1:] for seen in observer.seen if seen[0] == core]
        integrated = np.stack([before + synaptic for before, synaptic, _ in mine])
        draws = NO_DRAWS
        if mine[0][2] is not NO_DRAWS:
            thresholds, leaks = (
                [getattr(d, name) for *_, d in mine] for name in ("threshold", "leak")
            )
            draws = Draws(np.stack(thresholds), np.stack(leaks))
        fired.append(_neurons(count, p, integrated, draws, network))
    _spikes(count, network, np.concatenate(fired, axis=1), regression)
    _structure(count, network)
    for stream, cycles in result.stalled.items():
        count[f"back-pressure on {stream}"] += cycles
    for delay, many in enumerate(np.bincount(regression.inputs[:, 3], minlength=1).tolist()):
        count[f"input with delay {delay}"] += many
    return +count


def _neurons(
    count: Counter[str], p: NeuronParameters, v: Integers, draws: Draws, network: Network
) -> Integers:
    """Bins of the neuron equation over all ticks, v: int64 [ticks, n]; returns who fired."""
    hw = network.hardware
    after, eta = leaked(v, p, draws), np.broadcast_to(noise(p, draws), v.shape)
    count["saturates at the top"] += int((after > hw.potential_max).sum())
    count["saturates at the bottom"] += int((after < hw.potential_min).sum())
    masked = np.broadcast_to(p.tm > 0, v.shape)
    count["eta is 0 under a mask"] += int((masked & (eta == 0)).sum())
    count["eta is its whole mask"] += int((masked & (eta == (1 << p.tm) - 1)).sum())
    for tm in np.unique(p.tm).tolist():
        count[f"threshold noise of {tm} bits"] += len(v)
    reversing = p.epsilon == 1
    count["leak stops at 0"] += int((reversing & (v != 0) & (after == 0) & (p.leak < -1)).sum())
    count["leak rests at 0"] += int((reversing & (v == 0) & (p.leak != 0)).sum())
    after = np.clip(after, hw.potential_min, hw.potential_max)
    top, bottom = p.alpha + eta, p.beta + np.where(p.kappa == 1, 0, eta)
    fires = after >= top
    under = ~fires & (after < -bottom)
    count["potential at alpha"] += int((after == top).sum())
    count["potential at -beta"] += int((~fires & (after == -bottom)).sum())
    resets = (fires | under).sum(axis=0)
    modes = zip(p.gamma, p.kappa, p.epsilon, p.c, np.sign(p.leak), resets, strict=True)
    for *mode, many in modes:
        count[_mode(*(int(part) for part in mode))] += int(many)
    return fires.astype(np.int64)


def _spikes(count: Counter[str], network: Network, fired: Integers, regression: Regression) -> None:
    """Bins of targets, int64 [ticks, neurons] in, and of active axons."""
    core, neuron, to_core, place, delay = network.targets.T
    source = network.first_neuron[core] + neuron
    fan_out = np.bincount(source, minlength=fired.shape[1])
    anyone = fired.any(axis=0)
    count["fan-out 0"] += int((anyone & (fan_out == 0)).sum())
    count["fan-out 1"] += int((anyone & (fan_out == 1)).sum())
    count["fan-out above 1"] += int((anyone & (fan_out > 1)).sum())
    sent = fired[:, source]
    inner = to_core != OUTPUT
    many = sent.sum(axis=0)
    count["output line"] += int(many[~inner].sum())
    count["own core"] += int(many[inner & (to_core == core)].sum())
    count["other core"] += int(many[inner & (to_core != core)].sum())
    for ticks in np.unique(delay[inner]).tolist():
        count[f"spike with delay {ticks}"] += int(many[inner & (delay == ticks)].sum())
    tick, which = np.nonzero(sent[:, inner])
    spikes = np.stack([tick + delay[inner][which], to_core[inner][which], place[inner][which]], 1)
    rows = regression.inputs
    arrived = np.concatenate(
        [spikes, np.stack([rows[:, 0] + rows[:, 3], rows[:, 1], rows[:, 2]], 1)]
    )
    due, doubles = np.unique(arrived, axis=0, return_counts=True)
    count["two spikes on one axon"] += int((doubles > 1).sum())
    _active(count, network, due[due[:, 0] < regression.ticks], regression.ticks)


def _active(count: Counter[str], network: Network, due: Integers, ticks: int) -> None:
    """Bins of the axons with a spike due: rows of tick, core, axon."""
    axons = network.axons
    active = np.zeros((ticks, network.cores), np.int64)
    np.add.at(active, (due[:, 0], due[:, 1]), 1)
    count["active axons: none"] += int((active == 0).sum())
    count["active axons: one"] += int((active == 1).sum())
    count["active axons: all"] += int((active == axons).sum())
    rows = network.types[network.neuron_type]
    first = network.first_neuron
    used = np.unique(due[:, 1:], axis=0)
    for core in range(network.cores):
        p = NeuronParameters(rows[first[core] : first[core + 1]])
        kinds = network.axon_types(core)[used[used[:, 0] == core, 1]]
        for g in np.unique(kinds).tolist():
            for sign, name in SIGNS.items():
                count[f"axon type {g}, weight {name}"] += int((np.sign(p.s[g]) == sign).sum())
            count[f"axon type {g}, drawn"] += int(p.b[g].sum())


def _structure(count: Counter[str], network: Network) -> None:
    for crossbar in network.crossbars:
        fan_in = (crossbar != 0).sum(axis=0)
        count["fan-in 0"] += int((fan_in == 0).sum())
        count["fan-in 1"] += int((fan_in == 1).sum())
        count["fan-in A"] += int((fan_in == network.hardware.axons).sum())
        neurons, lanes = crossbar.shape[1], network.hardware.lanes
        count["partial chunk"] += int(neurons % lanes != 0)
        count["several chunks"] += int(neurons > lanes)
    shared = np.bincount(network.core_crossbar)
    count["crossbar shared by cores"] += int((shared > 1).sum())
