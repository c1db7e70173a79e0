"""Hashes of designs, kept on disk: computing one takes one to three seconds."""

import contextlib
import functools
import hashlib
import json
from collections.abc import Callable

from sterna.builds.folders import build_root, make_folder
from sterna.rtl import build_hash as designs
from sterna.spec import Hardware, SternaError, write_output
from sterna.spec.presets import is_deep

from .interrupts import deferred


def build_hash(hardware: Hardware, *, deep: bool | None = None) -> int:
    """As `sterna.rtl.build_hash.build_hash`: of the device; `deep` by default as of its preset."""
    deep = is_deep(hardware) if deep is None else deep
    return _remembered("device", designs.build_hash, hardware, deep)


def tile_hash(hardware: Hardware, *, deep: bool = False) -> int:
    """As `sterna.rtl.build_hash.tile_hash`: of the tile alone."""
    return _remembered("tile", designs.tile_hash, hardware, deep)


@functools.cache
def _remembered(kind: str, make: Callable[..., int], hardware: Hardware, deep: bool) -> int:
    facts = json.dumps([kind, designs.sources_hash(), hardware.as_dict(), deep])
    name = hashlib.blake2b(facts.encode(), digest_size=12).hexdigest()
    path = build_root() / "hashes" / name
    with contextlib.suppress(OSError, ValueError):
        text = path.read_text()
        if len(text) == 16:  # a file that was cut short is none
            return int(text, 16)
    # Python swallows an exception that a signal raises within a destructor, and prints it, and
    # Amaranth's objects have destructors: Ctrl-C waits until the design is elaborated
    with deferred():
        value = make(hardware, deep=deep)
    with contextlib.suppress(OSError, SternaError):  # then it is worked out anew the next time
        make_folder(path.parent)
        write_output(path, f"{value:016x}")
    return value
