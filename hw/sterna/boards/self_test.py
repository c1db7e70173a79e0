"""Bitstreams that test a board without a host: their script, and the board that is built of it.

The script loads a network of two cores, gives it spikes, and has the spikes that the golden model
gives. The march before it (`sterna.rtl.self_test`) has left all memories at 0.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from sterna.model import GoldenModel
from sterna.rtl.self_test import SelfTest, Step
from sterna.spec import OUTPUT, ConfigError, Hardware, Network, NeuronType
from sterna.spec.boards import build_name
from sterna.spec.image import build_image
from sterna.spec.layout import Space, word_bytes
from sterna.spec.link import (
    ACCESS,
    LINE_FLAG,
    SPIKE,
    TICK,
    TICK_DONE,
    DeviceOp,
    HostOp,
    Register,
)

from .board import Board

#: Axons and neurons of each of the two cores, ticks at most, and the seed of weights and spikes.
SIZE, SCRIPT_TICKS, SEED = 16, 12, 1
#: Steps of a script at most: one block RAM of an ECP5's, three of an iCE40's.
MOST_STEPS = 1024
#: Words of 0 between others are cheaper to write than the head of one more message.
_GAP = ACCESS.size


def self_test(board: Board) -> Board:
    """The board with a device that tests itself in the place of its own."""
    return replace(board, name=build_name(board, self_test=True), self_test=True)


def make_self_test(board: Board) -> SelfTest:
    """The device that tests itself, of a board."""
    return SelfTest(hardware=board.hardware, script=steps(board.hardware), fabric=board.fabric)


def network(hardware: Hardware) -> Network:
    """Two cores that spike to each other, and to lines; raises ConfigError if they do not fit."""
    if hardware.contexts < 2 or min(hardware.axons, hardware.neurons) < SIZE:
        raise ConfigError(f"the self-test needs two cores of {SIZE} axons and neurons")
    rng = np.random.default_rng(SEED)
    types = [NeuronType(alpha=1 + kind, beta=4, leak=kind - 1, kappa=1).row() for kind in range(3)]
    neurons = np.arange(SIZE)
    within = [
        (0, n, 1, int(a), 1 + n % 2) for n, a in zip(neurons, rng.permutation(SIZE), strict=True)
    ]
    lines = [(1, n, OUTPUT, n, 0) for n in neurons]
    return Network(
        name="self-test",
        hardware=hardware,
        crossbars=(rng.integers(-1, 2, (SIZE, SIZE)).astype(np.int8),),
        core_crossbar=np.zeros(2, np.int32),
        types=np.array(types, np.int32),
        neuron_type=np.tile(neurons % len(types), 2).astype(np.int32),
        neuron_potential=np.tile(neurons % 3, 2).astype(np.int32),
        targets=np.array([*within, *lines], np.int32),
        features=SIZE,
        input_map=np.array([(axon, 0, axon) for axon in neurons], np.int32),
        output_class=np.zeros(SIZE, np.int32),
        latency=1,
        provenance={"seed": SEED},
    )


def steps(hardware: Hardware) -> list[Step]:
    """The script for a device with these parameters, all of whose memories hold 0."""
    loaded = network(hardware)
    image = build_image(loaded, hardware)
    script: list[Step] = []
    for space, words in image.words.items():
        for address, run in _runs(list(words)):
            script += _sent(_write(space, address, run, hardware))
    used = [image.used_contexts]
    script += _sent(_write(Space.REGISTER, Register.USED_CONTEXTS, used, hardware))
    for tick in _ticks(loaded):
        if len(script) + len(tick) > MOST_STEPS:
            break
        script += tick
    return script


def _ticks(loaded: Network) -> Iterator[list[Step]]:
    """The steps of each tick: spikes go in, the model's come out."""
    model = GoldenModel(loaded)
    rng = np.random.default_rng(SEED)
    for _ in range(SCRIPT_TICKS):
        frame = rng.random(SIZE) < 0.5
        spikes = [SPIKE.pack(HostOp.SPIKE, 0, 0, axon) for axon in np.flatnonzero(frame)]
        sent = _sent(b"".join(spikes) + TICK.pack(HostOp.TICK, 1))
        tick = model.step(frame)
        lines = (line | LINE_FLAG << 8 for line in np.repeat(np.arange(SIZE), tick.lines).tolist())
        expected = b"".join(line.to_bytes(2, "big") for line in lines)
        ended = TICK_DONE.pack(DeviceOp.TICK_DONE, tick.tick, 0, 0)
        cycles = [Step(0, any=True)] * len(ended[3:])
        yield [*sent, *(Step(byte) for byte in expected + ended[:3]), *cycles]


def _sent(message: bytes) -> list[Step]:
    return [Step(byte, sends=True) for byte in message]


def _write(space: Space, address: int, words: list[int], hardware: Hardware) -> bytes:
    size = word_bytes(space, hardware)
    head = ACCESS.pack(HostOp.WRITE, space, address, len(words))
    return head + b"".join(int(word).to_bytes(size, "little") for word in words)


def _runs(words: list[int]) -> Iterator[tuple[int, list[int]]]:
    """Runs of words that are not 0, with their addresses; short gaps are run over."""
    start = end = 0
    for at, word in enumerate(words):
        if not word:
            continue
        if end and at - end > _GAP:
            yield start, words[start:end]
            end = 0
        if not end:
            start = at
        end = at + 1
    if end:
        yield start, words[start:end]
