"""Some thousands of mutated files to each reader; `make fuzz` runs a million each."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import targets

ROOT = Path(__file__).parents[2]


#: Number of cases, and the targets that one process runs.
GROUPS = (
    (500, ("network", "layers")),
    (250, ("replay", "frames", "idx", "record")),
    (120, ("ibm",)),
    (250, ("pickle", "mat", "table", "ppm", "list", "boxes", "jpg")),
    (250, ("wav", "sphere", "phones", "labels", "events", "recipe", "checkpoint")),
)


@pytest.mark.parametrize(("count", "names"), GROUPS, ids=["-".join(names) for _, names in GROUPS])
def test_mutated_files_end_in_typed_errors_in_bounded_time_and_memory(
    count: int, names: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--count", str(count), "--seed", "1", *names],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = re.findall(r"(\w+) +[0-9,]+ cases: ([0-9,]+) refused, ([0-9,]+) read", done.stdout)
    assert [name for name, _, _ in found] == [*names]
    for _, *outcomes in found:
        refused, read = (int(number.replace(",", "")) for number in outcomes)
        assert refused > count / 6
        assert read > count / 30


def test_every_target_is_run() -> None:
    assert set(targets()) == {name for _, names in GROUPS for name in names}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise KeyError('x')", "KeyError"),
        ("end = time.process_time() + 2.1\n    while time.process_time() < end: pass", "took"),
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
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={"PYTHONPATH": ":".join([str(ROOT), *sys.path]), "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert said in done.stderr
