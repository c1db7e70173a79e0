"""Initial words of memories, as Amaranth writes them to RTLIL, but all at once.

Amaranth 0.5 goes through them bit by bit, and the tile of a ULX3S has 3.2 million: of the time that
it takes to become RTLIL nine tenths, by a profile, are spent on zeros.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from amaranth.back import rtlil


@contextmanager
def quick_memories() -> Iterator[None]:
    """Within it, RTLIL has the same text, and is made sooner.

    It stands in for a method of Amaranth's own, `ModuleEmitter.emit_memory`; where a release has
    none of that name nothing is changed. `tests/rtl/test_initial.py` compares the text.
    """
    before = getattr(rtlil.ModuleEmitter, "emit_memory", None)
    if before is None:
        yield
        return

    def emit_memory(self: Any, index: int, cell: Any) -> None:
        if not (cell.width and cell.init):
            return before(self, index, cell)
        every = (1 << cell.width) - 1
        bits = "".join(f"{row & every:0{cell.width}b}" for row in reversed(cell.init))
        return self.builder.cell(
            "$meminit_v2",
            ports={
                "ADDR": self.sigspec(),
                "DATA": f"{len(bits)}'{bits}",
                "EN": f"{cell.width}'{every:b}",
            },
            parameters={
                "MEMID": self.memories[index].memid,
                "ABITS": 0,
                "WIDTH": cell.width,
                "WORDS": cell.depth,
                "PRIORITY": 0,
            },
            src_loc=cell.src_loc,
        )

    rtlil.ModuleEmitter.emit_memory = emit_memory
    try:
        yield
    finally:
        rtlil.ModuleEmitter.emit_memory = before
