"""Seconds until an engine runs: compiling, opening, the first tick; in processes of their own."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_FIRST_TICK = (
    "from sterna.data import shipped_network; from sterna import model\n"
    "engine = model.open(shipped_network()); engine.step(); assert engine.name != 'golden'\n"
)


def start_up(runs: int = 3) -> dict[str, float]:
    """Seconds of whole processes, with a warm cache and with an empty one."""
    print("start-up", file=sys.stderr, flush=True)
    python = [sys.executable, "-c", _FIRST_TICK]
    with tempfile.TemporaryDirectory() as folder:
        cold = _seconds(python, Path(folder))
        warm = statistics.median(_seconds(python, Path(folder)) for _ in range(runs))
        simulated = [
            _seconds(
                [
                    sys.executable,
                    "-m",
                    "sterna.cli",
                    "sim",
                    "--link",
                    "model",
                    "--frames",
                    "1",
                    "--out",
                    folder,
                ],
                Path(folder),
            )
            for _ in range(runs)
        ]
    return {
        "first_tick_s": warm,
        "first_tick_compiling_s": cold,
        "sim_link_model_s": statistics.median(simulated),
    }


def _seconds(command: list[str], builds: Path) -> float:
    start = time.perf_counter()
    subprocess.run(
        command, check=True, capture_output=True, env={**os.environ, "STERNA_BUILD": str(builds)}
    )
    return time.perf_counter() - start
