"""Times of image, model and tick against the number of cores: they grow in proportion.

    python -m bench.scale

Writes the table of docs/architecture.md. The bound is a time a core that stays as it is: what takes
`n` times as long for `n` times as many cores has a growth of 1.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import sterna.model
from sterna.compile import compile_truenorth, count_truenorth, estimate, graph, lower
from sterna.compile.truenorth import FEATURES, shared_patches
from sterna.spec import OUTPUT, Hardware, Network, NeuronType, build_image, preset
from sterna.spec.expand import expand
from sterna.spec.pages import write_section
from sterna.spec.tables import table

from .engine.frames import one_chip as random_one_chip
from .engine.rates import RUNS, seconds
from .machine import machine

PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"
COMMAND = "`python -m bench.scale`"
CORES = (500, 1000, 2000, 4000)
AXONS, NEURONS, CROSSBARS = 64, 32, 16


@dataclass(frozen=True, kw_only=True)
class Unlimited(Hardware):
    """A tile with any number of cores; it exists in the benchmark only."""

    def __post_init__(self) -> None:
        """Nothing is checked."""


def network_of(cores: int) -> Network:
    """A network of so many cores; half of the neurons send to another core."""
    rng = np.random.default_rng(cores)
    values = preset("core256").as_dict()
    values |= {"contexts": cores, "crossbars": CROSSBARS, "targets": cores * NEURONS}
    neurons = cores * NEURONS
    core, neuron = np.divmod(np.arange(neurons), NEURONS)
    inner = rng.random(neurons) < 0.5
    targets = np.stack(
        [
            core,
            neuron,
            np.where(inner, rng.integers(cores, size=neurons), OUTPUT),
            rng.integers(32, size=neurons),
            np.where(inner, 1, 0),
        ],
        axis=1,
    )
    features = np.arange(cores * AXONS)
    return Network(
        name=f"{cores} cores",
        hardware=Unlimited(**values),
        crossbars=tuple(
            rng.integers(-1, 2, (AXONS, NEURONS)).astype(np.int8) for _ in range(CROSSBARS)
        ),
        core_crossbar=(np.arange(cores) % CROSSBARS).astype(np.int32),
        types=np.array([NeuronType(alpha=4).row()], np.int32),
        neuron_type=np.zeros(neurons, np.int32),
        neuron_potential=np.zeros(neurons, np.int32),
        targets=targets.astype(np.int32),
        features=min(len(features), 1 << 16),
        input_map=np.stack(
            [features % (1 << 16), features // AXONS, features % AXONS], axis=1
        ).astype(np.int32),
        output_class=np.zeros(32, np.int32),
        latency=0,
    )


def measured() -> dict[str, list[float]]:
    """Seconds of each step, by its name, for each of `CORES`."""
    steps = "`Network(...)`, validated", "`build_image`", "`GoldenModel(...)`", "a tick"
    found: dict[str, list[float]] = {name: [] for name in steps}
    for cores in CORES:
        print(f"growth: {cores} cores", flush=True)
        network = network_of(cores)
        found[steps[0]].append(seconds(lambda n=network: n.replace()))
        # a copy each time: what a network has worked out once it keeps
        found["`build_image`"].append(
            seconds(lambda n=network: build_image(n.replace(), n.hardware))
        )
        found["`GoldenModel(...)`"].append(
            seconds(lambda n=network: sterna.model.open(n.replace(), engine="golden"))
        )
        model = sterna.model.open(network, engine="golden")
        frame = np.random.default_rng(1).random(network.features) < 0.25
        found["a tick"].append(seconds(lambda m=model, f=frame: m.step(f)))
    return found


def one_chip() -> dict[str, float]:
    """Seconds of each step on the published one-chip network, by its name."""
    print("the one-chip network", flush=True)
    layered, rng = lower(graph("one-chip")), np.random.default_rng(1)
    trained = random_one_chip()
    cores = expand(trained, shared_patches(trained), hardware=FEATURES).network
    model, frame = sterna.model.open(cores, engine="golden"), rng.random(cores.features) < 0.25
    return {
        "`lower(graph(...))`": seconds(lambda: lower(graph("one-chip"))),
        "`estimate`, one device": seconds(lambda: estimate(layered, preset("ecp5-85f"))),
        "`count_truenorth`": seconds(lambda: count_truenorth(layered)),
        f"`expand`, {cores.cores:,} cores": seconds(
            lambda: expand(trained, shared_patches(trained), hardware=FEATURES)
        ),
        "`expand`, a window a core": seconds(lambda: expand(trained)),
        f"a golden tick, {cores.cores:,} cores": seconds(lambda: model.step(frame)),
        "`compile_truenorth`": seconds(lambda: compile_truenorth(trained)),
    }


def report(found: dict[str, list[float]], chip: dict[str, float]) -> str:
    """The page's part."""
    times = CORES[-1] / CORES[0]
    rows = (
        (name, *(f"{1e3 * value:,.1f}" for value in row), f"{row[-1] / row[0] / times:.2f}")
        for name, row in found.items()
    )
    head = ("ms, cores", *(f"{cores:,}" for cores in CORES), f"growth over {times:g} times")
    return (
        f"Cores of {AXONS} axons and {NEURONS} neurons, {CROSSBARS} crossbars; growth 1 is in "
        f"proportion, {times:g} is with the square. Medians of {RUNS} runs on {machine()}."
        f"\n\n{table(head, rows)}\nThe published one-chip network, with random weights:\n\n"
        + table(("step", "ms"), ((name, f"{1e3 * value:,.1f}") for name, value in chip.items()))
    )


def main() -> None:
    """Measure, and write the page's part."""
    text = report(measured(), one_chip())
    write_section(PAGE, COMMAND, text)
    print(text)


if __name__ == "__main__":
    main()
