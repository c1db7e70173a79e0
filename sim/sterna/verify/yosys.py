"""Yosys as SymbiYosys calls it, made of the library pyosys, which starts in a tenth of a second.

`python -m sterna.verify.yosys -ql LOG SCRIPT` runs a script, with its log in a file.
"""

import os
import sys


def main(arguments: list[str]) -> int:
    """Run a script with its log in a file; the library itself ends the process if it fails."""
    if len(arguments) != 3 or arguments[0] != "-ql":
        print(f"yosys: called with {arguments}, and knows -ql LOG SCRIPT only", file=sys.stderr)
        return 2
    _, log, script = arguments
    try:
        from pyosys import libyosys  # pyright: ignore[reportAttributeAccessIssue]
    except ModuleNotFoundError:
        print("yosys: pyosys is missing: pip install 'pyosys==0.62'", file=sys.stderr)
        return 2
    with open(log, "wb") as output:  # noqa: PTH123 - its descriptor takes the place of stdout
        os.dup2(output.fileno(), sys.stdout.fileno())
    libyosys.run_pass(f"script {script}", libyosys.Design())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
