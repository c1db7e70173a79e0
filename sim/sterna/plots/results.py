"""Pictures of trained networks: accuracy against cores, classes taken for others, activity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .colours import BACK, INK, LAYERS, PANEL
from .picture import PLAIN_TEXT, write_picture

#: Markers of groups of points, so that they differ in grey too.
_MARKERS = "os^Dv"
#: The group of what was trained by Sterna.
OURS = "Sterna, trained here"
_STYLE: dict[Any, Any] = {
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.labelcolor": INK,
}


@dataclass(frozen=True)
class Point:
    """A published or measured accuracy.

    Members
    -------
    label : the text at its mark.
    accuracy : percent.
    cores : of TrueNorth, or of Sterna where a panel says so; None draws a line across.
    group : points of one group share colour and marker, and a line in the legend.
    """

    label: str
    accuracy: float
    cores: int | None
    group: str


def draw_accuracy(path: Path, panels: Mapping[str, Sequence[Point]]) -> None:
    """Accuracy against cores, a panel for each title, as a PNG."""
    with rc_context(_STYLE):
        figure = Figure(figsize=(6.6 * len(panels), 4.6), facecolor=BACK, layout="constrained")
        for at, (title, points) in enumerate(panels.items()):
            axes = figure.add_subplot(1, len(panels), at + 1, facecolor=PANEL)
            _points(axes, points)
            axes.set_title(title, color=INK, loc="left", fontsize=10)
        _write(figure, path)


def _points(axes: Axes, points: Sequence[Point]) -> None:
    # ours come first, so that they look alike in every panel
    groups = sorted({point.group for point in points}, key=lambda name: (OURS != name, name))
    values = [point.accuracy for point in points]
    low, high = min(values), max(values)
    for point in points:
        number = groups.index(point.group)
        colour = LAYERS[number]
        if point.cores is None:
            axes.axhline(point.accuracy, color=colour, linestyle="--", linewidth=1)
            axes.annotate(
                f"{point.label} {point.accuracy:g} %",
                (0.01, point.accuracy),
                xycoords=("axes fraction", "data"),
                va="bottom",
                fontsize=8,
                color=INK,
            )
            continue
        axes.plot(
            [point.cores],
            [point.accuracy],
            marker=_MARKERS[number],
            color=colour,
            linestyle="",
            markersize=7,
        )
        # of points one above the other the upper one has its label above
        above = any(
            other.cores == point.cores and other.accuracy < point.accuracy for other in points
        )
        # and where another point lies to the right, the label is on the left
        left = any(
            point.cores < (other.cores or 0) < 3 * point.cores
            and abs(other.accuracy - point.accuracy) < 0.08 * (high - low)
            for other in points
        )
        axes.annotate(
            f"{point.label}\n{point.accuracy:.2f} %",
            (point.cores, point.accuracy),
            xytext=(-6 if left else 6, 4 if above else -4),
            textcoords="offset points",
            fontsize=8,
            ha="right" if left else "left",
            va="bottom" if above else "top",
            color=INK,
        )
    for number, group in enumerate(groups):
        if any(point.group == group and point.cores is not None for point in points):
            axes.plot(
                [], [], marker=_MARKERS[number], color=LAYERS[number], linestyle="", label=group
            )
    counts = [point.cores for point in points if point.cores is not None]
    axes.set(
        xscale="log",
        xlabel="cores",
        ylabel="test examples right (%)",
        xlim=(min(counts) / 2.5, max(counts) * 4),
        ylim=(low - 0.2 * (high - low) - 0.1, high + 0.1 * (high - low) + 0.1),
    )
    axes.grid(color=INK, alpha=0.15)
    axes.legend(facecolor=PANEL, edgecolor=PANEL, fontsize=8, loc="lower right")


def draw_confusion(
    path: Path, counts: npt.NDArray[Any], title: str, names: Sequence[str] = ()
) -> None:
    """Which class each label was taken for, in percent of the label's examples, as a PNG.

    Parameters
    ----------
    counts : int64 [label, found].
    names : of the classes; none: their numbers.
    """
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    few = len(counts) <= 12
    with rc_context({**_STYLE, **PLAIN_TEXT}):
        figure = Figure(figsize=(6.4, 5.6), facecolor=BACK, layout="constrained")
        axes = figure.add_subplot(facecolor=PANEL)
        # brightness alone tells the value, so that it is read in grey too
        image = axes.imshow(np.sqrt(shares), cmap="magma", vmin=0, vmax=10)
        for label, found in np.ndindex(counts.shape if few else (0, 0)):
            if counts[label, found]:
                value = shares[label, found]
                axes.text(
                    found,
                    label,
                    f"{value:.0f}" if value >= 1 else "<1",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color=BACK if value > 45 else INK,
                )
        axes.set(xlabel="taken for", ylabel="class")
        if few:
            labels = list(names) or [str(number) for number in range(len(counts))]
            axes.set_yticks(range(len(counts)), labels=labels)
            slant = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if names else {}
            axes.set_xticks(range(len(counts)), labels=labels, **slant)
        axes.set_title(title, color=INK, loc="left", fontsize=10)
        bar = figure.colorbar(image, ax=axes, label="% of the class (root scale)")
        bar.set_ticks(
            list(np.sqrt([0, 1, 5, 20, 50, 100])), labels=["0", "1", "5", "20", "50", "100"]
        )
        _write(figure, path)


def draw_activity(path: Path, networks: Mapping[str, Mapping[str, float]]) -> None:
    """Spikes a neuron and frame of each layer, a panel a network, as a PNG.

    Parameters
    ----------
    networks : by title, of each layer by name: 0..1.
    """
    with rc_context({**_STYLE, **PLAIN_TEXT}):
        rows = max(len(layers) for layers in networks.values())
        figure = Figure(
            figsize=(4.6 * len(networks), 1.2 + 0.27 * rows), facecolor=BACK, layout="constrained"
        )
        for at, (title, layers) in enumerate(networks.items()):
            axes = figure.add_subplot(1, len(networks), at + 1, facecolor=PANEL)
            values = [100 * rate for rate in layers.values()]
            bars = axes.barh(list(layers), values, color=LAYERS[at % len(LAYERS)])
            axes.bar_label(
                bars, [f"{value:.0f}" for value in values], padding=3, color=INK, fontsize=8
            )
            axes.invert_yaxis()
            axes.set(xlim=(0, 100), xlabel="neurons that fire (%)")
            axes.set_title(title, color=INK, loc="left", fontsize=10)
            axes.grid(color=INK, alpha=0.15, axis="x")
        _write(figure, path)


def _write(figure: Figure, path: Path) -> None:
    write_picture(figure, path)
