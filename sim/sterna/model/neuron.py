"""The neuron equation: what one tick does to the membrane potentials. This is the definition.

Source: Cassidy et al., "Cognitive computing building block", IJCNN 2013; where open
re-creations of it disagree, the choice is noted beside the line.
"""

import numpy as np
import numpy.typing as npt

from sterna.spec import Hardware

Integers = npt.NDArray[np.int64]


class NeuronParameters:
    """Parameters of `n` neurons as int64 arrays [n], named as in `sterna.spec.NeuronType`."""

    def __init__(self, rows: npt.NDArray[np.int32]) -> None:
        """From rows of a network's `types`, int32 [n, 7]."""
        columns: list[Integers] = list(rows.astype(np.int64).T)
        self.leak, self.epsilon, self.alpha, self.beta, self.gamma, self.kappa, self.reset = columns


def update(
    potential: Integers, synaptic: Integers, p: NeuronParameters, hardware: Hardware
) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """Advance neurons by one tick.

    Parameters
    ----------
    potential : int64 [n] - membrane potentials V before the tick.
    synaptic : int64 [n] - sum over active axons of their weights.

    Returns
    -------
    (int64 [n], bool [n]) - potentials after the tick; which neurons fire.
    """
    # integrate: exact, no wrap and no clamp before the leak
    v = potential + synaptic

    # leak; with epsilon = 1 it points along V, and a V that it would carry across 0 stops at 0
    direction = np.where(p.epsilon == 1, np.sign(v), 1)
    leaked = v + direction * p.leak
    crossed = (p.epsilon == 1) & (np.sign(leaked) == -np.sign(v))
    v = np.where(crossed, 0, leaked)

    # clamp
    v = np.clip(v, hardware.potential_min, hardware.potential_max)

    # threshold and fire; the negative side is an else-branch, and strict (Cassidy prints `<`)
    fires = v >= p.alpha
    under = ~fires & (v < -p.beta)

    # reset
    after_fire: Integers = np.choose(p.gamma, [p.reset, v - p.alpha, v])
    unsaturated: Integers = np.choose(p.gamma, [-p.reset, v + p.beta, v])
    after_under = np.where(p.kappa == 1, -p.beta, unsaturated)
    v = np.where(fires, after_fire, np.where(under, after_under, v))
    return v, fires
