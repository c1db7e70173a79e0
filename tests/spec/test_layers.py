"""A layered network is validated in full; errors name the layer, the value and the limit."""

import contextlib
from dataclasses import replace

import numpy as np
import pytest

from sterna.spec import OUTPUT, NetworkError
from sterna.spec.layers import LayeredNetwork, MapLayer, SpikeMap, frame_inputs
from tests.layered import layer, layered, two_layers

FRAME = SpikeMap(groups=1, rows=4, columns=4, features=3, border=1)
MIDDLE = SpikeMap(groups=2, rows=4, columns=4, features=4)


def changed(at=0, **change):
    """`two_layers` with one layer changed."""
    network = two_layers()
    layers = list(network.layers)
    layers[at] = layers[at].replace(**change)
    return network.replace(layers=tuple(layers))


def placed(index, value):
    place = two_layers().layers[0].place.copy()
    place[index] = value
    return changed(place=place)


def weighed(index, value):
    weights = two_layers().layers[0].weights.copy()
    weights[index] = value
    return changed(weights=weights)


INVALID = [
    (lambda: layer(features=29), r"layer 'one': the fan-in .* is 261, a core has 256: 5 too many"),
    (lambda: layer(neurons=257), r"layer 'one': the number of neurons .* 257, .* 256: 1 too many"),
    (lambda: weighed((0, 5, 1), 2), r"layer 'first': weights\[0, 5, 1\] is 2; a weight is -1, 0"),
    (lambda: changed(leak=np.full((1, 4), 512, np.int32)), r"leak\[0, 0\] is 512, the limit is -5"),
    (lambda: changed(leak=np.zeros((1, 3), np.int32)), r"leak must have shape \[1, 4\], not"),
    (lambda: changed(kernel=3), r"layer 'first': kernel must be a pair \(rows, columns\), not 3"),
    (lambda: changed(stride=(0, 1)), r"layer 'first': stride must be an integer of 1\.\.4096"),
    (lambda: changed(kernel=(2, 3)), r"kernel of 2 x 3 over 3 features in 1 groups wants \[1, 18"),
    (lambda: changed(pad=2), r"'first': its windows begin 2 sites before the map, .* border of 1"),
    (lambda: changed(pad=0), r"'first': its last window ends 2 rows after the map, .* border of 1"),
    (lambda: changed(sites=(4096, 4096)), r"1 groups at 4096 x 4096 sites have 452,984,832 axons"),
    (lambda: changed(sites=(3, 4)), r"'first' has 3 x 4 sites, map 1 4 x 4"),
    (lambda: placed((0, 1), [0, 3]), r"'first': place: two neurons on one place: entries 0 and 1"),
    (lambda: placed((0, 1), [2, 0]), r"'first': place.group\[0, 1\] is 2, the limit is 0\.\.1"),
    (lambda: placed((0, 1), [0, 4]), r"'first': place.feature\[0, 1\] is 4, the limit is 0\.\.3"),
    (lambda: two_layers(output_class=np.zeros(1, np.int32)), r"place.line\[0, 1\] is 1, .* 0\.\.0"),
    (
        lambda: changed(target=OUTPUT, place=np.zeros((1, 4, 2), np.int32)),
        r"'second' reads map 1 before a layer has written it",
    ),
    (lambda: changed(source=1, target=0), r"'first' reads map 1 before a layer has written it"),
    (lambda: changed(target=0), r"'first' writes map 0, which the host writes"),
    (lambda: changed(target=7), r"'first' writes map 7 of 2"),
    (lambda: changed(1, source=7), r"'second' reads map 7 of 2"),
    (lambda: changed(1, name="first"), r"two layers are named 'first'"),
    (lambda: two_layers(maps=(FRAME, MIDDLE, MIDDLE)), r"maps\[2\] is written by no layer"),
    (lambda: layered(layer(name="")), r"a layer's name must be a text of 1\.\.200"),
    (lambda: layered(*()).replace(layers=()), r"0 layers, the limit is 1\.\.256"),
    (lambda: two_layers(features=47), r"inputs.feature\[47\] is 47, the limit is 0\.\.46"),
    (lambda: two_layers(inputs=np.array([[0, 48]], np.int32)), r"inputs.place\[0\] is 48, the lim"),
    (lambda: two_layers(inputs=np.zeros((2, 2), np.int32)), r"two features of the frame on one"),
    (lambda: SpikeMap(groups=1, rows=0, columns=1, features=1), r"rows must be an integer of 1"),
    (lambda: SpikeMap(groups=1, rows=1, columns=1, features=1, border=17), r"border must be"),
    (lambda: replace(FRAME, rows=4096, columns=4096), r"50,331,648 places, the limit is"),
]


@pytest.mark.parametrize(("make", "text"), INVALID, ids=[text for _, text in INVALID])
def test_invalid_layers_are_refused(make, text):
    with pytest.raises(NetworkError, match=text):
        make()


def test_votes_at_different_ticks_are_refused():
    early = layer("early")
    network = two_layers()
    with pytest.raises(NetworkError, match=r"'second' votes at tick 1 after a frame"):
        layered(early, *network.layers, maps=network.maps)


def test_two_layers_may_not_write_one_map():
    network = two_layers()
    twin = network.layers[0].replace(name="twin")
    with pytest.raises(NetworkError, match="'twin' writes map 1, which a layer before it writes"):
        layered(network.layers[0], twin, network.layers[1], maps=network.maps)


def test_depths_and_latency_follow_the_maps():
    network = two_layers()
    assert network.depths == (0, 1)
    assert network.latency == 1
    assert network.classes == 2


def test_a_plain_frame_is_numbered_by_feature_row_and_column():
    frame = SpikeMap(groups=2, rows=2, columns=2, features=2)
    count, inputs = frame_inputs(frame, (1, 2))
    assert count == 12
    planes = np.full(frame.places, -1)
    planes[inputs[:, 1]] = inputs[:, 0]
    assert planes.reshape(frame.shape)[0, ..., 0].tolist() == [[0, 1], [2, 3]]
    assert planes.reshape(frame.shape)[0, ..., 1].tolist() == [[-1, -1], [-1, -1]]
    assert planes.reshape(frame.shape)[1, ..., 1].tolist() == [[8, 9], [10, 11]]


@pytest.mark.parametrize(
    ("owner", "rule"),
    [(LayeredNetwork, rule) for rule in ("_check_frame", "_check_source", "_check_target")]
    + [(MapLayer, "__post_init__"), (SpikeMap, "__post_init__")],
)
@pytest.mark.control
def test_a_rule_left_out_is_noticed(owner, rule, monkeypatch):
    """Negative control: without it some invalid network is accepted."""
    monkeypatch.setattr(owner, rule, lambda *_: None)
    accepted = []
    for make, text in INVALID:
        with contextlib.suppress(Exception):  # what another rule refuses is no matter here
            accepted += [text] if make() else []
    assert accepted
