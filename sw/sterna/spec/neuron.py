"""Neuron parameters of the deterministic leaky integrate-and-fire neuron, and their ranges.

The equations themselves stand in `sterna.model.neuron`. Source: Cassidy et al., IJCNN 2013.
"""

import dataclasses
from dataclasses import dataclass

from .errors import ConfigError
from .hardware import LEAK_BITS, Hardware

LEAK_MIN = -(1 << (LEAK_BITS - 1))
LEAK_MAX = (1 << (LEAK_BITS - 1)) - 1


@dataclass(frozen=True, kw_only=True)
class NeuronType:
    """One neuron type; potentials and thresholds in units of one trinary weight.

    Parameters
    ----------
    leak : lambda, added once a tick, -512..511.
    epsilon : 0: the leak has its own sign; 1: it is multiplied by sgn(V), and stops at 0.
    alpha : positive threshold, 0..2**threshold_bits - 1.
    beta : negative threshold (its magnitude), 0..2**threshold_bits - 1.
    gamma : reset mode: 0 to `reset`, 1 linear (subtract the threshold), 2 none.
    kappa : 1: V saturates at -beta; 0: it resets there by `gamma`.
    reset : R, the potential after a spike in mode 0; |R| <= 2**(potential_bits - 1) - 1.
    """

    leak: int = 0
    epsilon: int = 0
    alpha: int = 1
    beta: int = 0
    gamma: int = 0
    kappa: int = 1
    reset: int = 0

    def validate(self, hardware: Hardware, where: str = "neuron type") -> None:
        """Raise ConfigError, naming `where`, the parameter, its value and its limits."""
        limits = {
            "leak": (LEAK_MIN, LEAK_MAX),
            "epsilon": (0, 1),
            "alpha": (0, hardware.threshold_max),
            "beta": (0, hardware.threshold_max),
            "gamma": (0, 2),
            "kappa": (0, 1),
            "reset": (-hardware.potential_max, hardware.potential_max),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(
                    f"{where}: {name} is {value}, the device takes {low}..{high}"
                    + (
                        f" (threshold_bits={hardware.threshold_bits}); scale the weights down or "
                        "build hardware with more bits"
                        if name in ("alpha", "beta")
                        else ""
                    )
                )


#: Columns of the network file's array `types`, in order.
TYPE_COLUMNS = tuple(field.name for field in dataclasses.fields(NeuronType))
