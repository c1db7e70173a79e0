"""Inputs and outputs of a family's PLL: the ranges of its data sheet, and settings within them.

A PLL divides its input, compares it with its own output divided likewise (the phase detector), and
so keeps an oscillator (the VCO) at a multiple, which it divides to what comes out.
"""

from dataclasses import dataclass

from sterna.spec import ConfigError


@dataclass(frozen=True)
class PllLimits:
    """The ranges of a family's PLL, lowest and highest, in Hz.

    Members
    -------
    source : where they are from.
    input, detector, vco, output : of the clock that comes in, at the phase detector, of the
        oscillator, and of the clock that comes out.
    """

    source: str
    input: tuple[float, float]
    detector: tuple[float, float]
    vco: tuple[float, float]
    output: tuple[float, float]

    def check(self, *, input: int, divide: int, vco: float, output: float) -> None:
        """Raise ConfigError if a setting leaves a range; names it, the value and the range.

        `divide` : of the input, before the phase detector.
        """
        seen = {"input": input, "detector": input / divide, "vco": vco, "output": output}
        for name, hz in seen.items():
            low, high = getattr(self, name)
            if not low <= hz <= high:
                raise ConfigError(
                    f"the PLL's {NAMES[name]} would be at {hz / 1e6:g} MHz, the limit is "
                    f"{low / 1e6:g} to {high / 1e6:g} MHz ({self.source}): choose other dividers, "
                    "or another clock"
                )


NAMES = {"input": "input", "detector": "phase detector", "vco": "oscillator", "output": "output"}
ECP5_PLL = PllLimits(
    "Lattice FPGA-DS-02012, ECP5 data sheet, sysCLOCK PLL timing",
    input=(8e6, 400e6), detector=(10e6, 400e6), vco=(400e6, 800e6), output=(3.125e6, 400e6),
)  # fmt: skip
ULTRAPLUS_PLL = PllLimits(
    "Lattice FPGA-DS-02008, iCE40 UltraPlus data sheet, sysCLOCK PLL timing",
    input=(10e6, 133e6), detector=(10e6, 133e6), vco=(533e6, 1066e6), output=(16e6, 275e6),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Ecp5Pll:
    """Settings of an EHXPLLL whose output is fed back.

    Parameters
    ----------
    input, output : clocks that come in and out, in Hz.
    divide, multiply : the first by one and times the other is the second.

    Raises
    ------
    ConfigError : they are not; or a frequency leaves its range in the data sheet.
    """

    input: int
    output: int
    divide: int
    multiply: int

    def __post_init__(self) -> None:
        if self.input * self.multiply != self.output * self.divide:
            raise ConfigError(
                f"{self.input} Hz times {self.multiply} / {self.divide} is not {self.output} Hz"
            )
        ECP5_PLL.check(
            input=self.input, divide=self.divide, vco=self.output * self.steps, output=self.output
        )

    @property
    def steps(self) -> int:
        """The divisor of the output: the oscillator runs near the middle of its range."""
        return max(1, round(600e6 / self.output))


@dataclass(frozen=True, kw_only=True)
class UltraPlusPll:
    """Settings of an SB_PLL40 whose oscillator is fed back (`FEEDBACK_PATH` SIMPLE).

    Parameters
    ----------
    input, output : clocks that come in and out, in Hz.
    divr, divf, divq : as the cell has them: the input is divided by `divr` + 1; times `divf` + 1,
        that is the oscillator; by 2 to the power of `divq`, what comes out.

    Raises
    ------
    ConfigError : they do not make the output of the input; or a frequency leaves its range in the
        data sheet.
    """

    input: int
    output: int
    divr: int
    divf: int
    divq: int

    def __post_init__(self) -> None:
        vco = self.input * (self.divf + 1) / (self.divr + 1)
        if vco != self.output << self.divq:
            raise ConfigError(
                f"{self.input} Hz with DIVR {self.divr}, DIVF {self.divf} and DIVQ {self.divq} is "
                f"not {self.output} Hz"
            )
        ULTRAPLUS_PLL.check(input=self.input, divide=self.divr + 1, vco=vco, output=self.output)

    @property
    def filter_range(self) -> int:
        """FILTER_RANGE, by the phase detector's frequency (as Project IceStorm's icepll has it)."""
        detector = self.input / (self.divr + 1)
        return 1 + sum(detector >= limit for limit in (17e6, 26e6, 44e6, 66e6, 101e6))
