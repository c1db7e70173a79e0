"""The clock: its divisor is whole, and the UART can keep up."""

import pytest

from sterna.spec import ConfigError
from sterna.spec.clock import CLOCK, Clock
from sterna.spec.link import BAUD


def test_bit_rate_and_divisor_are_those_of_one_clock() -> None:
    assert (CLOCK.hz, CLOCK.divisor * CLOCK.baud) == (24_000_000, 24_000_000)
    assert CLOCK.baud == BAUD
    assert CLOCK.bytes_per_s == 600_000


def test_whole_cycles_are_the_nearest() -> None:
    assert Clock(hz=100_000_000, baud=3_000_000).divisor == 33
    assert Clock(hz=24_000_000, baud=115_200).divisor == 208


@pytest.mark.control
@pytest.mark.parametrize(
    ("hz", "baud", "text"),
    [
        (24_000_000, 5_000_000, "no whole cycles a bit of 5000000: 4800000 baud is the nearest"),
        (9_000_000, 3_000_000, "has 3 cycles a bit of 3000000; the UART needs 4"),
        (0, 1, "both must be over 0"),
        (8, 0, "both must be over 0"),
    ],
)
def test_clock_that_no_uart_can_run_on_is_refused(hz: int, baud: int, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        Clock(hz=hz, baud=baud)
