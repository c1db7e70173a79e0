"""The block RAMs that a tile takes on an iCE40: what fits a UP5K, memory by memory.

Source: Lattice iCE40 UltraPlus Family Data Sheet (FPGA-DS-02008): 30 blocks of 4 Kbit, each as
256 x 16, 512 x 8, 1024 x 4 or 2048 x 2, and four SPRAMs of 256 Kbit.
"""

from dataclasses import dataclass

from .hardware import Hardware
from .layout import Space, depth, word_bits
from .link import MAX_PAYLOAD, RING_BYTES

BLOCK_MODES = ((256, 16), (512, 8), (1024, 4), (2048, 2))
UP5K_BLOCKS = 30
UP5K_SPRAM_BITS = 4 * 256 * 1024


@dataclass(frozen=True)
class Row:
    """One memory: `depth` words of `width` bits, in `blocks` block RAMs."""

    memory: str
    depth: int
    width: int
    blocks: int


def blocks(words: int, width: int) -> int:
    """Fewest block RAMs that hold `words` of `width` bits."""
    return min(-(-words // d) * -(-width // w) for d, w in BLOCK_MODES)


def budget(hardware: Hardware) -> list[Row]:
    """Every memory of a device but the crossbars, which lie in SPRAM."""
    spaces = {
        Space.POTENTIAL: "membrane potentials",
        Space.TYPE_INDEX: "type of each neuron",
        Space.TYPE: "neuron types",
        Space.TARGET: "target table",
        Space.RING: "delay ring",
        Space.CONTEXT: "context descriptors",
    }
    sizes = [
        (name, depth(space, hardware), word_bits(space, hardware)) for space, name in spaces.items()
    ]
    sizes += [
        ("lists of active axons", 2 * hardware.axons, hardware.axon_bits),
        ("link: receive ring", RING_BYTES, 8),
        ("link: transmit ring", RING_BYTES, 8),
        ("link: frame being sent", 1 << MAX_PAYLOAD.bit_length(), 8),
    ]
    return [Row(name, words, width, blocks(words, width)) for name, words, width in sizes]
