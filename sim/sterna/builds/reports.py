"""Reports of bitstreams that were built on this machine, a folder for each board."""

import hashlib
import json
from pathlib import Path
from typing import Any

from .folders import build_root

REPORT = "report.json"


def boards_folder() -> Path:
    """The folder of all boards' builds."""
    return build_root() / "boards"


def read_report(board: str) -> dict[str, Any] | None:
    """The report of a board's build; None if there is none, or the bitstream is not that of it."""
    folder = boards_folder() / board
    try:
        report = json.loads((folder / REPORT).read_text())
        whole = sha256((folder / report["bitstream"]).read_bytes()) == report["bitstream_sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return report if whole else None


def sha256(content: bytes) -> str:
    """The digest that a report has of its bitstream and of its inputs, hexadecimal."""
    return hashlib.sha256(content).hexdigest()
