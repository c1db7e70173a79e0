"""What the random networks exercise: comparing over cases that never arise proves nothing."""

from collections import Counter
from itertools import product

import numpy as np
import pytest

from sterna.cosim.random_network import random_frames, random_network
from sterna.model import GoldenModel
from sterna.spec import OUTPUT, Hardware, Network, build_image
from sterna.spec.neuron import TYPE_COLUMNS
from tests.cosim.test_tile import HARDWARE


def coverage(network: Network, frames: np.ndarray) -> Counter:
    """How often each case arises when a network runs frames."""
    seen: Counter = Counter()
    hw = network.hardware
    types = {name: network.types[network.neuron_type][:, i] for i, name in enumerate(TYPE_COLUMNS)}
    modes = zip(types["gamma"], types["kappa"], types["epsilon"], np.sign(types["leak"]),
                strict=True)  # fmt: skip
    seen.update(("mode", *map(int, mode)) for mode in modes)
    inner = network.targets[:, 2] != OUTPUT
    seen.update(("delay", int(delay)) for delay in network.targets[inner, 4])
    for crossbar in network.crossbars:
        fan_in = np.abs(crossbar.astype(int)).sum(axis=0)
        seen["empty fan-in"] += int((fan_in == 0).sum())
        seen["full fan-in"] += int((fan_in == hw.axons).sum())
    model = GoldenModel(network)
    for frame in frames:
        tick = model.step(frame)
        for core, (axons, potentials) in enumerate(zip(tick.axons, tick.potentials, strict=True)):
            seen["all axons"] += bool(axons.all())
            seen["no axons"] += not axons.any()
            seen["top"] += int((potentials == hw.potential_max).sum())
            seen["bottom"] += int((potentials == hw.potential_min).sum())
            seen["fires"] += int(tick.spikes[core].sum())
        seen["lines"] += int(tick.lines.sum())
    return seen


def test_networks_that_the_tile_is_compared_on_cover_every_mode_and_corner() -> None:
    """Over the parameter sets and seeds of `test_tile`."""
    seen: Counter = Counter()
    for hardware in HARDWARE.values():
        for seed in (1, 2, 3):
            rng = np.random.default_rng(seed)
            network = random_network(rng, hardware)
            seen += coverage(network, random_frames(rng, network, 30))
    wanted = [("mode", *mode) for mode in product((0, 1, 2), (0, 1), (0, 1), (-1, 0, 1))]
    wanted += [("delay", delay) for delay in range(1, 16)]
    wanted += ["empty fan-in", "full fan-in", "all axons", "no axons", "top", "bottom", "fires",
               "lines"]  # fmt: skip
    assert [case for case in wanted if not seen[case]] == []


def test_coverage_sees_what_is_missing() -> None:
    hardware = HARDWARE["tiny"]
    rng = np.random.default_rng(1)
    network = random_network(rng, hardware)
    seen = coverage(network, np.zeros((1, network.features), bool))
    assert not seen["all axons"]
    assert seen["no axons"]


@pytest.mark.parametrize("hardware", HARDWARE.values(), ids=HARDWARE)
def test_random_networks_fit_their_hardware(hardware: Hardware) -> None:
    for seed in range(20):
        network = random_network(np.random.default_rng(seed), hardware)
        assert build_image(network, hardware).used_contexts == network.cores
