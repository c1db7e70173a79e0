"""A regression that fails is shrunk, kept as a file, and replayed."""

from pathlib import Path

import numpy as np
import pytest

from sterna.cli.verify import _shrink_first
from sterna.model import GoldenModel
from sterna.spec import DataError, MismatchError
from sterna.verify import engines
from sterna.verify.mutations import HARDWARE
from sterna.verify.record import Record
from sterna.verify.regression import Mismatch, Regression, draw, golden
from sterna.verify.shrink import read_replay, shrink, write_replay
from sterna.verify.unit import MULTI, Unit, UnitResult
from tests.conftest import Cli


def first_spike_of_neuron_3(case: Regression) -> object:
    """A made-up fault: the model of it 'fails' when neuron 3 of core 0 fires with an input."""
    model = GoldenModel(case.network)
    if case.network.weights(0).shape[1] <= 3 or not len(case.inputs):
        return None
    spikes, _, _ = golden(case, model)
    ticks = np.flatnonzero(spikes[:, 3])
    return Mismatch(int(ticks[0]), "made up") if ticks.size else None


def failing() -> Regression:
    for number in range(50):
        case = draw(HARDWARE, [2, number], several=True)
        found = first_spike_of_neuron_3(case)
        if found is not None and found.tick > 5:
            return case
    raise AssertionError("no such regression")


def test_a_failure_is_shrunk_and_still_fails() -> None:
    case = failing()
    small = shrink(case, first_spike_of_neuron_3)
    assert first_spike_of_neuron_3(small) is not None
    assert small.ticks < case.ticks
    assert small.network.cores == 1
    assert small.network.weights(0).shape[1] == 4
    assert len(small.inputs) < 10 < len(case.inputs)
    assert len(small.network.targets) < len(case.network.targets) / 4


def test_replay_file_holds_the_regression(tmp_path: Path) -> None:
    case = failing()
    write_replay(case, tmp_path / "x.npz", "as found")
    again, found = read_replay(tmp_path / "x.npz")
    assert found == "as found"
    assert (again.inputs == case.inputs).all()
    assert (again.ticks, again.stalls, again.seed) == (case.ticks, case.stalls, case.seed)
    assert (again.network.targets == case.network.targets).all()


@pytest.mark.sim
def test_replay_runs_the_file_again(tmp_path: Path, cli: Cli) -> None:
    write_replay(failing(), tmp_path / "x.npz", "as found")
    done = cli("verify", "--replay", str(tmp_path / "x.npz"))
    assert done.returncode == 0, done.stderr
    assert "when it was saved: as found" in done.stderr
    assert "no mismatch in" in done.stdout


@pytest.mark.sim
def test_mismatch_on_record_is_shrunk_saved_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The made-up fault above, in the place of a real one."""
    unit = Unit(1, 3, MULTI, 0, 10)
    number = next(n for n in range(10) if first_spike_of_neuron_3(unit.draw(n)))
    record = Record(tmp_path / "record.jsonl")
    record.add(UnitResult(unit, "0" * 16, {}, failures=[(number, "as recorded")]))
    monkeypatch.setattr(engines, "run_all", lambda tile, case: first_spike_of_neuron_3(case))
    with pytest.raises(MismatchError, match="The first, shrunk to") as told:
        _shrink_first(record)
    path = str(told.value).rsplit(" ", 1)[1]
    small, found = read_replay(Path(path))
    assert "made up" in found
    assert small.ticks < unit.draw(number).ticks


@pytest.mark.parametrize("content", [None, b"", b"no archive"])
def test_what_is_no_replay_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"x.npz: (no such file|not a replay)"):
        read_replay(path)
