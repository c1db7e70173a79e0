"""The pages say enough to write an interpreter: one that follows them gives hashes and spikes."""

from pathlib import Path

import numpy as np
import pytest

from sterna.data import SHIPPED, SHIPPED_LAYERS, shipped
from sterna.model import open as open_engine
from sterna.model import run
from sterna.spec import LayeredNetwork, content_hash, results, save
from sterna.spec.expand import expand
from sterna.verify.random_layers import random_layers
from tests.docs import interpreter
from tests.layered import two_layers
from tests.networks import chain


def written(network, folder: Path):
    save(network, folder / "net.sterna")
    return interpreter.read(folder / "net.sterna")


@pytest.mark.parametrize("name", [*SHIPPED, *SHIPPED_LAYERS])
def test_hashes_of_networks_that_ship_follow_from_the_page(name: str, tmp_path: Path) -> None:
    manifest, arrays = written(shipped(name), tmp_path)
    found = interpreter.content_hash(manifest, arrays)
    assert found == manifest["hash"] == content_hash(shipped(name))


@pytest.mark.parametrize("provenance", [{}, {"größe": "ä\n", "share": [0.1, 1e-9, None, True]}])
@pytest.mark.parametrize("make", [chain, two_layers])
def test_hashes_follow_whatever_the_manifest_says(make, provenance, tmp_path: Path) -> None:
    manifest, arrays = written(make(provenance=provenance), tmp_path)
    assert interpreter.content_hash(manifest, arrays) == manifest["hash"]


def compare(network: LayeredNetwork, folder: Path, frames: np.ndarray) -> None:
    """Compare lines and classes of frames with those of the layer engine."""
    manifest, arrays = written(network, folder)
    cores = expand(network).network
    wanted = run(open_engine(cores), frames)
    for frame, lines in zip(frames, wanted, strict=True):
        seen = interpreter.spikes(manifest, arrays, frame)
        assert seen == lines.tolist()
        wins = int(results.classify(lines, network.output_class))
        assert interpreter.winner(seen, arrays["output_class"].tolist()) == wins


@pytest.mark.parametrize("seed", range(12))
def test_spikes_of_random_layers_follow_from_the_page(seed: int, tmp_path: Path) -> None:
    """Kernels, strides, pads and sites of all kinds, holes and groups; and frames of all kinds."""
    rng = np.random.default_rng([seed, 77])
    network = random_layers(rng, side=5, features=8)
    density = rng.choice([0.1, 0.4, 0.8], (4, 1))
    compare(network, tmp_path, rng.random((4, network.features)) < density)


def test_spikes_of_a_network_that_ships_follow_from_the_page(tmp_path: Path) -> None:
    """One frame, as its 780 cores take a while in plain Python."""
    network = shipped(SHIPPED_LAYERS[0])
    assert isinstance(network, LayeredNetwork)
    compare(network, tmp_path, np.random.default_rng(1).random((1, network.features)) < 0.3)


@pytest.mark.control
@pytest.mark.parametrize(
    "turn",
    [
        ("columns before rows", "y * down", "x * down"),
        ("the first window at 0", ' - layer["pad"] + r', " + r"),
        (
            "features before sites",
            "window.reshape(source.shape[0], -1)",
            "window.transpose(0, 3, 1, 2).reshape(source.shape[0], -1)",
        ),
        ("one vote a neuron", "lines[feature] += 1", "lines[feature] = 1"),
    ],
    ids=lambda turn: turn[0],
)
def test_another_rule_gives_other_spikes(
    turn: tuple[str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, old, new = turn
    text = Path(interpreter.__file__).read_text()
    assert text.count(old) == 1
    changed: dict[str, object] = {"__name__": "changed"}
    exec(compile(text.replace(old, new), "interpreter.py", "exec"), changed)
    monkeypatch.setattr(interpreter, "spikes", changed["spikes"])

    def all_seeds() -> None:
        for seed in range(12):
            test_spikes_of_random_layers_follow_from_the_page(seed, tmp_path)

    with pytest.raises((AssertionError, IndexError)):
        all_seeds()
