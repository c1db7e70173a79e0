"""Places of cores on a grid: all different, and with fewer hops the more is done."""

import numpy as np
import pytest

from sterna.compile import compile_truenorth, graph, lower
from sterna.compile.placement import anneal, place_greedily, place_in_order
from sterna.data import shipped_network
from sterna.spec import OUTPUT, ConfigError, content_hash
from sterna.spec.expand import expand
from sterna.verify.random_layers import random_layers


def drawn(seed):
    return expand(random_layers(np.random.default_rng([23, seed]), side=5, depth=3)).network


def hops(network, place):
    """Hops of one spike along every target, one by one."""
    return sum(
        abs(place[core] - place[to]).sum()
        for core, _, to, _, _ in network.targets.tolist()
        if to != OUTPUT
    )


@pytest.mark.parametrize("seed", range(8))
def test_places_are_all_different_and_their_hops_are_counted(seed):
    network = drawn(seed)
    for place in (
        place_in_order(network),
        place_greedily(network),
        anneal(network, place_in_order(network), exchanges=500),
    ):
        assert len({tuple(spot) for spot in place.place.tolist()}) == network.cores
        assert place.place.min() >= 0
        assert (place.place < [place.columns, place.rows]).all()
        assert place.hops == hops(network, place.place)


@pytest.mark.parametrize("seed", range(8))
def test_annealing_never_ends_worse_than_it_began(seed):
    network = drawn(seed)
    for start in (place_in_order(network), place_greedily(network)):
        assert anneal(network, start, seed=seed).hops <= start.hops


def test_the_one_chip_networks_ways_are_shortened():
    network = compile_truenorth(lower(graph("one-chip"))).network
    plain, greedy = place_in_order(network), place_greedily(network)
    assert (greedy.columns, greedy.rows) == (64, 64)
    assert greedy.hops < 0.8 * plain.hops
    assert anneal(network, greedy, exchanges=20_000).hops < greedy.hops


def test_equal_seeds_give_equal_places():
    network = shipped_network("mnist-85f")
    start = place_greedily(network)
    one, other, third = (anneal(network, start, seed=seed).place for seed in (1, 1, 2))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, third)


def test_progress_ends_where_it_should():
    network, seen = drawn(1), []
    anneal(network, place_in_order(network), exchanges=300, progress=lambda *at: seen.append(at))
    assert seen[0] == (0, 300)
    assert seen[-1] == (300, 300)


def test_a_network_is_left_as_it_is_and_its_crossbars_are_stored_once():
    network = compile_truenorth(lower(graph("one-chip"))).network
    before = content_hash(network)
    place_greedily(network)
    assert content_hash(network) == before
    distinct = {(x.shape, x.tobytes()) for x in network.crossbars}
    assert len(distinct) == len(network.crossbars) < network.cores


def test_a_grid_of_no_column_is_refused():
    with pytest.raises(ConfigError, match="columns must be at least 1, not 0"):
        place_in_order(drawn(0), 0)


@pytest.mark.control
def test_a_cost_that_is_counted_wrongly_is_noticed(monkeypatch):
    """Negative control: annealing that believes that every exchange helps."""
    start = anneal(shipped_network("mnist-85f"), place_greedily(shipped_network("mnist-85f")))
    monkeypatch.setattr("sterna.compile.placement._change", lambda *_: -1)
    network = shipped_network("mnist-85f")
    wrong = anneal(network, start, exchanges=500)
    with pytest.raises(AssertionError):
        assert wrong.hops <= start.hops
