"""`sterna sim` for a network of layers: the fastest engine, compared with the golden model."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sterna.compile import fewest_cores
from sterna.spec import LayeredNetwork, MismatchError, check_folder, check_output, results
from sterna.spec.expand import expand

from .console import extra, out, print_json, print_table, progress_bar, step

if TYPE_CHECKING:
    from sterna.data.trained import Coded

#: Frames that the golden model runs too: of thousands of cores it does a few ticks a second.
COMPARED = 3


def sim_layers(network: LayeredNetwork, tests: "Coded", folder: Path, json: bool) -> None:
    """Run frames through the expansion of a network, and compare the first with the golden model.

    Raises MismatchError, after the report is written, at a spike or potential that differs.
    """
    from sterna import model

    with extra("sim"):
        from sterna.verify.engines import compare_traces, trace
        from sterna.verify.report import write_json
    check_folder(folder)
    check_output(folder / "report.json")
    cores, frames = expand(network).network, tests.frames
    engine = model.open(cores)
    step("network", f"{network.name}, {int(cores.neurons.sum()):,} neurons")
    step(
        "engine",
        f"{engine.name}: equal to the golden model at every tick; this network fits no "
        "virtual board",
    )
    start = time.perf_counter()
    with progress_bar() as bar:
        task = bar.add_task("stream", total=len(frames), note="")
        spikes = model.run(engine, frames, progress=lambda done: bar.update(task, completed=done))
    wall_s = time.perf_counter() - start
    labels, classes = tests.classes(results.votes(spikes, cores.output_class))
    right = classes == labels
    first = results.with_latency(cores, frames[:COMPARED])
    with progress_bar() as bar:
        bar.add_task("golden", total=None, note=f"{len(first)} ticks")
        golden = trace(model.open(cores, engine="golden"), first)
        found = compare_traces(engine.name, cores, golden, trace(model.open(cores), first))
    differs = "none differs" if found is None else f"the first that differs: {found}"
    step(
        "golden",
        f"the first {len(first)} ticks: {golden[0].size:,} spikes and potentials "
        f"compared, {differs}",
    )
    facts: dict[str, Any] = {
        "network": network.name,
        "engine": engine.name,
        "cores": fewest_cores(network),
        "packing": "packed",
        "frames": len(frames),
        "accuracy": float(right.mean()),
        "frames_per_s": len(frames) / wall_s,
        "compared_ticks": len(first),
        "compared_updates": int(golden[0].size),
        "mismatch": None if found is None else str(found),
    }
    write_json(folder / "report.json", facts)
    if json:
        print_json(facts)
    else:
        print_table(
            f"{network.name} in the engine {engine.name}",
            [
                ("frames", f"{len(frames):,}"),
                *([("recordings", f"{len(right):,}")] if tests.data.streams else []),
                ("accuracy", f"{right.mean():.2%}"),
                ("cores, packed", f"{facts['cores']:,}"),
                ("frames/s", f"{len(frames) / wall_s:,.0f}"),
                ("ticks compared with the golden model", str(len(first))),
                ("mismatches", "none" if found is None else str(found)),
            ],
        )
        out.print(str(folder / "report.json"), soft_wrap=True)
    if found is not None:
        raise MismatchError(f"{network.name}: {found}")
