"""Regressions of layered networks: their expansion, on the golden model and on the RTL."""

import numpy as np

from sterna.spec import ConfigError, Hardware, Network
from sterna.spec.expand import expand
from sterna.spec.image import check_fit
from sterna.spec.layers import LayeredNetwork

from .random_layers import random_layers
from .random_network import random_frames
from .regression import TICKS, Regression, frame_inputs, random_stalls

#: Draws of a network of one depth until one fits, at most.
_TRIES = 300


def draw_layered(hardware: Hardware, seed: list[int]) -> Regression:
    """A random regression of a layered network's expansion that fits: a pure function."""
    rng = np.random.default_rng(seed)
    network = random_expansion(rng, hardware)
    return Regression(
        network=network,
        inputs=frame_inputs(network, random_frames(rng, network, TICKS)),
        ticks=TICKS,
        stalls=random_stalls(rng),
        seed=int(rng.integers(1 << 31)),
    )


def random_expansion(rng: np.random.Generator, hardware: Hardware) -> Network:
    """Explicit cores of a random layered network, plain or packed, that fit the hardware.

    Raises ConfigError if nothing that fits is found.
    """
    for depth in range(int(rng.integers(1, 4)), 0, -1):
        for _ in range(_TRIES):
            side = int(rng.choice([1, 2, 3, 4]))
            layered = random_layers(rng, hardware, side=side, depth=depth)
            pack = (1, 1) if rng.random() < 0.5 else (2, 2)
            if _fewest_cores(layered, pack) > hardware.contexts:
                continue
            network = expand(layered, pack, hardware=hardware).network
            try:
                check_fit(network, hardware)
            except ConfigError:
                continue
            return network
    raise ConfigError(f"no layered network of {_TRIES} drawn fits {hardware}")


def _fewest_cores(network: LayeredNetwork, pack: tuple[int, int]) -> int:
    windows = sum(one.groups * one.sites[0] * one.sites[1] for one in network.layers)
    return -(-windows // (pack[0] * pack[1]))
