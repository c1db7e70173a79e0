"""The C++ compiler: of the simulator, and of the fast engines."""

import os
import shlex
import shutil

from sterna.spec import ToolError

#: Holds flags for the C++ compiler, after our own: "-O0" builds a tile in 0.6 of the time and runs
#: it at half the speed (a board's pins at a fourth), "-march=native" runs on such machines alone.
FLAGS_VARIABLE = "STERNA_CXXFLAGS"

_COMPILERS = ("g++", "clang++", "c++")


def find_compiler() -> str:
    """The C++ compiler, as words of the shell: that of CXX, or the first of the usual ones.

    Raises
    ------
    ToolError : there is none; says what to install.
    """
    wanted = os.environ.get("CXX")
    for name in (wanted,) if wanted else _COMPILERS:
        # "ccache g++" is a program and its arguments, as make takes it
        program, *arguments = shlex.split(name) or [name]
        if path := shutil.which(program):
            return shlex.join([path, *arguments])
    what = f"the C++ compiler {wanted!r} (from CXX)" if wanted else "a C++ compiler"
    raise ToolError(
        f"{what} is missing: install g++ (Debian, Ubuntu: apt install g++; Fedora: dnf install "
        "gcc-c++; macOS: xcode-select --install), or name one in CXX"
    )
