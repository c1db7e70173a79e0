"""The expansion of a layered network: explicit cores that spike as its windows say."""

import numpy as np
import pytest

from sterna.model import GoldenModel
from sterna.spec import OUTPUT, ConfigError, preset
from sterna.spec.expand import expand
from sterna.spec.layers import SpikeMap
from sterna.verify.random_layers import random_layers
from tests.layered import faults, layer, layered, meaning, two_layers

PACKS = [(1, 1), (2, 2), (1, 3)]


def differs(network, expansion, frames):
    """Whether the golden model of the expansion spikes in another way than the windows say."""
    model = GoldenModel(expansion.network)
    start = expansion.network.first_neuron
    for frame, (spikes, lines) in zip(frames, meaning(network, frames), strict=True):
        tick = model.step(frame)
        fired = np.concatenate(tick.spikes)
        for want, at in zip(spikes, expansion.where, strict=True):
            if not np.array_equal(want, fired[start[at[..., 0]] + at[..., 1]]):
                return True
        if not np.array_equal(lines, tick.lines) or any(v.any() for v in tick.potentials):
            return True
    return False


def frames_for(rng, network, ticks=8):
    return rng.random((ticks, network.features)) < rng.choice([0.1, 0.4, 0.8])


@pytest.mark.parametrize("seed", range(40))
def test_random_layered_networks_spike_as_their_windows_say_however_packed(seed):
    rng = np.random.default_rng([16, seed])
    network = random_layers(rng, side=4, features=8)
    frames = frames_for(rng, network)
    for pack in PACKS:
        assert not differs(network, expand(network, pack), frames)


def test_windows_that_share_a_patch_share_a_core():
    network = two_layers()
    plain, packed = expand(network), expand(network, (2, 2))
    assert (plain.network.cores, packed.network.cores) == (16 + 2 * 4, 4 + 2 * 4)
    assert packed.network.weights(0).shape == (4 * 4 * 3, 4 * 4)  # a patch of 4 x 4 sites
    assert packed.first_core == (0, 4)


def test_windows_are_packed_only_as_far_as_a_core_has_room():
    one = layer(features=28, neurons=2, kernel=(3, 3), sites=(4, 4))  # 4 x 4 x 28 is beyond 256
    maps = (SpikeMap(groups=1, rows=4, columns=4, features=28, border=1),)
    assert expand(layered(one, maps=maps), (2, 2)).network.cores == 16
    many = layer(neurons=100, kernel=(3, 3), sites=(4, 4))
    assert expand(layered(many, lines=100), (2, 2)).network.cores == 8  # two by two, not four


def test_sites_that_a_pack_does_not_divide_take_smaller_blocks():
    one = layer(sites=(3, 4))
    assert expand(layered(one), (2, 2)).network.cores == 3 * 2


def test_equal_groups_are_one_crossbar():
    one = layer(groups=2, features=3)
    one = one.replace(weights=np.repeat(one.weights[:1], 2, axis=0))
    maps = (SpikeMap(groups=2, rows=4, columns=4, features=3, border=1),)
    assert len(expand(layered(one, maps=maps)).network.crossbars) == 1


def test_votes_of_all_sites_go_to_one_line_and_the_latency_is_the_depth():
    network = expand(two_layers()).network
    votes = network.targets[network.targets[:, 2] == OUTPUT]
    assert len(votes) == 2 * 4 * 2
    assert set(votes[:, 3].tolist()) == {0, 1}
    assert network.latency == 1


def test_a_group_wider_than_the_devices_cores_is_refused_by_name():
    wide = layer(features=4)
    maps = (SpikeMap(groups=1, rows=4, columns=4, features=4, border=1),)
    with pytest.raises(ConfigError, match=r"layer 'one': the fan-in .* is 36, .* 32: 4 too"):
        expand(layered(wide, maps=maps), hardware=preset("tiny"))


def test_a_pack_of_no_window_is_refused():
    with pytest.raises(ConfigError, match="at least 1"):
        expand(layered(), (0, 2))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.control
def test_deliberate_faults_are_noticed(seed):
    """Negative control: trits, leaks, places, strides and borders that are wrong in the cores."""
    rng = np.random.default_rng([17, seed])
    network = two_layers()
    frames = rng.random((150, network.features)) < 0.3
    assert not differs(network, expand(network), frames)
    wrong = [fault for at in (0, 1) for fault in faults(rng, network, at)]
    assert {kind for kind, _ in wrong} == {"trit", "leak", "place", "stride", "border"}
    for kind, other in wrong:
        assert differs(network, expand(other), frames), kind
