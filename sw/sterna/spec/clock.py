"""The clock of a device and the bit rate of its UART."""

from dataclasses import dataclass
from typing import Self

from .errors import ConfigError

#: Bits that a byte takes on a UART: start, eight of data, stop.
BITS_A_BYTE = 10
#: The RTL's UART needs that many clock cycles a bit at least.
LEAST_DIVISOR = 4
#: How far the UART's bit rate may be from the one named, as a fraction; it stands about 4 %.
MOST_OFF = 0.015
#: A device tells its clock in a word: the divisor in the low bits, above it the clock in kHz.
DIVISOR_BITS, HZ_A_STEP = 8, 1000


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A clock, and the UART that it drives.

    Parameters
    ----------
    hz : clock cycles a second.
    baud : bits a second on the UART.

    Raises
    ------
    ConfigError : a bit takes too few cycles, or so few that their whole number is off by more than
        `MOST_OFF`.
    """

    hz: int
    baud: int

    def __post_init__(self) -> None:
        if self.hz <= 0 or self.baud <= 0:
            raise ConfigError(f"a clock of {self.hz} Hz and {self.baud} baud: both must be over 0")
        if self.divisor < LEAST_DIVISOR:
            raise ConfigError(
                f"a clock of {self.hz} Hz has {self.divisor} cycles a bit of {self.baud}; the UART "
                f"needs {LEAST_DIVISOR}: use a lower bit rate"
            )
        if self.divisor >= 1 << DIVISOR_BITS or self.hz % HZ_A_STEP:
            raise ConfigError(
                f"a clock of {self.hz} Hz with {self.divisor} cycles a bit cannot be given to a "
                f"host: a bit has {(1 << DIVISOR_BITS) - 1} cycles at most, and the clock whole kHz"
            )
        if abs(self.hz / self.divisor - self.baud) > MOST_OFF * self.baud:
            raise ConfigError(
                f"a clock of {self.hz} Hz has no whole cycles a bit of {self.baud}: "
                f"{self.hz / self.divisor:.0f} baud is the nearest, more than {MOST_OFF:.1%} off"
            )

    @property
    def divisor(self) -> int:
        """Clock cycles a bit, to the nearest."""
        return (self.hz + self.baud // 2) // self.baud

    @property
    def word(self) -> int:
        """The clock as a device tells it: in kHz from bit 8 on, below it the divisor."""
        return self.hz // HZ_A_STEP << DIVISOR_BITS | self.divisor

    @classmethod
    def from_word(cls, word: int) -> Self | None:
        """The clock that a device tells; None if it has no UART. Raises ConfigError."""
        if not word:
            return None
        hz, divisor = (word >> DIVISOR_BITS) * HZ_A_STEP, word & (1 << DIVISOR_BITS) - 1
        if divisor < LEAST_DIVISOR:
            raise ConfigError(f"its clock is {word:#x}: no UART has {divisor} cycles a bit")
        return cls(hz=hz, baud=round(hz / divisor))

    @property
    def bytes_per_s(self) -> float:
        """Bytes a second on the UART, each way."""
        return self.baud / BITS_A_BYTE


#: The clock of an iCE40 UP5K, and of the simulated board. The bit rate is the highest
#: that the clock divides to; the iCEBreaker's bridge, a FT2232H, would do twice that.
CLOCK = Clock(hz=24_000_000, baud=6_000_000)
