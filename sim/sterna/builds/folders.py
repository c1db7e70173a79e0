"""Folders for builds, logs and records, and errors if they cannot be written."""

import contextlib
import fcntl
import logging
import math
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from sterna.spec import ToolError

logger = logging.getLogger(__name__)

#: Names the folder for all of it.
BUILD_VARIABLE = "STERNA_BUILD"
#: How often a lock that another process holds is looked at, in seconds.
_LOOK_S = 0.1
_ADVICE = f"name a folder for builds in {BUILD_VARIABLE}"


def build_root() -> Path:
    """Where builds and results go: STERNA_BUILD, the source tree's build/, or the user's cache.

    The cache is for an installed package, and for a source tree that cannot be written.

    Raises
    ------
    ToolError : there is no such place, since the user has no home.
    """
    if chosen := os.environ.get(BUILD_VARIABLE):
        return Path(chosen).absolute()
    tree = Path(__file__).resolve().parents[3]
    if (tree / "pyproject.toml").exists():
        build = tree / "build"
        if os.access(build if build.exists() else tree, os.W_OK):
            return build
    try:
        return _user_cache() / "sterna"
    except RuntimeError:
        raise ToolError(f"there is no home folder to keep builds in: {_ADVICE}") from None


def _user_cache() -> Path:
    """Raises RuntimeError if the user has no home."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def make_folder(folder: Path, *, for_programs: bool = False) -> Path:
    """Make a folder below the build root, unless it is there; returns it.

    Raises
    ------
    ToolError : it cannot be made or written, or must hold programs and its file system runs none;
        names the folder, the cause and STERNA_BUILD.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToolError(f"{folder} cannot be made ({error.strerror}): {_ADVICE}") from None
    if not os.access(folder, os.W_OK):
        raise ToolError(f"{folder} cannot be written: {_ADVICE}")
    if for_programs and os.statvfs(folder).f_flag & getattr(os, "ST_NOEXEC", 0):
        raise ToolError(f"{folder} is mounted noexec, no program runs there: {_ADVICE}")
    return folder


@contextlib.contextmanager
def locked(
    path: Path,
    progress: Callable[[str], None] | None = None,
    *,
    limit_s: float = math.inf,
) -> Iterator[None]:
    """Hold a lock file; the system drops it with the process, however that ends.

    Tells `progress` if it has to wait for another process, and raises ToolError if that lasts for
    more than `limit_s`.
    """
    with path.open("w") as file:
        if not _taken(file):
            limit = f", {limit_s:g} s at most" if limit_s < math.inf else ""
            (progress or logger.info)(f"waiting for another process that builds the same{limit}")
            end = time.monotonic() + limit_s
            while not _taken(file):
                if time.monotonic() > end:
                    raise ToolError(
                        f"another process still builds the same after {limit_s:g} s; it holds "
                        f"{path}: wait for its end, or end it, and call again"
                    )
                time.sleep(_LOOK_S)
        yield


def _taken(file: IO[str]) -> bool:
    """Whether the lock on a file is ours now."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn an OSError while writing below a folder (a full disk, say) into a ToolError."""
    try:
        yield
    except OSError as error:
        raise ToolError(
            f"{folder} cannot be written ({error.strerror or error}): make room there, or {_ADVICE}"
        ) from None


@contextlib.contextmanager
def writable_home() -> Iterator[None]:
    """Give programs that need a cache in the user's home a home that can be written.

    Amaranth's Yosys is one. Within, HOME is a folder below the build root if the user's own has no
    cache that can be written.
    """
    try:
        cache = _user_cache()
        cache.mkdir(parents=True, exist_ok=True)
        usable = Path.home().is_dir() and os.access(cache, os.W_OK)
    except (OSError, RuntimeError):
        usable = False
    if usable:
        yield
        return
    home = make_folder(build_root() / "home")
    before = {name: os.environ.get(name) for name in ("HOME", "XDG_CACHE_HOME")}
    os.environ["HOME"] = str(home)
    os.environ.pop("XDG_CACHE_HOME", None)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
