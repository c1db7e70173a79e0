"""Every example runs, and says what it should; the README shows one of them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
#: What an example prints in the end, as a pattern.
SAYS = {
    "convolution.py": r"^fits; \d+ cycles a tick\n20 cores share 2 crossbars\n"
    r"rows: 4 votes for rows, 0 for columns\ncolumns: 0 votes for rows, 4 for columns\n$",
    "own_network.py": r"0 xor 0 = 0\n0 xor 1 = 1\n1 xor 0 = 1\n1 xor 1 = 0\n$",
    "run_digits.py": r"^(9\d|100) of 100 right; the first ten: \[7, 2, 1, 0, 4, 1, 4, 9, \d, 9]\n$",
    "train_small.py": r"digits not seen: ([789]\d\.\d%) in PyTorch, \1 compiled\n$",
    "watch_a_neuron.py": r"tick  input  potential after it\n.*\n   4      4          0  spike\n",
}


def run(path: Path) -> str:
    """What a program prints; what it warns of is an error."""
    answer = subprocess.run(
        [sys.executable, "-W", "error", path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.mark.sim
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_example_runs_and_says_what_it_should(path: Path) -> None:
    said = run(path)
    assert re.search(SAYS[path.name], said, re.DOTALL), said


@pytest.mark.control
def test_example_that_fails_or_says_something_else_is_noticed(tmp_path: Path) -> None:
    text = (ROOT / "examples" / "own_network.py").read_text()
    wrong = tmp_path / "wrong.py"
    wrong.write_text(text.replace("[[1], [-1]]", "[[1], [1]]"))
    assert not re.search(SAYS["own_network.py"], run(wrong))
    wrong.write_text(text.replace("import CorePlan", "import CorePlans").replace("INPUT, ", "Z, "))
    with pytest.raises(AssertionError, match="ImportError"):
        run(wrong)


def test_readme_shows_an_example() -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    example = (ROOT / "examples" / "run_digits.py").read_text()
    assert example.endswith(shown), "copy the example from its imports on"
