"""Random layered networks for verification: every kernel, stride, border, hole and shuffle."""

from dataclasses import dataclass

import numpy as np

from sterna.spec import OUTPUT, Hardware
from sterna.spec.expand import CORE
from sterna.spec.layers import LayeredNetwork, MapLayer, SpikeMap, frame_inputs
from sterna.verify.random_network import pick, random_crossbar

#: Rows and columns of a window at most, and of a step from one window to the next.
MOST_KERNEL, MOST_STRIDE = 4, 3


@dataclass(frozen=True)
class _Windows:
    """How a layer looks at its map."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    pad: int
    sites: tuple[int, int]
    border: int


def random_layers(
    rng: np.random.Generator,
    hardware: Hardware = CORE,
    *,
    side: int = 6,
    depth: int | None = None,
    features: int = 24,
) -> LayeredNetwork:
    """A layered network whose groups fit the cores of `hardware`.

    Kernels of 1..4 rows and columns, strides of 1..3, windows that begin and end in the border,
    borders wider than needed, fewer windows than there is room for, holes, neurons dealt to any
    group one by one or in bytes, features of a frame that go to several places, a map that two
    layers read, and fan-in up to all axons of a core.

    Parameters
    ----------
    side : sites of the frame on a side, at most.
    depth : layers one after another; by default drawn from 1..5.
    features : features of a group and site, at most; now and then as many as a core has axons for.
    """
    depth = depth or int(rng.integers(1, 6))
    lines = int(rng.integers(1, min(hardware.lines, 12) + 1))
    leaks = rng.integers(-4, 6, size=min(hardware.types, 12))
    rows, columns = pick(rng, 1, side), pick(rng, 1, side)
    planes: list[tuple[SpikeMap, _Windows]] = []
    for _ in range(depth):
        windows = _windows(rng, rows, columns, hardware.axons)
        most = hardware.axons // (windows.kernel[0] * windows.kernel[1])
        some = min(most, features)
        wide = int(rng.choice([most, 1, pick(rng, min(4, some), some, 8, 9)], p=[0.1, 0.1, 0.8]))
        # every group of the layer before has a neuron at least
        groups = (
            int(rng.integers(1, 4))
            if not planes
            else max(int(rng.integers(1, 4)), -(-planes[-1][0].groups // wide))
        )
        plane = SpikeMap(
            groups=groups, rows=rows, columns=columns, features=wide, border=windows.border
        )
        planes.append((plane, windows))
        rows, columns = windows.sites
    layers: list[MapLayer] = []
    for at, (plane, windows) in enumerate(planes):
        last = at == depth - 1
        for name in [f"layer{at}", "twin"][: 2 if last and rng.random() < 0.3 else 1]:
            if last:
                neurons = pick(rng, 1, min(hardware.neurons, 12))
                count = plane.groups, neurons
                place = np.stack([np.zeros(count, int), rng.integers(lines, size=count)], axis=-1)
            else:
                place = _places(rng, plane.groups, planes[at + 1][0], hardware.neurons)
            layers.append(
                _layer(rng, name, at, OUTPUT if last else at + 1, plane, windows, place, leaks)
            )
    count, inputs = _inputs(rng, planes[0][0])
    return LayeredNetwork(
        name="random layers",
        maps=tuple(plane for plane, _ in planes),
        layers=tuple(layers),
        features=count,
        inputs=inputs,
        output_class=rng.integers(-1, 10, size=lines).astype(np.int32),
    )


def _windows(rng: np.random.Generator, rows: int, columns: int, axons: int) -> _Windows:
    """Windows of which at least one lies on the map and its border."""
    kernel = int(rng.integers(1, MOST_KERNEL + 1)), int(rng.integers(1, MOST_KERNEL + 1))
    while kernel[0] * kernel[1] > axons:
        kernel = max(1, kernel[0] - 1), max(1, kernel[1] - 1)
    pad = int(rng.integers(max(kernel)))
    if any(size + pad < reach for size, reach in zip((rows, columns), kernel, strict=True)):
        pad = max(kernel) - 1
    stride = int(rng.integers(1, MOST_STRIDE + 1)), int(rng.integers(1, MOST_STRIDE + 1))
    room = [
        (size + 2 * pad - reach) // step + 1
        for size, reach, step in zip((rows, columns), kernel, stride, strict=True)
    ]
    fewer = int(rng.random() < 0.2)
    sites = max(1, room[0] - fewer), max(1, room[1] - fewer)
    return _Windows(kernel, stride, pad, sites, pad + int(rng.choice([0, 0, 1, 2])))


def _places(rng: np.random.Generator, groups: int, target: SpikeMap, most: int) -> np.ndarray:
    """Places of every group's neurons, int [groups, neurons, 2], dealt in ones or in bytes of 8."""
    grain = int(rng.choice([1, 8]))
    places = np.arange(target.groups * target.features)
    parts = np.split(places, range(grain, len(places), grain))
    mixed = np.concatenate([parts[index] for index in rng.permutation(len(parts))])
    neurons = max(1, min(most, int(len(places) * rng.choice([1.0, 0.9, 0.5])) // groups))
    dealt = mixed[: groups * neurons].reshape(groups, neurons)
    return np.stack([dealt // target.features, dealt % target.features], axis=-1)


def _layer(
    rng: np.random.Generator,
    name: str,
    source: int,
    target: int,
    plane: SpikeMap,
    windows: _Windows,
    place: np.ndarray,
    leaks: np.ndarray,
) -> MapLayer:
    groups, neurons = place.shape[:2]
    fan_in = windows.kernel[0] * windows.kernel[1] * plane.features
    return MapLayer(
        name=name,
        source=source,
        target=target,
        kernel=windows.kernel,
        stride=windows.stride,
        pad=windows.pad,
        sites=windows.sites,
        weights=np.stack([_crossbar(rng, fan_in, neurons) for _ in range(groups)]),
        leak=rng.choice(leaks, size=(groups, neurons)).astype(np.int32),
        place=place.astype(np.int32),
    )


def _crossbar(rng: np.random.Generator, axons: int, neurons: int) -> np.ndarray:
    """Trits as trained ones are (sums near 0, where a fault shows), or of any density and sign."""
    if rng.random() < 0.3:
        return random_crossbar(rng, axons, neurons)
    return rng.choice(np.array([-1, 0, 1], np.int8), size=(axons, neurons), p=[0.27, 0.46, 0.27])


def _inputs(rng: np.random.Generator, frame: SpikeMap) -> tuple[int, np.ndarray]:
    """Features of a frame, and where they go: plainly, or any feature to any places."""
    if rng.random() < 0.5:
        used = [int(rng.integers(1, frame.features + 1)) for _ in range(frame.groups)]
        return frame_inputs(frame, used)
    features = pick(rng, 1, frame.places)
    places = rng.permutation(frame.places)[: pick(rng, 1, frame.places)]
    feature = rng.integers(features, size=len(places))
    return features, np.stack([feature, places], axis=1).astype(np.int32)
