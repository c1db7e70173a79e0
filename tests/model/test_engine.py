"""Engines by name, which of them `auto` is, and what a run of frames gives."""

import logging

import numpy as np
import pytest

from sterna import model
from sterna.builds.compiler import find_compiler
from sterna.gallery.chip import chip
from sterna.model import EventEngine, GoldenModel, LayerEngine, engine, native
from sterna.model.layers import examine
from sterna.spec import OUTPUT, ConfigError, DataError, NeuronType, ToolError
from tests.layered import two_layers
from tests.networks import chain, int32


def test_engine_is_opened_by_name_and_stands_at_tick_0() -> None:
    assert isinstance(model.open(chain(), engine="golden"), GoldenModel)
    assert isinstance(model.open(chain(), engine="event"), EventEngine)
    assert model.open(chain()).tick == 0
    with pytest.raises(ConfigError, match="no engine 'quick'; there are: auto, golden, event"):
        model.open(chain(), engine="quick")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"types": int32(NeuronType(leak=-9).row())}, None),
        ({"types": int32(NeuronType(alpha=0, kappa=0).row())}, None),
        ({"types": int32(NeuronType(alpha=2).row())}, "neurons that remember"),
        ({"types": int32(NeuronType(beta=1).row())}, "neurons that remember"),
        ({"types": int32(NeuronType(reset=-1).row())}, "neurons that remember"),
        ({"types": int32(NeuronType(gamma=2).row())}, "neurons that remember"),
        ({"types": int32(NeuronType(leak=1, epsilon=1).row())}, "neurons that remember"),
        ({"neuron_potential": np.full(8, 3, np.int32)}, "neurons that remember"),
        ({"targets": int32((0, 0, 1, 1, 1), (1, 1, 0, 0, 2))}, "a loop of cores"),
        ({"targets": int32((0, 0, 0, 1, 1))}, "a loop of cores"),
        ({"targets": int32((0, 0, 1, 1, 3), (1, 1, OUTPUT, 0, 0))}, None),
    ],
)
def test_layer_engine_is_found_where_it_can_run(changes: dict, reason: str | None) -> None:
    network = chain(**changes)
    found = examine(network).reason
    assert (found is None) == (reason is None)
    assert isinstance(model.open(network), LayerEngine if reason is None else EventEngine)
    if reason is not None:
        assert reason in found
        with pytest.raises(ConfigError, match=f"'chain': it has {reason}; use the engine 'event'"):
            model.open(network, engine="layers")


def test_large_loop_of_cores_without_memory_is_found_at_once() -> None:
    """Level by level: the time is that of its paths, not of its cores."""
    network = chip(cores=300, rate=1, synapses=1)
    network = network.replace(
        types=int32(NeuronType().row()), neuron_potential=np.zeros(300 * 256, np.int32)
    )
    assert examine(network).reason == "it has a loop of cores"
    assert isinstance(model.open(network), EventEngine)


def test_layers_are_run_as_their_expansion() -> None:
    layered = two_layers()
    opened = model.open(layered)
    assert isinstance(opened, LayerEngine)
    assert opened.network.features == layered.features


@pytest.mark.parametrize("name", model.ENGINES)
def test_frames_give_their_spikes_latency_ticks_later(name: str) -> None:
    network = chain()
    frames = np.random.default_rng(1).random((40, network.features)) < 0.5
    golden = GoldenModel(network)
    ticks = [golden.step(frame).lines for frame in frames]
    ticks += [golden.step().lines for _ in range(network.latency)]
    spikes = model.run(model.open(network, engine=name), frames)
    assert spikes.any()
    assert (spikes == np.array(ticks)[network.latency :]).all()


@pytest.mark.parametrize("name", model.ENGINES)
def test_frames_of_a_wrong_shape_are_refused(name: str) -> None:
    opened = model.open(chain(), engine=name)
    for frames, text in (
        (np.zeros((3, 5)), r"frames must have shape \[frames, 4\], not \[3, 5\]"),
        (np.zeros((3, 4)), r"frames must have shape \[up to 2, 4\], not \[3, 4\]"),
        (np.zeros(4), r"frames must have shape \[up to 2, 4\], not \[4\]"),
    ):
        with pytest.raises(DataError, match=text):
            opened.advance(2 if "up to" in text else 3, frames)
    assert opened.tick == 0


BAD_FRAMES = [
    (np.full((3, 4), 255), "0 and 1 only, not 255"),
    (np.full((3, 4), -1, np.int8), "0 and 1 only, not -1"),
    (np.full((3, 4), 0.49), "0 and 1 only, not 0.49"),
    (np.full((3, 4), np.nan, np.float32), "0 and 1 only, not nan"),
    (np.full((3, 4), 1j), "bool or integers 0 and 1, not complex128"),
    (np.full((3, 4), "1"), "bool or integers 0 and 1, not <U1"),
]


@pytest.mark.parametrize(("frames", "text"), BAD_FRAMES)
@pytest.mark.parametrize("name", model.ENGINES)
def test_what_is_no_spike_is_refused_by_every_way_in(
    name: str, frames: np.ndarray, text: str
) -> None:
    opened = model.open(chain(), engine=name)
    for way in (
        lambda: opened.present(frames[0]),
        lambda: opened.step(frames[0]),
        lambda: opened.advance(3, frames),
        lambda: list(opened.stream(frames)),
        lambda: model.run(opened, frames),
        lambda: model.run(opened, frames, progress=lambda done: None),
    ):
        with pytest.raises(DataError, match=text):
            way()
    assert opened.tick == 0
    assert opened.spikes_in == 0


@pytest.mark.parametrize("name", model.ENGINES)
def test_numbers_0_and_1_are_spikes(name: str) -> None:
    frames = np.random.default_rng(1).random((30, 4)) < 0.5
    for dtype in (np.uint8, np.int64, np.float32):
        opened = model.open(chain(), engine=name)
        assert (model.run(opened, frames.astype(dtype)) == frames).all()


@pytest.mark.parametrize("name", model.ENGINES)
def test_no_frames_give_no_spikes(name: str) -> None:
    opened = model.open(chain(), engine=name)
    assert model.run(opened, np.zeros((0, 4), bool)).shape == (0, 4)
    assert list(opened.stream(np.zeros((0, 4), bool))) == []
    assert opened.advance(0).shape == (0, 4)


def test_without_a_compiler_the_golden_model_runs_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    find_compiler()  # there is one
    monkeypatch.setenv("CXX", "no-such-compiler")
    native.kernels.cache_clear()
    engine._say_once.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            for _ in range(2):
                assert isinstance(model.open(chain()), GoldenModel)
        assert caplog.text.count("the golden model runs, which is slow: the C++ compiler") == 1
        with pytest.raises(ToolError, match=r"'no-such-compiler' .* is missing: install"):
            model.open(chain(), engine="event")
    finally:
        native.kernels.cache_clear()
        engine._say_once.cache_clear()
