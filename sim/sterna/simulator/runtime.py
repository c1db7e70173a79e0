"""Keeps the compiled objects of Verilator's own C++: two thirds of a build's time."""

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from pathlib import Path

#: Objects that no design is part of. Not cocotb's `verilator.o`, which knows the design's ports:
#: lent to a design with others, it makes an object of the wrong size.
OWN = "verilated*.o"


def runtime_key(*facts: str) -> str:
    """The name of the folder that keeps the objects of a tool chain and its options."""
    return hashlib.blake2b("\0".join(facts).encode(), digest_size=6).hexdigest()


def lend_runtime(kept: Path, folder: Path) -> None:
    """Copy the kept objects, if there are any, into the build folder."""
    for compiled in kept.glob(OWN):
        # newer than the makefile that Verilator will write, on which it makes them depend
        later = time.time() + 60
        os.utime(shutil.copy(compiled, folder), (later, later))


def keep_runtime(folder: Path, kept: Path) -> None:
    """Keep the objects of a finished build in `folder`, unless some are kept already."""
    if kept.exists():
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=kept.parent))
    try:
        for compiled in folder.glob(OWN):
            shutil.copy(compiled, part)
        with contextlib.suppress(OSError):  # another process was first
            part.rename(kept)
    finally:
        shutil.rmtree(part, ignore_errors=True)
