"""Some thousands of mutated files to each reader; `make fuzz` runs a million each."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import targets

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["network", "layers", "ibm", "replay", "frames", "idx", "record"])
def test_mutated_files_end_in_typed_errors_in_bounded_time_and_memory(name: str) -> None:
    count = "1000" if name == "ibm" else "3000"  # a file of text, which takes longer to read
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--count", count, "--seed", "1", name],
        capture_output=True, text=True, cwd=ROOT, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = re.search(r"([0-9,]+) refused, ([0-9,]+) read", done.stdout)
    assert found
    refused, read = (int(count.replace(",", "")) for count in found.groups())
    assert refused > 500
    assert read > 100


def test_every_target_is_run() -> None:
    assert set(targets()) == {"network", "layers", "ibm", "replay", "frames", "idx", "record"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise KeyError('x')", "KeyError"),
        ("sum(range(300_000_000))", "took"),
        ("bytearray(900 << 20)", "MemoryError"),
    ],
)
@pytest.mark.control
def test_reader_that_fails_otherwise_is_noticed(body: str, said: str, tmp_path: Path) -> None:
    """Negative control."""
    code = (
        "import time\n"
        "from pathlib import Path\n"
        "from tests.fuzz.__main__ import fuzz, limit_memory\n"
        "from tests.fuzz.targets import Target\n"
        "def read(path):\n"
        f"    {body}\n"
        "limit_memory()\n"
        f"fuzz('bad', Target(read, lambda rng: b'x'), 1, 0, Path({str(tmp_path)!r}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=False,
        env={"PYTHONPATH": ":".join([str(ROOT), *sys.path]), "PATH": "/usr/bin:/bin"}, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert said in done.stderr
