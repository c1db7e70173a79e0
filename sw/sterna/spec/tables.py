"""Tables of the documentation, generated from the spec, and the check against drift."""

from collections.abc import Callable, Iterable
from pathlib import Path

from .budget import UP5K_BLOCKS, UP5K_SPRAM_BITS, budget
from .layout import (
    EVENT_FIELDS,
    ContextField,
    Field,
    Space,
    TargetKind,
    depth,
    input_fields,
    target_fields,
    type_fields,
    word_bits,
    word_bytes,
)
from .link import LINE_FLAG, REGISTERS, DeviceOp, ErrorCode, Flag, HostOp
from .network_file import COMMON, KINDS
from .output import write_output
from .pages import with_section
from .presets import PRESETS, preset

#: Name of the section of a page that the tables go into.
SECTION = "tables by `make docs`"

#: Messages: sender, first byte, name, layout, meaning.
MESSAGES = (
    ("host", HostOp.NOP, "NOP", "op", "nothing"),
    ("host", HostOp.READ, "READ", "op, space u8, address u16, count u16", "read; DATA answers"),
    ("host", HostOp.WRITE, "WRITE", "op, space u8, address u16, count u16, words", "write"),
    (
        "host",
        HostOp.AXONS,
        "AXONS",
        "op, delay u8, context u8, word u8, count u8, words u16",
        "input spikes as bitmaps: bit i of word w is axon 16 w + i",
    ),
    ("host", HostOp.SPIKE, "SPIKE", "op, delay u8, context u8, axon u8", "one input spike"),
    ("host", HostOp.TICK, "TICK", "op, count u16", "grant ticks"),
    ("device", DeviceOp.DATA, "DATA", "op, space u8, address u16, count u16, words", "words read"),
    (
        "device",
        DeviceOp.TICK_DONE,
        "TICK_DONE",
        "op, tick u16, cycles u24",
        "a tick has ended; its cycles hold any wait for the host",
    ),
    ("device", DeviceOp.ERROR, "ERROR", "op, code u8, detail u16", "a message failed"),
    (
        "device",
        LINE_FLAG,
        "LINE",
        "op with line bits 14..8, line bits 7..0",
        "a spike on an output line",
    ),
)


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |"]
    lines.append("|" + "---|" * (lines[0].count("|") - 1))
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _fields(fields: tuple[Field, ...]) -> str:
    rows: list[tuple[str, str, str, str]] = []
    at = 0
    for field in fields:
        bits = str(at) if field.width == 1 else f"{at + field.width - 1}..{at}"
        rows.append((bits, f"`{field.name}`", "signed" if field.signed else "", field.meaning))
        at += field.width
    return table(("bits", "field", "", "meaning"), rows)


def link_tables() -> str:
    """Flags, messages, errors, memory spaces and registers, for docs/link-protocol.md."""
    hw = preset("up5k")
    spaces = [
        (s.value, f"`{s.name}`", depth(s, hw), word_bits(s, hw), word_bytes(s, hw)) for s in Space
    ]
    messages = (
        (who, f"{op:#04x}", f"`{name}`", layout, text) for who, op, name, layout, text in MESSAGES
    )
    flags = ((f.value, f"`{f.name}`") for f in Flag)
    errors = ((e.value, f"`{e.name}`") for e in ErrorCode)
    words = ((f.value, f"`{f.name}`") for f in ContextField)
    registers = ((r.value, f"`{r.name}`", *REGISTERS[r]) for r in REGISTERS)
    kinds = ", ".join(f"{k.value} `{k.name}`" for k in TargetKind)
    parts = {
        "## Flags of a frame": table(("bit", "flag"), flags),
        "## Messages": table(("from", "op", "message", "layout", "meaning"), messages),
        "## Error codes": table(("code", "name"), errors),
        "## Memory spaces": "Depth and bits are those of the preset `up5k`.\n\n"
        + table(("space", "name", "words", "bits a word", "bytes a word"), spaces),
        "### A word of `TYPE` (`up5k`)": _fields(type_fields(hw)),
        "### A word of `TARGET` (`up5k`)": f"Kinds: {kinds}. The number of an output line lies "
        "over `axon`, `context` and `delay`.\n\n" + _fields(target_fields(hw)),
        "### Words of a context descriptor (`CONTEXT`)": table(("word", "field"), words),
        "## Registers": table(("address", "register", "", "holds"), registers),
    }
    return "\n".join(f"{head}\n\n{text}" for head, text in parts.items())


def network_tables() -> str:
    """Arrays and manifests, for docs/network-file.md."""
    parts = ["## Manifest\n\nOf every file:\n", _keys(COMMON)]
    for name, kind in KINDS.items():
        arrays = ((f"`{n}`", dtype, shape, text) for n, (dtype, shape, text) in kind.arrays.items())
        parts += [
            f"## Kind `{name}`\n\nFurther keys of the manifest:\n",
            _keys(kind.manifest),
            "Arrays, beside `manifest` (uint8 [bytes], JSON in UTF-8):\n",
            table(("array", "dtype", "shape", "holds"), arrays),
        ]
    return "\n".join(parts)


def _keys(manifest: dict[str, str]) -> str:
    return table(("key", "holds"), ((f"`{n}`", text) for n, text in manifest.items()))


def architecture_tables() -> str:
    """Presets, the tile's streams, and the budget of the UP5K, for docs/architecture.md."""
    names = list(preset("up5k").as_dict())
    rows = budget(preset("up5k"))
    crossbars = 2 * preset("up5k").lanes * preset("up5k").crossbar_words
    return (
        "### Presets\n\n"
        + table(
            ("parameter", *PRESETS),
            ((f"`{n}`", *(hw.as_dict()[n] for hw in PRESETS.values())) for n in names),
        )
        + "\n### Streams of the tile (`up5k`)\n\nAn input:\n\n"
        + _fields(input_fields(preset("up5k")))
        + "\nAn event; `line` belongs to a spike, `tick` and `cycles` to the end of a tick:\n\n"
        + _fields(EVENT_FIELDS)
        + "\n### Budget of the UP5K\n\n"
        + table(
            ("memory", "words", "bits", "block RAMs"),
            (
                *((row.memory, row.depth, row.width, row.blocks) for row in rows),
                (
                    "**all, of the UP5K's**",
                    "",
                    "",
                    f"**{sum(r.blocks for r in rows)} of {UP5K_BLOCKS}**",
                ),
            ),
        )
        + f"\nCrossbars: {crossbars:,} bits of the {UP5K_SPRAM_BITS:,} in four SPRAMs.\n"
    )


PAGES: dict[str, Callable[[], str]] = {
    "link-protocol.md": link_tables,
    "network-file.md": network_tables,
    "architecture.md": architecture_tables,
}


def update(docs: Path, *, check: bool = False) -> list[str]:
    """Write the tables into their section of each page; with `check`, only compare.

    Returns the pages that differed. Raises ConfigError for a page that cannot be read, or that has
    no such section, and OutputError for one that cannot be written.
    """
    changed: list[str] = []
    for name, make in PAGES.items():
        path = docs / name
        new = with_section(path, SECTION, make())
        if new != path.read_text(encoding="utf-8"):
            changed.append(name)
            if not check:
                write_output(path, new)
    return changed
