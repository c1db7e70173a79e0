"""The device driver: opens a device behind a link, loads a network, streams frames through it."""

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self, cast

import numpy as np

from sterna.link import Statistics
from sterna.spec import (
    ConfigError,
    Hardware,
    Image,
    LinkError,
    Network,
    ProtocolError,
    build_image,
)
from sterna.spec.boards import board_facts
from sterna.spec.frames import Frames
from sterna.spec.layout import Space, depth
from sterna.spec.link import SPIKE, HostOp, Register
from sterna.spec.results import Counts, TickResult, by_frame, with_latency

from .coding import FrameEncoder
from .links import Link, SocketLink, open_link
from .ports import AUTO, find_port, rate_of, silent_port
from .session import DeviceInfo, Session
from .upload import Progress, upload

#: Ticks granted and not yet back, at most: enough to hide a link's latency.
AHEAD = 64


class Device:
    """A device behind a link. Use as a context manager; `load` a network first.

    An operation that Ctrl-C or a failing link broke off leaves a device that can be used on: the
    next operation begins a new session, and the next tick is tick 0, as after `reset`.

    Parameters
    ----------
    link : an open link; `Device.open` makes one from a URL.
    expect : hardware parameters that the device must have, if given.
    expect_build : build hash that it must have, if given.
    timeout_s : silence after which the device counts as gone.

    Raises
    ------
    LinkError, ProtocolError : it does not answer, or is not what was expected; names both sides.
    """

    def __init__(
        self,
        link: Link,
        *,
        expect: Hardware | None = None,
        expect_build: int | None = None,
        timeout_s: float = 5.0,
    ) -> None:
        self._content: tuple[Network, Image, FrameEncoder] | None = None
        self._first_tick = self._breaks = 0
        self._session = Session(link, expect=expect, expect_build=expect_build, timeout_s=timeout_s)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        expect: Hardware | None = None,
        expect_build: int | None = None,
        timeout_s: float = 5.0,
        baud: int | None = None,
        board: str | None = None,
    ) -> Self:
        """The device at /dev/ttyUSB0, COM3, socket://HOST:PORT or a pseudo-terminal's path.

        Parameters
        ----------
        url : where it is; `auto` : the port of the board that is plugged in.
        baud : bit rate of a serial port, bits per second; None: the board's.
        board : name of the board, if it is one; None: `auto` finds any that has a bridge, and a
            port that is named is opened at the usual rate.

        The rest is the class's.
        """
        facts = board_facts(board) if board else None
        if url == AUTO:
            facts, url = find_port(board)
        rate = rate_of(facts, baud)
        link = open_link(url, baud=rate)
        try:
            return cls(link, expect=expect, expect_build=expect_build, timeout_s=timeout_s)
        except (LinkError, ProtocolError) as error:
            link.close()
            if isinstance(link, SocketLink):
                raise
            hint = silent_port(url, rate, facts.name if facts else None)
            stop = "" if str(error).endswith("?") else "."
            raise type(error)(f"{error}{stop} {hint}") from None
        except BaseException:
            link.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the link, once what was sent has arrived.

        The device keeps its network and potentials. Harmless if done twice.
        """
        self._session.close()

    @property
    def info(self) -> DeviceInfo:
        """The facts from the handshake."""
        return self._session.info

    @property
    def link(self) -> Link:
        """The wire."""
        return self._session.link

    @property
    def statistics(self) -> Statistics:
        """Counts of frames that the link has carried and repaired."""
        return self._session.statistics

    # memories

    def read_words(self, space: Space, address: int, count: int) -> list[int]:
        """Words of a memory; raises ConfigError for an address that does not exist."""
        return self._session.read_words(space, address, count)

    def write_words(self, space: Space, address: int, words: Sequence[int]) -> None:
        """Store words in a memory; raises ConfigError for an address or a word that cannot be."""
        self._session.write_words(space, address, words)

    def counters(self) -> dict[str, int]:
        """The registers from TICKS on, by name; 32 bits, they wrap."""
        first = Register.TICKS
        names = [register.name for register in Register if register >= first]
        return dict(zip(names, self.read_words(Space.REGISTER, first, len(names)), strict=True))

    # networks

    def load(
        self, network: Network, *, verify: bool = True, progress: Progress | None = None
    ) -> None:
        """Upload a network and reset it; with `verify`, read everything back.

        `progress` is called with words done and words in all.

        Raises
        ------
        ConfigError : it does not fit; MismatchError : a word reads back otherwise.
        """
        image = build_image(network, self.info.hardware)
        self._content = None
        upload(self._session, image, verify=verify, progress=progress)
        self._content = network, image, FrameEncoder(network)
        self._breaks = self._session.breaks
        self.write_words(Space.REGISTER, Register.USED_CONTEXTS, [image.used_contexts])
        self._clear()

    def reset(self) -> None:
        """Back to tick 0: initial potentials, no spike on its way."""
        _, image, _ = self._loaded()
        self._session.recover()
        self._breaks = self._session.breaks
        self._check_network(image)
        self.write_words(Space.POTENTIAL, 0, image.words[Space.POTENTIAL])
        self._clear()

    def potentials(self) -> list[Counts]:
        """The membrane potentials, core by core: int64 [neurons]."""
        network, image, _ = self._loaded()
        bits = self.info.hardware.potential_bits
        result: list[Counts] = []
        for first, count in zip(
            image.first_potential.tolist(), network.neurons.tolist(), strict=True
        ):
            words = np.array(self.read_words(Space.POTENTIAL, first, count), np.int64)
            result.append(words - ((words >> (bits - 1)) << bits))
        return result

    # ticks

    def inject(self, core: int, axon: int, delay: int = 0) -> None:
        """Put one input spike on an axon, due `delay` ticks after the first not granted yet.

        Raises ConfigError if the core, the axon in use or the delay does not exist.
        """
        network, _, _ = self._loaded()
        network.check_spike(core, axon, delay)
        self._make_good()
        self._session.send(SPIKE.pack(HostOp.SPIKE, delay, core, axon))

    def step(self, ticks: int = 1) -> list[TickResult]:
        """Run ticks without further input."""
        if ticks < 0:
            raise ConfigError(f"ticks is {ticks}, the limit is 0 or more")
        return list(self._pump(b"" for _ in range(ticks)))

    def stream(self, frames: Frames | Iterable[Frames]) -> Iterator[TickResult]:
        """Run one tick a frame, pipelined; yields each tick as it comes back.

        A frame is bool or 0/1 [features]; an array of frames is checked whole before anything
        runs. `run` does the bookkeeping of latency. One stream at a time: what a stream that was
        not read to its end has under way is dropped when the next one begins.

        Raises
        ------
        DataError : a frame of another shape, type or value. LinkError : the link failed; says
        how many ticks had come back.
        """
        _, _, encoder = self._loaded()
        whole: object = frames
        if isinstance(whole, np.ndarray):
            frames = encoder.check(cast("object", whole))
        return self._pump(encoder.encode(frame) for frame in frames)

    def run(self, frames: Frames) -> Counts:
        """Run frames through the network, one a tick: int64 [frames, lines], frame by frame.

        Row f holds the spikes that frame f gave, `latency` ticks after it went in. Raises
        DataError, before anything runs, unless frames are bool or 0/1 [frames, features].
        """
        network, _, encoder = self._loaded()
        ticks = self.stream(with_latency(network, encoder.check(frames)))
        return by_frame(network, [result.lines for result in ticks])

    def _pump(self, inputs: Iterable[bytes]) -> Iterator[TickResult]:
        """Send each tick's inputs and its grant; yield ticks as they come back."""
        network, _, _ = self._loaded()
        self._make_good()
        session, lines = self._session, len(network.output_class)
        returned = 0
        try:
            while session.outstanding:  # of a stream that was not read to its end
                session.next_tick()
            for message in inputs:
                session.grant(message)
                while session.has_answer or session.outstanding >= AHEAD:
                    yield self._next_tick(lines)
                    returned += 1
            while session.outstanding:
                yield self._next_tick(lines)
                returned += 1
        except KeyboardInterrupt:
            self._breaks = -1
            raise
        except LinkError as error:
            raise LinkError(f"{error} ({returned} ticks had come back)") from None

    def _next_tick(self, lines: int) -> TickResult:
        answer = self._session.next_tick()
        if answer.lines.size and answer.lines.max() >= lines:
            raise ProtocolError(
                f"{self._session.name}: a spike on line {answer.lines.max()}; the network has "
                f"{lines} lines"
            )
        tick = self._session.ticks_back - self._first_tick - 1
        return TickResult(tick, np.bincount(answer.lines, minlength=lines), answer.cycles)

    def _clear(self) -> None:
        """No spike on its way; the next tick is tick 0."""
        self.write_words(Space.RING, 0, [0] * depth(Space.RING, self.info.hardware))
        # all has arrived and old ticks are back when this is read; the draws start anew
        ticks = self.read_words(Space.REGISTER, Register.TICKS, 1)
        self.write_words(Space.REGISTER, Register.TICK_BASE, ticks)
        self._first_tick = self._session.ticks_back

    def _make_good(self) -> None:
        """After an operation that was broken off: back to tick 0, where the state is known."""
        self._session.recover()
        if self._breaks != self._session.breaks:
            self.reset()

    def _check_network(self, image: Image) -> None:
        """Raise LinkError if the device has lost its network, as it does when it is reset."""
        (used,) = self.read_words(Space.REGISTER, Register.USED_CONTEXTS, 1)
        if used != image.used_contexts:
            self._content = None
            raise LinkError(
                f"{self._session.name}: the device has lost its network (it was reset): load it "
                "again"
            )

    def _loaded(self) -> tuple[Network, Image, FrameEncoder]:
        if self._content is None:
            raise ConfigError("no network is loaded: call load(network) first")
        return self._content
