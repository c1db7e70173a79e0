"""The fast engines' C++, compiled for this machine's processor once per content, and loaded.

It is kept below the build root under the hash of its sources and of all that the compiler says of
itself and of the processor, with the hash of the library in the same folder: a file that was cut
short is compiled anew.
"""

import ctypes
import functools
import hashlib
import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from sterna.builds.child import run_child
from sterna.builds.compiler import find_compiler
from sterna.builds.folders import build_root, locked, make_folder, writing
from sterna.spec import ToolError

_SOURCES = Path(__file__).with_name("native")
_MAIN = "kernels.cpp"
_FLAGS = (
    "-std=c++17",
    "-O3",
    "-fPIC",
    "-shared",
    "-pthread",
    "-fvisibility=hidden",
    "-Wno-ignored-attributes",
    "-Wno-psabi",
)
#: The first that the compiler takes: this machine's processor, by its name on x86 and on ARM.
_PROCESSORS = (("-march=native",), ("-mcpu=native",), ())


@functools.cache
def kernels() -> ctypes.CDLL:
    """The compiled library.

    Raises
    ------
    ToolError : there is no C++ compiler, it failed, or the library cannot be kept; says why.
    """
    return load(_SOURCES)


def unavailable() -> str | None:
    """None, or the reason why there are no fast engines on this machine."""
    try:
        kernels()
    except ToolError as error:
        return str(error)
    return None


def load(sources: Path) -> ctypes.CDLL:
    """Compile the sources in a folder, unless that is done, and load them.

    Safe when two processes do it at once (the second waits), and when interrupted.
    """
    compiler = shlex.split(find_compiler())
    processor, identity = _identity(compiler)
    digest = hashlib.blake2b(digest_size=8)
    for text in (*compiler, *_FLAGS, *processor, identity):
        digest.update(text.encode() + b"\0")
    for path in sorted(sources.iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    library = build_root() / "engines" / f"kernels-{digest.hexdigest()}.so"
    if not _whole(library):
        make_folder(library.parent, for_programs=True)
        with locked(library.with_suffix(".lock")), writing(library.parent):
            if not _whole(library):
                _compile([*compiler, *_FLAGS, *processor], sources / _MAIN, library)
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise ToolError(f"the engines' library does not load ({error}): remove it") from None


def _identity(compiler: list[str]) -> tuple[tuple[str, ...], str]:
    """The processor's flags that the compiler takes, and all macros that it defines with them."""
    said = ""
    for processor in _PROCESSORS:
        command = [*compiler, *processor, "-dM", "-E", "-x", "c++", os.devnull]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=60)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ToolError(f"{shlex.join(compiler)} does not run ({error})") from None
        if not answer.returncode:
            return processor, answer.stdout
        said = answer.stderr
    raise ToolError(f"{shlex.join(compiler)} does not work: {said.strip()[-300:]}")


def _sum(library: Path) -> str:
    return hashlib.blake2b(library.read_bytes(), digest_size=16).hexdigest()


def _whole(library: Path) -> bool:
    """True if the library is there as it was written."""
    try:
        return library.with_suffix(".sum").read_text() == _sum(library)
    except OSError:
        return False


def _compile(command: list[str], source: Path, library: Path) -> None:
    with tempfile.TemporaryDirectory(dir=library.parent) as scratch:
        part, log = Path(scratch) / library.name, Path(scratch) / "log"
        with log.open("w") as output:  # the compiler ends if we do
            code = run_child(
                [*command, source, "-o", part],
                output=output,
                environment={**os.environ, "TMPDIR": scratch},
            )
        if code:
            raise ToolError(
                "the fast engines do not compile; the golden model runs without them: "
                f"{log.read_text(errors='replace').strip()[-600:]}"
            )
        note = part.with_suffix(".sum")
        note.write_text(_sum(part))
        # a library without its sum counts as none, so the sum goes last
        library.with_suffix(".sum").unlink(missing_ok=True)
        part.replace(library)
        note.replace(library.with_suffix(".sum"))
