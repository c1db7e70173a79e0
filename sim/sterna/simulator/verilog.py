"""A device as Verilog, and its key in the cache."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sterna.spec import Hardware, preset_name
from sterna.spec.clock import CLOCK, Clock
from sterna.spec.presets import is_deep


@dataclass(frozen=True)
class Design:
    """A design that a virtual board can be built from.

    Members
    -------
    name : short name, for folders and messages.
    key : equal keys, equal Verilog.
    convert : makes the Verilog; its module is named `device`.
    pins : it has UART pins `rx`, `tx`; otherwise byte streams of these names.
    divisor : clock cycles a bit on the pins.
    both_edges : its registers may be clocked on both edges of the clock, for speed.
    """

    name: str
    key: str
    convert: Callable[[], str]
    pins: bool = False
    divisor: int = CLOCK.divisor
    both_edges: bool = True


def device_design(
    hardware: Hardware,
    *,
    pins: bool = False,
    clock: Clock = CLOCK,
    deep: bool | None = None,
) -> Design:
    """The real device with these parameters.

    `deep` : with more and shorter stages; None: if its preset has them.
    """
    from .hashes import build_hash

    deep = is_deep(hardware) if deep is None else deep
    build = build_hash(hardware, deep=deep)
    facts = [f"{build:016x}", hardware.as_dict(), pins, clock.word]
    key = hashlib.blake2b(json.dumps(facts).encode(), digest_size=8).hexdigest()

    def convert() -> str:
        from sterna.rtl.device import Device, PinDevice
        from sterna.rtl.fabric import simulated

        fabric = simulated(deep=deep)
        if pins:
            top = PinDevice(hardware=hardware, build_hash=build, clock=clock, fabric=fabric)
        else:
            top = Device(hardware=hardware, build_hash=build, fabric=fabric)
        return to_verilog(top, pins=pins)

    name = f"{preset_name(hardware)}{'-pins' if pins else ''}"
    return Design(name=name, key=key, convert=convert, pins=pins, divisor=clock.divisor)


def to_verilog(device: Any, *, pins: bool) -> str:
    """A component with the ports of a device as the module that the virtual board runs."""
    from amaranth.back import verilog

    from sterna.rtl.initial import quick_memories

    from .registered import RegisteredPorts

    top = RegisteredPorts(device=device, pins=pins)
    with quick_memories():
        return verilog.convert(top, name="device", emit_src=False)


def on_both_edges(text: str) -> str:
    """The same Verilog with its registers clocked on both edges of the clock.

    A simulated cycle is then one evaluation in place of two; what each register holds, cycle by
    cycle, is the same. Raises ValueError if `text` uses negative edges, or edges of anything but
    clocks.
    """
    changed, count = re.subn(r"@\(posedge (\w*clk)\)", r"@(posedge \1 or negedge \1)", text)
    if count != text.count("edge "):
        raise ValueError("the Verilog has registers on edges other than a clock's positive one")
    return changed
