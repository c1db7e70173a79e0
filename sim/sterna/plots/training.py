"""The curves of a training: loss, share right, activity and learning rate, by epoch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .colours import BACK, INK, LAYERS, PANEL
from .picture import write_picture

_CURVES = (
    ("loss", "loss", 1),
    ("accuracy", "right in training (%)", 100),
    ("activity", "activity (spikes a neuron and frame, %)", 100),
    ("rate", "learning rate", 1),
)


def draw_training(path: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Draw one panel for each curve of `sterna.train.Epoch`, as a PNG.

    Parameters
    ----------
    history : the fields of each epoch: number, loss, accuracy 0..1, activity 0..1, rate.
    """
    style: dict[Any, Any] = {
        "text.color": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
    }
    with rc_context(style):
        figure = Figure(figsize=(9, 6), facecolor=BACK, layout="constrained")
        numbers = [epoch["number"] for epoch in history]
        for at, (name, title, factor) in enumerate(_CURVES):
            axes = figure.add_subplot(2, 2, at + 1, facecolor=PANEL)
            values = [epoch[name] * factor for epoch in history]
            axes.plot(numbers, values, color=LAYERS[at], marker="." if len(values) < 50 else "")
            axes.set_title(title, color=INK, loc="left", fontsize=10)
            axes.set_xlabel("epoch")
            axes.set_ylim(0, 1.08 * max(values) or 1)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(color=INK, alpha=0.15)
        write_picture(figure, path)
