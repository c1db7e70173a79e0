"""Hashes that tell designs apart: of a whole device, and of a tile alone.

Both are taken over the design as RTLIL, without source positions: a comment, a docstring or a moved
line changes no hash, and every file of the design counts. Each takes one to three seconds;
`sterna.simulator.hashes` keeps them.
"""

import hashlib
import importlib.metadata
from pathlib import Path
from typing import Any

import sterna.rtl
import sterna.spec
from sterna.spec import ToolError
from sterna.spec.errors import missing
from sterna.spec.hardware import Hardware


def build_hash(hardware: Hardware, *, deep: bool = False) -> int:
    """64 bits over the device with these parameters; the device tells them in the handshake.

    `deep` : as of its `Fabric`.
    """
    from .device import PinDevice
    from .fabric import simulated

    # with the UART, which a device without pins lacks; the place of the hash itself is 0
    return _hash(PinDevice(hardware=hardware, build_hash=0, fabric=simulated(deep=deep)))


def tile_hash(hardware: Hardware, *, deep: bool = False) -> int:
    """64 bits over a tile with these parameters; a change of the host link does not change it."""
    from .fabric import simulated
    from .tile import Tile

    return _hash(Tile(hardware=hardware, fabric=simulated(deep=deep)))


def _hash(component: Any) -> int:
    from amaranth.back import rtlil

    from .initial import quick_memories

    with quick_memories():
        text = rtlil.convert(component, emit_src=False)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def sources_hash() -> str:
    """A digest of all that the RTL is made of: sources of rtl and spec, in all folders; Amaranth.

    It is quick, and changes more often than the hashes above: the key under which those are kept.

    Raises ToolError that names the extra, where Amaranth is not installed.
    """
    try:
        version = importlib.metadata.version("amaranth")
    except importlib.metadata.PackageNotFoundError:
        raise ToolError(missing("amaranth", "sim")) from None
    digest = hashlib.blake2b(version.encode(), digest_size=16)
    for package in (sterna.rtl, sterna.spec):
        for root in map(Path, package.__path__):
            for source in sorted(root.rglob("*.py")):
                digest.update(str(source.relative_to(root)).encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()
