"""How to train: optimizer, learning rate, augmentation."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from sterna.spec import ConfigError

Optimizer = Literal["adam", "adamw", "sgd"]
Schedule = Literal["cosine", "steps"]
Precision = Literal["float32", "bfloat16"]
#: Factor of the learning rate at each cut of the schedule `steps`.
CUT = 0.1
#: The least and the greatest of each whole number, and the greatest of each real one.
WHOLE = {
    "epochs": (1, 100_000),
    "batch": (2, 65_536),
    "shift": (0, 256),
    "calibrate": (0, 1 << 31),
    "threads": (0, 1024),
}
MOST_SURROGATE = 1e4
REAL = {"rate": 1e4, "scale": 1e4, "decay": 1e4, "penalty": 1e4, "momentum": 1.0}


@dataclass(frozen=True, kw_only=True)
class Warp:
    """How far an image is warped at most, each drawn per image, uniform and to either side.

    Parameters
    ----------
    turn : degrees.
    stretch : of each axis by itself, as a fraction.
    shear : as a fraction of the side.
    shift : along each axis, in pixels; a part of a pixel counts.

    Raises
    ------
    ConfigError : one is out of range: 180, 1, 10, and 256.
    """

    turn: float = 0
    stretch: float = 0
    shear: float = 0
    shift: float = 0

    def __post_init__(self) -> None:
        for name, most in (("turn", 180), ("stretch", 1), ("shear", 10), ("shift", 256)):
            if not 0 <= getattr(self, name) <= most:
                raise ConfigError(f"warp: {name} must be 0..{most}, not {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to train.

    Parameters
    ----------
    epochs, batch : passes over the training set; frames a step, the rest of an epoch left out.
    optimizer : adam, adamw, or sgd with momentum.
    rate : learning rate at the start.
    schedule : cosine: the rate falls to 0 along half a cosine, step by step; steps: it is cut to a
        tenth at each of `cuts`.
    cuts : shares of the training, 0..1, at which the rate is cut.
    momentum, decay : of sgd; weight decay of adamw and sgd.
    scale : added by one vote to its class's logit.
    penalty : weight of `spike_penalty` in the loss; Eedn's is 1e-4.
    shift : largest random shift of an image, in pixels.
    mirror : mirror half of the images.
    surrogate : width of the neurons' surrogate gradient, as of `SpikingNeuron`.
    precision : of the forward and backward pass: float32, or bfloat16, which holds spikes, trinary
        weights and sums up to 256 exactly; weights, statistics and updates are float32 all the
        same. On a GPU it is always bfloat16.
    warp : in place of the shift, a warp.
    calibrate : training examples, drawn with the seed, that statistics are taken over; 0: all.
    threads : torch's threads, 0: as they are. Another count sums in another order, and so trains
        another network.

    Raises
    ------
    ConfigError : names the option, its value and its limits.
    """

    scale: float
    epochs: int = 20
    batch: int = 100
    optimizer: Optimizer = "adam"
    rate: float = 0.05
    schedule: Schedule = "cosine"
    cuts: tuple[float, ...] = (0.5, 0.75)
    momentum: float = 0.9
    decay: float = 0.0
    penalty: float = 0.0
    shift: int = 0
    mirror: bool = False
    warp: Warp | None = None
    surrogate: float = 1.0
    precision: Precision = "float32"
    calibrate: int = 0
    threads: int = 0

    def __post_init__(self) -> None:
        for name, (least, most) in WHOLE.items():
            value = getattr(self, name)
            if value < least:
                raise ConfigError(f"{name} must be at least {least}, not {value}")
            if value > most:
                raise ConfigError(f"{name} must be at most {most:,}, not {value}")
        for name, most in REAL.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ConfigError(f"{name} must be a number from 0 up, not {value}")
            if value > most:
                raise ConfigError(f"{name} must be at most {most:g}, not {value}")
        if not 0 < self.surrogate < math.inf:
            raise ConfigError(f"surrogate must be a number above 0, not {self.surrogate}")
        if self.surrogate > MOST_SURROGATE:
            raise ConfigError(f"surrogate must be at most {MOST_SURROGATE:g}, not {self.surrogate}")
        for cut in self.cuts:
            if isinstance(cut, bool) or not isinstance(cut, (int, float)) or not 0 <= cut <= 1:
                raise ConfigError(f"cuts must be shares of the training, 0..1, not {cut!r}")
        for name, kinds in (
            ("optimizer", Optimizer),
            ("schedule", Schedule),
            ("precision", Precision),
        ):
            if getattr(self, name) not in get_args(kinds):
                raise ConfigError(
                    f"{name} must be one of {', '.join(get_args(kinds))}, not "
                    f"{getattr(self, name)!r}"
                )

    def rate_at(self, done: float) -> float:
        """Learning rate after this share of the training, 0..1."""
        if self.schedule == "cosine":
            return self.rate * 0.5 * (1 + math.cos(math.pi * done))
        return self.rate * CUT ** sum(done >= cut for cut in self.cuts)
