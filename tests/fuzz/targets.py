"""What reads files that a user names, and seeds to begin from."""

import io
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sterna.cli.run import _read_frames
from sterna.compile import compile_truenorth
from sterna.compile.ibm_file import ibm_text
from sterna.compile.ibm_reader import read_ibm
from sterna.data import read_idx
from sterna.model import GoldenModel
from sterna.spec import (
    ConfigError,
    SpikeMap,
    build_image,
    content_hash,
    load,
    load_layers,
    preset,
    save,
)
from sterna.spec.expand import expand
from sterna.verify.random_network import random_network
from sterna.verify.record import Record
from sterna.verify.regression import draw
from sterna.verify.shrink import read_replay, write_replay
from sterna.verify.unit import SINGLE, Unit, UnitResult
from tests.layered import layer, layered, two_layers

from .mutate import array, container, damaged, numbers
from .sets import set_targets
from .training import training_targets


@dataclass(frozen=True)
class Target:
    """A reader, and the mutations that it is given.

    Members
    -------
    read : reads a file and uses what it holds; may raise SternaError and nothing else.
    make : the bytes of a mutated file.
    """

    read: Callable[[Path], object]
    make: Callable[[random.Random], bytes]


def _bytes_of(write: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seed"
        write(path)
        return path.read_bytes()


def _network(path: Path) -> None:
    network = load(path)
    assert content_hash(network)
    assert network.classes >= 0
    try:
        build_image(network, network.hardware)
    except ConfigError:
        return
    GoldenModel(network).step()


def _ibm(path: Path) -> None:
    network = read_ibm(path)
    assert content_hash(network)
    GoldenModel(network).step()


def _layers(path: Path) -> None:
    network = load_layers(path)
    assert content_hash(network)
    cores = sum(layer.groups * layer.sites[0] * layer.sites[1] for layer in network.layers)
    if cores < 200:
        GoldenModel(expand(network).network).step()


def _seed_arrays(data: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(data)) as file:
        return {name: file[name] for name in file.files}


def _container_target(read: Callable[[Path], object], data: bytes) -> Target:
    arrays = _seed_arrays(data)
    return Target(
        read, lambda rng: container(arrays, rng) if rng.random() < 0.6 else damaged(data, rng)
    )


def _array_bytes(value: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, value)
    return buffer.getvalue()


def targets() -> dict[str, Target]:
    """All targets by name."""
    rng = np.random.default_rng(1)
    tiny = preset("tiny")
    network = random_network(rng, tiny, cores=2)
    frames = rng.random((20, 16)) < 0.5
    plane = SpikeMap(groups=1, rows=4, columns=4, features=1, border=1)
    coded = layered(
        layer(features=1), maps=(plane,), provenance={"coding": {"kind": "bits", "threshold": 1}}
    )
    image = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (3, 5, 7)) + bytes(105)

    def record(path: Path) -> None:
        with Record.open(path) as book:
            for first in (0, 5):
                book.add(UnitResult(Unit(1, 0, SINGLE, first, 5), "0" * 16, {}, passed=5))

    regression = draw(tiny, [1, 2], several=False)
    lines = _bytes_of(record)
    one = layered(layer(kernel=(2, 2), sites=(1, 1), pad=0))
    model = ibm_text(compile_truenorth(one).network).encode()
    return {
        **set_targets(Target),
        **training_targets(Target),
        "network": _container_target(_network, _bytes_of(lambda path: save(network, path))),
        "layers": _container_target(_layers, _bytes_of(lambda path: save(two_layers(), path))),
        "ibm": Target(
            _ibm, lambda rng: numbers(model, rng) if rng.random() < 0.7 else damaged(model, rng)
        ),
        "replay": _container_target(
            read_replay, _bytes_of(lambda path: write_replay(regression, path, "found"))
        ),
        "frames": Target(
            lambda path: _read_frames(path, coded, spikes=False),
            lambda rng: (
                _array_bytes(array(frames.astype("int64"), rng))
                if rng.random() < 0.3
                else damaged(_array_bytes(frames), rng)
            ),
        ),
        "idx": Target(read_idx, lambda rng: damaged(image, rng)),
        "record": Target(lambda path: Record.read(path).totals(), lambda rng: damaged(lines, rng)),
    }
