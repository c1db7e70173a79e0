"""A tile in Verilator as a process that runs programs: writes, reads, ticks under stalls.

A program and its result are arrays of uint32; `tile.cpp` is the other side.
"""

import contextlib
import enum
import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sterna.spec import Hardware, SternaError
from sterna.spec.layout import (
    EVENT_FIELDS,
    TILE_COUNTERS,
    EventKind,
    Field,
    Space,
    depth,
    word_bits,
)

from . import header
from .build import Program, Progress, build

Words = npt.NDArray[np.uint32]


class Op(enum.IntEnum):
    """Operations of a program."""

    RESET, WRITE, READ, SETTINGS, STREAM = range(5)


class Step(enum.IntEnum):
    """Steps of a stream."""

    INPUT, GRANT = range(2)


class Status(enum.IntEnum):
    """How a stream has ended: UNSTABLE, if a payload changed while it waited, or came late."""

    DONE, HANG, UNSTABLE = range(3)


class Stall(enum.IntEnum):
    """When one end of a stream pauses."""

    NONE, RANDOM, BURSTS = range(3)


STALLS: tuple[str, ...] = tuple(stall.name.lower() for stall in Stall)
#: A neuron's update, in the trace of a stream; the potential follows.
TRACE_FIELDS = (
    Field("spike", 1, False, "1: it fires"),
    Field("neuron", 15, False, "neuron of the core"),
    Field("context", 16, False, "core"),
)
#: Streams whose back-pressure is counted, in the order of the counts.
STREAMS: tuple[str, ...] = (
    "inputs",
    "grants",
    "events",
    "work",
    "chunks",
    "spikes",
    "routed",
    "lines",
)
#: Cycles without the end of a tick after which the tile is said to hang.
HANG_CYCLES = 2_000_000


class TileDied(SternaError):
    """The process of a tile has ended, or broke its protocol."""


def tile_program(hardware: Hardware, *, deep: bool = False) -> Program:
    """The tile as a program for `build`; `deep` as of `sterna.rtl.fabric.Fabric`."""
    from .hashes import tile_hash

    facts = f"tile {tile_hash(hardware, deep=deep):016x} {json.dumps(hardware.as_dict())} {deep}"
    digest = hashlib.blake2b(facts.encode(), digest_size=4).hexdigest()
    return Program(
        name=f"tile-{digest}",
        key=facts,
        convert=lambda: tile_verilog(hardware, deep=deep),
        top="tile",
        main="tile.cpp",
        headers=(),
        kind="tile",
        generated={"tile_words.h": _words()},
    )


def _words() -> str:
    """The header that gives tile.cpp the numbers and words of this file."""
    return header.header(
        *map(header.enumeration, (Op, Step, Status, Stall, EventKind)),
        header.constants((("streams", len(STREAMS)), ("counters", len(TILE_COUNTERS)))),
        header.word("event", EVENT_FIELDS),
        header.word("trace", TRACE_FIELDS),
    )


def tile_verilog(hardware: Hardware, *, deep: bool = False) -> str:
    """The tile's Verilog; its module is named `tile`."""
    from amaranth.back import verilog

    from sterna.rtl.fabric import simulated
    from sterna.rtl.initial import quick_memories
    from sterna.rtl.tile import Tile

    tile = Tile(hardware=hardware, fabric=simulated(deep=deep))
    with quick_memories():
        return verilog.convert(tile, name="tile", emit_src=False)


@dataclass(frozen=True)
class StreamResult:
    """The result of a stream.

    Members
    -------
    status : how it ended.
    ticks : int64 [done, 4] - number, cycles, neuron updates and line spikes of each tick.
    trace : int64 [updates, 2] - a word of TRACE_FIELDS; potential.
    lines : int64 [spikes] - output lines.
    counters : the tile's, by name.
    stalled : cycles in which each stream had to wait.
    """

    status: Status
    ticks: npt.NDArray[np.int64]
    trace: npt.NDArray[np.int64]
    lines: npt.NDArray[np.int64]
    counters: dict[str, int]
    stalled: dict[str, int]


class TileProcess:
    """A running tile; a context manager.

    Parameters
    ----------
    hardware : its parameters; built if it is not there.
    deep : as of `sterna.rtl.fabric.Fabric`.
    executable : in place of building one.
    """

    def __init__(
        self,
        hardware: Hardware,
        *,
        deep: bool = False,
        executable: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.hardware = hardware
        path = executable or build(tile_program(hardware, deep=deep), progress=progress)
        self._process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        bits = max(word_bits(space, hardware) for space in Space)
        self._bus_words = max(1, -(-bits // 32))

    def __enter__(self) -> "TileProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def load(self, words: dict[Space, list[int]], used_contexts: int) -> list[int]:
        """The part of a program that resets the tile and writes an image; the ring is cleared."""
        program: list[int] = [Op.RESET, Op.SETTINGS, used_contexts, 0]
        empty = [0] * depth(Space.RING, self.hardware)
        for space, values in (*words.items(), (Space.RING, empty)):
            program += [Op.WRITE, space, 0, len(values)]
            for value in values:
                program += [value >> 32 * i & 0xFFFFFFFF for i in range(self._bus_words)]
        return program

    def run(
        self, program: list[int], reads: list[tuple[Space, int, int]]
    ) -> tuple[StreamResult, list[Words]]:
        """Run a program that ends in a stream, then read memories: (space, address, count)."""
        for space, address, count in reads:
            program += [Op.READ, space, address, count]
        result = self._exchange(np.array(program, np.uint32))
        status, done, traced, lined = (int(word) for word in result[:4])
        _, counted, waited, rest = np.split(
            result, np.cumsum([4, len(TILE_COUNTERS), len(STREAMS)])
        )
        counters = dict(zip(TILE_COUNTERS, counted.tolist(), strict=True))
        stalled = dict(zip(STREAMS, waited.tolist(), strict=True))
        parts = np.split(rest, np.cumsum([4 * done, traced, lined]))
        sign = 1 << self.hardware.potential_bits - 1
        trace = parts[1].astype(np.int64).reshape(-1, 2)
        trace[:, 1] = (trace[:, 1] ^ sign) - sign
        stream = StreamResult(
            Status(status),
            parts[0].astype(np.int64).reshape(-1, 4),
            trace,
            parts[2].astype(np.int64),
            counters,
            stalled,
        )
        sizes = np.cumsum([count * self._bus_words for _, _, count in reads])
        return stream, [
            part.reshape(-1, self._bus_words) for part in np.split(parts[3], sizes)[: len(reads)]
        ]

    def _exchange(self, program: Words) -> Words:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # asked for as pipes
        assert stdout is not None
        try:
            stdin.write(np.uint32(len(program)).tobytes() + program.tobytes())
            stdin.flush()
            head = stdout.read(4)
            body = stdout.read(4 * int.from_bytes(head, "little")) if len(head) == 4 else b""
        except OSError as error:
            raise TileDied(f"the simulated tile is gone: {error}") from None
        if len(head) != 4:
            code = self._process.wait()
            raise TileDied(f"the simulated tile ended with code {code}")
        return np.frombuffer(body, np.uint32)
