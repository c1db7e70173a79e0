"""Spikes and synaptic operations of a frame, and the table of classes taken for others."""

import numpy as np
import pytest

from sterna import model
from sterna.compile.packing import fewest
from sterna.spec import ConfigError, DataError
from sterna.spec.expand import expand
from tests.layered import eight_cores, layered, meaning, two_layers


def frames_of(network, count=9):
    return np.random.default_rng(5).random((count, network.features)) < 0.4


def by_windows(network, frames, *, warm):
    """Spikes and synaptic operations, worked out window by window, without any core."""
    depth = len(network.layers) - 1 if warm else 0
    round_about = [*frames[len(frames) - depth :], *frames]
    spikes = operations = 0
    before = None
    for at, (fired, _) in enumerate(meaning(network, np.array(round_about))):
        if at >= depth:
            spikes += sum(int(layer.sum()) for layer in fired)
            for index, one in enumerate(network.layers):
                sites = place_map(network, index, round_about[at], before)
                operations += met(one, sites)
        before = fired
    return spikes / len(frames), operations / len(frames)


def place_map(network, index, frame, before):
    """The map that a layer reads, bool [groups, rows, columns, features]."""
    one = network.layers[index]
    plane = np.zeros(network.maps[one.source].shape, bool)
    if one.source == 0:
        feature, place = network.inputs.T
        plane.reshape(-1)[place] = frame[feature]
    elif before is not None:
        writer = next(i for i, each in enumerate(network.layers) if each.target == one.source)
        made = network.layers[writer]
        for g, n in np.ndindex(made.groups, made.neurons):
            group, feature = made.place[g, n]
            plane[group, : made.sites[0], : made.sites[1], feature] = before[writer][g, :, :, n]
    return plane


def met(one, plane):
    """Weights that are not 0 in the rows of the features that spike, of all windows."""
    padded = np.pad(plane, ((0, 0), (one.pad,) * 2, (one.pad,) * 2, (0, 0)))
    total = 0
    for g, y, x in np.ndindex(one.groups, *one.sites):
        top, left = y * one.stride[0], x * one.stride[1]
        window = padded[g, top : top + one.kernel[0], left : left + one.kernel[1]]
        total += np.count_nonzero(one.weights[g][window.reshape(-1)])
    return total


NETWORKS = {"one layer": layered, "two layers": two_layers, "eight cores": eight_cores}


@pytest.mark.parametrize("name", NETWORKS)
def test_counts_are_those_of_the_windows(name):
    network = NETWORKS[name]()
    frames = frames_of(network)
    spikes, operations = by_windows(network, frames, warm=True)
    assert spikes > 0
    assert operations > 0
    for packing in (None, fewest(network)):
        cores = expand(network, packing).network
        found = model.activity(cores, frames)
        assert (found.spikes, found.synaptic_operations) == (spikes, operations)
        assert found.frame_spikes == frames.sum() / len(frames)
        assert found.rates @ cores.neurons == pytest.approx(spikes)


def test_the_activity_of_axons_is_that_of_the_places_that_windows_read():
    network = two_layers()
    frames = frames_of(network)
    found = model.axon_activity(network, frames)
    golden = model.open(expand(network).network, engine="golden")
    golden.advance(network.latency, np.roll(frames, network.latency, axis=0)[: network.latency])
    ticks = [np.array([axons.sum() for axons in tick.axons]) for tick in golden.stream(frames)]
    active = np.mean(ticks, axis=0)
    # 16 windows of 3 x 3 sites and 3 features over 4 x 4 sites; then 8 of 2 x 2 sites
    inside = sum(3 * (3 - (y in (0, 3))) * (3 - (x in (0, 3))) for y, x in np.ndindex(4, 4))
    assert found["first"] == pytest.approx(active[:16].sum() / inside, abs=1e-4)
    writers = 4 * 16  # each of the first layer's neurons is in one window of the second
    assert found["second"] == pytest.approx(active[16:].sum() / writers, abs=1e-4)


@pytest.mark.control
def test_frames_that_have_not_reached_all_layers_would_be_noticed():
    network = two_layers()
    frames = frames_of(network)
    assert by_windows(network, frames, warm=False) != by_windows(network, frames, warm=True)


def test_fewer_frames_than_layers_go_round():
    network = two_layers()
    frame = frames_of(network, 1)
    twice = model.activity(expand(network).network, np.repeat(frame, 2, axis=0))
    assert model.activity(expand(network).network, frame).spikes == twice.spikes


def test_no_frames_are_refused():
    network = expand(two_layers()).network
    with pytest.raises(ConfigError, match="at least one frame"):
        model.activity(network, frames_of(network, 0))


def test_progress_comes_to_all_frames_and_changes_nothing():
    network = expand(two_layers()).network
    frames = np.resize(frames_of(network), (5000, network.features))
    seen: list[int] = []
    spikes = model.run(model.open(network), frames, progress=seen.append)
    assert np.array_equal(spikes, model.run(model.open(network), frames))
    assert seen == sorted(seen)
    assert seen[-1] == 5000


def test_confusion_counts_each_pair():
    labels, found = np.array([0, 0, 2, 2, 2]), np.array([0, 1, 2, 2, 0])
    assert model.confusion(labels, found, 3).tolist() == [[1, 1, 0], [0, 0, 0], [1, 0, 2]]


def test_a_label_out_of_range_is_named():
    with pytest.raises(DataError, match=r"a label is 0\.\.3, not 0\.\.2"):
        model.confusion(np.array([0, 3]), np.array([0, 1]), 3)
