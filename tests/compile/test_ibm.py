"""IBM's model files: written and read back, foreign ones read, and what is wrong is named."""

import json
import re

import numpy as np
import pytest

from sterna.compile import compile_truenorth, graph, lower
from sterna.compile.ibm_file import ibm_text, write_ibm
from sterna.compile.ibm_reader import parse_ibm, read_ibm
from sterna.compile.ibm_runs import pack, unpack
from sterna.compile.truenorth import FEATURES, TRUENORTH
from sterna.gallery import behaviours
from sterna.model import GoldenModel, run
from sterna.spec import OUTPUT, ConfigError, NetworkError, content_hash
from sterna.verify.random_layers import random_layers
from tests.layered import two_layers
from tests.networks import chain


def single(seed):
    rng = np.random.default_rng([22, seed])
    return compile_truenorth(random_layers(rng, FEATURES, side=4, features=8)).network


@pytest.mark.parametrize("seed", range(12))
def test_a_network_written_and_read_is_the_same_network(seed, tmp_path):
    network = single(seed)
    write_ibm(network, tmp_path / "n.json")
    again = read_ibm(tmp_path / "n.json")
    assert content_hash(again) == content_hash(network)


def test_the_one_chip_network_written_and_read_is_the_same(tmp_path):
    rng = np.random.default_rng(1)
    layered = lower(graph("one-chip"))
    layers = [
        one.replace(weights=rng.integers(-1, 2, one.weights.shape).astype(np.int8))
        for one in layered.layers
    ]
    network = compile_truenorth(layered.replace(layers=tuple(layers))).network
    write_ibm(network, tmp_path / "one-chip.json")
    again = read_ibm(tmp_path / "one-chip.json")
    assert again.cores == 4042
    assert content_hash(again) == content_hash(network)


def test_neurons_of_every_kind_keep_their_parameters():
    seen = 0
    for behaviour in behaviours():
        network = behaviour.network
        try:
            text = ibm_text(network)
        except ConfigError:  # several targets, or weights of -1
            continue
        seen += 1
        again = parse_ibm(text)
        rows, others = (one.types[one.neuron_type] for one in (network, again))
        assert np.array_equal(rows, others)
        assert np.array_equal(network.neuron_potential, again.neuron_potential)
    assert seen >= 5


def foreign(text):
    """The file as another tool would write it: without what is our own, and with comments."""
    return re.sub(
        r'\t"sterna":.*?,\n(?=\t/\*)', '\t/* not ours: "core" */\n', text, flags=re.DOTALL
    )


def test_a_file_without_our_own_part_has_whole_cores():
    network = single(3)
    other = parse_ibm(foreign(ibm_text(network)))
    assert other.cores == network.cores
    assert set(other.axons.tolist()) | set(other.neurons.tolist()) == {256}
    inner = other.targets[:, 2] != OUTPUT
    assert np.array_equal(other.targets[inner], network.targets[network.targets[:, 2] != OUTPUT])
    assert len(other.output_class) <= len(network.output_class)
    # axons that no neuron sends to are the frame, in order
    heard = {tuple(row) for row in other.targets[inner][:, 2:4].tolist()}
    assert len(other.input_map) == min(1 << 16, 256 * other.cores - len(heard))
    tick = GoldenModel(other).step(np.ones(other.features))
    assert len(tick.spikes) == other.cores


def test_dendrites_say_which_column_a_neuron_hears():
    text = foreign(ibm_text(compile_truenorth(two_layers()).network))
    plain = parse_ibm(text)
    turned = parse_ibm(text.replace('"dendrites":["0:255"]', '"dendrites":["255:-1:0"]', 1))
    assert np.array_equal(turned.weights(0), plain.weights(0)[:, ::-1])
    assert np.array_equal(turned.weights(1), plain.weights(1))


def test_the_file_votes_as_the_network():
    network = compile_truenorth(two_layers()).network
    frames = np.random.default_rng(1).random((20, network.features)) < 0.4
    again = parse_ibm(ibm_text(network))
    assert np.array_equal(run(GoldenModel(again), frames), run(GoldenModel(network), frames))


def test_the_form_is_ibms():
    text = ibm_text(compile_truenorth(two_layers()).network)
    assert '"coreCount":' in text
    assert '"crossbarclass":"CrossbarBinary"' in text
    assert text.count('"core":{') == text.count('"rngSeed"')
    rows = re.search(r'"rows":\[(.*?)\]', text)
    assert rows
    first = json.loads(rows[0][len('"rows":') :])
    assert len(first) == 256
    assert re.fullmatch("([0-9A-F]{2} ){31}[0-9A-F]{2}", first[0]["synapses"])
    assert [row["type"] for row in first[:4]] in (["S0", "S1"] * 2, ["S0"] * 4)


@pytest.mark.parametrize(
    ("values", "runs"),
    [
        ([], []),
        ([5], [5]),
        ([1] * 256, ["1x256"]),
        (list(range(256)), ["0:255"]),
        (list(range(3, 256, 4)), ["3:4:255"]),
        ([7, 7], ["7x2"]),
        ([1, 2], [1, 2]),
        ([5, 3, 1, -1], ["5:-2:-1"]),
        ([874, 874, 1130, -1, -1], ["874x2", 1130, "-1x2"]),
    ],
)
def test_runs(values, runs):
    assert pack(values) == runs
    assert unpack(runs, len(values), "x") == values


@pytest.mark.parametrize("seed", range(5))
def test_random_runs_come_back(seed):
    rng = np.random.default_rng(seed)
    values = np.repeat(rng.integers(-3, 4, 40), rng.integers(1, 4, 40)).tolist()
    assert unpack(pack(values), len(values), "x") == values


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ("0:3", "x must be a list of runs"),
        (["a"], "'a' is no integer and no run"),
        ([1.5], "1.5 is no integer"),
        (["0:0:5"], "a step of 0"),
        (["0:9999999999"], "it must have 4"),
        (["1x9999999"], "it must have 4"),
        ([1, 2], "it must have 4"),
        ([True], "True is no integer"),
        ([1, 2, 3, 1 << 31], "beyond 32 bits"),
    ],
)
def test_runs_that_are_none_are_refused(runs, text):
    with pytest.raises(NetworkError, match=text):
        unpack(runs, 4, "x")


def test_a_network_that_is_not_for_truenorth_is_not_written():
    trinary = chain(hardware=TRUENORTH)
    with pytest.raises(ConfigError, match="compile it for TrueNorth"):
        ibm_text(trinary.replace(crossbars=tuple(-np.abs(x) for x in trinary.crossbars)))
    several = trinary.replace(
        crossbars=tuple(np.abs(x) for x in trinary.crossbars),
        targets=np.concatenate([trinary.targets, trinary.targets]),
    )
    with pytest.raises(ConfigError, match="has several targets, a TrueNorth neuron has one"):
        ibm_text(several)


WRONG = [
    (r'"crossbarTypes"', '"crossbarKinds"', "no model file of IBM's tools"),
    (r'"core":\{"id":0', '"core":{"id":7', "core 0: its id is 7"),
    (r'"type":"S1"', '"type":"S9"', "type 'S9' is none of S0..S3"),
    (r'"synapses":"..', '"synapses":"', "synapses must be 32 bytes in hex"),
    (r'"destAxons":\[', '"destAxons":["0x300",', "destAxons has 257 values or more"),
    (r'"destCores":\[[^]]*\]', '"destCores":["-5x256"]', "a number of -3..-31, which is no core"),
    (r'"destCores":\[[^]]*\]', '"destCores":["99999x256"]', "targets.to_core"),
    (r'"crossbar":\{"name":"coreProt0000000"', '"crossbar":{"name":"none"', "no crossbar 'none'"),
    (r'"dendrites":\["0:255"\]', '"dendrites":["1:256"]', "core 0: dendrites has a number outs"),
    (r'"lambda":[0-9]+', '"lambda":"5"', "lambda must be an integer, not '5'"),
    (r'"lambda":[0-9]+', '"lambda":9999', "leak is"),
    (r'"hardware":\{', '"hardware":{"odd":1,', "hardware parameters must be exactly"),
    (r'"neurons":\["', '"neurons":["999x', "neurons"),
    (r"\}\s*$", "", "not JSON that can be read"),
]


@pytest.mark.parametrize(("old", "new", "text"), WRONG, ids=[text for *_, text in WRONG])
def test_what_is_wrong_with_a_file_is_named(old, new, text, tmp_path):
    right = ibm_text(compile_truenorth(two_layers()).network)
    wrong, count = re.subn(old, new, right, count=1)
    assert count == 1
    (tmp_path / "wrong.json").write_text(wrong)
    with pytest.raises(NetworkError, match=rf"wrong.json: .*{re.escape(text)}"):
        read_ibm(tmp_path / "wrong.json")


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(NetworkError, match=r"none.json: no such file"):
        read_ibm(tmp_path / "none.json")


@pytest.mark.control
def test_a_synapse_turned_over_in_the_file_is_noticed():
    """Negative control: one bit of one row, and the network is another."""
    network = compile_truenorth(two_layers()).network
    text = ibm_text(network)
    at = text.index('"synapses":"') + len('"synapses":"')
    turned = f"{int(text[at], 16) ^ 8:X}"  # of the first axon to the first neuron
    other = parse_ibm(text[:at] + turned + text[at + 1 :])
    assert content_hash(other) != content_hash(network)
