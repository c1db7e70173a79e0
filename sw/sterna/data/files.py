"""Reading the files of data sets: what cannot be read is a DataError that names the file."""

from pathlib import Path

from sterna.spec import DataError

#: Bytes of one file at most; the largest of any set as published has 182 million.
MOST_BYTES = 1 << 28


def content(path: Path) -> bytes:
    """All bytes of a file."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path}: is larger than {MOST_BYTES:,} bytes")
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error})") from None


def lines(path: Path) -> list[str]:
    """The lines of a text file that are not empty, without white space about them."""
    try:
        text = content(path).decode()
    except UnicodeError as error:
        raise DataError(f"{path}: is no text in UTF-8 ({error})") from None
    return [line.strip() for line in text.splitlines() if line.strip()]
