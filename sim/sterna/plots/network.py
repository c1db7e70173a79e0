"""Pictures of a network, to scale: its layers as blocks, or its cores on a grid."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sterna.model import core_depths
from sterna.spec import LayeredNetwork, Network
from sterna.spec.layers import MapLayer

from .colours import BACK, INK, layer_colour
from .picture import PLAIN_TEXT, write_picture

_FAINT, _EDGE = "#8a93a8", BACK
_FRAME = "#f2f4f8"
#: Width of the picture, and room for the blocks in it, inches.
_WIDTH, _BLOCKS = 16.0, 14.6
#: Depth is drawn aslant: so much of it to the right, and up.
_SLANT = 0.35
#: Groups are marked off where they are so wide at least, inches.
_GROUP = 0.03
#: A block is at least so wide and high, inches.
_LEAST = 0.04


def draw_layers(path: Path, network: LayeredNetwork, cores: Mapping[str, int]) -> None:
    """Write the picture of a layered network, whole or not at all.

    A block a layer, and one for the frame: its height is the rows of the layer's sites, its depth
    their columns, its width the features of all groups; lines mark off the groups. `cores` has the
    cores of each layer, by name.
    """
    with _Figure(6.2) as figure:
        axis = figure.axis
        frame = network.maps[0]
        blocks = [("frame", (frame.rows, frame.columns), frame.groups, frame.features, _FRAME, "")]
        blocks += [
            (
                layer.name,
                layer.sites,
                layer.groups,
                layer.neurons,
                layer_colour(depth),
                _about(layer, cores[layer.name]),
            )
            for layer, depth in zip(network.layers, network.depths, strict=True)
        ]
        most = max(max(sites) for _, sites, *_ in blocks)
        gap = min(0.45, 5.0 / len(blocks))
        wide = sum(groups * features for _, _, groups, features, *_ in blocks)
        slant = sum(_SLANT * sites[1] for _, sites, *_ in blocks)
        site = min(0.4, 2.2 / most, 0.35 * _BLOCKS / max(1.0, slant))
        feature = (_BLOCKS - gap * len(blocks) - site * slant) / wide
        x = 0.35
        for name, (rows, columns), groups, features, colour, about in blocks:
            size = max(_LEAST, groups * features * feature), max(_LEAST, rows * site)
            aslant = _SLANT * columns * site
            _block(axis, x, size, aslant, colour, groups)
            middle = x + (size[0] + aslant) / 2
            axis.text(
                middle,
                size[1] + aslant + 0.12,
                name,
                rotation=40,
                fontsize=9,
                ha="left",
                va="bottom",
                rotation_mode="anchor",
            )
            axis.text(
                middle,
                -0.12,
                f"{rows}x{columns} x {groups * features:,}\n{about}",
                rotation=270,
                fontsize=7.5,
                ha="center",
                va="top",
                color=_FAINT,
            )
            x += size[0] + aslant + gap
        axis.set_xlim(0, _WIDTH)
        axis.set_ylim(-2.6, 3.6)
        trits = sum(layer.weights.size for layer in network.layers)
        figure.title(
            f"{network.name}: {len(network.layers)} layers, {sum(cores.values()):,} cores, packed, "
            f"{trits:,} distinct weights"
        )
        figure.write(path)


def _about(layer: MapLayer, cores: int) -> str:
    window = "x".join(map(str, layer.kernel))
    return f"{window} / {layer.stride[0]}, fan-in {layer.fan_in}, {cores:,} cores"


def _block(
    axis: Any, x: float, size: tuple[float, float], aslant: float, colour: str, groups: int
) -> None:
    """A cuboid: its front, its top and its side, a little darker each."""
    from matplotlib.patches import Polygon

    wide, high = size
    front = [(x, 0), (x + wide, 0), (x + wide, high), (x, high)]
    top = [
        (x, high),
        (x + wide, high),
        (x + wide + aslant, high + aslant),
        (x + aslant, high + aslant),
    ]
    side = [
        (x + wide, 0),
        (x + wide, high),
        (x + wide + aslant, high + aslant),
        (x + wide + aslant, aslant),
    ]
    for shape, alpha in ((front, 1.0), (top, 0.75), (side, 0.5)):
        axis.add_patch(Polygon(shape, facecolor=colour, alpha=alpha, edgecolor=_EDGE, lw=0.6))
    if wide >= _GROUP * groups:
        for line in np.linspace(x, x + wide, groups + 1)[1:-1]:
            axis.plot([line, line, line + aslant], [0, high, high + aslant], color=_EDGE, lw=0.5)


def draw_cores(path: Path, network: Network, place: np.ndarray) -> None:
    """Write the picture of a network's cores on a grid, whole or not at all.

    A square a core, as large as the hardware's: filled as far as its axons (down) and neurons
    (across) are in use, and coloured by the tick at which it works on a frame.

    `place` : int [cores, 2] - column and row of each core.
    """
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    columns, rows = (int(most) + 1 for most in place.max(axis=0))
    height = max(3.0, min(15.0, 12.0 * rows / columns)) + 1.2
    with _Figure(height, width=13.5) as figure:
        axis = figure.axis
        depths = core_depths(network)
        hardware = network.hardware
        inner = 0.88  # of a cell's side
        wide = inner * network.neurons / hardware.neurons
        high = inner * network.axons / hardware.axons
        whole = [Rectangle((x, y), inner, inner) for x, y in place.tolist()]
        axis.add_collection(PatchCollection(whole, facecolor="#1d2330", edgecolor="none"))
        used = [
            Rectangle((x, y), w, h) for (x, y), w, h in zip(place.tolist(), wide, high, strict=True)
        ]
        colours = [layer_colour(int(depth)) for depth in depths]
        axis.add_collection(PatchCollection(used, facecolor=colours, edgecolor="none"))
        if network.cores <= 64:
            for core, (x, y) in enumerate(place.tolist()):
                axis.text(x + 0.05, y + 0.06, str(core), fontsize=9, va="top", color=_EDGE)
        axis.set_xlim(-0.2, columns + 0.1)
        axis.set_ylim(rows + 0.1, -0.2)
        axis.set_aspect("equal")
        figure.title(
            f"{network.name}: {network.cores:,} cores of {hardware.axons} axons (down) x "
            f"{hardware.neurons} neurons (across), by the tick of a frame that they work at"
        )
        for depth in range(int(depths.max()) + 1):
            figure.legend(depth, layer_colour(depth))
        figure.write(path)


class _Figure:
    """A dark picture with one axis, closed at the end."""

    def __init__(self, height: float, *, width: float = _WIDTH) -> None:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        self._pyplot, self._size = pyplot, (width, height)
        self._context: Any = pyplot.rc_context(
            {**PLAIN_TEXT, "font.family": "DejaVu Sans", "font.size": 9, "text.color": INK}
        )

    def __enter__(self) -> "_Figure":
        self._context.__enter__()
        self._figure: Any = self._pyplot.figure(figsize=self._size, dpi=110, facecolor=BACK)
        top = 1 - 0.8 / self._size[1]
        self.axis: Any = self._figure.add_axes((0.01, 0.02, 0.98, top - 0.02))
        self.axis.set_axis_off()
        return self

    def __exit__(self, *error: object) -> None:
        self._pyplot.close(self._figure)
        self._context.__exit__(*error)

    def title(self, text: str) -> None:
        self._figure.text(
            0.012, 1 - 0.3 / self._size[1], text, fontsize=13, fontweight="bold", va="center"
        )

    def legend(self, depth: int, colour: str) -> None:
        y = 1 - 0.6 / self._size[1]
        self._figure.text(0.012 + 0.045 * depth, y, f"tick {depth}", color=colour, fontsize=9)

    def write(self, path: Path) -> None:
        write_picture(self._figure, path)
