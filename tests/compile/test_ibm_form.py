"""Files in the form of IBM's own tools mean what the neuron's equations say, spike by spike."""

import dataclasses
import time

import numpy as np
import pytest

from sterna import model
from sterna.compile import compile_truenorth
from sterna.compile.ibm_file import _json, ibm_text
from sterna.compile.ibm_json import read_json
from sterna.compile.ibm_reader import parse_ibm
from sterna.compile.ibm_runs import pack, unpack
from sterna.compile.truenorth import FEATURES
from sterna.spec import ConfigError, NetworkError, NeuronType, content_hash
from sterna.spec.neuron import TYPE_COLUMNS
from sterna.verify.random_layers import random_layers
from tests.compile.ibm_form import Core, Kind, drawn, spikes_of, text_of

TICKS = 40
RELAY = Kind(1, epsilon=True)
RESET = TYPE_COLUMNS.index("reset")


def inputs_of(rng, cores):
    return [
        (tick, core, axon)
        for tick in range(TICKS)
        for core in range(len(cores))
        for axon in range(12)
        if rng.random() < 0.15
    ]


def run(network, inputs, engine="golden"):
    opened = model.open(network, engine=engine)
    spikes = []
    for tick in range(TICKS):
        for at, core, axon in inputs:
            if at == tick:
                opened.inject(core, axon)
        fired = opened.step().spikes
        spikes += [
            (tick, core, int(neuron))
            for core, own in enumerate(fired)
            for neuron in np.flatnonzero(own)
        ]
    return sorted(spikes)


@pytest.mark.parametrize("seed", range(40))
def test_a_drawn_file_gives_every_spike_of_its_equations(seed):
    rng = np.random.default_rng([7, seed])
    kinds, cores = drawn(rng)
    inputs = inputs_of(rng, cores)
    network = parse_ibm(text_of(kinds, cores))
    wanted = spikes_of(kinds, cores, inputs, TICKS)
    assert run(network, inputs) == wanted
    assert run(network, inputs, "event") == wanted


def by_place(kinds, cores):
    """Types 1, 2, ... of the library's order in place of the numbers in their names."""
    renamed = [dataclasses.replace(kind, number=at + 1) for at, kind in enumerate(kinds)]
    return renamed, [
        dataclasses.replace(
            core,
            neurons={
                at: ((kind - 1) % len(kinds) + 1, *rest)
                for at, (kind, *rest) in core.neurons.items()
            },
        )
        for core in cores
    ]


def each_kind(**changes):
    return lambda kinds, cores: (
        [
            dataclasses.replace(kind, **{name: change(kind) for name, change in changes.items()})
            for kind in kinds
        ],
        cores,
    )


#: What a reader can take wrongly, as a change of the model that the equations see.
MISTAKES = {
    "types by place": by_place,
    "VR is R": each_kind(vr=lambda kind: {0: 0, 1: 1, 2: 1, 3: 2}[kind.vr]),
    "no leak": each_kind(leak=lambda kind: 0),
    "one crossbar": lambda kinds, cores: (
        kinds,
        [dataclasses.replace(core, synapses=cores[0].synapses) for core in cores],
    ),
    "kappa turned": each_kind(kappa=lambda kind: not kind.kappa),
}


@pytest.mark.control
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_of_a_reader_would_be_noticed(mistake):
    noticed = 0
    for seed in range(40):
        rng = np.random.default_rng([7, seed])
        kinds, cores = drawn(rng)
        inputs = inputs_of(rng, cores)
        wrong = MISTAKES[mistake](kinds, cores)
        noticed += spikes_of(*wrong, inputs, TICKS) != spikes_of(kinds, cores, inputs, TICKS)
    assert noticed > 5


def one_core(**neurons):
    return [Core([0] * 256, {0: {0, 1}}, {int(name[1:]): value for name, value in neurons.items()})]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (text_of([RELAY], one_core(n0=(2, -2, -1, 1))), "neuron 0 is of type 2, there is no .*02"),
        (text_of([RELAY], one_core(n0=(1, -2, -1, 1), n5=(0, 0, 3, 1))), "neuron 5 is of type 0"),
        (text_of([RELAY], one_core(n0=(1, -3, 0, 1))), r"a number of -3\.\.-31"),
        (text_of([RELAY, RELAY], one_core(n0=(1, -2, -1, 1))), "two neuronTypes have the number"),
        (text_of([dataclasses.replace(RELAY, vr=20)], one_core()), r"VR is 20, the limit is 0\.\."),
        (text_of([dataclasses.replace(RELAY, vr=10**9)], one_core()), "VR is 1000000000"),
        (text_of([RELAY], one_core()).replace("N00000001", "relay"), "its name 'relay' is no N"),
        (text_of([RELAY], one_core()).replace('"coreCount":1', '"coreCount":2'), "the file is cut"),
        (text_of([RELAY], one_core()).replace('"rows"', '"lines"'), "there is no crossbar"),
    ],
)
def test_what_has_no_meaning_in_the_form_is_named(text, said):
    with pytest.raises(NetworkError, match=said):
        parse_ibm(text)


def test_a_neuron_without_a_target_lives_and_one_that_is_not_there_does_not():
    cores = one_core(n0=(1, -2, -1, 1))
    network = parse_ibm(text_of([RELAY], cores))
    assert run(network, [(3, 0, 0)]) == [(3, 0, 0)]  # neuron 1 is none, and hears the same axon
    assert len(network.targets) == 0


@pytest.mark.parametrize(
    "broken",
    [
        "/* comment " + "*" * 3_000_000,
        '"' + "a" * 3_000_000,
        '"' + '\\"' * 1_500_000,
        "/* " * 1_000_000,
    ],
)
def test_what_never_ends_is_refused_in_time_in_proportion(broken):
    began = time.process_time()
    with pytest.raises(NetworkError, match="that begins at character 1 never ends"):
        parse_ibm("{" + broken)
    assert time.process_time() - began < 2  # it took minutes


def test_strings_and_comments_in_each_other_stay_apart():
    text = '{"a/*": "*/ \\" /*", /* "b": 1, */ "c": "//"}'
    assert read_json(text) == {"a/*": '*/ " /*', "c": "//"}


def single(seed):
    rng = np.random.default_rng([22, seed])
    return compile_truenorth(random_layers(rng, FEATURES, side=4, features=8)).network


@pytest.mark.parametrize("seed", range(6))
def test_the_hash_stays_whatever_the_order_of_targets(seed):
    network = single(seed)
    order = np.random.default_rng(seed).permutation(len(network.targets))
    turned = network.replace(targets=network.targets[order])
    assert content_hash(turned) != content_hash(network)
    assert content_hash(parse_ibm(ibm_text(turned))) == content_hash(turned)


def test_the_hash_stays_with_crossbars_and_types_that_nothing_uses():
    network = single(1)
    wider = network.replace(
        crossbars=(np.ones((5, 9), np.int8), *network.crossbars, np.zeros((256, 1), np.int8)),
        core_crossbar=network.core_crossbar + np.int32(1),
        types=np.array(
            [NeuronType(leak=9).row(), *network.types.tolist(), NeuronType(alpha=77).row()],
            np.int32,
        ),
        neuron_type=network.neuron_type + np.int32(1),
    )
    assert content_hash(parse_ibm(ibm_text(wider))) == content_hash(wider)


@pytest.mark.parametrize(
    "provenance",
    [
        {"core": 5},
        {"core": [1, 2]},
        {"core": {"core": None}},
        {"a": [{"core": 1}, {"core": 2}]},
        {"crossbarTypes": "x", "sterna": {"form": 9}},
        {"/* x */": "/*", 'q"': "\\"},
    ],
)
def test_the_hash_stays_whatever_keys_the_provenance_has(provenance):
    network = single(2).replace(provenance=provenance)
    again = parse_ibm(ibm_text(network))
    assert again.provenance == provenance
    assert content_hash(again) == content_hash(network)


def with_reset(network, reset):
    types = network.types.copy()
    types[:, RESET] = reset
    return network.replace(types=types)


@pytest.mark.parametrize("reset", [0, 1, -1, -3, 7, -255, 32767])
def test_a_reset_that_the_form_holds_comes_back(reset):
    network = with_reset(single(2), reset)
    assert content_hash(parse_ibm(ibm_text(network))) == content_hash(network)


@pytest.mark.parametrize("reset", [2, 5, -6])
def test_a_reset_that_the_form_cannot_hold_is_refused(reset):
    with pytest.raises(ConfigError, match=rf"has the reset {reset}; .* 0, 1, 3, 7"):
        ibm_text(with_reset(single(2), reset))


def test_a_file_of_the_form_before_is_read_as_it_was_meant():
    """Form 1 had types by their place, R itself for VR, and -1 for every missing target."""
    network = with_reset(single(3), 3)
    held = read_json(ibm_text(network))
    del held["sterna"]["form"]
    for kind in held["neuronTypes"]:
        assert kind["VR"] == 2
        kind["VR"] = 3
    for core in held.cores:
        own = core["neurons"]
        own["types"] = pack([max(0, kind - 1) for kind in unpack(own["types"], 256, "")])
        ends = unpack(own["destCores"], 256, "")
        own["destCores"] = pack([-1 if to == -2 else to for to in ends])
    body = ",".join(f'"{key}":{_json(value)}' for key, value in held.items() if key != "core")
    cores = "".join(f',"core":{_json(core)}' for core in held.cores)
    assert content_hash(parse_ibm(f"{{{body}{cores}}}")) == content_hash(network)
    with pytest.raises(NetworkError, match="form 3; this Sterna reads"):
        parse_ibm(ibm_text(network).replace('"form":2', '"form":3'))
