"""C++ headers from the spec's tables agree with the spec's own packing, in a C++ compiler."""

import subprocess
from pathlib import Path

import pytest

from sterna.simulator.header import constants, enumeration, header, word
from sterna.simulator.tile_process import TRACE_FIELDS
from sterna.simulator.toolchain import find_toolchain
from sterna.spec.layout import EVENT_FIELDS, EventKind, Field, pack, type_fields
from sterna.spec.presets import preset

EVENT = {"kind": EventKind.TICK_DONE, "line": 0x7ABC, "tick": 0xCDEF, "cycles": 0x123456}
TRACE = {"spike": 1, "neuron": 0x5A5A, "context": 0x3C3C}


def answers(folder: Path, text: str) -> list[int]:
    """What a program with this header says of the two words above."""
    event, trace = pack(EVENT_FIELDS, EVENT), pack(TRACE_FIELDS, TRACE)
    (folder / "words.h").write_text(text)
    (folder / "main.cpp").write_text(
        '#include "words.h"\n#include <cstdio>\nint main() {\n'
        f"  const uint64_t event = {event}u;\n"
        + "".join(
            f'  std::printf("%llu\\n", (unsigned long long)({value}));\n'
            for value in (
                *(f"event_{field.name}(event)" for field in EVENT_FIELDS),
                f"trace_word({', '.join(map(str, TRACE.values()))}) == {trace}u",
                "kTickDone",
                "kStreams",
            )
        )
        + "}\n"
    )
    cxx = find_toolchain().cxx
    subprocess.run([cxx, "-o", "main", "main.cpp"], cwd=folder, check=True)
    said = subprocess.run([folder / "main"], capture_output=True, text=True, check=True).stdout
    return [int(line) for line in said.split()]


def words(event: tuple[Field, ...]) -> str:
    return header(
        enumeration(EventKind),
        constants([("streams", 8)]),
        word("event", event),
        word("trace", TRACE_FIELDS),
    )


def test_compiler_sees_the_fields_of_the_spec(tmp_path: Path) -> None:
    assert answers(tmp_path, words(EVENT_FIELDS)) == [*EVENT.values(), 1, 1, 8]


@pytest.mark.control
def test_field_that_is_a_bit_narrower_is_noticed(tmp_path: Path) -> None:
    narrower = tuple(
        Field(f.name, f.width - (f.name == "line"), f.signed, f.meaning) for f in EVENT_FIELDS
    )
    assert answers(tmp_path, words(narrower))[1:4] != list(EVENT.values())[1:]


def test_words_that_cpp_cannot_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="type: fields are unsigned"):
        word("type", type_fields(preset("up5k")))
