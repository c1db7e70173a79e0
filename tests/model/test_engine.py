"""Engines by name, and what a run of frames gives."""

import numpy as np
import pytest

from sterna import model
from sterna.model import GoldenModel
from sterna.spec import ConfigError
from tests.networks import chain


def test_engine_is_opened_by_name_and_stands_at_tick_0() -> None:
    engine = model.open(chain())
    assert isinstance(engine, GoldenModel)
    assert engine.tick == 0
    with pytest.raises(ConfigError, match="no engine 'quick'; there are: golden"):
        model.open(chain(), engine="quick")


@pytest.mark.parametrize("name", model.ENGINES)
def test_frames_give_their_spikes_latency_ticks_later(name: str) -> None:
    network = chain()
    frames = np.random.default_rng(1).random((20, network.features)) < 0.5
    golden = GoldenModel(network)
    ticks = [golden.step(frame).lines for frame in frames]
    ticks += [golden.step().lines for _ in range(network.latency)]
    spikes = model.run(model.open(network, engine=name), frames)
    assert spikes.any()
    assert (spikes == np.array(ticks)[network.latency :]).all()


def test_no_frames_give_no_spikes() -> None:
    assert model.run(model.open(chain()), np.zeros((0, 4), bool)).shape == (0, 4)
