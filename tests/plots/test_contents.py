"""What pictures show: the figures that are written have the values that they were given."""

from dataclasses import replace

import numpy as np
import pytest

from sterna.gallery import behaviours, record
from sterna.model import GoldenModel
from sterna.plots import engine, gallery, network, raster, results, training
from sterna.plots.results import OURS, Point
from tests.layered import two_layers
from tests.networks import chain

PAPER = Point("paper", 93.5, 400, "paper")


@pytest.fixture
def figures(monkeypatch):
    """The figures that any of the modules writes, in place of files."""
    found = []
    for module in (engine, gallery, network, raster, results, training):
        monkeypatch.setattr(module, "write_picture", lambda figure, path: found.append(figure))
    return found


def texts(axes):
    return [text.get_text() for text in axes.texts]


def points(axes):
    """The markers of a picture: x, y of each."""
    return [
        (float(x), float(y))
        for line in axes.lines
        if line.get_marker() not in ("", "None")
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]


def test_accuracy_is_drawn_at_its_cores_with_its_own_label(figures):
    given = [PAPER, Point("ours", 91.25, 40, OURS), Point("line", 90.5, None, "no cores")]
    results.draw_accuracy("a", {"one": given})
    (axes,) = figures[0].axes
    assert points(axes) == [(400, 93.5), (40, 91.25)]
    assert texts(axes) == ["paper\n93.50 %", "ours\n91.25 %", "line 90.5 %"]


def test_a_confusion_is_in_percent_of_each_class(figures):
    counts = np.array([[8, 2], [30, 10]])
    results.draw_confusion("c", counts, "two")
    axes = figures[0].axes[0]
    assert texts(axes) == ["80", "20", "75", "25"]
    shown = axes.images[0].get_array() ** 2
    np.testing.assert_allclose(shown, [[80, 20], [75, 25]])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("taken for", "class")


def test_activity_is_drawn_in_percent(figures):
    results.draw_activity("e", {"x": {"one": 0.5, "two": 0.25}})
    (axes,) = figures[0].axes
    assert [bar.get_width() for bar in axes.patches] == [50, 25]
    assert texts(axes) == ["50", "25"]


def test_curves_are_those_of_the_epochs(figures):
    history = [
        {"number": at, "loss": 2.0 / at, "accuracy": 0.25 * at, "activity": 0.1, "rate": 0.5}
        for at in (1, 2)
    ]
    training.draw_training("t", history)
    curves = {axes.get_title("left"): list(axes.lines[0].get_ydata()) for axes in figures[0].axes}
    assert curves == {
        "loss": [2.0, 1.0],
        "right in training (%)": [25.0, 50.0],
        "activity (spikes a neuron and frame, %)": [10.0, 10.0],
        "learning rate": [0.5, 0.5],
    }


def test_a_raster_has_each_cores_spikes_and_each_frames_answer(figures):
    """A chain of two cores: a feature's spike is core 0's at its tick, core 1's at the next."""
    made = chain()
    frames = np.zeros((4, made.features), bool)
    frames[0, 0] = frames[2, 1] = True
    model = GoldenModel(made)
    ticks = [model.step(frame) for frame in frames]
    assert [tick.spikes[0].any() for tick in ticks] != [tick.spikes[1].any() for tick in ticks]
    votes = np.array([[3, 1, 0, 0], [0, 2, 1, 0]])
    raster.draw_raster("r", made, frames, ticks, votes, np.array([0, 2]), "title")
    head, *cores, lines = figures[0].axes
    assert texts(head) == ["0", "2, seen 1"]
    for core, axes in enumerate(cores):
        assert axes.get_ylabel() == f"core {core}\nlayer {core + 1}"
        seen = sorted(int(x) for x, _ in axes.collections[0].get_offsets())
        assert seen == sorted(
            t for t, tick in enumerate(ticks) for _ in range(tick.spikes[core].sum())
        )
    assert lines.get_xlabel().startswith(
        f"tick - a new frame enters at each tick and leaves as votes {made.latency} ticks later"
    )


def test_the_picture_of_layers_counts_weights_and_cores(figures):
    made = two_layers()
    network.draw_layers("l", made, {"first": 16, "second": 8})
    (title,) = figures[0].texts
    trits = 27 * 4 + 2 * 16 * 2
    assert title.get_text() == f"layered: 2 layers, 24 cores, packed, {trits} distinct weights"
    (axes,) = figures[0].axes
    assert "4x4 x 4\n3x3 / 1, fan-in 27, 16 cores" in texts(axes)
    assert "2x2 x 4\n2x2 / 2, fan-in 16, 8 cores" in texts(axes)


def test_the_picture_of_cores_fills_what_is_in_use(figures):
    made = chain()
    network.draw_cores("k", made, np.array([[0, 0], [1, 0]]))
    axes = figures[0].axes[0]
    used = axes.collections[1].get_paths()
    hardware = made.hardware
    for core, path in enumerate(used):
        size = path.get_extents()
        assert size.width == pytest.approx(0.88 * made.neurons[core] / hardware.neurons)
        assert size.height == pytest.approx(0.88 * made.axons[core] / hardware.axons)


def test_the_gallery_draws_each_spike_and_marks_what_is_wrong(figures):
    chosen = list(behaviours())[:2]
    recorded = [(each, *record(each)) for each in chosen]
    gallery.draw_gallery("g", recorded, wrong=[chosen[1].number])
    right, wrong = figures[0].axes[:2]
    for axes, (each, spikes, _) in zip((right, wrong), recorded, strict=True):
        lines = axes.collections[-1].get_segments()
        assert [line[0][0] - 0.5 for line in lines] == np.flatnonzero(
            spikes[:, each.neuron]
        ).tolist()
    assert [axes._left_title.get_color() for axes in (right, wrong)] == [
        gallery.INK,
        gallery._WRONG,
    ]


def test_speeds_of_engines_are_drawn_beside_real_time(figures):
    grid = [
        {
            "synapses": 128,
            "rate_hz": rate,
            "ticks_per_s": 4000 / rate,
            "synaptic_operations_per_s": 5e9,
        }
        for rate in (20, 40)
    ]
    growth = {"cores": [{"cores": 16, "ticks_per_s": 800}, {"cores": 64, "ticks_per_s": 300}]}
    engine.draw_engine("s", grid, growth)
    speed, work, cores = figures[0].axes
    assert points(speed) == [(20, 200), (40, 100)]
    assert [float(y) for y in speed.lines[-1].get_ydata()] == [1000, 1000]
    assert points(work) == [(20, 5), (40, 5)]
    assert list(cores.lines[1].get_ydata()) == [800, 200]


@pytest.mark.control
def test_a_point_elsewhere_is_noticed(figures, monkeypatch):
    drawn = results._points
    monkeypatch.setattr(
        results,
        "_points",
        lambda axes, points: drawn(
            axes, [replace(point, cores=point.cores and point.cores + 1) for point in points]
        ),
    )
    with pytest.raises(AssertionError):
        test_accuracy_is_drawn_at_its_cores_with_its_own_label(figures)
