"""Writes pictures: the file's suffix says in which form."""

import io
from pathlib import Path
from typing import Any

from matplotlib import rc_context

from sterna.spec import check_output, write_output

from .colours import BACK

#: Suffixes of pictures, the usual one first; matplotlib names its formats so.
SUFFIXES = (".png", ".svg", ".pdf")
#: For `rc_context`: names of users are drawn as they are, `$` is no formula.
PLAIN_TEXT: dict[Any, Any] = {"text.parse_math": False}
#: Identifiers within an .svg are hashes with this salt, drawn otherwise.
_SALT: dict[Any, Any] = {"svg.hashsalt": "sterna"}


def check_picture(path: Path) -> None:
    """Raise OutputError if a picture could not be written there, or in that form."""
    check_output(path, SUFFIXES)


def write_picture(figure: Any, path: Path) -> None:
    """Write a figure of matplotlib, whole or not at all."""
    check_picture(path)
    form = path.suffix.lower().removeprefix(".") or "png"  # a device may have no suffix
    # no date, so that a figure gives the same file each time
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form)
    picture = io.BytesIO()
    with rc_context(_SALT):
        figure.savefig(picture, format=form, facecolor=BACK, metadata=metadata)
    write_output(path, picture.getvalue())
