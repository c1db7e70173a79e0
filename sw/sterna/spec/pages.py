"""Sections of documentation pages that a command writes, between two markers."""

from pathlib import Path

from .errors import ConfigError
from .output import check_output, write_output


def read_section(page: Path, name: str) -> str:
    """The text of a page's section of that name; raises as `with_section`."""
    return _section(page, name)[2]


def with_section(page: Path, name: str, text: str) -> str:
    """The page's text, with `text` in its section of that name.

    Raises ConfigError if the page cannot be read, or has no such markers.
    """
    before, begin, _, end, after = _section(page, name)
    return f"{before}{begin}\n\n{text}\n{end}{after}"


def write_section(page: Path, name: str, text: str) -> None:
    """Write `text` into a section of a page; raises as `with_section`, and OutputError."""
    write_output(page, with_section(page, name, text))


def check_section(page: Path, name: str) -> None:
    """Raise ConfigError or OutputError if `write_section` could not write there."""
    _section(page, name)
    check_output(page)


def _section(page: Path, name: str) -> tuple[str, str, str, str, str]:
    """The text before a section, its first marker, its text, its last marker, and what follows."""
    begin, end = f"<!-- BEGIN {name}: generated; do not edit -->", f"<!-- END {name} -->"
    try:
        old = page.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{page}: the page cannot be read ({error})") from None
    if begin not in old or end not in old:
        raise ConfigError(
            f"{page} has no section {name!r}: the markers {begin} and {end} are missing"
        )
    before, rest = old.split(begin, 1)
    text, after = rest.split(end, 1)
    return before, begin, text, end, after
