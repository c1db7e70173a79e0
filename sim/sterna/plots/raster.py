"""The picture of a run: spikes of every neuron over time, from the digits to the votes."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sterna.model import Tick, core_depths
from sterna.spec import Network

from .colours import BACK, INK, PANEL, layer_colour
from .picture import PLAIN_TEXT, write_picture

#: Ticks that the picture shows.
RASTER_TICKS = 30

#: Neurons in a row of a core's stamp.
_ACROSS = 16
_INCH = 0.0195  # height of one row

_FAINT = "#5b6375"
_INPUT = "#f2f4f8"
_VOTE = "#ffb74d"
_RIGHT, _WRONG = "#66e08a", "#ff5c5c"


def draw_raster(
    path: Path,
    network: Network,
    frames: np.ndarray,
    ticks: Sequence[Tick],
    votes: np.ndarray,
    labels: np.ndarray,
    title: str,
) -> None:
    """Write the picture, whole or not at all.

    Parameters
    ----------
    frames : bool [n, features] - the frame put in before each tick.
    ticks : results of the ticks to show, from the first on.
    votes : int [n, classes] - votes for each frame, `network.latency` ticks after it.
    labels : int [n] - the true class of each frame.
    """
    # not pyplot: it takes longer to import than the chip takes for its first thousand ticks
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    count = len(ticks)
    depths = core_depths(network)
    order = [int(core) for core in np.argsort(depths, kind="stable")]
    side = _side(network.features)
    rows = [0.8 * (side + 2), *(-(-int(network.neurons[core]) // _ACROSS) + 2 for core in order)]
    rows.append(2.6 * votes.shape[1])
    height = _INCH * (sum(rows) * 1.75) + 1.2
    with rc_context(
        {**PLAIN_TEXT, "font.family": "DejaVu Sans", "font.size": 8, "text.color": INK}
    ):
        figure = Figure(figsize=(15, height), dpi=140, facecolor=BACK)
        axes: Any = figure.subplots(
            len(rows), 1, sharex=True, gridspec_kw={"height_ratios": rows, "hspace": 0.12}
        )
        for axis in axes:
            _prepare(axis, count)
        predicted = votes.argmax(axis=1)
        _draw_input(axes[0], frames[:count], predicted, labels)
        for axis, core in zip(axes[1:-1], order, strict=True):
            _draw_core(axis, core, ticks, int(depths[core]))
        _draw_lines(axes[-1], network, ticks, predicted, labels)
        figure.suptitle(title, y=1 - 0.12 / height, fontsize=12, fontweight="bold", va="top")
        figure.subplots_adjust(left=0.062, right=0.995, top=1 - 0.66 / height, bottom=0.46 / height)
        write_picture(figure, path)


def _side(features: int) -> int:
    """Rows of a stamp of that many features: a square, or rows of _ACROSS."""
    side = math.isqrt(features)
    return side if side * side == features else -(-features // _ACROSS)


def _prepare(axis: Any, count: int) -> None:
    axis.set_facecolor(PANEL)
    axis.set_xlim(0, count)
    axis.tick_params(colors=_FAINT, labelcolor=_FAINT, length=0, labelsize=7)
    for spine in axis.spines.values():
        spine.set_visible(False)
    for tick in range(1, count):
        axis.axvline(tick, color=BACK, linewidth=3, zorder=0)


def _label(axis: Any, text: str, colour: str) -> None:
    axis.set_yticks([])
    axis.set_ylabel(text, rotation=0, ha="right", va="center", color=colour, fontsize=7.5)


def _stamp(axis: Any, on: np.ndarray, across: int, colour: str, size: float) -> None:
    """Dots where bool [ticks, things] is set: a column a tick; within it, rows of `across`."""
    tick, index = np.nonzero(on)
    x = tick + 0.08 + 0.84 * (index % across + 0.5) / across
    axis.scatter(x, index // across, s=size, marker="s", color=colour, linewidths=0)
    axis.set_ylim(-(-on.shape[1] // across) + 0.5, -1.5)


def _draw_input(axis: Any, frames: np.ndarray, predicted: np.ndarray, labels: np.ndarray) -> None:
    """Input spikes, drawn as an image; above it, the digit and the chip's answer."""
    rows = _side(frames.shape[1])
    across = rows if rows * rows == frames.shape[1] else _ACROSS
    _stamp(axis, frames, across, _INPUT, 2.4)
    _label(axis, "input\nspikes", _INPUT)
    for index in range(min(len(frames), len(labels))):
        good = predicted[index] == labels[index]
        text = str(labels[index]) if good else f"{labels[index]}, seen {predicted[index]}"
        axis.annotate(
            text,
            (index + 0.5, 1.06),
            xycoords=("data", "axes fraction"),
            ha="center",
            fontsize=9 if good else 7,
            fontweight="bold",
            va="bottom",
            color=_RIGHT if good else _WRONG,
        )
        if not good:
            axis.axvspan(index, index + 1, color=_WRONG, alpha=0.25, linewidth=0, zorder=0)


def _draw_core(axis: Any, core: int, ticks: Sequence[Tick], depth: int) -> None:
    fired = np.array([tick.spikes[core] for tick in ticks])
    colour = layer_colour(depth)
    _stamp(axis, fired, _ACROSS, colour, 3.2)
    _label(axis, f"core {core}\nlayer {depth + 1}", colour)


def _draw_lines(
    axis: Any, network: Network, ticks: Sequence[Tick], predicted: np.ndarray, labels: np.ndarray
) -> None:
    """Output lines, a row a class: the longer the row, the more votes; the winner is framed."""
    from matplotlib.patches import Rectangle

    classes = network.classes
    for group in range(classes):
        lines = np.flatnonzero(network.output_class == group)
        counts = [int(tick.lines[lines].sum()) for tick in ticks]
        for tick, votes in enumerate(counts):
            width = 0.84 * min(1.0, votes / max(1, len(lines)))
            axis.add_patch(
                Rectangle((tick + 0.08, group + 0.18), width, 0.64, color=_VOTE, linewidth=0)
            )
    for index in range(min(len(ticks) - network.latency, len(labels))):
        colour = _RIGHT if predicted[index] == labels[index] else _WRONG
        axis.add_patch(
            Rectangle(
                (index + network.latency + 0.04, predicted[index] - 0.04),
                0.92,
                1.08,
                fill=False,
                edgecolor=colour,
                linewidth=1.4,
            )
        )
    axis.set_ylim(classes + 0.4, -0.4)
    _label(axis, "output\nvotes   ", INK)
    axis.set_yticks(np.arange(classes) + 0.5, [str(group) for group in range(classes)])
    axis.tick_params(axis="y", pad=2, labelsize=5.5)
    axis.set_xticks(np.arange(0, len(ticks), 2) + 0.5, [str(t) for t in range(0, len(ticks), 2)])
    axis.set_xlabel(
        f"tick - a new frame enters at each tick and leaves as votes {network.latency} ticks later;"
        " every dot is one spike, neurons of a core in rows of 16",
        color=_FAINT,
    )
