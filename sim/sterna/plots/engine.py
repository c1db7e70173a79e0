"""Speed of the event engine on networks of a chip's size: a picture of a benchmark's figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .colours import BACK, INK, LAYERS, PANEL
from .picture import write_picture

#: Ticks/s of a chip in real time.
_REAL_TIME = 1000


def draw_engine(
    path: Path, grid: Sequence[Mapping[str, Any]], growth: Mapping[str, Sequence[Mapping[str, Any]]]
) -> None:
    """Draw ticks/s and synaptic operations/s over the rate, and ticks/s over cores, as a PNG.

    Parameters
    ----------
    grid : points with `rate_hz`, `synapses`, `ticks_per_s`, `synaptic_operations_per_s`.
    growth : `cores` and `threads`: points with that number and `ticks_per_s`.
    """
    style: dict[Any, Any] = {
        "text.color": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "legend.labelcolor": INK,
    }
    with rc_context(style):
        figure = Figure(figsize=(13, 4.2), facecolor=BACK, layout="constrained")
        speed, work, cores = (figure.add_subplot(1, 3, at + 1, facecolor=PANEL) for at in range(3))
        for at, synapses in enumerate(sorted({point["synapses"] for point in grid})):
            mine = [point for point in grid if point["synapses"] == synapses and point["rate_hz"]]
            rates = [point["rate_hz"] for point in mine]
            _line(
                speed, rates, [point["ticks_per_s"] for point in mine], at, f"{synapses} synapses"
            )
            if synapses:
                done = [point["synaptic_operations_per_s"] / 1e9 for point in mine]
                _line(work, rates, done, at, f"{synapses} synapses")
        speed.axhline(_REAL_TIME, color=INK, alpha=0.5, linestyle="--")
        speed.annotate(
            "real time",
            (0.99, _REAL_TIME),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="bottom",
            color=INK,
            fontsize=8,
        )
        counts = [point["cores"] for point in growth["cores"]]
        _line(cores, counts, [point["ticks_per_s"] for point in growth["cores"]], 0, "measured")
        first = growth["cores"][0]
        straight = [first["ticks_per_s"] * first["cores"] / count for count in counts]
        cores.plot(counts, straight, color=INK, alpha=0.5, linestyle="--", label="in proportion")
        for axes, title, label in (
            (speed, "4,096 cores: ticks/s", "mean rate (Hz)"),
            (work, "4,096 cores: 10⁹ synaptic operations/s", "mean rate (Hz)"),
            (cores, "20 Hz, 128 synapses: ticks/s", "cores"),
        ):
            axes.set(xscale="log", yscale="log", xlabel=label)
            axes.set_title(title, color=INK, loc="left", fontsize=10)
            axes.grid(color=INK, alpha=0.15)
            axes.legend(facecolor=PANEL, edgecolor=PANEL, fontsize=8)
        write_picture(figure, path)


def _line(axes: Axes, x: Sequence[float], y: Sequence[float], colour: int, label: str) -> None:
    axes.plot(x, y, color=LAYERS[colour], marker=".", label=label)
