"""The twenty behaviours in the RTL: the same at every tick, and their properties hold there."""

from collections.abc import Iterator

import pytest

from sterna.gallery import Behaviour, behaviours, holds, record
from sterna.simulator.tile_process import TileProcess
from sterna.spec import MismatchError, preset
from sterna.verify.gallery_rtl import compare_all, record_rtl

pytestmark = pytest.mark.sim


@pytest.fixture(scope="module")
def tile() -> Iterator[TileProcess]:
    with TileProcess(preset("truenorth")) as process:
        yield process


@pytest.mark.parametrize("behaviour", behaviours(), ids=lambda behaviour: behaviour.name)
def test_rtl_does_as_the_model_and_the_property_holds(
    tile: TileProcess, behaviour: Behaviour
) -> None:
    spikes, potentials = record_rtl(tile, behaviour)
    expected_spikes, expected_potentials = record(behaviour)
    assert (spikes == expected_spikes).all()
    assert (potentials == expected_potentials).all()
    assert holds(behaviour, spikes, potentials) is None


@pytest.mark.control
def test_a_record_that_differs_is_named() -> None:
    behaviour = behaviours()[0]
    spikes, potentials = record(behaviour)
    potentials[17, 0] += 1
    with pytest.raises(MismatchError, match=r"tonic spiking, tick 17, neuron 0: .* expected"):
        compare_all([(behaviour, spikes, potentials)])
