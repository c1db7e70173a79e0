"""The clock of a device and the bit rate of its UART."""

from dataclasses import dataclass

from .errors import ConfigError

#: Bits that a byte takes on a UART: start, eight of data, stop.
BITS_A_BYTE = 10
#: The RTL's UART needs that many clock cycles a bit at least.
LEAST_DIVISOR = 4
#: How far the UART's bit rate may be from the one named, as a fraction; it stands about 4 %.
MOST_OFF = 0.015


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
    def bytes_per_s(self) -> float:
        """Bytes a second on the UART, each way."""
        return self.baud / BITS_A_BYTE


#: What an iCE40 UP5K runs at, and what the simulated board is told to. The bit rate is the highest
#: that the clock divides to; the iCEBreaker's bridge, a FT2232H, would do twice that.
CLOCK = Clock(hz=24_000_000, baud=6_000_000)
