"""Copies of folders, for tests that change something in them."""

import shutil
from pathlib import Path


def copy_tree(source: Path, target: Path, *ignored: str) -> Path:
    """Copy a folder, without the names that are ignored; returns the copy, which can be written.

    The tree itself may be read-only, and a plain copy is what its original is.
    """
    ignore = shutil.ignore_patterns(*ignored)
    shutil.copytree(
        source, target, copy_function=shutil.copyfile, ignore=ignore, dirs_exist_ok=True
    )
    for folder in [target, *(path for path in target.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)
    return target
