"""A link with no simulator behind it: the device's side of the protocol, over the golden model."""

import struct
import time
from collections import deque
from collections.abc import Generator
from typing import TypeVar

import numpy as np

from sterna.link import DeviceEnd
from sterna.spec import Hardware
from sterna.spec.clock import Clock
from sterna.spec.hardware import RING_WORD
from sterna.spec.layout import Space, depth, word_bytes
from sterna.spec.link import (
    ACCESS,
    AXONS,
    ERROR,
    LARGE_RING_BYTES,
    LINE_FLAG,
    MAGIC,
    PROTOCOL_VERSION,
    RING_BYTES,
    SPIKE,
    TICK,
    TICK_DONE,
    DeviceOp,
    ErrorCode,
    HostOp,
    Register,
    hardware_registers,
)
from sterna.spec.presets import is_deep

from .tile import EmulatedTile

_T = TypeVar("_T")
#: A step of the decoder: yields while it must wait.
_Waiting = Generator[None, None, _T]
#: Most bytes of LINE messages moved at once.
_PIECE = 64
_FIELDS: dict[int, struct.Struct] = {
    HostOp.READ: ACCESS,
    HostOp.WRITE: ACCESS,
    HostOp.AXONS: AXONS,
    HostOp.SPIKE: SPIKE,
    HostOp.TICK: TICK,
}


class EmulatedLink:
    """A device in this process, as `sterna.host.Device` sees it.

    It decodes the memory image that it was sent and runs the golden model on it, so that frames,
    messages, image and model are proved together. It computes while it is read; when nothing is
    left to do, a read waits as a silent port would.

    Parameters
    ----------
    hardware : parameters of the device.
    build_hash : of the handshake; 0 by default, as there was no build.
    clock : of the handshake; None: it has no UART.
    """

    def __init__(
        self,
        hardware: Hardware,
        *,
        build_hash: int = 0,
        clock: Clock | None = None,
        tile: EmulatedTile | None = None,
    ) -> None:
        self._hardware = hardware
        self._tile = tile or EmulatedTile(hardware)
        ring_bytes = LARGE_RING_BYTES if is_deep(hardware) else RING_BYTES
        self._channel = DeviceEnd(self._start, ring_bytes=ring_bytes)
        self._fixed = {
            Register.MAGIC: MAGIC,
            Register.PROTOCOL: PROTOCOL_VERSION,
            Register.BUILD_LOW: build_hash & 0xFFFFFFFF,
            Register.BUILD_HIGH: build_hash >> 32,
            Register.CLOCK: clock.word if clock else 0,
            **hardware_registers(hardware),
        }
        self._events: deque[bytes] = deque()  # whole messages of ticks, not yet sent
        self._moved = False  # something was done since last asked
        self._start()

    def _start(self) -> None:
        """A SYN: the message in hand and a halt are forgotten; ticks and their events are not."""
        self._decoder = self._execute()

    # the link

    @property
    def name(self) -> str:
        """Its name in messages."""
        return "model"

    def write(self, data: bytes) -> None:
        """Take bytes from the host."""
        self._channel.hear(data)

    def read(self, timeout_s: float) -> bytes:
        """Work, and return the bytes for the host; waits `timeout_s` if there are none."""
        self._work()
        data = self._channel.speak()
        if not data and timeout_s > 0:
            time.sleep(timeout_s)
        return data

    def close(self) -> None:
        """Nothing is open."""

    # work: decoder, tile and encoder run side by side, each as far as it can

    def _work(self) -> None:
        """Work until a frame is full or nothing can be done."""
        self._moved = True
        while self._moved and not self._channel.full_frame:
            self._moved = False
            next(self._decoder)
            if not self._events and self._tile.outstanding:
                self._tick()
            while self._events and len(self._events[0]) <= self._channel.room:
                self._channel.put(self._events.popleft())
                self._moved = True

    def _tick(self) -> None:
        result = self._tile.step()
        spikes = np.repeat(np.arange(len(result.lines)), result.lines)
        lines = (spikes | LINE_FLAG << 8).astype(">u2").tobytes()
        self._events += (lines[at : at + _PIECE] for at in range(0, len(lines), _PIECE))
        low, high = result.cycles & 0xFFFF, result.cycles >> 16
        number = result.tick & 0xFFFF
        self._events.append(TICK_DONE.pack(DeviceOp.TICK_DONE, number, low, high))
        self._moved = True

    # the decoder: generators that yield while they must wait

    def _execute(self) -> _Waiting[None]:
        """Execute the messages, one after another; halt at the first that cannot be."""
        while True:
            first = yield from self._take(1)
            op = first[0]
            if op == HostOp.NOP:
                continue
            fields = _FIELDS.get(op)
            if fields is None:
                failure = ErrorCode.OPCODE, op
            else:
                _, *values = fields.unpack(first + (yield from self._take(fields.size - 1)))
                failure = self._failure(op, values)
                if not failure:
                    yield from self._perform(op, values)
                    continue
            while self._channel.room < ERROR.size:
                yield
            self._channel.put(ERROR.pack(DeviceOp.ERROR, *failure))
            self._moved = True
            while True:
                yield from self._take(1)

    def _failure(self, op: int, values: list[int]) -> tuple[int, int] | None:
        """Code and detail of the error, if a message cannot be executed; None if it can."""
        hardware = self._hardware
        if op == HostOp.TICK:
            return None
        if op in (HostOp.READ, HostOp.WRITE):
            space, address, count = values
            if space > max(Space):
                return ErrorCode.SPACE, space
            past = address + count > depth(Space(space), hardware)
            return (ErrorCode.ADDRESS, address) if past or not count else None
        delay, context, place, *more = values
        if delay > hardware.max_delay:
            return ErrorCode.DELAY, delay
        if context >= hardware.contexts:
            return ErrorCode.CONTEXT, context
        if op == HostOp.SPIKE:
            wrong = place >= hardware.axons
        else:
            wrong = place + more[0] > hardware.axons // RING_WORD or not more[0]
        return (ErrorCode.AXON, place) if wrong else None

    def _perform(self, op: int, values: list[int]) -> _Waiting[None]:
        tile = self._tile
        if op == HostOp.TICK:
            tile.outstanding += values[0]
            self._moved = True
        elif op == HostOp.READ:
            yield from self._read_memory(Space(values[0]), *values[1:])
        elif op == HostOp.WRITE:
            yield from self._write_memory(Space(values[0]), *values[1:])
        else:
            delay, context, place, *more = values
            if op == HostOp.SPIKE:
                word, spikes = place // RING_WORD, 1 << place % RING_WORD
                axons = spikes.to_bytes(RING_WORD // 8, "little")
            else:
                word, axons = place, (yield from self._take(more[0] * RING_WORD // 8))
            while not tile.ready_for(delay):
                yield
            tile.deliver(delay, context, word, axons)
            self._moved = True

    def _idle(self) -> _Waiting[None]:
        """Wait until every tick granted is done and was reported."""
        while self._tile.outstanding or self._events:
            yield

    def _read_memory(self, space: Space, address: int, count: int) -> _Waiting[None]:
        yield from self._idle()
        if space == Space.REGISTER:
            words = [self._register(Register(at)) for at in range(address, address + count)]
        else:
            words = self._tile.read(space, address, count)
        size = word_bytes(space, self._hardware)
        data = ACCESS.pack(DeviceOp.DATA, space, address, count)
        data += b"".join(word.to_bytes(size, "little") for word in words)
        while data:
            while not (room := self._channel.room):
                yield
            self._channel.put(data[:room])
            data = data[room:]
            self._moved = True

    def _write_memory(self, space: Space, address: int, count: int) -> _Waiting[None]:
        yield from self._idle()
        size = word_bytes(space, self._hardware)
        for at in range(address, address + count):
            word = int.from_bytes((yield from self._take(size)), "little")
            if space != Space.REGISTER:
                self._tile.write(space, at, [word])
            else:
                self._tile.set(Register(at), word)

    def _register(self, register: Register) -> int:
        link = {
            Register.CRC_ERRORS: self._channel.crc_errors,
            Register.REFUSED_FRAMES: self._channel.refused_frames,
        }
        return (self._fixed | self._tile.counters | link)[register]

    def _take(self, count: int) -> _Waiting[bytes]:
        """The next bytes of the stream; waits for them."""
        data = b""
        while True:
            more = self._channel.take(count - len(data))
            self._moved |= bool(more)
            data += more
            if len(data) == count:
                return data
            yield
