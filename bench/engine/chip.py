"""Networks of a chip's size in the event engine: rates over a grid, growth, bounds, memory.

The bounds of a tick:

- rows: a line of 64 bytes a spike, anywhere among the crossbars, over the lines/s of a loop that
  reads lines at random places of as much memory;
- state: potentials (4 bytes a neuron, read and written) and spikes due (a byte an axon, read), over
  the bytes/s of a plain read of as much memory, which the last cache may hold;
- routing: a store at a random place a spike, over the stores/s of a loop that does only that;
- arithmetic: what the same engine takes on 16 cores of the same network, which lie in the caches,
  for rows, neurons and all else, times the cores. A row of 256 synapses is two full adders of 256
  bits, which are four instructions with AVX-512.

The first three are of one memory, so that their sum is one bound, and the arithmetic the other; the
larger of the two is the bound. Cores without spikes whose neurons rest are passed over: at a rate
of 0 nothing but their spikes due is read.
"""

import ctypes
import json
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sterna.gallery.chip import TICKS_A_SECOND, chip
from sterna.model import EventEngine
from sterna.model.arrays import address
from sterna.model.event import processors
from sterna.model.native import load

from .rates import RUNS, seconds, ticks_per_s

CORES = 4096
NEURONS = 256
RATES = (0, 2, 20, 50, 100, 200)
SYNAPSES = (0, 32, 128, 256)
#: Cores of the network that lies in the caches.
SMALL = 16
#: The point that TrueNorth's energy is quoted at.
RATE, ACTIVE = 20, 128


class Memory:
    """Measure the memory: bytes/s in order, of much and of a chip's state; lines and stores/s."""

    def __init__(self, cores: int = CORES) -> None:
        self._library: Any = load(Path(__file__).with_name("native"))
        rng = np.random.default_rng(0)
        rows = cores * NEURONS
        self._words = np.ones(1 << 25, np.uint64)
        self._state = np.ones(cores * NEURONS * 5 // 8, np.uint64)
        self._due = np.zeros(16 * rows, np.uint8)
        self._lines = rng.integers(0, rows, 1 << 20, dtype=np.uint32)
        self._places = rng.integers(0, len(self._due), 1 << 21, dtype=np.uint32)

    def measure(self, threads: int) -> dict[str, float]:
        """The rates now; they change from minute to minute on a machine that others use too."""
        count = ctypes.c_int64

        def read(array: npt.NDArray[np.uint64], passes: int) -> float:
            return (
                passes
                * array.nbytes
                / seconds(
                    lambda: self._library.bench_read(
                        address(array), count(len(array)), passes, threads
                    )
                )
            )

        def over(loop: Any, memory: npt.NDArray[Any], places: npt.NDArray[np.uint32]) -> float:
            return len(places) / seconds(
                lambda: loop(address(memory), address(places), count(len(places)), threads)
            )

        return {
            "read_bytes_per_s": read(self._words, 1),
            "state_bytes_per_s": read(self._state, 16),
            "random_lines_per_s": over(self._library.bench_lines, self._words, self._lines),
            "random_stores_per_s": over(self._library.bench_scatter, self._due, self._places),
        }


def bounds(small_s: float, rate: int, cores: int, bound: dict[str, float]) -> dict[str, float]:
    """Seconds that a tick takes at least, by what bounds it.

    `small_s` : seconds of a tick of `SMALL` cores in a thread, over the number of threads.
    """
    spikes = cores * NEURONS * rate / TICKS_A_SECOND
    state = cores * NEURONS * (9 if rate else 1)
    memory = state / bound["state_bytes_per_s"] + spikes * (
        1 / bound["random_lines_per_s"] + 1 / bound["random_stores_per_s"]
    )
    return {"memory": memory, "arithmetic": small_s * cores / SMALL}


def reached(speed: float, least: dict[str, float]) -> dict[str, Any]:
    """The bound that is reached first, and the share of it that ticks/s come to."""
    most = max(least, key=lambda name: least[name])
    return {"bound": most, "of_bound": speed * least[most]}


def chip_grid(
    rates: tuple[int, ...], synapses: tuple[int, ...], cores: int = CORES
) -> list[dict[str, Any]]:
    """Each point of the grid: ticks/s, synaptic operations/s, and the ratio to its bound."""
    points: list[dict[str, Any]] = []
    memory = Memory(cores)
    for active in synapses:
        for rate in rates:
            print(f"chip: {rate} Hz, {active} synapses", file=sys.stderr, flush=True)
            engine = EventEngine(chip(cores=cores, rate=rate, synapses=active))
            speed = ticks_per_s(engine)
            inner = EventEngine(chip(cores=SMALL, rate=rate, synapses=active), threads=1)
            small_s = 1 / ticks_per_s(inner, budget_s=0.1) / engine.threads
            least = bounds(small_s, rate, cores, memory.measure(engine.threads))
            points.append(
                {
                    "rate_hz": rate,
                    "synapses": active,
                    "ticks_per_s": speed,
                    "synaptic_operations_per_s": speed
                    * cores
                    * NEURONS
                    * rate
                    * active
                    / TICKS_A_SECOND,
                    **reached(speed, least),
                }
            )
    return points


def growth() -> dict[str, list[dict[str, float]]]:
    """Ticks/s at 20 Hz and 128 synapses by cores, with all threads, and by threads."""
    print("growth", file=sys.stderr, flush=True)
    by_cores = [
        {
            "cores": cores,
            "ticks_per_s": ticks_per_s(EventEngine(chip(cores=cores, rate=RATE, synapses=ACTIVE))),
        }
        for cores in (16, 64, 256, 1024, 4096)
    ]
    whole = chip(cores=CORES, rate=RATE, synapses=ACTIVE)
    by_threads = [
        {"threads": threads, "ticks_per_s": ticks_per_s(EventEngine(whole, threads=threads))}
        for threads in range(1, processors() + 1)
    ]
    return {"cores": by_cores, "threads": by_threads}


def together(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Runs of `whole_chip` at several times as one: median and best of them, largest memory."""
    rates = [rate for part in parts for rate in part["ticks_per_s"]]
    return {
        "ticks_per_s": statistics.median(rates),
        "best_ticks_per_s": max(rates),
        "runs": len(rates),
        "memory_bytes": max(part["memory_bytes"] for part in parts),
        "threads": parts[0]["threads"],
    }


def whole_chip() -> dict[str, Any]:
    """Ticks/s of a few runs, and the memory of a process that does nothing but run a whole chip."""
    print("a whole chip, in its own process", file=sys.stderr, flush=True)
    answer = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import tell_whole_chip as run; run()"],
        stdout=subprocess.PIPE,
        check=True,
        cwd=Path(__file__).parents[2],
        text=True,
    )
    return json.loads(answer.stdout)


def tell_whole_chip() -> None:
    """Run a whole chip in this process, and print its figures as JSON."""
    engine = EventEngine(chip(cores=CORES, rate=RATE, synapses=ACTIVE))
    found = [ticks_per_s(engine, runs=1) for _ in range(RUNS)]
    print(
        json.dumps({"ticks_per_s": found, "memory_bytes": _peak_bytes(), "threads": engine.threads})
    )


def _peak_bytes() -> int:
    """The most memory that this program has had; getrusage counts who started it as well."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
