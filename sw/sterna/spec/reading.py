"""Reads every file that a user names: regular files only, and no more of one than it may have.

A device or a pipe under a file's name could be read for ever.
"""

import stat
from pathlib import Path

from .errors import DataError


def check_regular(path: str | Path) -> int:
    """Bytes of a regular file; raises DataError, which names it, for anything else.

    Links are followed. Nothing is opened: to open a pipe alone can wait for ever.
    """
    path = Path(path)
    try:
        found = path.stat()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    if stat.S_ISDIR(found.st_mode):
        raise DataError(f"{path}: cannot be read: it is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise DataError(f"{path}: cannot be read: it is a device or a pipe: copy it into a file")
    return found.st_size


def read_file(path: str | Path, most: int) -> bytes:
    """All bytes of a regular file that has at most `most`; raises DataError, which names it."""
    path = Path(path)
    size = check_regular(path)
    try:
        if size <= most:
            with path.open("rb") as file:
                data = file.read(most + 1)  # it may have grown since
            size = len(data)
            if size <= most:
                return data
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    raise DataError(f"{path}: has {size:,} bytes, the limit is {most:,}")
