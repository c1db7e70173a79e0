"""Counters that the host reads."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

#: Bits of a counter; all wrap.
COUNTER_BITS = 32
#: Bits of what is added in a cycle.
STEP_BITS = 5


class Counter(wiring.Component):
    """Adds up.

    Members
    -------
    step : In(5) - added at the coming clock edge.
    count : Out(32) - the sum of all steps since the reset; wraps.
    """

    step: In(STEP_BITS)
    count: Out(COUNTER_BITS)

    def elaborate(self, platform: object) -> Module:
        """The logic, for Amaranth."""
        m = Module()
        m.d.sync += self.count.eq(self.count + self.step)
        return m
