"""C++ headers made of the spec's tables, so that no width or number is written twice."""

import enum
from collections.abc import Iterable

from sterna.spec.layout import Field, offsets

_HEAD = "// Generated from the tables of sterna.spec.\n#pragma once\n\n#include <cstdint>\n"


def header(*parts: str) -> str:
    """A header file of these parts."""
    return "\n".join([_HEAD, *parts])


def enumeration(numbers: type[enum.IntEnum]) -> str:
    """An enum: member TICK_DONE is kTickDone."""
    members = ", ".join(f"{_constant(member.name)} = {member.value}" for member in numbers)
    return f"enum {numbers.__name__} : uint32_t {{ {members} }};\n"


def constants(values: Iterable[tuple[str, int]]) -> str:
    """Numbers: clock_hz is kClockHz."""
    return "".join(f"constexpr int64_t {_constant(name)} = {value};\n" for name, value in values)


def word(name: str, fields: tuple[Field, ...]) -> str:
    """Functions for a word of unsigned fields: `NAME_FIELD(word)`, and `NAME_word(field, ...)`."""
    if any(field.signed for field in fields) or sum(field.width for field in fields) > 64:
        raise ValueError(f"{name}: fields are unsigned, and 64 bits in all at most")
    at = offsets(fields)
    text = "".join(
        f"inline uint64_t {name}_{f.name}(uint64_t word) "
        f"{{ return word >> {at[f.name]} & {(1 << f.width) - 1:#x}u; }}\n"
        for f in fields
    )
    parameters = ", ".join(f"uint64_t {field.name}" for field in fields)
    packed = " | ".join(f"{field.name} << {at[field.name]}" for field in fields)
    return f"{text}inline uint64_t {name}_word({parameters}) {{ return {packed}; }}\n"


def _constant(name: str) -> str:
    return "k" + "".join(part.capitalize() for part in name.split("_"))
