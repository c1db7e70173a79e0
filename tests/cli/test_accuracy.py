"""`sterna accuracy`: a network's figures on its test set."""

import json
import re

from tests.idx import write_mnist


def test_a_network_that_ships_is_measured_on_mnists_test_set(cli):
    done = cli("accuracy", "mnist-up5k")
    assert done.returncode == 0, done.stderr
    for words in (
        r"right +│ +98\.59%",
        r"10,000 test examples",
        r"cores, as compiled +│ +8 ",
        r"distinct trits +│ +325,638 ",
        r"ticks from frame to votes +│ +2 ",
        r" 9 +1,009 +96\.9% +4 \(11\), 7 \(6\)",
    ):
        assert re.search(words, done.stdout), done.stdout


def test_as_json_it_has_every_count(cli):
    done = cli("accuracy", "mnist-up5k", "-n", "300", "--engine", "golden", "--json")
    row = json.loads(done.stdout)
    assert row["measured_in"] == "golden model"
    assert row["test_images"] == 300
    counts = row["confusion"]
    assert sum(map(sum, counts)) == 300
    assert sum(counts[i][i] for i in range(10)) == round(300 * row["accuracy"])
    assert row["synaptic_operations"] > row["spikes"] > 0
    assert row["command"] == "sterna train mnist-up5k --data DIR"
    assert row["seed"] == 0
    assert row["truenorth_cores"] is None


def test_examples_that_it_was_not_judged_on_are_told(cli, tmp_path):
    write_mnist(tmp_path / "digits", slice(10), slice(10, 60))
    done = cli("accuracy", "mnist-up5k", "--data", "digits")
    assert done.returncode == 0, done.stderr
    assert "not the test examples that mnist-up5k was judged on" in done.stderr


def test_an_unknown_network_is_named_with_those_that_ship(cli):
    done = cli("accuracy", "mnist-up6k")
    assert done.returncode == 2
    assert "no network 'mnist-up6k' ships; there are: mnist-conv-up5k, " in done.stderr
