"""Messages of the host link: made for the device, and read from it (layer 4)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sterna.spec import Hardware, ProtocolError
from sterna.spec.layout import Space, word_bytes
from sterna.spec.link import (
    ACCESS,
    ERROR,
    LINE_FLAG,
    TICK_DONE,
    DeviceOp,
    ErrorCode,
    HostOp,
)

#: Words of one READ or WRITE message: small, so that progress shows.
MESSAGE_WORDS = 256


@dataclass(frozen=True)
class DataMessage:
    """Words of a memory."""

    space: Space
    address: int
    words: list[int]


@dataclass(frozen=True)
class TickMessage:
    """The end of a tick: its number mod 65536, cycles, and the lines of its spikes, unordered."""

    tick: int
    cycles: int
    lines: npt.NDArray[np.int64]


def read_message(space: Space, address: int, count: int) -> bytes:
    """READ."""
    return ACCESS.pack(HostOp.READ, space, address, count)


def write_messages(
    space: Space, address: int, words: Sequence[int], hardware: Hardware
) -> Iterator[bytes]:
    """WRITE, in pieces."""
    size = word_bytes(space, hardware)
    for at in range(0, len(words), MESSAGE_WORDS):
        part = words[at : at + MESSAGE_WORDS]
        head = ACCESS.pack(HostOp.WRITE, space, address + at, len(part))
        yield head + b"".join(word.to_bytes(size, "little") for word in part)


class MessageReader:
    """Takes the device's stream as it comes and finds the messages in it.

    Members
    -------
    hardware : gives the size of words; until it is known, registers alone can be read.
    """

    def __init__(self) -> None:
        self.hardware: Hardware | None = None
        self._rest: bytes = b""
        self._lines: bytearray = bytearray()  # LINE messages of the tick that has not ended yet

    def reset(self) -> None:
        """A new session: forget the message in hand and the spikes of a tick that has not ended."""
        self._rest = b""
        self._lines.clear()

    def feed(self, data: bytes, name: str) -> list[DataMessage | TickMessage]:
        """The messages that are complete now; spikes come with the end of their tick.

        Raises ProtocolError, with `name` in its text, for an ERROR or what is no message.
        """
        data = self._rest + data
        at, end = 0, len(data)
        found: list[DataMessage | TickMessage] = []
        while at < end:
            op = data[at]
            if op & LINE_FLAG:
                if end - at < 2:
                    break
                self._lines += data[at : at + 2]
                at += 2
            elif op == DeviceOp.TICK_DONE:
                if end - at < TICK_DONE.size:
                    break
                _, tick, low, high = TICK_DONE.unpack_from(data, at)
                found.append(TickMessage(tick, low | high << 16, self._take_lines()))
                at += TICK_DONE.size
            elif op == DeviceOp.DATA:
                if end - at < ACCESS.size:
                    break
                _, number, address, count = ACCESS.unpack_from(data, at)
                space = self._space(number, name)
                size = 4 if self.hardware is None else word_bytes(space, self.hardware)
                start = at + ACCESS.size
                if end - start < count * size:
                    break
                words = [
                    int.from_bytes(data[i : i + size], "little")
                    for i in range(start, start + count * size, size)
                ]
                found.append(DataMessage(space, address, words))
                at = start + count * size
            elif op == DeviceOp.ERROR:
                if end - at < ERROR.size:
                    break
                _, code, detail = ERROR.unpack_from(data, at)
                raise ProtocolError(f"{name}: {_meaning(code, detail)}; open the device again")
            else:
                raise ProtocolError(f"{name}: the device sent {op:#04x}, which is not a message")
        self._rest = data[at:]
        return found

    def _take_lines(self) -> npt.NDArray[np.int64]:
        words = np.frombuffer(bytes(self._lines), ">u2").astype(np.int64)
        self._lines.clear()
        return words & ((LINE_FLAG << 8) - 1)

    def _space(self, number: int, name: str) -> Space:
        if number > max(Space) or (self.hardware is None and number != Space.REGISTER):
            raise ProtocolError(f"{name}: data of memory space {number}, which was not asked for")
        return Space(number)


def _meaning(code: int, detail: int) -> str:
    texts = {
        ErrorCode.OPCODE: f"the device knows no message {detail:#04x}",
        ErrorCode.SPACE: f"the device has no memory space {detail}",
        ErrorCode.ADDRESS: f"an access from address {detail} on passes the end of the memory",
        ErrorCode.CONTEXT: f"the device has no core {detail}",
        ErrorCode.AXON: f"the device has no axon or ring word {detail}",
        ErrorCode.DELAY: f"a delay of {detail} ticks is more than the device has",
    }
    return next((text for known, text in texts.items() if known == code), f"error {code}")
