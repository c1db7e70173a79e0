"""Stores equal parts once: crossbars of one content, and neurons of one leak."""

from collections.abc import Iterable

import numpy as np

from .network import IntArray, TritArray
from .neuron import NeuronType


def distinct_crossbars(
    crossbars: Iterable[TritArray],
) -> tuple[tuple[TritArray, ...], IntArray]:
    """Distinct crossbars, in order of their first use, and the index of each that came."""
    place: dict[tuple[tuple[int, ...], bytes], int] = {}
    distinct: list[TritArray] = []
    index: list[int] = []
    for weights in crossbars:
        key = weights.shape, weights.tobytes()
        if key not in place:
            place[key] = len(distinct)
            distinct.append(weights.copy())
        index.append(place[key])
    return tuple(distinct), np.array(index, np.int32)


def memoryless_types(leaks: IntArray) -> tuple[IntArray, IntArray]:
    """One neuron type a distinct leak, by rising leak, and the type of each neuron.

    With alpha = 1 and R = beta = 0 a neuron fires if its sum and leak are 1 or more, and remembers
    nothing.
    """
    distinct, index = np.unique(leaks, return_inverse=True)
    rows = [NeuronType(leak=int(leak)).row() for leak in distinct]
    return np.array(rows, np.int32), index.astype(np.int32)
