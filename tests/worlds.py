"""`make worlds`: all tests in a changed world, one after the other; they must be green in each.

    python -m tests.worlds [NAME[+NAME ...] ...]

Names with `+` between them are one run with all of these changes. Each run has a clone of what is
committed, with its own packages and builds; those with the same path and user share it. Another
user is there only where root runs this.
Exit status: 0 if all are green, 1 if one is not, 130 if interrupted.
"""

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .command import check_names, end_with, parser

ROOT = Path(__file__).parents[1]
#: User and group that nothing belongs to, and how a command is run as that user.
NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


@dataclass(frozen=True, kw_only=True)
class World:
    """A world.

    Members
    -------
    about : what is other in it.
    folder : name of the clone.
    environment : further variables.
    arguments : for pytest.
    shell : what a shell does before it runs the tests.
    busy : processes that do nothing but take a core each.
    stranger : a user whom nothing belongs to runs the tests.
    locked : nothing in the tree can be written once its packages are there.
    """

    about: str
    folder: str = "tree"
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    arguments: str = ""
    shell: str = ""
    busy: int = 0
    stranger: bool = False
    locked: bool = False


WORLDS = {
    "order": World(about="tests in random order", arguments="--shuffle 1"),
    "ascii": World(about="LC_ALL=C", environment={"LC_ALL": "C", "LANG": "C"}),
    "zone": World(about="another time zone", environment={"TZ": "Pacific/Chatham"}),
    "deaf": World(about="SIGINT ignored", shell="trap '' INT"),
    "busy": World(about="both cores kept busy", busy=os.cpu_count() or 2),
    "path": World(about="a path with a space and a quote", folder="it's a tree"),
    "user": World(about="another user", stranger=True),
    "locked": World(about="a read-only tree", stranger=True, locked=True),
}
#: All of them in four runs: the changes of a run do not get in each other's way.
RUNS = ("order+ascii+zone+deaf", "busy", "path+user", "locked")


def joined(names: str) -> World:
    """The world with the changes of several, named with `+` between them."""
    worlds = [WORLDS[name] for name in names.split("+")]
    folders = [world.folder for world in worlds if world.folder != World.folder]
    return World(
        about=", ".join(world.about for world in worlds),
        folder=" ".join(folders) or World.folder,
        environment={key: each.environment[key] for each in worlds for key in each.environment},
        arguments=" ".join(world.arguments for world in worlds if world.arguments),
        shell="\n".join(world.shell for world in worlds if world.shell),
        busy=max(world.busy for world in worlds),
        stranger=any(world.stranger for world in worlds),
        locked=any(world.locked for world in worlds),
    )


def run(name: str, world: World, scratch: Path, log: Path) -> bool:
    """Run the tests in a world; whether they are green."""
    kind = ("locked" if world.locked else "user") if world.stranger else "mine"
    folder = scratch / kind / world.folder
    home = scratch / kind / f"home of {world.folder}"
    if not folder.exists():
        subprocess.run(["git", "clone", "-q", ROOT, folder], check=True)
        home.mkdir()
    environment = {
        **{key: value for key, value in os.environ.items() if "MAKE" not in key},
        **world.environment,
    }
    prefix: list[str] = []
    if world.stranger:
        environment |= {"HOME": str(home), **_python_for_all(scratch)}
        prefix = AS_NOBODY
    with log.open("w") as output:

        def make(*arguments: str, before: list[str]) -> int:
            line = shlex.join(["make", *arguments])
            script = f"{world.shell}\n{line}" if world.shell else line
            return subprocess.run(
                [*before, "sh", "-c", script],
                cwd=folder,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode

        if world.locked:
            if make(".venv/.installed-dev", before=[]):
                return False
            subprocess.run(["chmod", "-R", "a-w", folder], check=True)
            # else each process compiled PyTorch anew, as there is no place for the result
            environment["PYTHONPYCACHEPREFIX"] = str(home / "bytecode")
        if world.stranger:
            owned = [home] if world.locked else [home, folder]
            subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", *owned], check=True)
        # the budget is of a machine that has nothing else to do: another process on the same core
        # makes the same work take more processor time, by half
        arguments = f"-p no:cacheprovider --no-budget {world.arguments}".strip()
        with _busy(world.busy):
            return make("test", f"ARGS={arguments}", before=prefix) == 0


def _python_for_all(scratch: Path) -> dict[str, str]:
    """Variables that lead `make` to a Python that every user may run; if need be, a copy.

    A Python of pyenv, say, lies in its owner's home, which other users may not enter.
    """
    ours = Path(sys.base_prefix)
    line = shlex.join([str(ours / "bin" / "python3"), "-c", ""])
    if subprocess.run([*AS_NOBODY, "sh", "-c", line], capture_output=True).returncode == 0:
        return {"PYTHON": str(ours / "bin" / "python3")}
    copy = scratch / "python"
    if not copy.exists():
        without = shutil.ignore_patterns("site-packages", "__pycache__", "test", "*.a")
        shutil.copytree(ours, copy, symlinks=True, ignore=without)
    return {"PYTHON": str(copy / "bin" / "python3"), "LD_LIBRARY_PATH": str(copy / "lib")}


@contextlib.contextmanager
def _busy(count: int) -> Iterator[None]:
    """Within, so many processes take a core each."""
    code = [sys.executable, "-c", "while True: pass"]
    running = [subprocess.Popen(code) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def main() -> int:
    options = parser("make worlds", __doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(WORLDS)}")
    names: list[str] = options.parse_args().names or [*RUNS]
    check_names(options, [part for name in names for part in name.split("+")], WORLDS, "world")
    logs = ROOT / "build" / "worlds"
    logs.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="sterna-worlds-") as scratch:
        Path(scratch).chmod(0o755)
        for name in names:
            world = joined(name)
            if world.stranger and os.geteuid():
                print(f"NOT RUN  {name:<21} {world.about}: only root can be another user")
                failed.append(name)
                continue
            start = time.monotonic()
            green = run(name, world, Path(scratch), logs / f"{name}.log")
            failed += [] if green else [name]
            word, minutes = "green" if green else "FAILED", (time.monotonic() - start) / 60
            print(
                f"{word:<8} {name:<21} {world.about}, {minutes:.1f} min; {logs / name}.log",
                flush=True,
            )
        subprocess.run(["chmod", "-R", "u+w", scratch], check=True)
    return 1 if failed else 0


if __name__ == "__main__":
    end_with(main)
