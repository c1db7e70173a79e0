"""A session with a device: handshake, memories and messages, on top of the reliable channel."""

import contextlib
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from sterna.link import Statistics
from sterna.spec import ConfigError, Hardware, LinkError, ProtocolError
from sterna.spec.clock import Clock
from sterna.spec.layout import Space, depth, word_bits
from sterna.spec.link import (
    MAGIC,
    PROTOCOL_VERSION,
    TICK,
    HostOp,
    Register,
    hardware_from_registers,
)

from .channel import Channel
from .links import Link
from .messages import (
    MESSAGE_WORDS,
    DataMessage,
    MessageReader,
    TickMessage,
    read_message,
    write_messages,
)


@dataclass(frozen=True)
class DeviceInfo:
    """The facts from the handshake.

    Members
    -------
    protocol : version of the link's.
    build_hash : 64 bits over what it was built of.
    hardware : parameters of its tile.
    clock : its clock and its UART's bit rate; None: it is simulated, and has no UART.
    """

    protocol: int
    build_hash: int
    hardware: Hardware
    clock: Clock | None = None


class Session:
    """An open device, after the handshake.

    Parameters and errors are those of `sterna.host.Device`.

    Members
    -------
    info : as the handshake has it.
    outstanding : ticks granted and not yet back.
    ticks_back : ticks that came back since the session was opened.
    breaks : operations that were broken off (by Ctrl-C, or a link that failed) and made good.
    """

    def __init__(
        self,
        link: Link,
        *,
        expect: Hardware | None = None,
        expect_build: int | None = None,
        timeout_s: float = 5.0,
    ) -> None:
        self._channel = Channel(link, timeout_s=timeout_s)
        self._reader = MessageReader()
        self._answers: deque[DataMessage | TickMessage] = deque()
        self._failure: ProtocolError | None = None
        self.outstanding = self.ticks_back = self.breaks = 0
        self._broken = False  # an operation was begun and did not come to its end
        self.info = self._handshake()
        self._check("hardware parameters", expect, self.info.hardware)
        if expect_build is not None:
            self._check("build hash", f"{expect_build:016x}", f"{self.info.build_hash:016x}")

    @property
    def name(self) -> str:
        """The device's name in messages."""
        return self._channel.name

    @property
    def link(self) -> Link:
        """The wire."""
        return self._channel.link

    @property
    def statistics(self) -> Statistics:
        """Counts of frames sent, received and repaired."""
        return self._channel.statistics

    def close(self) -> None:
        """Let go of the link, after what was sent has arrived, unless that has failed."""
        try:
            if not (self._broken or self._failure):
                with contextlib.suppress(LinkError, ProtocolError):
                    self._channel.flush()
        finally:
            self._channel.close()

    def read_words(self, space: Space, address: int, count: int) -> list[int]:
        """Words of a memory; raises ConfigError for an address that does not exist."""
        self._check_address(space, address, count)
        words: list[int] = []
        with self.operation():
            while len(words) < count:
                words += self._read(
                    space, address + len(words), min(MESSAGE_WORDS, count - len(words))
                )
        return words

    def _read(self, space: Space, address: int, count: int) -> list[int]:
        self.ask(space, address, count)
        return self.answer(space, address, count)

    def ask(self, space: Space, address: int, count: int) -> None:
        """Within an operation: ask for words, 256 at most; `answer` has them, in this order."""
        self._send(read_message(space, address, count))

    def answer(self, space: Space, address: int, count: int) -> list[int]:
        """Within an operation: the words that were asked for first; waits for them."""
        while True:
            answer = self._answer()
            # ticks granted before, since this opening or before it, come in first
            if isinstance(answer, DataMessage):
                if (answer.space, answer.address, len(answer.words)) != (space, address, count):
                    raise ProtocolError(
                        f"{self.name}: asked for {count} words of {space.name} from {address} on, "
                        f"got {len(answer.words)} of {answer.space.name} from {answer.address} on"
                    )
                return answer.words

    def write_words(self, space: Space, address: int, words: Sequence[int]) -> None:
        """Store words in a memory; raises ConfigError for an address or a word that cannot be."""
        with self.operation():
            self.store(space, address, words)

    def store(self, space: Space, address: int, words: Sequence[int]) -> None:
        """Within an operation: what `write_words` does."""
        self._check_address(space, address, len(words))
        bits = word_bits(space, self.info.hardware)
        for offset, word in enumerate(words):
            if not 0 <= word < 1 << bits:
                raise ConfigError(
                    f"word {address + offset} of {space.name} is {word}, the limit is "
                    f"0..{(1 << bits) - 1}"
                )
        for message in write_messages(space, address, words, self.info.hardware):
            self._send(message)

    def grant(self, inputs: bytes) -> None:
        """Send a tick's inputs, and grant it."""
        with self.operation():
            self.outstanding += 1
            self._send(inputs + TICK.pack(HostOp.TICK, 1))

    def send(self, message: bytes) -> None:
        """Queue a message, and take in what has come meanwhile.

        Raises ProtocolError if the device answers with an ERROR; from then on, always, since the
        device ignores all messages until it is opened again.
        """
        with self.operation():
            self._send(message)

    def _send(self, message: bytes) -> None:
        self._channel.send(message)
        self._take(self._channel.poll())

    @property
    def has_answer(self) -> bool:
        """True if an answer has come that nobody has taken."""
        return bool(self._answers)

    def next_tick(self) -> TickMessage:
        """The end of the next tick; waits for it."""
        with self.operation():
            answer = self._answer()
        if not isinstance(answer, TickMessage):
            raise ProtocolError(f"{self.name}: data came where a tick's end was due")
        return answer

    def recover(self) -> None:
        """Recover from an operation that was broken off: open a new session with the same device.

        What was under way is dropped, in both directions; ticks already granted are run to their
        end. Does nothing if all operations came to their ends. Raises LinkError.
        """
        with self.operation():
            pass

    @contextlib.contextmanager
    def operation(self) -> Generator[None, None, None]:
        """Mark an operation: if it does not end normally, the next one recovers."""
        if self._failure:
            raise self._failure
        if self._broken:
            self._channel.reopen()
            self._reader.reset()
            self._answers.clear()
            # a READ is answered when all ticks granted before are done: they come first, unheeded
            self._read(Space.REGISTER, Register.MAGIC, 1)
            self.outstanding = 0
            self.breaks += 1
        self._broken = True
        yield
        self._broken = False

    def _answer(self) -> DataMessage | TickMessage:
        while not self._answers:
            self._take(self._channel.receive())
        answer = self._answers.popleft()
        if isinstance(answer, TickMessage):
            self.ticks_back += 1
            self.outstanding = max(
                0, self.outstanding - 1
            )  # do not count ticks of an earlier session
        return answer

    def _take(self, data: bytes) -> None:
        if not data:
            return
        try:
            self._answers += self._reader.feed(data, self.name)
        except ProtocolError as error:
            self._failure = error
            raise

    def _handshake(self) -> DeviceInfo:
        self._reader.hardware = None  # registers alone can be read until it is known
        values = dict(zip(Register, self.read_words(Space.REGISTER, 0, len(Register)), strict=True))
        self._check("magic", MAGIC, values[Register.MAGIC])
        self._check("protocol version", PROTOCOL_VERSION, values[Register.PROTOCOL])
        try:
            hardware = hardware_from_registers(values)
            clock = Clock.from_word(values[Register.CLOCK])
        except ConfigError as error:
            raise ProtocolError(f"{self.name}: the device says {error}") from None
        self._reader.hardware = hardware
        build = values[Register.BUILD_HIGH] << 32 | values[Register.BUILD_LOW]
        return DeviceInfo(values[Register.PROTOCOL], build, hardware, clock)

    def _check(self, what: str, expected: object, seen: object) -> None:
        if expected is not None and expected != seen:
            raise ProtocolError(
                f"{self.name}: {what}: the device has {seen}, the host expects {expected}: "
                "load the bitstream that goes with this host"
            )

    def _check_address(self, space: Space, address: int, count: int) -> None:
        end = len(Register) if space == Space.REGISTER else depth(space, self.info.hardware)
        if not end:
            raise ConfigError(f"the device has no {space.name}: its build drops it")
        if not (0 <= address and 1 <= count and address + count <= end):
            raise ConfigError(
                f"{count} words of {space.name} from {address} on do not exist: it has words "
                f"0..{end - 1}"
            )
