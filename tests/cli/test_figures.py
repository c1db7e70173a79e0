"""The figures that commands print and write: each worked out a second time, another way."""

import json

import numpy as np
import pytest

from sterna.cli import boards, sim
from sterna.cli.accuracy import sterna_cores, trits, truenorth_cores
from sterna.cli.main import main
from sterna.compile import estimate as cost
from sterna.compile import graph, lower
from sterna.data import mnist_test, shipped_network
from sterna.host import FrameEncoder
from sterna.spec import LayeredNetwork, save
from sterna.spec.boards import BOARDS
from sterna.spec.clock import Clock
from sterna.spec.link import TICK
from sterna.spec.presets import is_deep
from sterna.verify import check, firstlight
from tests.layered import two_layers
from tests.networks import chain


def told(capsys, *arguments):
    """Exit code of a command in this process, and what it says."""
    with pytest.raises(SystemExit) as end:
        main([*map(str, arguments)])
    out, err = capsys.readouterr()
    return end.value.code, out, err


@pytest.mark.parametrize("activity", [None, 0.0, 0.1, 0.9])
def test_estimates_cycles_and_frames_are_those_of_each_board(capsys, activity):
    """At the activity that is given, else measured; at the board's clock, and as deep as it is."""
    given = [] if activity is None else ["--activity", activity]
    code, out, _ = told(capsys, "estimate", "mnist-85f", *given, "--json")
    assert code == 0
    devices = json.loads(out)["devices"]
    network = lower(graph("mnist-85f"))
    shares = json.loads(out)["activity"] if activity is None else activity
    for name, board in BOARDS.items():
        found = cost(network, board.hardware, activity=shares, deep=is_deep(board.hardware))
        assert devices[name]["cycles"] == found.cycles
        assert devices[name]["frames_per_s"] == board.clock.hz / found.cycles


@pytest.mark.control
def test_a_board_whose_stages_are_left_out_would_have_other_cycles():
    network, hardware = lower(graph("mnist-85f")), BOARDS["ulx3s-85f"].hardware
    assert is_deep(hardware)
    deep, plain = (cost(network, hardware, activity=0.1, deep=deep) for deep in (True, False))
    assert deep.cycles != plain.cycles


def test_estimates_table_has_the_figures_of_its_json(cli):
    facts = json.loads(cli("estimate", "mnist-25f", "--activity", "0.3", "--json").stdout)
    table = cli("estimate", "mnist-25f", "--activity", "0.3").stdout
    for row, figures in (
        ("cycles a tick", [f"{one['cycles']:,}" for one in facts["devices"].values()]),
        (
            "frames/s of the core",
            [f"{one['frames_per_s']:,.0f}" for one in facts["devices"].values()],
        ),
    ):
        (line,) = [line for line in table.splitlines() if line.strip().startswith(row)]
        seen = line.strip().removeprefix(row).replace("(", "").replace(")", "").split()
        assert seen == figures


def test_trits_are_counted_once_for_each_weight():
    layered = two_layers()
    assert trits(layered) == 27 * 4 + 2 * 16 * 2
    cores = shipped_network("mnist-up5k")
    distinct = {weights.tobytes() for weights in cores.crossbars}
    assert trits(cores) == sum(map(len, distinct)) == 325_638


def test_cores_are_those_compiled_or_the_fewest():
    assert sterna_cores(shipped_network("mnist-up5k")) == 8
    layered = two_layers()
    assert isinstance(layered, LayeredNetwork)
    assert sterna_cores(layered) == 2  # 16 windows of 4 neurons, and 4 of 2 in 2 groups
    assert truenorth_cores(lower(graph("one-chip"))) == 4042
    assert truenorth_cores(chain()) is None


def test_frames_of_the_uart_are_bytes_of_messages_and_their_framing():
    """A frame of the link has 236 bytes of messages and 19 around them."""
    network, frames = shipped_network(), mnist_test().frames()[:50]
    clock = Clock(hz=48_000_000, baud=6_000_000)
    rates = boards.frame_rates(network, frames, 3000.0, clock)
    encoder = FrameEncoder(network)
    messages = np.mean([len(encoder.encode(frame)) for frame in frames]) + TICK.size
    assert rates["core_frames_per_s"] == 16_000
    assert rates["link_bytes_a_frame"] == pytest.approx(messages * 255 / 236)
    assert rates["link_frames_per_s"] == pytest.approx(600_000 / (messages * 255 / 236))


def test_examples_are_drawn_once_each_by_their_seed():
    assert sim._choose(5, 100, "x", None).tolist() == [0, 1, 2, 3, 4]
    drawn = sim._choose(60, 100, "x", 1)
    assert len({*drawn.tolist()}) == 60
    assert not np.array_equal(drawn, np.sort(drawn))
    np.testing.assert_array_equal(drawn, sim._choose(60, 100, "x", 1))
    assert not np.array_equal(drawn, sim._choose(60, 100, "x", 2))


@pytest.mark.control
def test_sim_ends_with_1_at_a_mismatch(capsys, monkeypatch, tmp_path):
    """Of a model beside the device whose neurons of one type leak one more."""
    opened = firstlight.engines.open

    def faulty(network, **options):
        types = network.types.copy()
        types[len(types) // 2, 0] += 1
        return opened(network.replace(types=types), **options)

    out = tmp_path / "out"
    arguments = ("-q", "sim", "-n", 20, "--link", "model", "--out", out)
    assert told(capsys, *arguments)[0] == 0
    monkeypatch.setattr(firstlight.engines, "open", faulty)
    code, _, err = told(capsys, *arguments)
    report = json.loads((out / "report.json").read_text())
    assert report["mismatches"] > 0
    assert code == 1
    assert f"({report['mismatches']} mismatches in all)" in err


@pytest.mark.control
@pytest.mark.parametrize("state", ["ok", "failed"])
def test_check_ends_with_1_if_an_item_failed(capsys, monkeypatch, state):
    items = [check.Item("port", check.State.OK, "x"), check.Item("link", check.State(state), "y")]
    monkeypatch.setattr(check, "check", lambda wanted, progress: items)
    code, out, err = told(capsys, "check", "--json")
    assert json.loads(out)["passed"] == (state == "ok")
    assert code == (0 if state == "ok" else 1)
    assert ("failed: link" in err) == (state == "failed")


@pytest.mark.parametrize(("met", "word"), [(True, "met"), (False, "clock not met")])
def test_boards_tell_whether_the_clock_is_met(capsys, monkeypatch, met, word):
    report = {"bitstream": "b.bin", "met": met, "baud": 1}
    monkeypatch.setattr("sterna.builds.reports.read_report", lambda name: report)
    rows = []
    monkeypatch.setattr(boards, "print_table", lambda title, table: rows.append(dict(table)))
    assert told(capsys, "boards")[0] == 0
    assert [row["built"] for row in rows] == [f"b.bin, {word}"] * len(BOARDS)


def test_info_names_the_devices_that_have_room(capsys, tmp_path):
    """Of three cores of 256 axons: what has fewer, or smaller ones, is not among them."""
    save(shipped_network("mnist-up5k"), tmp_path / "net.sterna")
    code, out, _ = told(capsys, "info", tmp_path / "net.sterna", "--json")
    assert code == 0
    assert json.loads(out)["fits"] == ["icebreaker", "up5k"]
