"""Writes every file that a user names: checked before the work, whole or not at all.

A regular file is replaced by one of a unique name in the same folder, so that a reader sees the old
content or the new, and a failure leaves the old. Through a link, what it points at is replaced. A
device or a pipe is written to, never replaced.
"""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

from .errors import OutputError

_ADVICE = {
    errno.ENOSPC: "make room there, or name another place",
    errno.EDQUOT: "make room there, or name another place",
    errno.EROFS: "name another place",
    errno.EACCES: "name another place, or see to the permissions",
    errno.EPERM: "name another place, or see to the permissions",
    errno.ENOENT: "make its folder first, or name another place",
    errno.ENOTDIR: "name another place",
    errno.ENAMETOOLONG: "name it shorter",
}


def check_output(path: str | Path, suffixes: Sequence[str] = ()) -> None:
    """Raise OutputError if a file could not be written there; writes nothing that stays.

    Parameters
    ----------
    suffixes : that the file may have, in lower case; any if there are none. A device may have any.
    """
    path = Path(path)
    try:
        target, special = _target(path)
        if suffixes and not special and path.suffix.lower() not in suffixes:
            raise OutputError(
                f"{path}: cannot be written in the form {path.suffix!r}: name a file "
                f"{' or '.join(suffixes)}"
            )
        if special:
            if not os.access(target, os.W_OK):
                raise OSError(errno.EACCES, os.strerror(errno.EACCES))
            return
        descriptor, part = _part(target)
        os.close(descriptor)
        part.unlink()
    except (OSError, ValueError) as error:
        raise _failed(path, error) from None


def check_folder(path: str | Path) -> None:
    """Make a folder for outputs if need be; raise OutputError if none can be written there."""
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise _failed(path, error) from None
    check_output(path / "output")


def write_output(path: str | Path, data: bytes | str) -> None:
    """Write a file whole; raises OutputError, which names the file and the cause.

    Text is written as UTF-8.
    """
    path = Path(path)
    content = data.encode() if isinstance(data, str) else data
    try:
        target, special = _target(path)
        if special:
            target.write_bytes(content)
            return
        descriptor, part = _part(target)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            if target.exists():
                part.chmod(stat.S_IMODE(target.stat().st_mode))
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        raise _failed(path, error) from None


def append_output(path: str | Path, text: str) -> None:
    """Add text to the end of a regular file, as UTF-8: all of it, or nothing.

    Raises OutputError, which names the file and the cause.
    """
    path = Path(path)
    try:
        with path.open("ab", buffering=0) as file:
            end = file.tell()
            rest = memoryview(text.encode())
            try:
                while rest:
                    rest = rest[file.write(rest) :]
            except BaseException:
                with contextlib.suppress(OSError):  # a device has no length
                    file.truncate(end)
                raise
    except OSError as error:
        raise _failed(path, error) from None


def _target(path: Path) -> tuple[Path, bool]:
    """The file to write, links followed; True if it is a device, a pipe or a socket."""
    target = path.resolve()
    if not path.name or target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    special = target.exists() and not target.is_file()
    if target.is_file() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return target, special


def _part(target: Path) -> tuple[int, Path]:
    """A new file beside the target, of a name that no other process takes."""
    # the name alone could pass the limit of the file system: the target's own name is cut
    part = target.with_name(f".{target.name[:80]}.{os.getpid()}-{secrets.token_hex(4)}.part")
    if len(os.fsencode(target.name)) > os.pathconf(target.parent, "PC_NAME_MAX"):
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    return os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666), part


def _failed(path: Path, error: OSError | ValueError) -> OutputError:
    number = error.errno if isinstance(error, OSError) else None
    cause = os.strerror(number) if number else str(error)
    if isinstance(error, IsADirectoryError):
        return OutputError(f"{path}: is a folder: name a file")
    advice = _ADVICE.get(number or 0, "name another place")
    return OutputError(f"{path}: cannot be written ({cause}): {advice}")
