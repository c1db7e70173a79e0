"""The parts of a device that differ between FPGAs; the top hands them in."""

from amaranth.lib import wiring

from sterna.spec.link import LARGE_RING_BYTES, RING_BYTES

from .banked import BankedStore
from .counter import Counter
from .memory import CrossbarStore


class Fabric:
    """Block RAM, logic cells and flip-flops, as every FPGA has them, and the simulators.

    A board with other cells hands in a subclass.

    Members
    -------
    deep : the tile has more and shorter stages, for a clock of 100 MHz on an ECP5; otherwise as few
        as do for the 24 MHz of an iCE40, which has no logic cells to spare. This is the one place
        that says so; what a tick computes is the same, and takes a few cycles more.
    crossbar_delay : advances that the crossbars take to show a word.
    ring_bytes : bytes that each of the link's rings holds.
    """

    deep = False
    ring_bytes = RING_BYTES
    crossbar_delay = CrossbarStore.delay

    def crossbars(self, *, lanes: int, depth: int) -> wiring.Component:
        """The weights: a component with the members of `CrossbarStore`."""
        return CrossbarStore(lanes=lanes, depth=depth)

    def counter(self) -> wiring.Component:
        """A component with the members of `Counter`."""
        return Counter()


class DeepFabric(Fabric):
    """The same, with more and shorter stages, and with the larger block RAM of an ECP5."""

    deep = True
    ring_bytes = LARGE_RING_BYTES
    crossbar_delay = BankedStore.delay

    def crossbars(self, *, lanes: int, depth: int) -> wiring.Component:
        """The crossbar store of a tile, in banks of block RAM."""
        return BankedStore(lanes=lanes, depth=depth)


#: Also the forms for simulation.
GENERIC = Fabric()
DEEP = DeepFabric()


def simulated(*, deep: bool) -> Fabric:
    """The fabric of a simulated device, with many stages or with few."""
    return DEEP if deep else GENERIC
