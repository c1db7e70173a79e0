"""Regressions of layered networks: their expansion, on the golden model and on the RTL."""

import numpy as np

from sterna.spec import ConfigError, Hardware, Network
from sterna.spec.blocks import Packing, core_count, packings
from sterna.spec.expand import expand
from sterna.spec.image import check_fit
from sterna.spec.layers import LayeredNetwork

from .random_layers import random_layers
from .random_network import random_frames
from .regression import REGRESSION_TICKS, Regression, frame_inputs, random_stalls

#: Draws of a network of one depth until one fits, at most.
_TRIES = 300


def draw_layered(hardware: Hardware, seed: list[int]) -> Regression:
    """A random regression of a layered network's expansion that fits: a pure function."""
    rng = np.random.default_rng(seed)
    network = random_expansion(rng, hardware)
    return Regression(
        network=network,
        inputs=frame_inputs(network, random_frames(rng, network, REGRESSION_TICKS)),
        ticks=REGRESSION_TICKS,
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
            packing = random_packing(rng, layered, hardware)
            if core_count(layered, packing) > hardware.contexts:
                continue
            network = expand(layered, packing, hardware=hardware).network
            try:
                check_fit(network, hardware)
            except ConfigError:
                continue
            return network
    raise ConfigError(f"no layered network of {_TRIES} drawn fits {hardware}")


def random_packing(
    rng: np.random.Generator, network: LayeredNetwork, hardware: Hardware
) -> list[Packing]:
    """A packing of each layer that fits a core of the hardware; half are a window a core."""
    made: list[Packing] = []
    for layer in network.layers:
        choices = packings(layer, network.maps[layer.source], hardware)
        plain = not choices or rng.random() < 0.5
        made.append(Packing() if plain else choices[rng.integers(len(choices))])
    return made
