"""Layer graphs: order, wiring and limits; what is wrong is named, and by how much."""

import contextlib
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from sterna.compile import Frame, Layer, LayerGraph, compile_layers, graph, lower
from sterna.model import GoldenModel, run
from sterna.spec import OUTPUT, ConfigError, preset
from sterna.spec.expand import expand
from sterna.spec.image import network_fan_out
from tests.layered import meaning

FRAME = Frame(rows=6, columns=6, features=2)
CONV = Layer(name="conv", neurons=8, kernel=(3, 3), pad=1)
POOL = Layer(name="pool", source="conv", groups=2, neurons=4, kernel=(2, 2), stride=(2, 2))
VOTES = Layer(name="votes", source="pool", neurons=6, classes=3)


def made(*layers, frame=FRAME):
    return lower(LayerGraph(name="g", frame=frame, layers=layers))


def layer(**fields):
    return Layer(**{"name": "x", "neurons": 4, "classes": 2, **fields})


def test_a_graph_becomes_maps_and_layers_in_the_order_of_data():
    network = made(VOTES, POOL, CONV)
    assert [one.name for one in network.layers] == ["conv", "pool", "votes"]
    assert [plane.shape for plane in network.maps] == [(1, 6, 6, 2), (2, 6, 6, 4), (1, 3, 3, 12)]
    assert [plane.border for plane in network.maps] == [1, 0, 0]
    assert [one.target for one in network.layers] == [1, 2, OUTPUT]
    assert [one.sites for one in network.layers] == [(6, 6), (3, 3), (3, 3)]
    assert network.output_class.tolist() == [0, 1, 2, 0, 1, 2]
    assert network.features == 72
    assert network.latency == 2


def test_a_run_of_one_groups_neurons_begins_at_a_whole_byte():
    # 4 neurons of either group go to one group: the second run begins at feature 8
    assert made(VOTES, POOL, CONV).layers[1].place.tolist() == [
        [[0, 0], [0, 1], [0, 2], [0, 3]],
        [[0, 8], [0, 9], [0, 10], [0, 11]],
    ]


@pytest.mark.parametrize(("grain", "features"), [(1, 6), (2, 7), (8, 11)])
def test_shuffle_deals_each_groups_neurons_to_all_groups(grain, features):
    mixed = Layer(name="mixed", groups=2, neurons=6, wiring="shuffle", grain=grain)
    votes = Layer(name="votes", source="mixed", groups=2, neurons=2, classes=2)
    network = made(mixed, votes)
    assert network.maps[1].features == features
    second = -(-3 // grain) * grain
    assert network.layers[0].place[:, :, 0].tolist() == [[0, 0, 0, 1, 1, 1]] * 2
    assert network.layers[0].place[0, :, 1].tolist() == [0, 1, 2] * 2
    assert network.layers[0].place[1, :, 1].tolist() == [second, second + 1, second + 2] * 2


def test_blocks_keep_the_order_through_all_groups():
    few = Layer(name="few", groups=2, neurons=6, grain=1)
    votes = Layer(name="votes", source="few", groups=3, neurons=2, classes=2)
    places = made(few, votes, frame=FRAME).layers[0].place.reshape(12, 2)
    assert places[:, 0].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert places[:, 1].tolist() == [0, 1, 2, 3] * 3


def test_patches_have_weights_of_their_own_and_share_pixels():
    patches = Layer(
        name="patches",
        patches=True,
        neurons=3,
        kernel=(4, 4),
        stride=(2, 2),
        wiring="shuffle",
        grain=1,
    )
    votes = Layer(name="votes", source="patches", neurons=2, classes=2)
    network = made(patches, votes, frame=Frame(rows=6, columns=6))
    assert network.layers[0].weights.shape == (4, 16, 3)
    feature, place = network.inputs.T
    assert len(feature) == 64  # 36 pixels, some in two or four patches
    first = feature[place < 16].tolist()
    assert first == [6 * y + x for y in range(4) for x in range(4)]


def test_the_published_one_chip_network_has_its_shapes():
    network = lower(graph("one-chip"))
    assert len(network.layers) == 14
    assert sum(one.weights.size for one in network.layers) == 1_247_360 + 2 * 128
    # layer 3 reads 63 features of either group and, so that bytes stay whole, a hole between them
    assert network.layers[1].fan_in == 127
    assert [one.groups for one in network.layers] == [2, 2, 8, 32, 4, 4, 4, 16, 64, 8, 32, 8, 8, 8]
    assert [one.sites[0] for one in network.layers] == [16, 16] + [8] * 5 + [4] * 3 + [2] * 4
    assert network.latency == 13
    assert len(network.output_class) == 2040


def test_the_one_chip_networks_groups_mix():
    """Every vote hears every feature of the frame that the last layer's own groups cannot bar."""
    order = graph("one-chip").order
    wired = {one.name for one in order if one.wiring == "shuffle"}
    assert len(wired) == 6
    for first, second in pairwise(order):
        if first.wiring == "shuffle":
            assert first.neurons % second.groups == 0


def test_a_graph_compiles_for_a_device_and_spikes_as_its_windows_say():
    rng = np.random.default_rng(3)
    small = LayerGraph(
        name="small",
        frame=Frame(rows=4, columns=4),
        layers=[
            Layer(name="conv", neurons=4, kernel=(3, 3), pad=1, stride=(2, 2)),
            Layer(name="votes", source="conv", neurons=4, kernel=(2, 2), stride=(2, 2), classes=2),
        ],
    )
    parameters = {
        one.name: (rng.integers(-1, 2, one.weights.shape), rng.integers(-1, 2, one.leak.shape))
        for one in lower(small).layers
    }
    network = lower(small, parameters)
    compiled = compile_layers(network, preset("up5k"))
    assert compiled.cores == 5
    frames = rng.random((30, 16)) < 0.5
    want = np.array([lines for _, lines in meaning(network, np.vstack([frames, frames[:1]]))])
    assert np.array_equal(run(GoldenModel(compiled), frames), want[1:])
    assert want.any()


def test_a_network_that_needs_packing_is_packed():
    conv = Layer(name="conv", neurons=4, kernel=(3, 3), pad=1, classes=2)
    network = made(conv, frame=Frame(rows=4, columns=4))
    assert expand(network).network.cores == 16
    assert compile_layers(network, preset("up5k")).cores == 8  # two windows a core


def test_neurons_are_copied_where_the_target_table_is_too_small():
    """Sites of a core are read by unequally many cores: copies take fewer entries."""
    conv = Layer(name="conv", neurons=8, kernel=(3, 3), pad=1)
    votes = Layer(name="votes", source="conv", neurons=2, kernel=(3, 3), pad=1, classes=2)
    network = made(conv, votes, frame=Frame(rows=1, columns=12))
    small = replace(preset("up5k"), neurons=64, targets=152)
    packed = compile_layers(network, small)
    assert network_fan_out(packed).max() == 2
    assert int((packed.neurons * network_fan_out(packed)).sum()) == small.targets
    compiled = compile_layers(network, replace(small, targets=small.targets - 1))
    assert network_fan_out(compiled).max() == 1


def test_a_network_that_does_not_fit_is_refused_with_the_limit():
    text = (
        r"'g' does not fit the device: it needs 5 cores of 2 and 556 axons of 512 in the nearest "
        r"packing of 1 tried \(windows a core: conv 3x6, pool 2x3 of 2, votes 3x3\); cut first "
    )
    with pytest.raises(ConfigError, match=text):
        compile_layers(made(CONV, POOL, VOTES), replace(preset("up5k"), contexts=2))


REFUSED = [
    ([layer(kernel=(12, 11), pad=6)], r"'x', group 0 of 1: its fan-in is 264 .*256 axons: 8 too"),
    ([layer(kernel=(8, 3), pad=0)], r"'x': its window has 8 rows, its source 6 .*: 2 too many"),
    ([layer(neurons=257)], r"'x': neurons must be an integer of 1\.\.256, not 257"),
    ([layer(groups=4)], r"'x': the frame's 2 features are no multiple of its 4 groups"),
    ([layer(source="nobody")], r"'x' reads 'nobody'; there is no such layer: x"),
    ([layer(source="y", classes=None), layer(name="y", source="x")], r"'x' is in a loop of layers"),
    ([CONV, CONV], r"two layers are named 'conv'"),
    ([], r"a graph needs at least one layer"),
    ([CONV], r"'conv' is read by no layer and votes for no class"),
    ([layer(name="conv"), layer(source="conv")], r"'conv' votes, and layer 'x' reads it"),
    ([CONV, layer(source="conv", groups=3)], r"'conv': 8 neurons do not go evenly to the 3 groups"),
    (
        [CONV, layer(source="conv"), layer(name="y", source="conv", groups=2)],
        r"'conv' is read by 'x' in 1 groups and by 'y' in 2",
    ),
    ([layer(), layer(name="y", groups=2)], r"'x' and 'y' read the frame in different groups"),
    ([CONV, layer(source="conv", patches=True)], r"'x': patches read the frame, not layer 'conv'"),
    ([layer(pad=-1)], r"'x': pad must be an integer of 0\.\.16, not -1"),
    ([layer(wiring="random")], r"'x': no wiring 'random'; there are: blocks, shuffle"),
    ([layer(stride=(0, 1))], r"'x': stride must be an integer of 1\.\.4096, not 0"),
    ([layer(kernel=3)], r"'x': kernel must be a pair \(rows, columns\), not 3"),
    ([layer(neurons=2.5)], r"'x': neurons must be an integer of 1\.\.256, not 2\.5"),
    ([layer(classes=0)], r"'x': classes must be an integer of 1\.\.65536, not 0"),
    ([layer(classes=5)], r"'x' votes for 5 classes with 4 neurons: each class needs one at least"),
]


@pytest.mark.parametrize(("layers", "text"), REFUSED, ids=[text for _, text in REFUSED])
def test_what_cannot_be_is_refused(layers, text):
    with pytest.raises(ConfigError, match=text):
        made(*layers)


def test_weights_of_another_shape_or_none_are_refused():
    whole = LayerGraph(name="g", frame=FRAME, layers=[layer()])
    with pytest.raises(ConfigError, match="layer 'x' has no weights: y have"):
        lower(whole, {"y": (np.zeros((1, 2, 4), np.int8), np.zeros((1, 4), np.int32))})
    with pytest.raises(ConfigError, match=r"'x': its weights have shape \[1, 3, 4\], .* \[1, 2, 4"):
        lower(whole, {"x": (np.zeros((1, 3, 4), np.int8), np.zeros((1, 4), np.int32))})
    with pytest.raises(ConfigError, match=r"'x': a weight is 300, not -1, 0 or 1"):
        lower(whole, {"x": (np.full((1, 2, 4), 300), np.zeros((1, 4), np.int32))})


def test_weights_that_are_not_whole_are_refused():
    whole = LayerGraph(name="g", frame=FRAME, layers=[layer()])
    weights, leak = np.zeros((1, 2, 4), np.int8), np.zeros((1, 4), np.int32)
    with pytest.raises(ConfigError, match=r"'x': its weights must be integers, not float64"):
        lower(whole, {"x": (weights + 0.4, leak)})
    with pytest.raises(ConfigError, match=r"'x': its leak must be integers, not float64"):
        lower(whole, {"x": (weights, leak + 0.4)})


def test_a_frame_of_no_site_is_refused():
    with pytest.raises(ConfigError, match="the frame's rows must be an integer of 1"):
        made(layer(), frame=Frame(rows=0, columns=3))


def test_an_unknown_name_is_refused_with_the_names():
    with pytest.raises(ConfigError, match=r"no network 'two-chip'; there are: .*one-chip"):
        graph("two-chip")


@pytest.mark.parametrize("rule", ["_check_readers", "_in_order", "_check_fan_in"])
@pytest.mark.control
def test_a_rule_left_out_is_noticed(rule, monkeypatch):
    """Negative control: without it some graph is accepted, or refused without its reason."""
    if rule == "_check_readers":
        monkeypatch.setattr(LayerGraph, rule, lambda *_: None)
    elif rule == "_in_order":
        monkeypatch.setattr("sterna.compile.layer_graph._in_order", tuple)
    else:
        monkeypatch.setattr("sterna.compile.lowering._check_fan_in", lambda *_: None)
    passed = 0
    for layers, text in REFUSED:
        with contextlib.suppress(
            pytest.fail.Exception, AssertionError, KeyError, IndexError, ValueError
        ):
            with pytest.raises(ConfigError, match=text):
                made(*layers)
            passed += 1
    assert passed < len(REFUSED)


@pytest.mark.control
@pytest.mark.parametrize("features", [256, 257])
def test_a_fan_in_of_256_is_the_most(features):
    frame = Frame(rows=1, columns=1, features=features)
    if features == 256:
        assert made(layer(), frame=frame).layers[0].fan_in == 256
        return
    with pytest.raises(ConfigError, match=r"its fan-in is 257 .* a core has 256 axons: 1 too many"):
        made(layer(), frame=frame)
