"""One regression: a network, its input spikes, stalls; model and RTL side by side, every tick."""

import dataclasses
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sterna import model as engines
from sterna.model import Engine
from sterna.simulator.tile_process import (
    HANG_CYCLES,
    STALLS,
    Op,
    Status,
    Step,
    StreamResult,
    TileProcess,
)
from sterna.spec import Hardware, Network, build_image
from sterna.spec.hardware import RING_WORD
from sterna.spec.layout import Space, input_fields, offsets
from sterna.verify.random_network import random_frames, random_network

Integers = npt.NDArray[np.int64]

#: Ticks of a regression, at least.
REGRESSION_TICKS = 100


@dataclass(frozen=True)
class Regression:
    """Everything that a run depends on.

    Members
    -------
    network : its hardware is the tile's.
    inputs : int64 [spikes, 4] - tick, core, axon, delay of each input spike; ticks in order.
    ticks : how many to run.
    stalls : three names of `STALLS`: of the streams inputs, grants and events.
    seed : of the stalls.
    """

    network: Network
    inputs: Integers
    ticks: int
    stalls: tuple[str, ...]
    seed: int

    def replace(self, **changes: object) -> "Regression":
        """A copy with these members changed."""
        return dataclasses.replace(self, **changes)  # pyright: ignore[reportArgumentType]


@dataclass(frozen=True)
class Mismatch:
    """The first difference: where, and both sides."""

    tick: int
    what: str

    def __str__(self) -> str:
        return f"tick {self.tick}: {self.what}"


def draw(hardware: Hardware, seed: list[int], *, several: bool) -> Regression:
    """A random regression for this hardware, of one core or of several: a pure function."""
    rng = np.random.default_rng(seed)
    cores = int(rng.integers(2, hardware.contexts + 1)) if several else 1
    network = random_network(rng, hardware, cores=cores)
    ticks = REGRESSION_TICKS + int(rng.choice([0, int(rng.integers(20))]))
    return Regression(
        network=network,
        inputs=_random_inputs(rng, network, ticks),
        ticks=ticks,
        stalls=random_stalls(rng),
        seed=int(rng.integers(1 << 31)),
    )


def random_stalls(rng: np.random.Generator) -> tuple[str, ...]:
    """Stall patterns of the streams inputs, grants and events."""
    return tuple(rng.choice(STALLS, size=3).tolist())


def _random_inputs(rng: np.random.Generator, network: Network, ticks: int) -> Integers:
    """Most spikes are due at their tick, some later; no spike is due after the last tick."""
    tick, place = np.nonzero(random_frames(rng, network, ticks))
    _, core, axon = network.input_map[place].T.astype(np.int64)
    ahead = network.hardware.max_delay
    late = rng.random(len(tick)) < rng.choice([0.0, 0.1])
    delay = np.where(late, rng.integers(0, ahead + 1, len(tick)), 0)
    return np.stack([tick, core, axon, delay], axis=1)


def frame_inputs(network: Network, frames: npt.NDArray[np.bool_]) -> Integers:
    """The input spikes of frames, one a tick: int64 [spikes, 4] - tick, core, axon, delay 0.

    `frames` : bool [ticks, features]; a feature may go to several axons, or to none.
    """
    order = np.argsort(network.input_map[:, 0], kind="stable")
    features, cores, axons = network.input_map[order].T.astype(np.int64)
    tick, feature = np.nonzero(frames)
    first, last = (np.searchsorted(features, feature, side) for side in ("left", "right"))
    count = last - first
    row = np.repeat(np.arange(len(tick)), count)
    at = first[row] + np.arange(len(row)) - (np.cumsum(count) - count)[row]
    return np.stack([tick[row], cores[at], axons[at], np.zeros_like(at)], axis=1)


def golden(regression: Regression, model: Engine) -> tuple[Integers, Integers, Integers]:
    """Run the golden model, or another engine, tick by tick.

    Returns spikes and potentials, [ticks, neurons], and counts of the lines, [ticks, lines].
    """
    spikes, potentials, lines = [], [], []
    starts = np.searchsorted(regression.inputs[:, 0], np.arange(regression.ticks + 1))
    for start, end in pairwise(starts):
        model.inject_all(regression.inputs[start:end, 1:])
        tick = model.step()
        spikes.append(np.concatenate(tick.spikes))
        potentials.append(np.concatenate(tick.potentials))
        lines.append(tick.lines)
    return np.array(spikes, np.int64), np.array(potentials), np.array(lines)


def steps(regression: Regression) -> list[int]:
    """The stream's part of the program: input words and grants, in their order."""
    hw = regression.network.hardware
    rng = np.random.default_rng(regression.seed)
    at = offsets(input_fields(hw))
    tick, core, axon, delay = regression.inputs.T
    place = delay << at["delay"] | core << at["context"] | (axon // RING_WORD) << at["word"]
    bits = place | 1 << (at["axons"] + axon % RING_WORD)
    order = np.lexsort((rng.random(len(tick)), tick))  # spikes of a tick in any order
    starts = np.searchsorted(tick[order], np.arange(regression.ticks + 1))
    program: list[int] = []
    count = 0
    for start, end in pairwise(starts):
        words: dict[int, int] = {}
        low = (1 << at["axons"]) - 1
        for value in bits[order[start:end]].tolist():
            words[value & low] = words.get(value & low, 0) | value
        for word in words.values():
            program += [Step.INPUT, word & 0xFFFFFFFF, word >> 32]
        program += [Step.GRANT, 1, 0]
        count += len(words) + 1
    kinds = [STALLS.index(kind) for kind in regression.stalls]
    head = [Op.STREAM, *kinds, regression.seed & 0xFFFFFFFF, HANG_CYCLES, regression.ticks, count]
    return head + program


def compare(
    regression: Regression, expected: tuple[Integers, Integers, Integers], seen: StreamResult
) -> Mismatch | None:
    """The first difference in spikes, potentials or lines, tick by tick."""
    spikes, potentials, lines = expected
    neurons = regression.network.neurons
    core_of = np.repeat(np.arange(len(neurons)), neurons)
    neuron_of = np.concatenate([np.arange(count) for count in neurons])
    keys = core_of << 15 | neuron_of
    at = line_at = 0
    for tick, (number, _, updates, lined) in enumerate(seen.ticks.tolist()):
        if number != tick:
            return Mismatch(tick, f"the tile says it is tick {number}")
        rows = seen.trace[at : at + updates]
        rows = rows[np.argsort(rows[:, 0], kind="stable")]
        at += updates
        if not np.array_equal(rows[:, 0] >> 1, keys):
            odd = sorted(set(keys.tolist()) ^ set((rows[:, 0] >> 1).tolist()))
            where = f"core {odd[0] >> 15}, neuron {odd[0] & 0x7FFF}" if odd else "some neuron"
            return Mismatch(tick, f"{where} is not updated once")
        for name, want, got in (
            ("spike", spikes[tick], rows[:, 0] & 1),
            ("potential", potentials[tick], rows[:, 1]),
        ):
            bad = np.flatnonzero(want != got)
            if bad.size:
                return Mismatch(
                    tick,
                    f"core {core_of[bad[0]]}, neuron {neuron_of[bad[0]]}: {name} expected "
                    f"{want[bad[0]]}, seen {got[bad[0]]}",
                )
        count = np.bincount(seen.lines[line_at : line_at + lined], minlength=lines.shape[1])
        line_at += lined
        bad = np.flatnonzero(count[: lines.shape[1]] != lines[tick])
        if bad.size or len(count) > lines.shape[1]:
            line = int(bad[0]) if bad.size else len(count) - 1
            return Mismatch(tick, f"line {line}: the spikes differ")
    if seen.status == Status.HANG:
        return Mismatch(len(seen.ticks), "the tile hangs")
    if seen.status != Status.DONE:
        return Mismatch(len(seen.ticks), "a stream's payload changed while it waited, or came late")
    return None


def simulate(
    process: TileProcess, regression: Regression
) -> tuple[StreamResult, npt.NDArray[np.uint32]]:
    """Run the RTL; returns its result, and the potentials read back at the end."""
    network = regression.network
    image = build_image(network, network.hardware)
    reads = [
        (Space.POTENTIAL, int(first), int(count))
        for first, count in zip(image.first_potential, network.neurons, strict=True)
    ]
    program = process.load(image.words, image.used_contexts) + steps(regression)
    seen, memories = process.run(program, reads)
    return seen, np.concatenate([memory[:, 0] for memory in memories])


def check(
    regression: Regression,
    model: Engine,
    expected: tuple[Integers, Integers, Integers],
    seen: StreamResult,
    memory: npt.NDArray[np.uint32],
) -> Mismatch | None:
    """The first mismatch of any kind: in the ticks, in what is read back, in the counters."""
    found = compare(regression, expected, seen)
    return found or _compare_end(regression, model, seen, memory)


def run(process: TileProcess, regression: Regression) -> Mismatch | None:
    """Run one regression on both sides; the first mismatch, or None."""
    model = engines.open(regression.network, engine="golden")
    expected = golden(regression, model)
    return check(regression, model, expected, *simulate(process, regression))


def _compare_end(
    regression: Regression, model: Engine, seen: StreamResult, memory: npt.NDArray[np.uint32]
) -> Mismatch | None:
    """Potentials read back from memory, and the counters."""
    sent = len({tuple(row) for row in regression.inputs.tolist()})
    want = {
        "ticks": regression.ticks,
        "spikes_in": sent,
        "spikes_routed": model.spikes_routed,
        "spikes_out": model.spikes_out,
        "dropped": 0,
        "overruns": 0,
    }
    for name, value in want.items():
        if seen.counters[name] != value & 0xFFFFFFFF:
            text = f"counter {name}: expected {value}, seen {seen.counters[name]}"
            return Mismatch(regression.ticks - 1, text)
    mask = (1 << regression.network.hardware.potential_bits) - 1
    stored = np.concatenate(model.potentials) & mask
    bad = np.flatnonzero(memory != stored)
    if bad.size:
        return Mismatch(
            regression.ticks - 1,
            f"potential {bad[0]} reads back {memory[bad[0]]}, not {stored[bad[0]]}",
        )
    return None
