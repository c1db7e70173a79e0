"""Goodput of the host link against bit errors, in simulated time.

    python -m bench.goodput

Writes the table of docs/link-protocol.md. The bound is the wire's: a full frame takes 254 bytes and
its zero for 236 of payload, each way at once.
"""

import random
import statistics
from pathlib import Path

from sterna.link import Frame
from sterna.spec.clock import CLOCK
from sterna.spec.link import MAX_PAYLOAD
from sterna.spec.pages import write_section
from sterna.spec.tables import table
from tests.link.wire import Wire

PAGE = Path(__file__).parents[1] / "docs" / "link-protocol.md"
COMMAND = "`python -m bench.goodput`"
BIT_ERRORS = (0.0, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3)
BYTES = 50_000
SEEDS = 5


def goodput(bit_errors: float, seed: int, *, echo: bool) -> float:
    """Payload bytes a simulated second, to the device, or to the device and back."""
    wire = Wire(baud=CLOCK.baud, bit_errors=bit_errors, seed=seed, echo=echo, timeout_s=60)
    wire.open()
    start = wire.now
    wire.exchange(random.Random(seed).randbytes(BYTES))
    return BYTES / (wire.now - start)


def rows() -> list[tuple[str, ...]]:
    """The table's rows: bit error rate, then kB/s and part of the bound, each way."""
    bound = CLOCK.bytes_per_s * MAX_PAYLOAD / len(Frame(payload=bytes(MAX_PAYLOAD)).encode())
    found: list[tuple[str, ...]] = []
    for bit_errors in BIT_ERRORS:
        row = [f"{bit_errors:g}"]
        for echo in (False, True):
            rates = [goodput(bit_errors, seed, echo=echo) for seed in range(SEEDS)]
            rate = statistics.median(rates)
            row += [f"{rate / 1e3:.1f}", f"{rate / bound:.3f}"]
        found.append(tuple(row))
    return found


def main() -> None:
    """Measure, and write the page's table."""
    head = (
        "bit error rate",
        "to the device, kB/s",
        "of the bound",
        "there and back, kB/s",
        "of it",
    )
    text = table(head, rows())
    write_section(PAGE, COMMAND, text)
    print(text)


if __name__ == "__main__":
    main()
