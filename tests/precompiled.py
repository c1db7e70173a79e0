"""Flags for the simulators that tests build: not optimized, and Verilator's header precompiled.

Most of these simulators run for a second. The header takes a quarter of what is left of a build.
"""

import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path

from sterna.builds.folders import build_root
from sterna.simulator.build import is_plain

#: As Verilator's makefile has them; with others, the compiler reads the header itself.
_OFF = ("COVERAGE", "SC", "TIMING", "TRACE", "TRACE_FST", "TRACE_VCD", "TRACE_SAIF")
_DEFINED = ("VERILATOR=1", *(f"VM_{name}=0" for name in _OFF))
_LEVEL = ("-O2", "-O0")


def flags() -> str:
    """Flags for `STERNA_CXXFLAGS`; those of the header only where it can be precompiled."""
    include = Path(sysconfig.get_path("purelib")) / "verilator" / "include"
    folder = build_root() / "precompiled"
    header, compiled = folder / "verilated_first.h", folder / "verilated_first.h.gch"
    compiler = shutil.which("g++")
    if not (compiler and (include / "verilated.h").exists() and is_plain(str(header))):
        return _LEVEL[-1]
    if not compiled.exists():
        folder.mkdir(parents=True, exist_ok=True)
        header.write_text('#include "verilated.h"\n')
        part = folder / "part.gch"
        command = [compiler, f"-I{include}", f"-I{include / 'vltstd'}", *_LEVEL]
        command += [*(f"-D{one}" for one in _DEFINED), "-x", "c++-header", header, "-o", part]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return _LEVEL[-1]
        part.replace(compiled)
    return shlex.join([_LEVEL[-1], "-include", str(header)])
