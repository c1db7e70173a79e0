"""The neuron equation: the update of the membrane potentials in one tick. This is the definition.

Source: Cassidy et al., "Cognitive computing building block", IJCNN 2013; where open
re-creations of it disagree, the choice is noted beside the line.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sterna.spec import Hardware
from sterna.spec.hardware import DRAW_BITS, MAX_NOISE_BITS
from sterna.spec.neuron import AXON_TYPES, TYPE_COLUMNS
from sterna.spec.threefry import DRAWS_A_BLOCK, Purpose, threefry

Integers = npt.NDArray[np.int64]
Bits = npt.NDArray[np.bool_]


class NeuronParameters:
    """Parameters of `n` neurons as int64 arrays [n], named as in `sterna.spec.NeuronType`.

    The weights and what is drawn of them stand by axon type: `s` and `b` are [4, n].
    """

    def __init__(self, rows: npt.NDArray[np.int32]) -> None:
        """From rows of a network's `types`, int32 [n, 17]."""
        columns: dict[str, Integers] = dict(zip(TYPE_COLUMNS, rows.astype(np.int64).T, strict=True))
        self.leak, self.epsilon = columns["leak"], columns["epsilon"]
        self.alpha, self.beta = columns["alpha"], columns["beta"]
        self.gamma, self.kappa, self.reset = columns["gamma"], columns["kappa"], columns["reset"]
        self.c, self.tm = columns["c"], columns["tm"]
        self.s = np.stack([columns[f"s{g}"] for g in range(AXON_TYPES)])
        self.b = np.stack([columns[f"b{g}"] for g in range(AXON_TYPES)])
        self.drawn = bool(self.c.any() or self.tm.any())  # leak or threshold
        self.plain = bool((self.s == 1).all() and not self.b.any())  # weights are the trits


@dataclass(frozen=True)
class Draws:
    """The random numbers of one core in one tick; unused ones may have any value.

    Members
    -------
    threshold : int64 [n] - rho_T, 0..2**18 - 1.
    leak : int64 [n] - rho, 0..255.
    """

    threshold: Integers
    leak: Integers


#: Where neither leak nor threshold is drawn.
NO_DRAWS = Draws(threshold=np.zeros(1, np.int64), leak=np.zeros(1, np.int64))


def neuron_draws(seed: int, tick: int, neurons: int) -> Draws:
    """The draws for leak and threshold of neurons 0..neurons-1."""
    index = np.arange(neurons, dtype=np.uint32)
    first, second = threefry((seed, Purpose.NEURON), (tick & 0xFFFFFFFF, index))
    return Draws(
        threshold=(first & ((1 << MAX_NOISE_BITS) - 1)).astype(np.int64),
        leak=(second & ((1 << DRAW_BITS) - 1)).astype(np.int64),
    )


def synapse_draws(seed: int, tick: int, axons: Integers, neurons: int) -> Integers:
    """The draws of the synapses of these axons: int64 [axons, neurons], 0..255."""
    blocks = np.arange(-(-neurons // DRAWS_A_BLOCK), dtype=np.uint32)
    index = axons.astype(np.uint32)[:, None] << np.uint32(8) | blocks
    words = threefry((seed, Purpose.SYNAPSE), (tick & 0xFFFFFFFF, index))
    pairs = np.stack(words, axis=-1).astype("<u4")  # [axons, blocks, 2]: eight bytes a block
    draws = pairs.view(np.uint8).reshape(len(axons), len(blocks) * DRAWS_A_BLOCK)
    return draws[:, :neurons].astype(np.int64)


def integrate(
    weights: Integers,
    axons: Integers,
    axon_type: npt.NDArray[np.int32],
    p: NeuronParameters,
    draws: Integers | None,
) -> Integers:
    """The synaptic input of a core's neurons: sum_i A_i w_ij s_j[G_i], drawn where b is 1.

    Parameters
    ----------
    weights : int64 [A, n] in {-1, 0, 1} - the crossbar w.
    axons : the axons with a spike due, in order.
    axon_type : int32 [A] - type G of each axon.
    draws : int64 [len(axons), n] - rho of each synapse; None where nothing is drawn.

    Returns
    -------
    int64 [n] - exact.
    """
    trits = weights[axons]
    if p.plain:
        return trits.sum(axis=0)
    kind = axon_type[axons]
    s, b = p.s[kind], p.b[kind]  # [active axons, n]
    if draws is not None:
        # F >= rho: a weight of 255 or more always counts, one of 1 twice in 256, one of 0 never
        drawn = (np.abs(s) >= draws) * np.sign(s)
        s = np.where(b == 1, drawn, s)
    return (trits * s).sum(axis=0)


def leaked(v: Integers, p: NeuronParameters, draws: Draws) -> Integers:
    """V after the leak.

    With epsilon = 1 the leak points along V, and a V that it would carry across 0 stops at 0. Omega
    multiplies the drawn leak as well (two open codes leave it out by a slip of brackets).
    """
    direction = np.where(p.epsilon == 1, np.sign(v), 1)
    drawn = (np.abs(p.leak) >= draws.leak) * np.sign(p.leak)
    after = v + direction * np.where(p.c == 1, drawn, p.leak)
    crossed = (p.epsilon == 1) & (np.sign(after) == -np.sign(v))
    return np.where(crossed, 0, after)


def noise(p: NeuronParameters, draws: Draws) -> Integers:
    """The threshold noise eta: the draw, masked."""
    return draws.threshold & ((1 << p.tm) - 1)


def update(
    potential: Integers, synaptic: Integers, p: NeuronParameters, draws: Draws, hardware: Hardware
) -> tuple[Integers, Bits]:
    """Advance neurons by one tick.

    Parameters
    ----------
    potential : int64 [n] - membrane potentials V before the tick.
    synaptic : int64 [n] - what `integrate` gives.

    Returns
    -------
    (int64 [n], bool [n]) - potentials after the tick; which neurons fire.
    """
    # integrate: exact, no wrap and no clamp before the leak
    v = potential + synaptic

    v = leaked(v, p, draws)

    # clamp
    v = np.clip(v, hardware.potential_min, hardware.potential_max)

    # threshold and fire; the negative side is an else-branch, and strict (Cassidy prints `<`)
    eta = noise(p, draws)
    top, bottom = p.alpha + eta, p.beta + np.where(p.kappa == 1, 0, eta)
    fires = v >= top
    under = ~fires & (v < -bottom)

    # reset
    after_fire: Integers = np.choose(p.gamma, [p.reset, v - top, v])
    unsaturated: Integers = np.choose(p.gamma, [-p.reset, v + bottom, v])
    after_under = np.where(p.kappa == 1, -p.beta, unsaturated)
    v = np.where(fires, after_fire, np.where(under, after_under, v))
    return v, fires
