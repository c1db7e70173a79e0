"""Builds simulators from Verilog and C++ with Verilator, once per content."""

import contextlib
import hashlib
import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sterna.builds.child import run_child
from sterna.builds.folders import build_root, locked, make_folder, writable_home, writing
from sterna.spec import ToolError

from .interrupts import deferred
from .runtime import keep_runtime, lend_runtime, runtime_key
from .toolchain import Toolchain, find_toolchain

logger = logging.getLogger(__name__)

#: Called with one line of text at the start of each step.
Progress = Callable[[str], None]

#: Constructs that Amaranth's Verilog contains by design; everything else stays a warning.
WAIVERS = ("-Wno-WIDTHEXPAND", "-Wno-WIDTHTRUNC", "-Wno-CASEINCOMPLETE", "-Wno-CASEOVERLAP")
_VERILATOR_FLAGS = (
    "--cc",
    "--exe",
    "--build",
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--no-assert",
    "--no-timing",
    "--threads",
    "1",
    "--timescale",
    "1ps/1ps",
    "--output-split",
    "0",
    *WAIVERS,
)
#: -O2 was measured to run faster than -O3 on this kind of code, and compiles in half the time.
_COMPILER_FLAGS = "-O2"


@dataclass(frozen=True)
class Program:
    """A Verilated module and the C++ that drives it.

    Members
    -------
    name, key : short name; equal keys, equal Verilog.
    convert : makes the Verilog.
    top : name of its module; the C++ includes `V{top}.h`.
    main, headers : C++ files of this folder.
    kind : folder under the build root.
    flags : for the C++ compiler.
    generated : further headers, by name, and what is in them.
    wave : 'vcd' or 'fst': with waveforms, slower.
    """

    name: str
    key: str
    convert: Callable[[], str]
    top: str
    main: str
    headers: tuple[str, ...]
    kind: str
    flags: tuple[str, ...] = ()
    generated: Mapping[str, str] = field(default_factory=dict[str, str])
    wave: str | None = None


def build(program: Program, *, root: Path | None = None, progress: Progress | None = None) -> Path:
    """Build a program, unless it is there already.

    Safe when two processes do it at once (the second waits), and when interrupted: it is built
    aside and renamed at the end.

    Parameters
    ----------
    root : folder to keep it under; `build_root()` by default.
    progress : called with a line for each step.

    Returns
    -------
    Path - the executable.

    Raises
    ------
    ToolError : a tool is missing, too old, or failed; says what to install or shows its last lines.
        The folder cannot hold it: names STERNA_BUILD.
    """
    progress = progress or logger.info
    tools = find_toolchain()
    sources = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=6)
    for text in (
        program.key,
        str(program.wave),
        tools.identity,
        *_VERILATOR_FLAGS,
        _COMPILER_FLAGS,
        *program.flags,
        *program.generated.values(),
    ):
        digest.update(text.encode() + b"\0")
    for name in (program.main, *program.headers):
        digest.update((sources / name).read_bytes())
    base = (root or build_root()) / program.kind
    folder = base / f"{program.name}-{digest.hexdigest()}"
    executable = folder / program.kind
    if _whole(executable):
        return executable
    make_folder(base, for_programs=True)
    with locked(folder.with_suffix(".lock"), progress):
        if not _whole(executable):
            _build(program, tools, folder, progress)
    return executable


def _whole(executable: Path) -> bool:
    """True if the program of a cached build is there; its folder alone proves nothing."""
    return executable.is_file() and os.access(executable, os.X_OK)


def _build(program: Program, tools: Toolchain, folder: Path, progress: Progress) -> None:
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with writing(folder.parent):
            _build_aside(program, tools, folder.with_suffix(".log"), part, progress)
            shutil.rmtree(folder, ignore_errors=True)
            part.replace(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    folder.with_suffix(".log").unlink(missing_ok=True)


def _build_aside(
    program: Program, tools: Toolchain, log: Path, part: Path, progress: Progress
) -> None:
    if program.wave == "fst":
        _check_fst(tools)
    progress(f"Verilog of {program.name} (Amaranth)")
    runtime = part.parent.parent / "runtime" / _runtime_key(program, tools)
    with _plain_paths(tools, part) as (verilator, environment, work):
        text = f"{program.top}.v"
        with writable_home(), deferred():
            verilog = program.convert()
        (work / text).write_text(verilog)
        for name in (program.main, *program.headers):
            if not name.endswith(".py"):
                shutil.copy(Path(__file__).parent / name, work)
        for name, content in program.generated.items():
            (work / name).write_text(content)
        compiler = shlex.quote(tools.cxx)
        command = [
            verilator,
            *_VERILATOR_FLAGS,
            "--top-module",
            program.top,
            "--prefix",
            f"V{program.top}",
            *([f"--trace-{program.wave}"] if program.wave else []),
            "--Mdir",
            "obj",
            "-j",
            str(os.cpu_count() or 1),
            "-o",
            f"../{program.kind}",
            "-CFLAGS",
            " ".join(["-I..", _COMPILER_FLAGS, *program.flags, tools.cxx_flags]),
            "-MAKEFLAGS",
            f"CXX={compiler} LINK={compiler} OPT_FAST= OPT_SLOW= OPT_GLOBAL=",
            text,
            program.main,
        ]
        progress(f"simulator of {program.name} (Verilator, C++ compiler)")
        (work / "obj").mkdir()
        lend_runtime(runtime, work / "obj")
        _run(command, work, log, environment)
        if not _whole(work / program.kind):
            raise ToolError(f"the simulator was not made, though nothing failed; the log is {log}")
        keep_runtime(work / "obj", runtime)
        shutil.rmtree(work / "obj")
        if work != part:
            shutil.copytree(work, part)


def _runtime_key(program: Program, tools: Toolchain) -> str:
    """Key of Verilator's own objects: equal keys, equal objects."""
    seen_there = [flag for flag in program.flags if flag.startswith("-DVL_")]
    return runtime_key(
        tools.identity, str(program.wave), *_VERILATOR_FLAGS, _COMPILER_FLAGS, *seen_there
    )


def is_plain(path: str) -> bool:
    """True if make accepts the path: no space, quote, #, $ or other special sign."""
    return re.fullmatch(r"[\w./+@-]+", path, re.ASCII) is not None


@contextlib.contextmanager
def _plain_paths(tools: Toolchain, part: Path) -> Iterator[tuple[str, dict[str, str], Path]]:
    """Verilator, its environment and the build folder, all with paths that make accepts.

    Where they are none, Verilator is reached through a link, and the build is made in the system's
    folder for temporary files. Its makefiles run `python`: that is the one that runs this.
    """
    # flags of the make that runs us (-n, -j) are not meant for this one
    environment = {k: v for k, v in tools.environment.items() if "MAKEFLAGS" not in k}
    environment.pop("MAKELEVEL", None)
    verilator, root = str(tools.verilator), environment.get("VERILATOR_ROOT")
    with contextlib.ExitStack() as stack:
        work = part
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sterna-")))
        (folder / "python").symlink_to(sys.executable)
        environment["PATH"] = os.pathsep.join([str(folder), environment.get("PATH", os.defpath)])
        if not is_plain(str(part)) or (root and not is_plain(root)):
            work = folder / "build"
            if root:
                (folder / "verilator").symlink_to(root)
                environment["VERILATOR_ROOT"] = str(folder / "verilator")
                # the program itself: the script before it looks through the link
                verilator = str(folder / "verilator" / "bin" / "verilator_bin")
        work.mkdir()
        yield verilator, environment, work


def _run(command: list[str], folder: Path, log: Path, environment: dict[str, str]) -> None:
    """Run a command; raises ToolError with the log's last lines if it fails."""
    with log.open("w") as output, tempfile.TemporaryDirectory(dir=folder) as scratch:
        code = run_child(
            command, output=output, folder=folder, environment={**environment, "TMPDIR": scratch}
        )
    if code:
        lines = log.read_text(errors="replace").splitlines()
        tail = "\n  ".join(lines[-12:])
        raise ToolError(f"the simulator does not build; the log is {log}:\n  {tail}")


def _check_fst(tools: Toolchain) -> None:
    """Raise ToolError unless the libraries that FST files need are installed."""
    with tempfile.TemporaryDirectory() as folder:
        source = "#include <lz4.h>\n#include <zlib.h>\nint main() {}\n"
        command = [*shlex.split(tools.cxx), "-x", "c++", "-", "-llz4", "-lz", "-o", "there"]
        answer = subprocess.run(command, input=source, cwd=folder, capture_output=True, text=True)
    if answer.returncode:
        raise ToolError(
            "FST needs the libraries lz4 and zlib, and their headers: apt install liblz4-dev "
            "zlib1g-dev; a .vcd file needs neither"
        )
