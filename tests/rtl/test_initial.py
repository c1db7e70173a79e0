"""Initial words of memories: the text that Amaranth itself writes."""

import random

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module, Shape, signed
from amaranth.lib import memory, wiring

from sterna.rtl.initial import quick_memories

SHAPES = [(1, 2), (2, 8192), (7, 3), (64, 16), (signed(5), 9), (36, 512), (0, 4)]


class Words(wiring.Component):
    """A memory with a port to read it by."""

    def __init__(self, shape: object, init: list[int], depth: int) -> None:
        self._memory = memory.Memory(shape=shape, depth=depth, init=init)
        super().__init__({})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.words = self._memory
        self._memory.read_port()
        return m


def text(shape: object, init: list[int], depth: int) -> str:
    return rtlil.convert(Words(shape, init, depth), emit_src=False)


@pytest.mark.parametrize(("shape", "depth"), SHAPES, ids=str)
@pytest.mark.parametrize("words", [0, 1, 2])
def test_text_is_amaranths(shape: object, depth: int, words: int) -> None:
    """Of no word, one, and all of them; the rest are 0."""
    kind, draw = Shape.cast(shape), random.Random(depth)
    low = -(1 << kind.width >> 1) if kind.signed else 0
    init = [draw.randrange(low, low + (1 << kind.width)) for _ in range((0, 1, depth)[words])]
    own = text(shape, init, depth)
    with quick_memories():
        assert text(shape, init, depth) == own
    assert rtlil.ModuleEmitter.emit_memory.__module__ == rtlil.__name__


@pytest.mark.control
def test_other_words_have_another_text() -> None:
    with quick_memories():
        assert text(4, [1, 2, 3], 3) != text(4, [1, 2, 11], 3)
        assert text(4, [1, 2, 3], 3) != text(4, [2, 1, 3], 3)
        assert text(4, [1, 2], 3) == text(4, [1, 2, 0], 3)
