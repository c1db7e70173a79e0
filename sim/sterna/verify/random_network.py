"""Random networks and spike trains for verification: valid, and with the corners over-weighted."""

import numpy as np

from sterna.spec import OUTPUT, Hardware, Network, NeuronType
from sterna.spec.neuron import limits


def pick(rng: np.random.Generator, low: int, high: int, *corners: int) -> int:
    """An integer in low..high; every other time one of the ends or the corners."""
    if rng.random() < 0.5:
        return int(rng.choice([low, high, *(c for c in corners if low <= c <= high)]))
    return int(rng.integers(low, high + 1))


def random_type(rng: np.random.Generator, hardware: Hardware) -> list[int]:
    """A row of `types`; half of the thresholds small enough to be crossed often."""
    values: dict[str, int] = {}
    for name, (low, high, _) in limits(hardware).items():
        values[name] = pick(rng, low, high, *(c for c in (0, 1, -1) if low <= c <= high))
        scale = int(rng.choice([1, *SCALES.get(name, (1,)), abs(high) or 1]))
        if name in SCALES:  # towards 0
            values[name] = int(values[name] / scale)
    return NeuronType(**values).row()


#: Divisors that make small values likely.
SCALES = {"leak": (8, 64), "alpha": (16,), "beta": (16,), "reset": (16,)}


def random_crossbar(rng: np.random.Generator, axons: int, neurons: int) -> np.ndarray:
    """Int8 [axons, neurons]: empty, full of one sign, or of a random density."""
    density = float(rng.choice([0.0, 1.0, rng.random()], p=[0.1, 0.2, 0.7]))
    signs = rng.choice([-1, 1], size=(axons, neurons), p=rng.choice([[0, 1], [1, 0], [0.5, 0.5]]))
    return (signs * (rng.random((axons, neurons)) < density)).astype(np.int8)


def random_network(
    rng: np.random.Generator, hardware: Hardware, *, cores: int | None = None
) -> Network:
    """A network that fits `hardware`.

    Sizes, sharing of crossbars, neuron types, initial potentials, fan-out, delays and output
    lines are drawn; every axon can get input: feature i of a frame is axon i, core after core.
    """
    cores = cores or int(rng.integers(1, hardware.contexts + 1))
    shapes = [
        (pick(rng, 1, hardware.axons, 16, 17), pick(rng, 1, hardware.neurons, hardware.lanes))
        for _ in range(min(cores, hardware.crossbars))
    ]
    # each crossbar is used once; further cores share
    core_crossbar = [*range(len(shapes)), *rng.integers(len(shapes), size=cores)][:cores]
    rng.shuffle(core_crossbar)
    while sum(shapes[index][1] for index in core_crossbar) > hardware.targets:
        shapes = [(axons, max(1, neurons // 2)) for axons, neurons in shapes]
    crossbars = tuple(random_crossbar(rng, *shape) for shape in shapes)
    sizes = [shapes[index] for index in core_crossbar]
    total = sum(neurons for _, neurons in sizes)

    types = [random_type(rng, hardware) for _ in range(int(rng.integers(1, hardware.types + 1)))]
    span = int(rng.choice([1, 32, hardware.potential_max]))
    lines = int(rng.integers(1, min(hardware.lines, 600) + 1))
    return Network(
        name="random",
        hardware=hardware,
        crossbars=crossbars,
        core_crossbar=np.array(core_crossbar, np.int32),
        types=np.array(types, np.int32),
        neuron_type=rng.integers(len(types), size=total).astype(np.int32),
        neuron_potential=rng.integers(-span, span + 1, size=total).astype(np.int32),
        targets=_random_targets(rng, hardware, sizes, lines),
        features=sum(size[0] for size in sizes),
        input_map=np.array(
            [
                (feature, core, axon)
                for feature, (core, axon) in enumerate(
                    (core, axon) for core, size in enumerate(sizes) for axon in range(size[0])
                )
            ],
            np.int32,
        ),
        output_class=rng.integers(-1, 10, size=lines).astype(np.int32),
        latency=0,
        axon_type=_axon_types(rng, hardware, sizes),
        core_seed=rng.integers(1 << 32, size=cores, dtype=np.uint32),
    )


def _axon_types(
    rng: np.random.Generator, hardware: Hardware, sizes: list[tuple[int, int]]
) -> np.ndarray:
    """Int32 [axons]: of any type, alternating, or all of one type, core by core."""
    count = hardware.axon_types
    kinds = [np.zeros(0, np.int64)]
    for axons, _ in sizes:
        one = np.full(axons, rng.integers(count))
        choices = (rng.integers(count, size=axons), np.arange(axons) % count, one)
        kinds.append(choices[rng.choice(3, p=[0.6, 0.2, 0.2])])
    return np.concatenate(kinds).astype(np.int32)


def _random_targets(
    rng: np.random.Generator, hardware: Hardware, sizes: list[tuple[int, int]], lines: int
) -> np.ndarray:
    """Targets within the table: every core gets a fan-out that the entries left allow."""
    rows: list[tuple[int, int, int, int, int]] = []
    left = hardware.targets
    rest = sum(neurons for _, neurons in sizes)
    for core, (_, neurons) in enumerate(sizes):
        rest -= neurons
        most = (left - rest) // neurons
        fan_out = int(rng.integers(1, max(2, min(most, 6) + 1)))
        left -= neurons * fan_out
        for neuron in range(neurons):
            for _ in range(int(rng.integers(0, fan_out + 1))):
                if rng.random() < 0.3:
                    rows.append((core, neuron, OUTPUT, int(rng.integers(lines)), 0))
                else:
                    to_core = int(rng.integers(len(sizes)))
                    delay = pick(rng, 1, hardware.max_delay)
                    rows.append(
                        (core, neuron, to_core, int(rng.integers(sizes[to_core][0])), delay)
                    )
    return np.array(rows, np.int32).reshape(-1, 5)


def random_frames(rng: np.random.Generator, network: Network, ticks: int) -> np.ndarray:
    """Bool [ticks, features]: none at all, all at once, or of a density drawn tick by tick."""
    density = rng.choice([0.0, 1.0, 0.02, 0.25, 0.5], size=ticks, p=[0.15, 0.1, 0.35, 0.25, 0.15])
    return rng.random((ticks, network.features)) < density[:, None]
