"""One target a neuron, as TrueNorth has it: neuron copies, and splitters where they lack room.

A neuron with several targets becomes as many equal neurons of its core with one each. Where a core
has no room for them all, its neurons send to splitter cores, which repeat a spike a tick later.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sterna.spec import OUTPUT, ConfigError, Hardware, Network, NeuronType
from sterna.spec.sharing import distinct_crossbars

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Copies:
    """How many neurons each neuron becomes, and what splitters repeat.

    Members
    -------
    of_neuron : int [neurons] - copies in its core, at least 1.
    split : bool [neurons] - it sends to a splitter.
    fan_out : int [neurons] - its targets.
    feature_fan_out : int [features] - axons that each feature of a frame goes to.
    """

    of_neuron: Integers
    split: npt.NDArray[np.bool_]
    fan_out: Integers
    feature_fan_out: Integers


@dataclass(frozen=True)
class SingleTargets:
    """A network of one target a neuron.

    Members
    -------
    network : the cores of before, in their order, with copies; then the splitters.
    first_copy : int [neurons of before] - the neuron of its core that each one's first copy is.
    splitters : int [stages + 1] - splitter cores behind the frame, and behind each stage.
    """

    network: Network
    first_copy: Integers
    splitters: Integers


def count_copies(network: Network, hardware: Hardware) -> Copies:
    """Copies that a network's neurons need, by its cores' room for neurons."""
    core, neuron = network.targets[:, 0], network.targets[:, 1]
    total = int(network.first_neuron[-1])
    fan_out = np.bincount(network.first_neuron[core] + neuron, minlength=total)
    core_of = np.repeat(np.arange(network.cores), network.neurons)
    wanted = np.maximum(fan_out, 1)
    load = np.bincount(core_of, weights=wanted, minlength=network.cores)
    split = (load > hardware.neurons)[core_of] & (fan_out > 1)
    features = np.bincount(network.input_map[:, 0], minlength=network.features)
    return Copies(np.where(split, 1, wanted), split, fan_out, features)


def splitter_cores(fan_out: Integers, hardware: Hardware) -> tuple[Integers, list[tuple[int, int]]]:
    """Where splitters repeat sources: int [sources, 2], core from 0 and axon; and each core's size.

    A core repeats sources of one fan-out f: `neurons / f` of them at most, and no more than it has
    axons; its size is how many, and f. Sources of the largest fan-out come first.

    Raises
    ------
    ConfigError : a source has more targets than a core has neurons.
    """
    if fan_out.max(initial=0) > hardware.neurons:
        raise ConfigError(
            f"a spike goes to {fan_out.max()} axons, a splitter core has {hardware.neurons} "
            f"neurons: {fan_out.max() - hardware.neurons} too many; let fewer windows overlap"
        )
    place = np.zeros((len(fan_out), 2), np.int64)
    sizes: list[tuple[int, int]] = []
    for count in np.unique(fan_out[fan_out > 0])[::-1].tolist():
        sources = np.flatnonzero(fan_out == count)
        room = min(hardware.axons, hardware.neurons // count)
        rank = np.arange(len(sources))
        place[sources] = np.stack([len(sizes) + rank // room, rank % room], axis=1)
        whole, rest = divmod(len(sources), room)
        sizes += [(room, count)] * whole + [(rest, count)] * bool(rest)
    return place, sizes


def single_targets(
    network: Network,
    stages: npt.NDArray[np.integer],
    hardware: Hardware,
    *,
    split_frame: bool = False,
) -> SingleTargets:
    """The network with one target a neuron; it gives the same spikes, later by each splitter.

    Parameters
    ----------
    network : feed-forward, of neurons that draw nothing: copies must stay equal.
    stages : int [cores] - the tick after a frame's input at which each core works on the frame.
    hardware : room of a core, and the longest delay.
    split_frame : a feature of a frame, too, may go to one axon only: splitters repeat it.

    Raises
    ------
    ConfigError : a neuron draws, a splitter has too little room, a delay is too long for the
        device, or a neuron that needs a splitter votes as well.
    """
    _check(network, stages)
    copies = count_copies(network, hardware)
    core_of = np.repeat(np.arange(network.cores), network.neurons)
    first = np.cumsum(copies.of_neuron) - copies.of_neuron
    first_copy = first - np.append(first, 0)[network.first_neuron[:-1]][core_of]

    # splitters behind the frame and behind a stage make what follows later by a tick
    stages = np.asarray(stages, np.int64)
    split_stages = np.unique(stages[core_of[copies.split]])
    tick = stages + split_frame + np.searchsorted(split_stages, stages)

    core, neuron, to_core, place, _ = network.targets.astype(np.int64).T
    source = network.first_neuron[core] + neuron
    line = to_core == OUTPUT
    split = copies.split[source]
    if (split & line).any():
        raise ConfigError(
            f"core {core[split & line][0]}: a neuron that needs a splitter votes as well: its "
            "votes would be late; let other neurons vote"
        )
    rank, due = _rank(source), np.where(line, 0, tick[to_core])
    delay = np.where(line, 0, due - tick[core])
    rows = [np.stack([core, first_copy[source] + rank, to_core, place, delay], axis=1)[~split]]
    inputs = network.input_map.astype(np.int64)
    splitters = np.zeros(int(stages.max(initial=0)) + 2, np.int64)
    sizes: list[tuple[int, int]] = []
    if split_frame:
        feature, to, axon = inputs.T
        sends = np.stack([feature, _rank(feature), to, axon, tick[to]], axis=1)
        spot, added, out = _splitters(copies.feature_fan_out, sends, hardware)
        spot[:, 0] += network.cores
        out[:, 0] += network.cores
        split = np.flatnonzero(copies.feature_fan_out)
        inputs = np.column_stack([split, spot[split]])
        rows.append(out)
        sizes += added
        splitters[0] = len(added)
    for stage in split_stages.tolist():
        split = np.flatnonzero(copies.split & (stages[core_of] == stage))
        index = np.full(len(copies.split), -1)
        index[split] = np.arange(len(split))
        late = due - int(tick[core_of[split[0]]]) - 1  # past the way to the splitter
        sends = np.stack([index[source], rank, to_core, place, late], axis=1)[index[source] >= 0]
        spot, added, out = _splitters(copies.fan_out[split], sends, hardware)
        spot[:, 0] += network.cores + len(sizes)
        out[:, 0] += network.cores + len(sizes)
        rows.append(np.column_stack([core_of[split], first_copy[split], spot, np.ones_like(split)]))
        rows.append(out)
        sizes += added
        splitters[1 + stage] = len(added)
    made = _network(network, copies, tick, np.concatenate(rows), inputs, sizes)
    return SingleTargets(made, first_copy, splitters)


def _splitters(
    fan_out: Integers, sends: Integers, hardware: Hardware
) -> tuple[Integers, list[tuple[int, int]], Integers]:
    """Splitters that repeat sources: their places and sizes as `splitter_cores`, and targets.

    `sends` : int [n, 5] - source, which of its targets, to which core and axon, after how many
    ticks. Targets are rows of a network's, their cores counted from the first splitter.
    """
    spot, sizes = splitter_cores(fan_out, hardware)
    source, turn, to_core, axon, delay = sends.T
    neuron = spot[source, 1] * fan_out[source] + turn
    return spot, sizes, np.stack([spot[source, 0], neuron, to_core, axon, delay], axis=1)


def _check(network: Network, stages: npt.NDArray[np.integer]) -> None:
    if len(stages) != network.cores:
        raise ConfigError(f"{len(stages)} stages for the {network.cores} cores of the network")
    for kind in network.neuron_types():
        if kind.c or kind.tm or kind.b0 or kind.b1 or kind.b2 or kind.b3:
            raise ConfigError(
                f"network {network.name!r} has neurons that draw: copies of one would not spike "
                "together; use a device with several targets a neuron"
            )


def _rank(source: Integers) -> Integers:
    """For each entry, how many entries before it have the same source."""
    order = np.argsort(source, kind="stable")
    ordered = source[order]
    new = np.flatnonzero(np.diff(ordered, prepend=-1))
    rank = np.empty(len(source), np.int64)
    rank[order] = np.arange(len(source)) - np.repeat(new, np.diff(np.append(new, len(source))))
    return rank


def _copied(network: Network, copies: Copies) -> tuple[list[npt.NDArray[np.int8]], list[int]]:
    """Crossbars with a column for each copy, and which one each core has."""
    made: list[npt.NDArray[np.int8]] = []
    known: dict[tuple[int, bytes], int] = {}
    index: list[int] = []
    for core, (start, end) in enumerate(pairwise(network.first_neuron)):
        counts = copies.of_neuron[start:end]
        key = int(network.core_crossbar[core]), counts.tobytes()
        if key not in known:
            known[key] = len(made)
            made.append(np.repeat(network.weights(core), counts, axis=1))
        index.append(known[key])
    return made, index


def _repeat(sources: int, fan_out: int) -> npt.NDArray[np.int8]:
    """A splitter's crossbar: neurons a x fan_out and on repeat axon a."""
    return np.repeat(np.eye(sources, dtype=np.int8), fan_out, axis=1)


def _network(
    old: Network,
    copies: Copies,
    tick: Integers,
    rows: Integers,
    inputs: Integers,
    sizes: list[tuple[int, int]],
) -> Network:
    """The new network, its targets by source and its lines last, as `expand` orders them."""
    late = rows[:, 4].max(initial=0)
    if late > old.hardware.max_delay:
        raise ConfigError(
            f"past splitters a spike takes {late} ticks, the device has a delay of "
            f"{old.hardware.max_delay}: {late - old.hardware.max_delay} too many; use a device "
            "with longer delays"
        )
    copied, of_core = _copied(old, copies)
    added = [_repeat(*size) for size in sizes]
    weights, index = distinct_crossbars([*copied, *added])
    relay = NeuronType(**{f"s{g}": 1 for g in range(old.hardware.axon_types)}).row()
    types = [*old.types.tolist(), *([relay] if added else [])]
    relays = np.full(sum(one.shape[1] for one in added), len(types) - 1)
    axons = np.zeros(sum(one.shape[0] for one in added), np.int32)
    line = rows[:, 2] == OUTPUT
    voters = np.unique(rows[line, 0])
    return old.replace(
        crossbars=weights,
        core_crossbar=np.append(index[of_core], index[len(copied) :]),
        types=np.array(types, np.int32),
        neuron_type=np.append(np.repeat(old.neuron_type, copies.of_neuron), relays).astype(
            np.int32
        ),
        neuron_potential=np.append(
            np.repeat(old.neuron_potential, copies.of_neuron), np.zeros(len(relays))
        ).astype(np.int32),
        targets=rows[np.lexsort([rows[:, 1], rows[:, 0], line])].astype(np.int32),
        input_map=inputs.astype(np.int32),
        latency=int(tick[voters].max(initial=old.latency)),
        axon_type=np.append(old.axon_type, axons),
        core_seed=np.append(old.core_seed, np.zeros(len(added), np.uint32)),
    )
