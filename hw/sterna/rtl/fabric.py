"""What a device is made of where FPGAs differ: handed in from the top."""

from amaranth.lib import wiring

from .counter import Counter
from .memory import CrossbarStore


class Fabric:
    """Block RAM, logic cells and flip-flops, as every FPGA has them, and the simulators.

    A board with other cells hands in a subclass.
    """

    def crossbars(self, *, lanes: int, depth: int) -> wiring.Component:
        """The weights: a component with the members of `CrossbarStore`."""
        return CrossbarStore(lanes=lanes, depth=depth)

    def counter(self) -> wiring.Component:
        """A component with the members of `Counter`."""
        return Counter()


#: Also the form for simulation.
GENERIC = Fabric()
