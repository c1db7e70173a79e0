"""The clock: its divisor is whole, and the UART can keep up."""

import pytest

from sterna.spec import ConfigError
from sterna.spec.boards import BOARDS
from sterna.spec.clock import CLOCK, Clock
from sterna.spec.link import BAUD


def test_bit_rate_and_divisor_are_those_of_one_clock() -> None:
    assert (CLOCK.hz, CLOCK.divisor * CLOCK.baud) == (24_000_000, 24_000_000)
    assert CLOCK.baud == BAUD
    assert CLOCK.bytes_per_s == 600_000


def test_whole_cycles_are_the_nearest() -> None:
    assert Clock(hz=100_000_000, baud=3_000_000).divisor == 33
    assert Clock(hz=24_000_000, baud=115_200).divisor == 208


@pytest.mark.parametrize(
    "clock", [*(board.clock for board in BOARDS.values()), Clock(hz=24_000_000, baud=115_200)]
)
def test_clock_that_a_device_tells_comes_back(clock: Clock) -> None:
    told = Clock.from_word(clock.word)
    assert told is not None
    assert (told.hz, told.divisor, clock.word < 1 << 32) == (clock.hz, clock.divisor, True)
    assert Clock.from_word(0) is None


@pytest.mark.parametrize("word", [0x1, 0x5DC003, 0x5DC0FF00])
def test_word_that_is_no_clock_is_refused(word: int) -> None:
    with pytest.raises(ConfigError, match="no UART has"):
        Clock.from_word(word)


@pytest.mark.control
@pytest.mark.parametrize(
    ("hz", "baud", "text"),
    [
        (24_000_000, 5_000_000, "no whole cycles a bit of 5000000: 4800000 baud is the nearest"),
        (9_000_000, 3_000_000, "has 3 cycles a bit of 3000000; the UART needs 4"),
        (24_000_000, 9_600, "2500 cycles a bit cannot be given to a host: a bit has 255 cycles"),
        (24_000_500, 6_000_000, "cannot be given to a host: .* and the clock whole kHz"),
        (0, 1, "both must be over 0"),
        (8, 0, "both must be over 0"),
    ],
)
def test_clock_that_no_uart_can_run_on_is_refused(hz: int, baud: int, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        Clock(hz=hz, baud=baud)
