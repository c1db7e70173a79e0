"""The host link: frames, messages and registers, each layout written once.

Three layers, bottom up: *frames* (COBS, CRC-32) make a damaged byte stream detectable; a *session*
and *byte offsets* in each frame's header (as in TCP) make it a reliable, ordered byte stream both
ways, with credit; *messages* travel in that stream. docs/link-protocol.md explains; its tables
come from here.
"""

import dataclasses
import enum
import struct

from .clock import CLOCK
from .hardware import Hardware

#: Raised with any change that the wire shows; 1..15, since a frame carries it in four bits.
PROTOCOL_VERSION = 5
#: Register 0 of every device: "STRN".
MAGIC = 0x5354524E
#: Bit rate of the boards' UART, bits per second.
BAUD = CLOCK.baud

#: Header of a frame: flags (version in the high nibble), session, length, the low halves of seq,
#: ack and limit, then the high halves of seq and ack. `length` counts all bytes behind the limit:
#: so a SYN of this version is one for devices of version 3, which answer it with their version.
HEADER = struct.Struct("<BBBHHHHH")
#: Bytes of the header that `length` counts.
HIGH_BYTES = 4
#: CRC-32/ISO-HDLC over header and payload. It is `zlib.crc32`; its final XOR keeps a frame with
#: zeros behind it from being sound.
CRC = struct.Struct("<I")
#: Payload bytes of a frame at most. A whole frame then needs a single COBS block (254 bytes).
MAX_PAYLOAD = 236
#: Bytes on the wire for a byte of payload, in full frames: header, CRC, code byte and zero.
FRAMING = (HEADER.size + MAX_PAYLOAD + CRC.size + 2) / MAX_PAYLOAD
#: Bits of an offset, and of its halves. Offsets come round after four gigabytes, two hours of a
#: line of 6 Mbaud: no frame is so late.
OFFSET_BITS, HALF_BITS = 32, 16
#: Payload bytes at most of what the device sends again, until some of it is acknowledged: where bit
#: errors are so frequent that no long frame arrives, short ones do.
SHORT_PAYLOAD = 32
#: Bytes that the device's receive and transmit rings hold: one block RAM of an iCE40's each.
RING_BYTES = 512
#: The same in a device of a board whose block RAM is larger, an ECP5's.
LARGE_RING_BYTES = 2048


def credit(ring_bytes: int) -> int:
    """Credit that a device gives at most: its ring less the CRC, which is stored before judged."""
    return ring_bytes - CRC.size


class Flag(enum.IntFlag):
    """Low nibble of a frame's first byte."""

    SYN = 1  #: a new session: both sides' offsets are 0, the streams empty
    RESEND = 2  #: the sender of this frame missed something: send again from its `ack`
    RESET = 4  #: the device knows nothing of the session that this frame names: it is over


class HostOp(enum.IntEnum):
    """First byte of a message from the host."""

    NOP = 0
    READ = 1
    WRITE = 2
    AXONS = 3
    SPIKE = 4
    TICK = 5


class DeviceOp(enum.IntEnum):
    """First byte of a message from the device; with bit 7 set, it is a spike on a line."""

    DATA = 1
    TICK_DONE = 2
    ERROR = 3


#: Bit 7 of a device message's first byte: LINE, bits 14..8 of the line; the second byte: bits 7..0.
LINE_FLAG = 0x80

#: READ, WRITE and DATA: op, space, address (words), count (words); WRITE and DATA: words follow.
ACCESS = struct.Struct("<BBHH")
#: AXONS: op, delay, context, first ring word, count of words; words of 16 axons follow.
AXONS = struct.Struct("<BBBBB")
#: SPIKE: op, delay, context, axon.
SPIKE = struct.Struct("<BBBB")
#: TICK: op, ticks granted (1..65535).
TICK = struct.Struct("<BH")
#: TICK_DONE: op, tick (mod 65536), cycles (24 bits: low 16, high 8).
TICK_DONE = struct.Struct("<BHHB")
#: ERROR: op, code, detail.
ERROR = struct.Struct("<BBH")


class ErrorCode(enum.IntEnum):
    """Code of an ERROR message; the device then ignores messages until the next SYN."""

    OPCODE = 1  #: no such message; detail: the opcode
    SPACE = 2  #: no such memory space; detail: its number
    ADDRESS = 3  #: address + count past the end, or count 0; detail: the address
    CONTEXT = 4  #: no such context; detail: its number
    AXON = 5  #: no such axon or ring word; detail: its number
    DELAY = 6  #: delay over max_delay; detail: the delay


class Register(enum.IntEnum):
    """Registers of Space.REGISTER, 32 bits each; counters wrap."""

    MAGIC = 0
    PROTOCOL = 1
    BUILD_LOW = 2
    BUILD_HIGH = 3
    CLOCK = 4
    CONTEXTS = 5
    CROSSBARS = 6
    LANES = 7
    AXONS = 8
    NEURONS = 9
    DELAY_SLOTS = 10
    TARGETS = 11
    TYPES = 12
    POTENTIAL_BITS = 13
    THRESHOLD_BITS = 14
    AXON_TYPES = 15
    WEIGHT_BITS = 16
    NOISE_BITS = 17
    STOCHASTIC_LEAK = 18
    STOCHASTIC_SYNAPSES = 19
    USED_CONTEXTS = 20
    TICK_PERIOD = 21
    TICK_BASE = 22
    TICKS = 23
    SPIKES_IN = 24
    SPIKES_ROUTED = 25
    SPIKES_OUT = 26
    DROPPED = 27
    CRC_ERRORS = 28
    REFUSED_FRAMES = 29
    OVERRUNS = 30
    BUSY_CYCLES = 31


#: The content of each register; 'rw' ones can be written, while the device is idle.
REGISTERS: dict[Register, tuple[str, str]] = {
    Register.MAGIC: ("ro", "0x5354524E, 'STRN'"),
    Register.PROTOCOL: ("ro", "protocol version"),
    Register.BUILD_LOW: ("ro", "build hash, bits 31..0"),
    Register.BUILD_HIGH: ("ro", "build hash, bits 63..32"),
    Register.CLOCK: (
        "ro",
        "bits 7..0: clock cycles a bit of the UART, bits 31..8: the clock in kHz; 0: no UART",
    ),
    Register.CONTEXTS: ("ro", "hardware parameter `contexts`"),
    Register.CROSSBARS: ("ro", "hardware parameter `crossbars`"),
    Register.LANES: ("ro", "hardware parameter `lanes`"),
    Register.AXONS: ("ro", "hardware parameter `axons`"),
    Register.NEURONS: ("ro", "hardware parameter `neurons`"),
    Register.DELAY_SLOTS: ("ro", "hardware parameter `delay_slots`"),
    Register.TARGETS: ("ro", "hardware parameter `targets`"),
    Register.TYPES: ("ro", "hardware parameter `types`"),
    Register.POTENTIAL_BITS: ("ro", "hardware parameter `potential_bits`"),
    Register.THRESHOLD_BITS: ("ro", "hardware parameter `threshold_bits`"),
    Register.AXON_TYPES: ("ro", "hardware parameter `axon_types`"),
    Register.WEIGHT_BITS: ("ro", "hardware parameter `weight_bits`"),
    Register.NOISE_BITS: ("ro", "hardware parameter `noise_bits`"),
    Register.STOCHASTIC_LEAK: ("ro", "hardware parameter `stochastic_leak`"),
    Register.STOCHASTIC_SYNAPSES: ("ro", "hardware parameter `stochastic_synapses`"),
    Register.USED_CONTEXTS: ("rw", "contexts in use, 0..K: a tick visits contexts 0..n-1"),
    Register.TICK_PERIOD: (
        "rw",
        "clock cycles from start to start of ticks, taken at each start; 0: as fast as granted",
    ),
    Register.TICK_BASE: ("rw", "tick that counts as 0 in the draws; 0 in builds that do not draw"),
    Register.TICKS: ("ro", "ticks done"),
    Register.SPIKES_IN: ("ro", "input spikes from the host, doubles on one axon not merged"),
    Register.SPIKES_ROUTED: ("ro", "spikes sent from neurons to axons, one a target"),
    Register.SPIKES_OUT: ("ro", "spikes sent on output lines"),
    Register.DROPPED: ("ro", "spikes whose target does not exist; 0 unless the table is broken"),
    Register.CRC_ERRORS: ("ro", "frames that came damaged"),
    Register.REFUSED_FRAMES: ("ro", "sound frames out of order or beyond the credit"),
    Register.OVERRUNS: ("ro", "ticks that took longer than TICK_PERIOD"),
    Register.BUSY_CYCLES: ("ro", "cycles in which a tick was running"),
}


def hardware_registers(hardware: Hardware) -> dict[Register, int]:
    """The registers that tell the hardware parameters."""
    return {Register[name.upper()]: value for name, value in hardware.as_dict().items()}


def hardware_from_registers(values: dict[Register, int]) -> Hardware:
    """The hardware parameters that a device's registers tell; raises ConfigError."""
    names = [field.name for field in dataclasses.fields(Hardware)]
    return Hardware(**{name: values[Register[name.upper()]] for name in names})
