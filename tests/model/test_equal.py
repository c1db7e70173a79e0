"""Every fast engine against the golden model: spikes, potentials, lines, counts of every tick."""

import platform
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sterna import model
from sterna.model import EventEngine, GoldenModel, LayerEngine, Tick, event, layers, native
from sterna.spec import Network, NeuronType
from sterna.spec.expand import CORE, expand
from sterna.spec.neuron import TYPE_COLUMNS
from sterna.verify.hardware import draw_hardware
from sterna.verify.layered import random_packing
from sterna.verify.mutations import HARDWARE
from sterna.verify.random_layers import random_layers
from sterna.verify.random_network import random_frames, random_network
from tests.trees import copy_tree

SEEDS = st.integers(0, 2**32 - 1)
TICKS = 30


def same(one: Tick, other: Tick) -> bool:
    """Two ticks are equal in all that they hold."""
    pairs = (
        pair
        for name in ("axons", "spikes", "potentials")
        for pair in zip(getattr(one, name), getattr(other, name), strict=True)
    )
    return (
        one.tick == other.tick
        and np.array_equal(one.lines, other.lines)
        and all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)
    )


def counts(engine: model.Engine) -> tuple[int, int, int]:
    return engine.spikes_in, engine.spikes_routed, engine.spikes_out


def differ(network: Network, engine: model.Engine, frames: np.ndarray, *, blocks: bool) -> bool:
    """True if the engine differs from the golden model, anywhere, in stepping or in blocks."""
    golden = GoldenModel(network)
    ticks = engine.stream(frames) if blocks else (engine.step(frame) for frame in frames)
    equal = all(same(golden.step(frame), tick) for frame, tick in zip(frames, ticks, strict=True))
    return not equal or counts(golden) != counts(engine) or not np.array_equal(
        golden.due, engine.due
    )  # fmt: skip


def acyclic(rng: np.random.Generator) -> Network:
    """A random network whose neurons remember nothing, with all delays and no loop of cores."""
    network = random_network(rng, HARDWARE, cores=3)
    kinds = [
        NeuronType(
            leak=int(rng.integers(-4, 5)), alpha=int(rng.integers(2)), kappa=int(rng.integers(2)),
            c=0, tm=0,
        )
        for _ in network.types
    ]  # fmt: skip
    targets = network.targets
    onward = (targets[:, 2] < 0) | (targets[:, 2] > targets[:, 0])
    return network.replace(
        types=np.array([kind.row() for kind in kinds], np.int32),
        targets=targets[onward],
        neuron_potential=np.zeros_like(network.neuron_potential),
    )


@settings(max_examples=150, deadline=None)
@given(seed=SEEDS, build=st.integers(0, 200), threads=st.integers(1, 3))
def test_event_engine_is_equal_on_random_networks(seed: int, build: int, threads: int) -> None:
    """On hardware of all kinds, so with all modes; on a thread of its own for each core too."""
    rng = np.random.default_rng(seed)
    network = random_network(rng, draw_hardware(seed % 1000, build))
    frames = random_frames(rng, network, TICKS)
    assert not differ(network, EventEngine(network, threads=threads), frames, blocks=False)
    engine, golden = EventEngine(network, threads=threads), GoldenModel(network)
    assert np.array_equal(engine.advance(60, frames), golden.advance(60, frames))
    assert all(np.array_equal(a, b) for a, b in zip(engine.potentials, golden.potentials,
                                                    strict=True))  # fmt: skip
    assert counts(engine) == counts(golden)


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, packed=st.booleans(), ticks=st.integers(24, 60))
def test_layer_engine_is_equal_on_random_layers(seed: int, packed: bool, ticks: int) -> None:
    rng = np.random.default_rng(seed)
    layered = random_layers(rng, side=4, depth=1 + seed % 3)
    network = expand(layered, random_packing(rng, layered, CORE) if packed else None).network
    frames = random_frames(rng, network, ticks)
    assert not differ(network, LayerEngine(network), frames, blocks=True)


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, pieces=st.lists(st.integers(1, 70), min_size=1, max_size=4))
def test_layer_engine_is_equal_with_all_delays_in_blocks_of_any_size(
    seed: int, pieces: list[int]
) -> None:
    """Spikes are on their way, some of them injected, from each piece to the next."""
    rng = np.random.default_rng(seed)
    network = acyclic(rng)
    engine, golden = LayerEngine(network, threads=1 + seed % 3), GoldenModel(network)
    for piece in pieces:
        frames = random_frames(rng, network, piece)
        core = int(rng.integers(network.cores))
        spike = core, int(rng.integers(network.axons[core])), int(rng.integers(16))
        for one in (engine, golden):
            one.inject(*spike)
        for frame, tick in zip(frames, engine.stream(frames), strict=True):
            assert same(golden.step(frame), tick)
        assert np.array_equal(engine.due, golden.due)
        assert counts(engine) == counts(golden)


@pytest.mark.parametrize("ticks", [511, 512, 513, 2200])
def test_blocks_of_512_ticks_join(ticks: int) -> None:
    rng = np.random.default_rng(ticks)
    network = acyclic(rng)
    frames = random_frames(rng, network, ticks)
    assert not differ(network, LayerEngine(network), frames, blocks=True)
    engine, golden = LayerEngine(network), GoldenModel(network)
    assert np.array_equal(engine.advance(ticks + 5, frames), golden.advance(ticks + 5, frames))
    assert counts(engine) == counts(golden)


def test_all_modes_are_met() -> None:
    """The random networks of the tests above have every value of every mode."""
    met: dict[str, set[int]] = {name: set() for name in ("epsilon", "gamma", "kappa", "c", "b0")}
    noisy = weighted = False
    for seed in range(40):
        network = random_network(np.random.default_rng(seed), draw_hardware(seed, seed))
        for name, values in met.items():
            values |= set(network.types[:, TYPE_COLUMNS.index(name)].tolist())
        noisy |= bool(network.types[:, TYPE_COLUMNS.index("tm")].any())
        weighted |= bool((network.types[:, TYPE_COLUMNS.index("s0")] != 1).any())
    assert met == {"epsilon": {0, 1}, "gamma": {0, 1, 2}, "kappa": {0, 1}, "c": {0, 1},
                   "b0": {0, 1}}  # fmt: skip
    assert noisy
    assert weighted


def test_probe_is_told_the_same_by_every_engine() -> None:
    network = random_network(np.random.default_rng(5), HARDWARE, cores=3)
    frames = random_frames(np.random.default_rng(6), network, TICKS)
    told: dict[str, list] = {"golden": [], "event": []}
    for name, calls in told.items():
        engine = model.open(
            network, engine=name, probe=lambda *call, calls=calls: calls.append(call)
        )
        engine.advance(TICKS, frames)
    assert len(told["golden"]) == TICKS * network.cores
    for one, other in zip(told["golden"], told["event"], strict=True):
        assert one[0] == other[0]
        assert np.array_equal(one[1], other[1])
        assert np.array_equal(one[2], other[2])
        for name in ("threshold", "leak"):
            assert np.array_equal(getattr(one[3], name), getattr(other[3], name))


# deliberate faults, compiled

#: File of the C++, what stands there once, what is put in its place.
EVENT_FAULTS = [
    ("counting.h", "full_add(bit[1], two_a, two_b, bit[1], four_b);",
     "full_add(bit[1], two_a, two_b, bit[1], four_b), four_b = four_a;"),
    ("neurons.h", "fires = v >= top;", "fires = v > top;"),
    ("neurons.h", "v = larger(smaller(v, high), low);", "v = larger(v, low);"),
    ("neurons.h", "const Lanes crossed = reversing & (sign(v) == -before);",
     "const Lanes crossed = reversing & (sign(v) == before);"),
    ("rows.h", "(size >= draw)", "(size > draw)"),
    ("event.h", "net.due + (tick + delay) % net.slots", "net.due + (tick + 1) % net.slots"),
    ("event.h", "!changed && !count", "!count"),
    ("draws.h", "leak[j] = second & 0xFF;", "leak[j] = first & 0xFF;"),
]  # fmt: skip
LAYER_FAULTS = [
    ("counting.h", "(limit >> k & 1) ? bit[k] & reached", "(limit >> k & 1) ? bit[k]"),
    ("layers.h", "local[axons + a] = ~row;", "local[axons + a] = row;"),
    ("layers.h", "if (delay) left |= beyond(source, delay, ticks);", ""),
    ("layers.h", "row |= later(source, delay);", "row |= later(source, 1);"),
    ("layers.h", "Bits512 row = {uint64_t(due)};", "Bits512 row = {};"),
    ("layers.h", "counts.routed += spikes * net.fan_out[neuron];", "counts.routed += spikes;"),
]


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Compiles the engines' C++, with a fault or none, for the rest of the test."""
    monkeypatch.setenv("STERNA_BUILD", str(tmp_path / "build"))
    monkeypatch.setattr(native, "_FLAGS", tuple("-O0" if flag == "-O3" else flag
                                                for flag in native._FLAGS))  # fmt: skip

    def put(file: str = "", old: str = "", new: str = "") -> None:
        folder = copy_tree(Path(native.__file__).with_name("native"), tmp_path / "native")
        if file:
            text = (folder / file).read_text()
            assert text.count(old) == 1
            (folder / file).write_text(text.replace(old, new))
        library = native.load(folder)
        for module in (event, layers):
            monkeypatch.setattr(module, "kernels", lambda: library)

    return put


def event_differs(seeds: range) -> bool:
    for seed in seeds:
        rng = np.random.default_rng(seed)
        network = random_network(rng, HARDWARE, cores=1 + seed % 3)
        frames = random_frames(rng, network, TICKS)
        if differ(network, EventEngine(network), frames, blocks=False):
            return True
    return False


def layers_differ(seeds: range) -> bool:
    for seed in seeds:
        rng = np.random.default_rng(seed)
        network = acyclic(rng)
        frames = random_frames(rng, network, 530)
        if differ(network, LayerEngine(network), frames, blocks=True):
            return True
    return False


@pytest.mark.control
@pytest.mark.parametrize(
    ("engine", "file", "old", "new"),
    [("event", *fault) for fault in EVENT_FAULTS] + [("layers", *fault) for fault in LAYER_FAULTS],
)
def test_fault_in_an_engine_is_caught(
    faulty: Callable[..., None], engine: str, file: str, old: str, new: str
) -> None:
    faulty(file, old, new)
    assert event_differs(range(40)) if engine == "event" else layers_differ(range(12))


def test_engines_without_a_fault_are_equal_there() -> None:
    assert not event_differs(range(40))
    assert not layers_differ(range(12))


@pytest.mark.parametrize("processor", [(), ("-march=x86-64-v3",)], ids=["any", "AVX2"])
def test_engines_are_equal_on_processors_without_wide_vectors(
    processor: tuple[str, ...], faulty: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the compiler makes of the forms without AVX-512, here and on machines without it."""
    if processor and platform.machine() != "x86_64":
        pytest.skip("AVX2 is x86's")
    monkeypatch.setattr(native, "_PROCESSORS", (processor,))
    faulty()
    assert not event_differs(range(20))
    assert not layers_differ(range(6))
