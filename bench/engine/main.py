"""Measures all, prints it, and writes the README's table and picture: `python -m bench engine`."""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from sterna import model
from sterna.model.event import processors
from sterna.model.native import unavailable
from sterna.plots.engine import draw_engine
from sterna.spec import SternaError
from sterna.spec.pages import check_section, write_section

from ..machine import machine
from .chip import RATES, SYNAPSES, Memory, chip_grid, growth, together, whole_chip
from .frames import frames_rates
from .ranc import ranc_network, ranc_rate
from .rates import ticks_per_s
from .report import SECTION, report
from .start import start_up

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "img" / "engine.png"
#: RANC's simulator on that network, ticks/s: measured once, on 16 cores of such a machine.
RANC_YARDSTICK = 115


def ranc(program: Path | None) -> dict[str, Any]:
    """RANC's network in our engine and in the golden model, and in RANC's simulator if named."""
    print("RANC's network", file=sys.stderr, flush=True)
    network = ranc_network()
    by_threads = {
        threads: ticks_per_s(model.open(network, threads=threads))
        for threads in range(1, processors() + 1)
    }
    best = max(by_threads, key=lambda threads: by_threads[threads])
    ours = by_threads[best]
    golden = ticks_per_s(model.open(network, engine="golden"))
    theirs = None
    if program is not None:
        with tempfile.TemporaryDirectory() as folder:
            theirs = ranc_rate(program, Path(folder))
    return {
        "ticks_per_s": ours,
        "threads": best,
        "ticks_per_s_by_threads": by_threads,
        "golden_ticks_per_s": golden,
        "ranc_ticks_per_s": theirs,
        "ratio_measured": None if theirs is None else ours / theirs,
        "ranc_yardstick_ticks_per_s": RANC_YARDSTICK,
        "ratio_to_yardstick": ours / RANC_YARDSTICK,
        "note": "" if theirs else "RANC's simulator was not named (--ranc PATH): not run here",
    }


def measure(program: Path | None, *, quick: bool) -> dict[str, Any]:
    """Every figure."""
    threads = processors()
    # others use the machine too: the headline is of runs before, amid and after the rest
    whole = [whole_chip()]
    found = {
        "machine": machine(),
        "threads": threads,
        "memory": Memory().measure(threads),
        "start": start_up(),
        "ranc": ranc(program),
        "frames": frames_rates(),
    }
    whole.append(whole_chip())
    found |= {
        "grid": chip_grid((0, 20, 200) if quick else RATES, (128,) if quick else SYNAPSES),
        "growth": growth(),
    }
    whole.append(whole_chip())
    return found | {"chip": together(whole)}


def main(arguments: list[str]) -> None:
    """Measure; print a table or JSON; write the README's table and the picture."""
    parser = argparse.ArgumentParser(prog="python -m bench engine", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print every figure as JSON")
    parser.add_argument("--quick", action="store_true", help="a small grid; writes nothing")
    parser.add_argument("--ranc", type=Path, metavar="PATH", help="RANC's simulator, ranc_sim")
    chosen = parser.parse_args(arguments)
    if reason := unavailable():
        raise SternaError(f"there are no fast engines to measure: {reason}")
    if not chosen.quick:
        check_section(ROOT / "README.md", SECTION)
    found = measure(chosen.ranc, quick=chosen.quick)
    text = report(found)
    if not chosen.quick:
        folder = ROOT / "build" / "bench"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "engine.json").write_text(json.dumps(found, indent=1))
        draw_engine(PICTURE, found["grid"], found["growth"])
        write_section(ROOT / "README.md", SECTION, text)
    print(json.dumps(found, indent=1) if chosen.json else text)
