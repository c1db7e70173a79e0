"""The picture of the gallery: the twenty behaviours, arranged as in Izhikevich's figure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sterna.gallery import Behaviour, trace

from .colours import BACK, INK, PANEL
from .picture import write_picture

#: A behaviour with its record: spikes and potentials, [ticks, neurons] each.
Recorded = tuple[Behaviour, np.ndarray, np.ndarray]

_ACROSS = 4
_FAINT = "#7a8296"
_POTENTIAL, _SPIKE, _THRESHOLD = "#4fc3f7", "#ffffff", "#5b6375"
_EXCITES, _INHIBITS, _WRONG = "#ffb74d", "#f06292", "#ff5c5c"

#: Heights of the parts of a panel, in parts of the whole: input, gap, potential and spikes.
_INPUT_TOP, _POTENTIAL_BOTTOM, _THRESHOLD_TOP, _SPIKE_TOP = 0.16, 0.25, 0.72, 0.94


def draw_gallery(path: Path, recorded: Sequence[Recorded], wrong: Sequence[int] = ()) -> None:
    """Write the picture, whole or not at all.

    `wrong` are the numbers of behaviours whose property fails: they are marked.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    down = -(-len(recorded) // _ACROSS)
    with pyplot.rc_context({"font.family": "DejaVu Sans", "font.size": 8, "text.color": INK}):
        figure, axes = pyplot.subplots(
            down, _ACROSS, figsize=(15, 2.05 * down + 0.98), dpi=110, facecolor=BACK, squeeze=False
        )
        for axis in axes.flat:
            _prepare(axis)
        for axis, (behaviour, spikes, potentials) in zip(axes.flat, recorded, strict=False):
            _draw(axis, behaviour, spikes, potentials, behaviour.number in wrong)
        height = figure.get_figheight()
        figure.suptitle(
            "Izhikevich's twenty behaviours, each by one or two neurons of one core",
            x=0.01,
            y=1 - 0.14 / height,
            ha="left",
            va="top",
            fontsize=15,
            fontweight="bold",
        )
        _legend(figure, height)
        figure.subplots_adjust(
            left=0.01,
            right=0.99,
            top=1 - 1.0 / height,
            bottom=0.1 / height,
            wspace=0.03,
            hspace=0.24,
        )
        write_picture(figure, path)
        pyplot.close(figure)


def _prepare(axis: Any) -> None:
    axis.set_facecolor(PANEL)
    axis.set_ylim(0, 1)
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set_visible(False)


def _draw(
    axis: Any, behaviour: Behaviour, spikes: np.ndarray, potentials: np.ndarray, wrong: bool
) -> None:
    count = len(behaviour.stimulus)
    axis.set_xlim(-0.02 * count, 1.02 * count)
    letter = chr(ord("A") + behaviour.number - 1)
    axis.set_title(
        f"({letter})  {behaviour.name}",
        loc="left",
        fontsize=10,
        fontweight="bold",
        pad=4,
        color=_WRONG if wrong else INK,
    )
    neurons = "1 neuron" if behaviour.neurons == 1 else f"{behaviour.neurons} neurons"
    axis.set_title(f"{neurons}, {count} ticks", loc="right", fontsize=7.5, pad=4.5, color=_FAINT)
    _draw_input(axis, behaviour.drive)
    _draw_potential(axis, behaviour, spikes, potentials)


def _draw_input(axis: Any, drive: np.ndarray) -> None:
    """The stimulus as a current, about a line of rest: up excites, down inhibits."""
    low, high = min(0, int(drive.min())), max(0, int(drive.max()))
    if low < 0 < high:  # pulses of -200 and of 1 are both to be seen
        level = np.sign(drive).astype(float)
        low, high = -1, 1
    else:
        level = drive.astype(float)
    at = 0.03 + (_INPUT_TOP - 0.03) * (level - low) / (high - low)
    rest = 0.03 + (_INPUT_TOP - 0.03) * -low / (high - low)
    axis.plot([0, len(drive)], [rest, rest], color=_THRESHOLD, linewidth=0.7, zorder=1)
    edges = np.repeat(np.arange(len(drive) + 1), 2)[1:-1]  # each tick from its start to its end
    at = np.repeat(at, 2)
    for sign, colour in ((1, _EXCITES), (-1, _INHIBITS)):
        axis.fill_between(
            edges,
            rest,
            at,
            where=np.repeat(drive * sign > 0, 2),
            color=colour,
            alpha=0.9,
            linewidth=0.6,
            zorder=2,
        )


def _draw_potential(
    axis: Any, behaviour: Behaviour, spikes: np.ndarray, potentials: np.ndarray
) -> None:
    """The membrane potential, its threshold, and a line up for every spike."""
    seen = trace(behaviour, spikes, potentials)
    v, top = np.array(seen.v, float), behaviour.parameters.alpha
    low = min(0.0, float(v.min()))
    scale = (_THRESHOLD_TOP - _POTENTIAL_BOTTOM) / (top - low)

    def place(value: Any) -> Any:
        return np.minimum(_POTENTIAL_BOTTOM + (value - low) * scale, _SPIKE_TOP)

    ticks = np.arange(len(v)) + 0.5
    axis.plot([0, len(v)], [place(0.0)] * 2, color=_THRESHOLD, linewidth=0.6, zorder=1)
    axis.plot(
        [0, len(v)],
        [place(float(top))] * 2,
        color=_THRESHOLD,
        linewidth=0.8,
        linestyle=(0, (4, 3)),
        zorder=1,
    )
    # after a spike the potential is what it was reset to: lead the line up to the threshold first
    x = np.insert(ticks, seen.times, ticks[seen.times])
    y = np.insert(place(v), seen.times, place(float(top)))
    axis.plot(x, y, color=_POTENTIAL, linewidth=1.15, solid_joinstyle="round", zorder=3)
    axis.vlines(
        ticks[seen.times], place(float(top)), _SPIKE_TOP, color=_SPIKE, linewidth=1.3, zorder=4
    )


def _legend(figure: Any, height: float) -> None:
    """The colours, in one line under the title."""
    words = (
        (_SPIKE, "spike"),
        (_POTENTIAL, "membrane potential"),
        (_FAINT, "threshold and rest"),
        (_EXCITES, "input that excites"),
        (_INHIBITS, "input that inhibits"),
    )
    x = 0.01
    for colour, word in words:
        text = figure.text(
            x, 1 - 0.52 / height, f"\u25a0 {word}", color=colour, fontsize=9, va="top"
        )
        x = text.get_window_extent().x1 / figure.bbox.width + 0.015
