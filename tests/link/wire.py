"""A simulated wire between the two ends of the link: bit rate, delay, bit errors; no real time."""

import random
from collections import deque
from dataclasses import dataclass, field

from sterna.link import DeviceEnd, HostEnd
from sterna.spec.link import RING_BYTES
from tests.link.bridge import Bridge

#: Bytes that arrive together.
CHUNK = 16


@dataclass
class Way:
    """One direction of the wire.

    Parameters
    ----------
    baud : bits per second, ten to a byte.
    delay_s : from the last bit of a byte until it arrives.
    bit_errors : probability that a bit is flipped.
    bridge : at its end, if there is one.
    """

    baud: float
    delay_s: float
    bit_errors: float
    rng: random.Random
    bridge: Bridge | None = None
    _free_at: float = 0.0
    _coming: deque[tuple[float, bytes]] = field(default_factory=deque[tuple[float, bytes]])

    def send(self, now: float, data: bytes) -> None:
        for at in range(0, len(data), CHUNK):
            part = data[at : at + CHUNK]
            self._free_at = max(now, self._free_at) + 10 * len(part) / self.baud
            part = self._damaged(part)
            if not self.bridge:
                self._coming.append((self._free_at + self.delay_s, part))
                continue
            if held := self.bridge.expired(self._free_at):
                self._coming.append((self._free_at + self.delay_s, held))
            for packet in self.bridge.put(self._free_at, part):
                self._coming.append((self._free_at + self.delay_s, packet))

    def _damaged(self, data: bytes) -> bytes:
        # the number of errors of a chunk is 0 more often than not: draw it bit by bit only then
        bits = 8 * len(data)
        if self.rng.random() < (1 - self.bit_errors) ** bits:
            return data
        damaged = bytearray(data)
        flips = [bit for bit in range(bits) if self.rng.random() < self.bit_errors]
        for bit in flips or [self.rng.randrange(bits)]:
            damaged[bit // 8] ^= 1 << bit % 8
        return bytes(damaged)

    @property
    def next_at(self) -> float:
        coming = self._coming[0][0] if self._coming else float("inf")
        return min(coming, self._due + self.delay_s)

    def arrived(self, now: float) -> bytes:
        parts: list[bytes] = []
        while self._coming and self._coming[0][0] <= now:
            parts.append(self._coming.popleft()[1])
        if self.bridge and not self._coming and now >= self._due + self.delay_s:
            parts.append(self.bridge.expired(max(now - self.delay_s, self.bridge.due)))
        return b"".join(parts)

    @property
    def _due(self) -> float:
        """When the bridge's timer sends what is held: not before it has come, at least."""
        return max(self.bridge.due, self._free_at) if self.bridge else float("inf")


class Wire:
    """Host and device at the ends of a wire. The device sends back what it gets, or keeps it.

    Parameters
    ----------
    answers : bytes of an answer, and bytes taken that it is for, in place of what `echo` says.
    bridge : on the way to the host.
    ring_bytes : of the device.

    Members
    -------
    now : simulated seconds.
    taken : bytes that the device has taken.
    """

    def __init__(
        self,
        *,
        baud: float = 3e6,
        delay_s: float = 1e-3,
        bit_errors: float = 0.0,
        timeout_s: float = 5.0,
        seed: int = 0,
        echo: bool = True,
        answers: tuple[int, int] | None = None,
        bridge: Bridge | None = None,
        ring_bytes: int = RING_BYTES,
    ) -> None:
        self.now = 0.0
        self._echo = echo
        rng = random.Random(seed)
        self.down = Way(baud, delay_s, bit_errors, rng)
        self.up = Way(baud, delay_s, bit_errors, rng, bridge)
        self._answers = answers
        self._answered = 0
        self.device = DeviceEnd(lambda: None, ring_bytes=ring_bytes)
        self.host = HostEnd(
            name="wire", session=rng.randrange(256), clock=lambda: self.now, timeout_s=timeout_s
        )
        self.taken = bytearray()
        self.stopped = False  # the device neither hears nor speaks

    def step(self) -> None:
        """On to the next thing that happens."""
        self.down.send(self.now, self.host.speak())
        self.now = min(self.down.next_at, self.up.next_at, self.now + self.host.wait_s)
        if wire := self.down.arrived(self.now):
            self._work(wire)
        if wire := self.up.arrived(self.now):
            self.host.hear(wire)
        self.host.pass_time()

    def _work(self, wire: bytes) -> None:
        if self.stopped:
            return
        self.device.hear(wire)
        if self._answers:
            data = self.device.take(1 << 16)
            size, asked = self._answers
            count = (len(self.taken) + len(data)) // asked - self._answered
            count = min(count, self.device.room // size)
            self._answered += count
            self.device.put(bytes(count * size))
        elif self._echo:
            data = self.device.take(self.device.room)
            self.device.put(data)
        else:
            data = self.device.take(1 << 16)
        self.taken += data
        self.up.send(self.now, self.device.speak())

    def open(self) -> None:
        while not self.host.is_open:
            self.step()

    def exchange(self, data: bytes) -> bytes:
        """Send data; what has come back once all has arrived."""
        self.open()
        self.host.send(data)
        self.host.resume()
        back = b""
        while (len(back) if self._echo else len(self.taken)) < len(data):
            self.step()
            back += self.host.take()
        return back
