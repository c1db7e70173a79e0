"""A USB bridge on a wire's way to the host: it fills packets, and a timer sends those it cannot.

FTDI's bridges do so: the FT231X in packets of 64 bytes, the FT2232H of 512, two of each their own
status, and by default after 16 ms.

Source: FTDI AN232B-04, data throughput, latency and handshaking.
"""

from dataclasses import dataclass, field


@dataclass
class Bridge:
    """What is sent to it leaves in packets.

    Parameters
    ----------
    packet : payload bytes of a packet.
    timer_s : a packet that is not full leaves so long after the one before.
    """

    packet: int
    timer_s: float
    _held: bytearray = field(default_factory=bytearray)
    _sent_at: float = 0.0

    def put(self, now: float, data: bytes) -> list[bytes]:
        """Bytes come in from the wire; the packets that are full now."""
        if not self._held and now >= self._sent_at + self.timer_s:
            # the timer runs on while nothing comes, and sends packets of status alone
            self._sent_at = now - (now - self._sent_at) % self.timer_s
        self._held += data
        full = len(self._held) // self.packet * self.packet
        packets = [bytes(self._held[at : at + self.packet]) for at in range(0, full, self.packet)]
        del self._held[:full]
        if packets:
            self._sent_at = now
        return packets

    @property
    def due(self) -> float:
        """When the timer sends what is held; infinity if nothing is."""
        return self._sent_at + self.timer_s if self._held else float("inf")

    def expired(self, now: float) -> bytes:
        """What leaves because the timer has run out; b"" if it has not."""
        if now < self.due:
            return b""
        self._sent_at = now
        data, self._held = bytes(self._held), bytearray()
        return data


#: The boards' bridges, by name: payload bytes of their packets.
PACKETS = {"FT2232H": 510, "FT231X": 62}
#: The timer as it is, and as the driver of the host sets it.
DEFAULT_S, SHORT_S = 16e-3, 1e-3
