"""The clock of a device and the bit rate of its UART."""

from dataclasses import dataclass

from .errors import ConfigError

#: Bits that a byte takes on a UART: start, eight of data, stop.
BITS_A_BYTE = 10
#: The RTL's UART needs that many clock cycles a bit at least.
LEAST_DIVISOR = 4


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A clock, and the UART that it drives.

    Parameters
    ----------
    hz : clock cycles a second.
    baud : bits a second on the UART.

    Raises
    ------
    ConfigError : the UART's bits would not be whole cycles, or too few of them.
    """

    hz: int
    baud: int

    def __post_init__(self) -> None:
        if self.hz <= 0 or self.baud <= 0 or self.hz % self.baud:
            raise ConfigError(f"a clock of {self.hz} Hz has no whole cycles a bit of {self.baud}")
        if self.divisor < LEAST_DIVISOR:
            raise ConfigError(
                f"a clock of {self.hz} Hz has {self.divisor} cycles a bit of {self.baud}; the UART "
                f"needs {LEAST_DIVISOR}: use a lower bit rate"
            )

    @property
    def divisor(self) -> int:
        """Clock cycles a bit."""
        return self.hz // self.baud

    @property
    def bytes_per_s(self) -> float:
        """Bytes a second on the UART, each way."""
        return self.baud / BITS_A_BYTE


#: What an iCE40 UP5K runs at, and what the simulated board is told to. The bit rate is the highest
#: that the clock divides to; the iCEBreaker's bridge, a FT2232H, would do twice that.
CLOCK = Clock(hz=24_000_000, baud=6_000_000)
