"""The benchmarks' figures: medians, ratios, bounds of given times, and tables made of them."""

import statistics
from itertools import count
from types import SimpleNamespace

import pytest

import bench.__main__ as digits
from bench import bridge, goodput, lanes, results, scale, training
from bench.engine import chip, rates
from bench.engine.report import report as engine_report
from bench.results import OURS
from sterna.boards.ulx3s import BY_LANES
from sterna.spec import MismatchError
from sterna.spec.boards import BOARDS
from sterna.spec.link import FRAMING
from sterna.verify.report import Speed


def clock(monkeypatch, module, seconds):
    """Time stands still but within runs, which take these seconds, one after the other."""
    now, left = [0.0], iter(seconds)
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])

    def run():
        now[0] += next(left)

    return run


@pytest.mark.parametrize("order", [(1.0, 2.0, 8.0), (8.0, 1.0, 2.0), (2.0, 8.0, 1.0)])
def test_a_rate_is_that_of_the_median_run(monkeypatch, order):
    run = clock(monkeypatch, digits, order)
    assert digits.rate(run, 100) == 50


def test_seconds_are_those_of_the_median_run(monkeypatch):
    run = clock(monkeypatch, rates, (5.0, 1.0, 3.0, 2.0, 9.0))
    assert rates.seconds(run) == 3


def row(text, name):
    """The cells of a table's row, by what its first cell begins with."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {name}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_each_figure_of_the_digits_is_in_its_row():
    run = {
        "bytes_frames_per_s": 11.0,
        "pins_frames_per_s": 22.0,
        "model_frames_per_s": 33.0,
        "cycles_median": 44.0,
        "core_frames_per_s": 55.0,
        "link_bytes_a_frame": 66.0,
        "link_frames_per_s": 77.0,
        "cycles_over_bound": 1.25,
    }
    text = digits.report({"8 lanes": dict.fromkeys(digits.ACTIVITY, 1.5)}, run)
    assert row(text, "8 lanes")[1:] == ["1.500"] * len(digits.ACTIVITY)
    assert row(text, "virtual board (RTL in Verilator), bytes")[1] == "11"
    assert row(text, "virtual board (RTL in Verilator), UART pins")[1] == "22"
    assert row(text, "golden model")[1] == "33"
    assert row(text, "bound by the core: 44 cycles")[1] == "55"
    assert row(text, "bound by the UART: 66 bytes")[1] == "77"
    assert "are 1.250 of the bound" in text


def speed(cycles, ratio):
    return Speed(
        ticks=1,
        cycles_median=cycles,
        cycles_max=1,
        bound_median=1,
        ratio_median=ratio,
        clock_hz=1,
        chip_s=1.0,
        wall_s=1.0,
        frames_per_s=1.0,
    )


def test_frames_and_operations_by_lanes_are_at_the_clock_of_the_build(monkeypatch):
    placed = ("1", "2", "3", "4", "87.1, 88.2, 89.3", "87.5")
    monkeypatch.setattr(lanes, "placed", lambda board: placed)
    monkeypatch.setattr(lanes, "cycles", lambda board: speed(2500, 1.25))
    made = lanes.row(64, BY_LANES[64], again=False)
    assert made == ("64", *placed, "2,500", "1.250", "35,000", "5.6")


def test_cycles_by_lanes_are_compared_with_the_model(monkeypatch):
    asked = {}

    class Served:
        url = ""

        def __init__(self, design): ...
        def __enter__(self):
            return self

        def __exit__(self, *error): ...

    def differs():
        raise MismatchError("tick 3")

    def streamed(device, network, frames, **options):
        asked.update(options, frames=len(frames))
        return SimpleNamespace(check=differs, report=SimpleNamespace(speed=None))

    device = SimpleNamespace(load=lambda network: None)
    monkeypatch.setattr(lanes, "VirtualBoard", Served)
    monkeypatch.setattr(lanes, "device_design", lambda hardware, deep: None)
    monkeypatch.setattr(lanes, "Device", SimpleNamespace(open=lambda url: Opened(device)))
    monkeypatch.setattr(lanes, "compare_device", streamed)
    board = BY_LANES[64]
    with pytest.raises(MismatchError, match="tick 3"):
        lanes.cycles(board)
    assert asked == {"hz": board.clock.hz, "deep": True, "frames": lanes.FRAMES}


class Opened:
    """What `Device.open` gives: a device in a context."""

    def __init__(self, device):
        self._device = device

    def __enter__(self):
        return self._device

    def __exit__(self, *error): ...


def test_the_bridges_bound_is_the_wires_with_its_framing(monkeypatch):
    monkeypatch.setattr(bridge, "traffic", lambda board: bridge.Traffic(down=200, up=20))
    monkeypatch.setattr(bridge, "frames_per_s", lambda board, traffic, **options: 1000.0)
    rows = bridge.rows()
    assert [row[:2] for row in rows] == [
        ("iCEBreaker", "FT2232H"),
        ("ULX3S 85F", "FT231X"),
        ("ULX3S 85F", "FT231X"),
    ]
    for made, board in zip(rows, ("icebreaker", "ulx3s-85f", "ulx3s-85f"), strict=True):
        bound = BOARDS[board].clock.baud / 10 / (200 * FRAMING)
        assert made[3:] == (f"{bound:,.0f}", *("1,000", f"{1000 / bound:.2f}") * 2)


def test_the_bridges_timer_is_the_one_asked_for():
    board, bytes_ = BOARDS["icebreaker"], bridge.Traffic(down=200, up=20)
    slow, fast = (
        bridge.frames_per_s(board, bytes_, timer_s=timer, ring_bytes=bridge.RING_BYTES, frames=20)
        for timer in (bridge.DEFAULT_S, bridge.SHORT_S)
    )
    # a packet of the device's waits for the timer, and the ring is full meanwhile
    assert 4 < fast / slow < bridge.DEFAULT_S / bridge.SHORT_S


def test_goodput_there_and_back_is_no_more_than_there(monkeypatch):
    monkeypatch.setattr(goodput, "BYTES", 4000)
    there, back = (goodput.goodput(0.0, 0, echo=echo) for echo in (False, True))
    assert 0.5 * there < back < 0.99 * there


def test_goodput_of_the_bound_is_in_its_row(monkeypatch):
    rates = count(100_000, 1000)
    monkeypatch.setattr(goodput, "BIT_ERRORS", (1e-4,))
    monkeypatch.setattr(goodput, "goodput", lambda bit_errors, seed, echo: float(next(rates)))
    # 600 kB/s on the wire, 236 bytes of 255: the medians of five seeds each way
    bound = 6e6 / 10 * 236 / 255
    assert goodput.rows() == [
        ("0.0001", "102.0", f"{102e3 / bound:.3f}", "107.0", f"{107e3 / bound:.3f}"),
    ]


def test_growth_is_held_against_the_number_of_cores():
    text = scale.report({"a step": [0.001, 0.002, 0.004, 0.016]}, {"another": 0.5})
    assert row(text, "a step")[1:] == ["1.0", "2.0", "4.0", "16.0", "2.00"]
    assert row(text, "another")[1] == "500.0"


def test_the_ratio_of_training_is_trinary_over_plain(monkeypatch):
    """Trinary takes twice as long: half as many images a second, a ratio of a half."""
    taken = iter([0.5, 0.25] * training.RUNS)
    monkeypatch.setattr(training, "stepper", lambda model, frames, labels: lambda: None)
    monkeypatch.setattr(training, "seconds", lambda step: next(taken))
    made = training.compared("one-chip-eighth", 100)
    assert made == ("one-chip-eighth", "200", "400", "0.50")


def test_the_larger_bound_is_the_bound_of_a_chip():
    gives = {"state_bytes_per_s": 1e9, "random_lines_per_s": 1e6, "random_stores_per_s": 2e6}
    least = chip.bounds(1e-4, 20, 4096, gives)
    spikes = 4096 * 256 * 20 / 1000
    assert least["memory"] == pytest.approx(4096 * 256 * 9 / 1e9 + spikes * 1.5e-6)
    assert least["arithmetic"] == pytest.approx(256e-4)
    told = chip.reached(20, {"memory": 0.01, "arithmetic": 0.04})
    assert told == {"bound": "arithmetic", "of_bound": 0.8}


def test_runs_of_a_whole_chip_are_told_by_their_median():
    parts = [
        {"ticks_per_s": [1.0, 9.0], "memory_bytes": 5, "threads": 2},
        {"ticks_per_s": [2.0, 3.0, 4.0], "memory_bytes": 7, "threads": 2},
    ]
    assert chip.together(parts) == {
        "ticks_per_s": 3.0,
        "best_ticks_per_s": 9.0,
        "runs": 5,
        "memory_bytes": 7,
        "threads": 2,
    }


def engine_figures():
    """Figures of the engines, each another."""
    frames = (
        "one_chip_cores",
        "one_chip_frames_per_s",
        "one_chip_event_frames_per_s",
        "one_chip_matrix_frames_per_s",
        "one_chip_popcount_frames_per_s",
    )
    return {
        "chip": {
            "threads": 2,
            "memory_bytes": 3e6,
            "runs": 4,
            "best_ticks_per_s": 6,
            "ticks_per_s": 5,
        },
        "ranc": {
            "ranc_ticks_per_s": None,
            "ratio_to_yardstick": 7,
            "ranc_yardstick_ticks_per_s": 8,
            "threads": 1,
            "ticks_per_s": 9,
            "golden_ticks_per_s": 10,
        },
        "frames": {**{name: 11 + at for at, name in enumerate(frames)}, "mnist_10000_s": 0.016},
        "start": {"first_tick_s": 1.25, "first_tick_compiling_s": 2.25, "sim_link_model_s": 3.25},
        "grid": [
            {
                "synapses": 128,
                "rate_hz": 20,
                "ticks_per_s": 17,
                "synaptic_operations_per_s": 18e9,
                "bound": "memory",
                "of_bound": 0.19,
            }
        ],
        "growth": {
            "cores": [{"cores": 16, "ticks_per_s": 20}],
            "threads": [{"threads": 1, "ticks_per_s": 21}],
        },
        "memory": {
            "read_bytes_per_s": 22e9,
            "state_bytes_per_s": 23e9,
            "random_lines_per_s": 24e6,
            "random_stores_per_s": 25e6,
        },
        "machine": "no machine",
    }


def test_each_figure_of_the_engines_is_in_its_row():
    text = engine_report(engine_figures())
    assert row(text, "4,096 cores at 20 Hz")[1] == "5 ticks/s"
    assert row(text, "RANC's 16 cores")[1] == "9 ticks/s"
    assert row(text, "the same in the golden model")[1] == "10 ticks/s"
    assert row(text, "the one-chip network, 11 cores")[1] == "12 frames/s"
    assert row(text, "the same, event engine")[1] == "13 frames/s"
    assert row(text, "its matrix products alone")[1] == "14 frames/s"
    assert row(text, "its popcounts alone")[1] == "15 frames/s"
    assert row(text, "MNIST's 10,000 test images")[1] == "16 ms"
    assert row(text, "128 ") == ["128", "20", "17", "18.0", "memory", "19 %"]


def test_points_of_the_picture_are_the_rows():
    rows = results.read_rows()
    drawn = {
        point.label: (point.accuracy, point.cores)
        for points in results.panels(rows).values()
        for point in points
        if point.group == OURS
    }
    wanted = {
        row["name"]: (round(100 * row["accuracy"], 2), row[key])
        for row in rows
        for data_set, key in (("cifar10", "truenorth_cores"), ("mnist", "cores"))
        if row["data_set"] == data_set
    }
    assert drawn == wanted


@pytest.mark.control
def test_a_mean_in_place_of_the_median_is_noticed(monkeypatch):
    monkeypatch.setattr(digits.statistics, "median", statistics.mean)
    with pytest.raises(AssertionError):
        test_a_rate_is_that_of_the_median_run(monkeypatch, (1.0, 2.0, 8.0))
