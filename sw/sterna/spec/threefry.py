"""The one source of randomness: Threefry-2x32 with 20 rounds, a counter-based generator.

A draw is a pure function of (core seed, tick, neuron, purpose); it has no state, so that neither
the order of spikes nor lanes nor contexts can change it.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11; rotations,
parity and number of rounds as in their library Random123.
"""

import enum
from typing import Any

import numpy as np
import numpy.typing as npt

ROUNDS = 20
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
#: The third key word is this, XOR the other two.
PARITY = 0x1BD11BDA
#: Rounds between injections of the key.
INJECTION = 4
#: Draws of 8 bits that one block holds.
DRAWS_A_BLOCK = 8


class Purpose(enum.IntEnum):
    """Second word of the key (the first is the core's seed)."""

    NEURON = 0  #: counter (tick, neuron): word 0 for the threshold, low byte of word 1 for the leak
    SYNAPSE = 1  #: counter (tick, axon << 8 | neuron // 8): byte k, low first, for neuron % 8 = k


Words = npt.NDArray[np.uint32]


@np.errstate(over="ignore")  # sums are modulo 2**32
def threefry(key: tuple[Any, Any], counter: tuple[Any, Any]) -> tuple[Words, Words]:
    """The block of a key and a counter; each word is uint32 of any shape, broadcast together."""
    k0, k1 = (np.asarray(word, np.uint32) for word in key)
    keys = (k0, k1, np.uint32(PARITY) ^ k0 ^ k1)
    x0 = np.asarray(counter[0], np.uint32) + keys[0]
    x1 = np.asarray(counter[1], np.uint32) + keys[1]
    for step in range(ROUNDS):
        turn = ROTATIONS[step % len(ROTATIONS)]
        x0 = x0 + x1
        x1 = (x1 << np.uint32(turn) | x1 >> np.uint32(32 - turn)) ^ x0
        if step % INJECTION == INJECTION - 1:
            count = step // INJECTION + 1
            x0 = x0 + keys[count % 3]
            x1 = x1 + keys[(count + 1) % 3] + np.uint32(count)
    return x0, x1
