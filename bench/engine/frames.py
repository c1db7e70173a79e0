"""Frames/s of trained and of chip-scale networks, by engine; and two other ways to run layers."""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from sterna import model
from sterna.compile import graph, lower
from sterna.data import mnist_test, shipped_network
from sterna.model.arrays import address
from sterna.model.event import processors
from sterna.model.native import load
from sterna.spec import LayeredNetwork
from sterna.spec.expand import expand

from .rates import RUNS, seconds

#: Frames of the one-chip network in a run: four blocks.
FRAMES = 2048
#: Share of the features of its frames that spike.
ACTIVITY = 0.15


def one_chip() -> LayeredNetwork:
    """The published one-chip network, with random trits."""
    layered, rng = lower(graph("one-chip")), np.random.default_rng(1)
    layers = [
        one.replace(weights=rng.integers(-1, 2, one.weights.shape).astype(np.int8))
        for one in layered.layers
    ]
    return layered.replace(layers=tuple(layers))


def frames_rates() -> dict[str, Any]:
    """The shipped network on MNIST's test set, and the one-chip network on random frames."""
    print("frames: MNIST", file=sys.stderr, flush=True)
    network, digits = shipped_network(), mnist_test().frames()
    engine = model.open(network)
    model.run(engine, digits[:1000])
    mnist_s = seconds(lambda: model.run(engine, digits))
    golden = model.open(network, engine="golden")
    golden_s = seconds(lambda: model.run(golden, digits[:500]), 3) / 500
    print("frames: one-chip", file=sys.stderr, flush=True)
    layered = one_chip()
    cores = expand(layered).network
    frames = np.random.default_rng(2).random((FRAMES, cores.features)) < ACTIVITY
    layers, event = (model.open(cores, engine=name) for name in ("layers", "event"))
    layers.advance(FRAMES, frames)
    event.advance(8, frames[:8])
    chip_s = seconds(lambda: layers.advance(FRAMES, frames)) / FRAMES
    event_s = seconds(lambda: event.advance(64, frames[:64]), 3) / 64
    return {
        "mnist_engine": engine.name,
        "mnist_10000_s": mnist_s,
        "mnist_frames_per_s": len(digits) / mnist_s,
        "mnist_golden_frames_per_s": 1 / golden_s,
        "one_chip_cores": cores.cores,
        "one_chip_frames_per_s": 1 / chip_s,
        "one_chip_event_frames_per_s": 1 / event_s,
        "one_chip_matrix_frames_per_s": 1 / matrix_products(layered),
        "one_chip_popcount_frames_per_s": 1 / popcounts(layered),
        "one_chip_synapses_per_frame": synapses(layered),
    }


def synapses(layered: LayeredNetwork) -> int:
    """Additions of a frame if every trit that is not 0 is added, whatever spikes."""
    return sum(
        one.sites[0] * one.sites[1] * int(np.count_nonzero(one.weights)) for one in layered.layers
    )


def popcounts(layered: LayeredNetwork, batch: int = 16) -> float:
    """Seconds a frame of popcounts over packed windows and trits, without the packing.

    The layers' other shape on packed bits: a word has 64 axons of one frame.
    """
    library: Any = load(Path(__file__).with_name("native"))
    rng, threads = np.random.default_rng(4), processors()
    work: list[tuple[Any, ...]] = []
    for one in layered.layers:
        words, count = -(-one.weights.shape[1] // 64), batch * one.sites[0] * one.sites[1]
        windows = rng.integers(0, 1 << 63, (count, words), dtype=np.uint64)
        plus, minus = rng.integers(0, 1 << 63, (2, one.neurons, words), dtype=np.uint64)
        work.append(
            (one.groups, windows, plus, minus & ~plus, np.zeros((count, one.neurons), np.uint8))
        )

    def run() -> None:
        for groups, windows, plus, minus, fired in work:
            library.bench_popcount(
                *(address(one) for one in (windows, plus, minus)),
                *fired.shape,
                windows.shape[1],
                address(fired),
                groups,
                threads,
            )

    return seconds(run, RUNS) / batch


def matrix_products(layered: LayeredNetwork, batch: int = 64) -> float:
    """Seconds a frame of the layers' matrix products alone, in NumPy's float32, without unfolding.

    Sums of up to 256 trits are exact in float32. It is the other way to run many frames at once.
    """
    rng = np.random.default_rng(3)
    work = [
        (
            rng.random((batch * one.sites[0] * one.sites[1], one.weights.shape[1]), np.float32),
            one.weights.astype(np.float32),
        )
        for one in layered.layers
    ]

    def run() -> None:
        for windows, weights in work:
            for group in weights:
                _ = windows @ group > 0

    run()
    return seconds(run, RUNS) / batch
