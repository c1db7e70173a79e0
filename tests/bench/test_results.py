"""docs/results.json, the README's table made of it, and the pictures."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from bench import lanes, results
from sterna.boards.ulx3s import BY_LANES
from sterna.data import SHIPPED, SHIPPED_LAYERS, shipped
from sterna.plots.results import OURS, Point, draw_accuracy, draw_activity, draw_confusion
from sterna.spec import ConfigError, content_hash
from sterna.spec.pages import with_section

README = results.ROOT / "README.md"
FIELDS = {
    "name",
    "data_set",
    "accuracy",
    "test_images",
    "cores",
    "packing",
    "truenorth_cores",
    "trits",
    "spikes",
    "synaptic_operations",
    "latency",
    "training_s",
    "on",
    "seed",
    "command",
}


def test_the_readmes_table_is_made_of_the_rows():
    text = results.report(results.read_rows())
    assert with_section(README, results.COMMAND, text) == README.read_text()


@pytest.mark.control
def test_another_accuracy_is_another_table():
    rows = results.read_rows()
    rows[0]["accuracy"] += 0.0001
    assert results.report(rows) != results.report(results.read_rows())


def test_every_row_is_whole():
    for row in results.read_rows():
        assert set(row) >= FIELDS
        assert 0 < row["accuracy"] <= 1
        assert row["synaptic_operations"] > row["spikes"] > 0
        assert row["training_s"] > 30
        assert re.fullmatch(r"\d of \d cores of .+", row["on"])


def test_every_set_of_the_paper_has_a_row_in_the_readme():
    text = results.report(results.read_rows())
    for title, one_chip, best in results.PAPER.values():
        assert re.search(rf"^\| {title} \| .*\| {one_chip:.2f}, {best:.2f} %", text, re.MULTILINE)
    assert text.count("no data here") == 6


@pytest.mark.parametrize("name", [*SHIPPED, *SHIPPED_LAYERS])
def test_rows_of_networks_that_ship_are_of_the_files_that_ship(name):
    rows = {row["name"]: row for row in results.read_rows()}
    network = shipped(name)
    assert rows[name]["hash"] == content_hash(network)
    assert rows[name]["accuracy"] == pytest.approx(network.provenance["test_accuracy"], abs=1e-6)


def test_a_row_keeps_its_time_only_for_the_same_network():
    network = shipped("mnist-up5k")
    found = dict.fromkeys(results.KEPT) | {"hash": "a"}
    absent = Path("none.jsonl")
    before = {"hash": "a", "training_s": 60, "on": "1 of 2 cores"}
    assert results.row_of(network, found, absent, before)["training_s"] == 60
    assert results.row_of(network, found | {"hash": "b"}, absent, before)["training_s"] is None


def test_the_time_is_that_of_the_log(tmp_path):
    log = tmp_path / "x.jsonl"
    log.write_text("".join(json.dumps({"seconds": s}) + "\n" for s in (1.5, 2.25)))
    row = results.row_of(shipped("mnist-up5k"), dict.fromkeys(results.KEPT), log, {})
    assert row["training_s"] == 4
    assert row["on"].startswith("1 of ")


@pytest.mark.parametrize("count", BY_LANES)
def test_cycles_are_measured_again_at_the_clock_that_the_readme_gives(count):
    cells = lanes.placed_before(count)
    assert len(cells) == len(lanes.CELLS) + 2
    assert float(cells[-1]) * 1e6 == BY_LANES[count].clock.hz


def test_lanes_that_were_never_placed_are_refused():
    with pytest.raises(ConfigError, match="no row for 8 lanes"):
        lanes.placed_before(8)


def is_picture(path):
    return path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 5000


def test_pictures_are_drawn(tmp_path):
    draw_accuracy(tmp_path / "a.png", {"x": [Point("a", 90, 10, OURS), Point("b", 80, None, "b")]})
    draw_confusion(tmp_path / "c.png", np.eye(10, dtype=int) * 7 + 1, "digits")
    draw_confusion(tmp_path / "d.png", np.eye(43, dtype=int), "signs")
    draw_activity(tmp_path / "e.png", {"x": {"one": 0.5, "two": 0.25}})
    assert all(is_picture(tmp_path / f"{name}.png") for name in "acde")
