"""Random hardware parameters, with the corners over-weighted."""

import numpy as np

from sterna.spec import ConfigError, Hardware
from sterna.verify.random_network import pick

#: Sizes of axons and neurons, and how often: small ones run faster, and meet more corners.
SIZES, WEIGHTS = (32, 64, 128, 256), (0.5, 0.25, 0.15, 0.1)


def draw_hardware(seed: int, index: int) -> Hardware:
    """Parameter set `index` of a campaign: a pure function of the arguments.

    Even ones have one context, odd ones several; of each four, one has no randomness and no
    weights, one is TrueNorth's whole neuron, and the others have what is drawn for them. Of each
    eight, three are as narrow as a build can be.
    """
    rng = np.random.default_rng([seed, index])
    while True:
        try:
            return _draw(rng, several=index % 2 == 1, kind=index // 2 % 4, narrow=index % 8 < 3)
        except ConfigError:
            continue  # a combination that no build has


def draw_deep(index: int) -> bool:
    """Whether parameter set `index` is built with many stages: half of each kind are."""
    return index.bit_count() % 2 == 1


def _draw(rng: np.random.Generator, *, several: bool, kind: int, narrow: bool) -> Hardware:
    contexts = int(rng.integers(2, 9)) if several else 1
    axons, neurons = (int(rng.choice(SIZES, p=WEIGHTS)) for _ in range(2))
    potential = pick(rng, 8, 24, 16, 20)
    if narrow:  # where sums are as narrow as they can be
        axons, potential = 32, 8
    weights = [0, 9, pick(rng, 0, 9, 2), pick(rng, 2, 9)][kind]
    draws = [0, 1, int(rng.integers(2)), int(rng.integers(2))]
    return Hardware(
        contexts=contexts,
        crossbars=int(rng.choice([1, contexts, int(rng.integers(1, 9))])),
        lanes=int(rng.choice([lanes for lanes in (8, 16, 32, 64) if lanes <= neurons])),
        axons=axons,
        neurons=neurons,
        delay_slots=int(rng.choice([2, 4, 8, 16], p=[0.15, 0.15, 0.1, 0.6])),
        targets=max(contexts, int(contexts * neurons * rng.choice([0.5, 1, 2, 3.3]))),
        types=int(rng.choice([1, 7, 16, 64, 256])),
        potential_bits=potential,
        threshold_bits=pick(rng, 4, potential - 1),
        axon_types=[1, 4, int(rng.choice([1, 2])), 4][kind] if weights > 1 else 1,
        weight_bits=weights,
        noise_bits=[0, 18, pick(rng, 0, 18, 1), pick(rng, 0, 18)][kind],
        stochastic_leak=draws[kind],
        stochastic_synapses=[0, 1, 0, int(rng.integers(2))][kind] if weights > 1 else 0,
    )
