"""Regressions of a campaign on the fast engines, and that a fault of theirs is a mismatch."""

from collections.abc import Callable

import numpy as np
import pytest

from sterna import model
from sterna.model import EventEngine, GoldenModel, LayerEngine
from sterna.verify import engines
from sterna.verify.engines import check_engines
from sterna.verify.layered import draw_layered
from sterna.verify.mutations import HARDWARE
from sterna.verify.regression import Regression, draw, golden


def checked(regression: Regression) -> str | None:
    golden_model = GoldenModel(regression.network)
    found = check_engines(regression, golden_model, golden(regression, golden_model))
    return None if found is None else str(found)


def test_regressions_agree() -> None:
    for number in range(12):
        assert checked(draw(HARDWARE, [31, number], several=number % 2 == 1)) is None
        assert checked(draw_layered(HARDWARE, [31, number])) is None


def lying(kind: type[EventEngine], what: str) -> Callable[..., EventEngine]:
    """An engine that does one thing wrong in each tick."""

    class Liar(kind):
        def _run(self, ticks, frames):
            lines = super()._run(ticks, frames)
            self._lie(lines)
            return lines

        def _run_blocks(self, ticks, frames):
            lines = super()._run_blocks(ticks, frames)
            self._lie(lines)
            return lines

        def _lie(self, lines) -> None:
            if what == "line":
                lines += 1
            elif what == "count":
                self.spikes_routed += 1
            elif what == "potential":
                self._tables.potential[0] ^= 1
            elif kind is LayerEngine:
                self._layers.rows[-1] ^= np.uint64(1 << 7)
            else:
                self._tables.fired[0, 0] ^= np.uint64(1)

    return Liar


@pytest.mark.control
@pytest.mark.parametrize(
    ("engine", "what", "text"),
    [
        ("event", "line", "spikes on line 0: expected"),
        ("event", "count", "spikes_routed: expected"),
        ("event", "potential", "potential of neuron 0 of core 0: expected"),
        ("event", "spike", "spikes of neuron 0 of core 0: expected"),
        ("layers", "line", "spikes on line 0: expected"),
        ("layers", "count", "spikes_routed: expected"),
        ("layers", "spike", "tick 7: engine 'layers': spikes of neuron"),
    ],
)
def test_fault_of_an_engine_is_a_mismatch(
    engine: str, what: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = {"event": EventEngine, "layers": LayerEngine}[engine]
    monkeypatch.setitem(model.ENGINES, engine, lying(kind, what))
    monkeypatch.setattr(engines.engines, "ENGINES", model.ENGINES)
    regression = draw_layered(HARDWARE, [31, 1])
    found = checked(regression)
    assert found is not None
    assert f"engine '{engine}'" in found
    assert text in found
