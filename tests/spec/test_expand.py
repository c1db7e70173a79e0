"""The expansion of a layered network: explicit cores that spike as its windows say."""

import numpy as np
import pytest

from sterna.model import GoldenModel
from sterna.spec import OUTPUT, ConfigError, preset
from sterna.spec.blocks import Packing, packings
from sterna.spec.expand import CORE, expand
from sterna.spec.layers import SpikeMap
from sterna.verify.layered import random_packing
from sterna.verify.random_layers import random_layers
from tests.layered import faults, layer, layered, meaning, two_layers


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
    assert not differs(network, expand(network), frames)
    for _ in range(2):
        packing = random_packing(rng, network, CORE)
        assert not differs(network, expand(network, packing), frames), packing


def test_windows_that_share_a_patch_share_a_core():
    network = two_layers()
    plain, packed = expand(network), expand(network, [Packing(2, 2), Packing()])
    assert (plain.network.cores, packed.network.cores) == (16 + 2 * 4, 4 + 2 * 4)
    assert packed.network.weights(0).shape == (4 * 4 * 3, 4 * 4)  # a patch of 4 x 4 sites
    assert packed.first_core == (0, 4)


def test_windows_are_packed_only_as_far_as_a_core_has_room():
    one = layer(features=28, neurons=2, kernel=(3, 3), sites=(4, 4))  # 4 x 4 x 28 is beyond 256
    maps = (SpikeMap(groups=1, rows=4, columns=4, features=28, border=1),)
    assert max(packings(one, maps[0], CORE)) == (1, 1, 1)
    text = "layer 'one': packed 2x2, the fan-in of a core is 448, the limit is 256: 192 too many"
    with pytest.raises(ConfigError, match=text):
        expand(layered(one, maps=maps), [Packing(2, 2)])
    many = layer(neurons=100, kernel=(3, 3), sites=(4, 4))
    assert max(packings(many, layered(many, lines=100).maps[0], CORE)) == (2, 1, 1)
    text = "packed 2x2, the number of neurons of a core is 400"
    with pytest.raises(ConfigError, match=text):
        expand(layered(many, lines=100), [Packing(2, 2)])


def test_the_last_blocks_are_smaller_where_sites_and_groups_do_not_divide():
    one = layer(groups=3, sites=(3, 4))
    maps = (SpikeMap(groups=3, rows=4, columns=4, features=3, border=1),)
    network = expand(layered(one, maps=maps), [Packing(2, 3, 2)]).network
    assert network.neurons.tolist() == [
        2 * groups * rows * columns for groups in (2, 1) for rows in (2, 1) for columns in (3, 1)
    ]
    assert network.axons.tolist() == [
        3 * groups * rows * columns for groups in (2, 1) for rows in (4, 3) for columns in (5, 3)
    ]


def test_groups_that_share_a_core_do_not_see_each_others_axons():
    one = layer(groups=2, kernel=(1, 1), pad=0, sites=(1, 1))
    maps = (SpikeMap(groups=2, rows=4, columns=4, features=3, border=1),)
    weights = expand(layered(one, maps=maps), [Packing(1, 1, 2)]).network.weights(0)
    assert np.array_equal(weights[:3, :2], one.weights[0])
    assert np.array_equal(weights[3:, 2:], one.weights[1])
    assert not weights[:3, 2:].any()
    assert not weights[3:, :2].any()


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


def test_a_packing_of_no_window_and_a_missing_one_are_refused():
    with pytest.raises(ConfigError, match=r"layer 'one': a packing must .* at least 1, not"):
        expand(layered(), [Packing(0, 2)])
    with pytest.raises(ConfigError, match="2 packings for the 1 layers of 'layered'"):
        expand(layered(), [Packing(), Packing()])


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
