"""The named hardware parameters."""

from .errors import ConfigError
from .hardware import Hardware

PRESETS: dict[str, Hardware] = {
    # One tile on an iCE40 UP5K: the four SPRAMs hold the 8 crossbars exactly; the other memories
    # fit its 30 block RAMs (docs/architecture.md, "Budget of the UP5K").
    "up5k": Hardware(
        contexts=8, crossbars=8, lanes=32, axons=256, neurons=256, delay_slots=4,
        targets=1536, types=256, potential_bits=16, threshold_bits=15,
    ),
    # An ECP5 of 85,000 LUTs: twenty crossbars in 160 of its 208 block RAMs, and 32 cores, with the
    # delays and widths of TrueNorth's.
    "ecp5-85f": Hardware(
        contexts=32, crossbars=20, lanes=32, axons=256, neurons=256, delay_slots=16,
        targets=8192, types=256, potential_bits=20, threshold_bits=18,
    ),
    # One of 25,000: five crossbars in 40 of 56, and 16 cores, which share them or are small.
    "ecp5-25f": Hardware(
        contexts=16, crossbars=5, lanes=32, axons=256, neurons=256, delay_slots=4,
        targets=2048, types=256, potential_bits=16, threshold_bits=15,
    ),
    # One core of TrueNorth's size, with its delays and widths, trinary and deterministic.
    "core256": Hardware(
        contexts=1, crossbars=1, lanes=32, axons=256, neurons=256, delay_slots=16,
        targets=512, types=256, potential_bits=20, threshold_bits=18,
    ),
    # TrueNorth's core: its neuron model whole, at its widths.
    "truenorth": Hardware(
        contexts=1, crossbars=1, lanes=16, axons=256, neurons=256, delay_slots=16,
        targets=512, types=256, potential_bits=20, threshold_bits=18,
        axon_types=4, weight_bits=9, noise_bits=18, stochastic_leak=1, stochastic_synapses=1,
    ),
    # Small enough to read a waveform of.
    "tiny": Hardware(
        contexts=2, crossbars=2, lanes=8, axons=32, neurons=32, delay_slots=4,
        targets=128, types=16, potential_bits=10, threshold_bits=9,
    ),
}  # fmt: skip

#: Presets for FPGAs with a fast clock: their tile has more and shorter stages, as of
#: `sterna.rtl.fabric.Fabric`. It computes the same.
DEEP = frozenset({"ecp5-85f", "ecp5-25f"})


def is_deep(hardware: Hardware) -> bool:
    """Whether a device with these parameters has more and shorter stages."""
    return preset_name(hardware) in DEEP


def preset(name: str) -> Hardware:
    """The hardware parameters of that name; raises ConfigError that lists the names."""
    if name not in PRESETS:
        raise ConfigError(f"no hardware preset {name!r}; there are: {', '.join(PRESETS)}")
    return PRESETS[name]


def preset_name(hardware: Hardware) -> str:
    """The name of the preset with these parameters, or 'custom'."""
    return next((name for name, known in PRESETS.items() if known == hardware), "custom")
