"""Reading the files of data sets: what cannot be read is a DataError that names the file."""

import importlib
from pathlib import Path
from typing import Any

from sterna.spec import DataError, ToolError
from sterna.spec.reading import read_file

#: Bytes of one file at most; the largest of any set as published has 182 million.
MOST_BYTES = 1 << 28
#: Bytes of a list, a table or a track at most; the largest, of GTSRB, has half a million.
MOST_TEXT = 1 << 24
#: Characters of a line at most.
_MOST_LINE = 4096


def content(path: Path, most: int = MOST_BYTES) -> bytes:
    """All bytes of a file."""
    return read_file(path, most)


def listed(folder: Path, pattern: str = "*") -> list[Path]:
    """The files and folders of a folder that match, in order.

    Hidden ones are left out: `._NAME`, which macOS lays beside each file on foreign disks and in
    archives, `.DS_Store` and the like; and `__MACOSX`.
    """
    return sorted(
        path
        for path in folder.glob(pattern)
        if not path.name.startswith(".") and "__MACOSX" not in path.parts
    )


def lines(path: Path) -> list[str]:
    """The lines of a text file that are not empty, without white space about them.

    A byte-order mark, which spreadsheets write, is left out.
    """
    try:
        text = content(path, MOST_TEXT).decode("utf-8-sig")
    except UnicodeError as error:
        raise DataError(f"{path}: is no text in UTF-8 ({error})") from None
    found = [line.strip() for line in text.splitlines() if line.strip()]
    for number, line in enumerate(found, start=1):
        if len(line) > _MOST_LINE or "\0" in line:
            raise DataError(
                f"{path}: line {number} is {line!r:.40}...: {len(line):,} characters; a line has "
                f"at most {_MOST_LINE:,}, and no zero"
            )
    return found


def library(module: str, name: str) -> Any:
    """A library that reads what a data set holds; raises ToolError that says how to get it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        raise ToolError(
            f"reading this data set needs {name}: pip install 'sterna[train]', or without torch "
            "'sterna[data]'"
        ) from None
