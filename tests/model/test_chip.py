"""Networks of a chip's size: what they are made of, their rate, and the engines on them."""

import numpy as np
import pytest

from sterna.gallery.chip import chip
from sterna.model import EventEngine, GoldenModel
from sterna.spec import ConfigError


@pytest.mark.parametrize(("rate", "synapses"), [(20, 128), (200, 255), (1, 0), (0, 256)])
def test_every_axon_has_its_synapses_and_one_source(rate: int, synapses: int) -> None:
    network = chip(cores=3, rate=rate, synapses=synapses)
    for crossbar in network.crossbars:
        assert ((crossbar != 0).sum(axis=1) == synapses).all()
        assert (crossbar.sum(axis=1) == synapses % 2).all()
    core, axon = network.targets[:, 2], network.targets[:, 3]
    assert sorted((core * 256 + axon).tolist()) == list(range(3 * 256))
    assert set(network.targets[:, 4].tolist()) == set(range(1, 16))


@pytest.mark.parametrize("rate", [0, 20, 200])
def test_neurons_fire_at_the_mean_rate(rate: int) -> None:
    network = chip(cores=4, rate=rate, synapses=128)
    engine = EventEngine(network)
    engine.advance(1000)
    before = engine.spikes_routed
    engine.advance(2000)
    seen = (engine.spikes_routed - before) / 2 / (4 * 256)
    assert abs(seen - rate) <= 0.02 * rate


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_engine_is_equal_to_the_golden_model(threads: int) -> None:
    network = chip(cores=5, rate=200, synapses=128)
    engine, golden = EventEngine(network, threads=threads), GoldenModel(network)
    for _ in range(60):
        one, other = engine.step(), golden.step()
        assert all(np.array_equal(a, b) for a, b in zip(one.spikes, other.spikes, strict=True))
        assert all(
            np.array_equal(a, b) for a, b in zip(one.potentials, other.potentials, strict=True)
        )
    engine.advance(500)
    golden.advance(500)
    assert engine.spikes_routed == golden.spikes_routed > 0
    assert np.array_equal(engine.due, golden.due)


def test_large_network_is_equal_however_many_threads() -> None:
    """Above 256 cores spikes take the way of three steps."""
    network = chip(cores=300, rate=100, synapses=64)
    engine, golden = EventEngine(network, threads=3), GoldenModel(network)
    engine.advance(12)
    golden.advance(12)
    assert engine.spikes_routed == golden.spikes_routed > 0
    assert np.array_equal(np.concatenate(engine.potentials), np.concatenate(golden.potentials))
    assert np.array_equal(engine.due, golden.due)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"cores": 0}, r"cores is 0, the limit is 1\.\.65536"),
        ({"rate": 1001}, r"rate is 1001, the limit is 0\.\.1000"),
        ({"synapses": 257}, r"synapses is 257, the limit is 0\.\.256"),
    ],
)
def test_numbers_out_of_range_are_refused(changes: dict[str, int], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        chip(**{"cores": 1, "rate": 1, "synapses": 1} | changes)
