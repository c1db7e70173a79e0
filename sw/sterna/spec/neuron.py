"""Neuron parameters of the leaky integrate-and-fire neuron, and their ranges.

The equations themselves stand in `sterna.model.neuron`. Source: Cassidy et al., IJCNN 2013.
"""

import dataclasses
from dataclasses import dataclass

from .errors import ConfigError
from .hardware import LEAK_BITS, Hardware

LEAK_MIN = -(1 << (LEAK_BITS - 1))
LEAK_MAX = (1 << (LEAK_BITS - 1)) - 1
#: Axon types that a neuron type has parameters for; a build may know fewer.
AXON_TYPES = 4


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
    c : 1: stochastic leak, of 1 with the sign of `leak`, where |leak| >= a draw in 0..255.
    tm : threshold noise: the low `tm` bits of a draw are added to alpha, and to beta
        where kappa = 0; 0..18.
    s0, s1, s2, s3 : weight of a synapse from an axon of that type, -255..255; the crossbar's trit
        multiplies it.
    b0, b1, b2, b3 : 1: stochastic synapse, of 1 with the sign of the weight, where |weight| >= a
        draw in 0..255.
    """

    leak: int = 0
    epsilon: int = 0
    alpha: int = 1
    beta: int = 0
    gamma: int = 0
    kappa: int = 1
    reset: int = 0
    c: int = 0
    tm: int = 0
    s0: int = 1
    s1: int = 1
    s2: int = 1
    s3: int = 1
    b0: int = 0
    b1: int = 0
    b2: int = 0
    b3: int = 0

    def row(self) -> list[int]:
        """The parameters in the order of `TYPE_COLUMNS`: a row of a network's `types`."""
        return [getattr(self, name) for name in TYPE_COLUMNS]

    def validate(self, hardware: Hardware, where: str = "neuron type") -> None:
        """Raise ConfigError, naming `where`, the parameter, its value and its limits."""
        for name, (low, high, build) in limits(hardware).items():
            value = getattr(self, name)
            if not low <= value <= high:
                text = f"{where}: {name} is {value}, the device takes {low}..{high}"
                if build:
                    text += f" ({build}={getattr(hardware, build)}); {_WAYS_OUT[build]}"
                raise ConfigError(text)


#: Advice on a limit, by the hardware parameter that it comes from.
_WAYS_OUT = {
    "threshold_bits": "scale the weights down or build hardware with more bits",
    "weight_bits": "scale the weights down or build hardware with more bits",
    "noise_bits": "use less noise or build hardware with more bits",
    "stochastic_leak": "use a leak that is not drawn, or build hardware that has it",
    "stochastic_synapses": "use synapses that are not drawn, or build hardware that has them",
    "axon_types": "use fewer axon types, or build hardware that has more",
}


def limits(hardware: Hardware) -> dict[str, tuple[int, int, str]]:
    """The range of each parameter, and the hardware parameter that sets it, if any."""
    result = {
        "leak": (LEAK_MIN, LEAK_MAX, ""),
        "epsilon": (0, 1, ""),
        "alpha": (0, hardware.threshold_max, "threshold_bits"),
        "beta": (0, hardware.threshold_max, "threshold_bits"),
        "gamma": (0, 2, ""),
        "kappa": (0, 1, ""),
        "reset": (-hardware.potential_max, hardware.potential_max, ""),
        "c": (0, hardware.stochastic_leak, "stochastic_leak"),
        "tm": (0, hardware.noise_bits, "noise_bits"),
    }
    for g in range(AXON_TYPES):
        if g >= hardware.axon_types:  # no axon is of that type
            result[f"s{g}"], result[f"b{g}"] = (1, 1, "axon_types"), (0, 0, "axon_types")
            continue
        low = -hardware.weight_max if hardware.weight_bits else 1
        result[f"s{g}"] = low, hardware.weight_max, "weight_bits"
        result[f"b{g}"] = 0, hardware.stochastic_synapses, "stochastic_synapses"
    return result


#: Columns of the network file's array `types`, in order.
TYPE_COLUMNS = tuple(field.name for field in dataclasses.fields(NeuronType))
