"""The lists of faults fit the product, and a fault that its tests do not see is no catch."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from sterna.spec.pages import read_section
from tests.test_rooms import MAY_IMPORT
from tests.test_testplan import functions

from .faults import CLAIMS, ROOT, SECTION, Copy, Fault, mutated, read_faults, verdict

FAULTS = read_faults()
#: Rooms of the Python product; the RTL has faults of its own (`sterna verify --mutations`).
ROOMS = {*MAY_IMPORT, "bench"} - {"rtl"}


def test_every_fault_still_fits_its_file() -> None:
    for fault in FAULTS:
        assert mutated(fault, (ROOT / fault.file).read_text()) != (ROOT / fault.file).read_text()


def test_every_room_and_every_claim_has_faults() -> None:
    assert len(FAULTS) >= 80
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert {fault.room for fault in FAULTS} == ROOMS
    assert {fault.claim for fault in FAULTS} == {*CLAIMS}


def test_every_fault_is_caught_by_tests_of_its_own_room() -> None:
    for fault in FAULTS:
        assert fault.tests, fault.name
        for test in fault.tests:
            path, _, rest = test.partition("::")
            assert path.startswith(f"tests/{fault.room}/"), fault.name
            assert rest.partition("[")[0] in functions(path), fault.name


def test_the_page_tells_of_all_faults() -> None:
    """`make mutants ARGS="--page docs/verification.md"` writes it; no fault may survive there."""
    section = read_section(ROOT / "docs" / "verification.md", SECTION)
    assert f"\n{len(FAULTS)} of {len(FAULTS)} faults caught" in f"\n{section}"
    rows = dict(re.findall(r"^\| ([\w/]+) \|.* (\d+ \| \d+) \|$", section, re.MULTILINE))
    for name in (*CLAIMS, *ROOMS):
        count = sum(name in (fault.claim, fault.room) for fault in FAULTS)
        assert rows[name] == f"{count} | {count}", name


SAID = """..F..
FAILED tests/spec/test_x.py::test_one[a - b] - assert 1 == 2
FAILED tests/spec/test_x.py::test_two - ValueError: no
2 failed, 3 passed in 0.5s
"""


@pytest.mark.control
@pytest.mark.parametrize(
    ("tests", "status", "caught", "words"),
    [
        (("tests/spec/test_x.py::test_one", "tests/spec/test_x.py::test_two"), 1, True, "2 failed"),
        (("tests/spec/test_x.py::test_on",), 1, False, "survives tests/spec/test_x.py::test_on"),
        (("tests/spec/test_x.py::test_two", "t.py::test_three"), 1, False, "survives t.py::test_t"),
        (("tests/spec/test_x.py::test_one",), 0, False, "survives"),
        (("tests/spec/test_x.py::test_two",), -1, False, "the tests did not end in time"),
        (("tests/spec/test_x.py::test_two",), 2, False, "no tests ran: "),
        (("tests/spec/test_x.py::test_two",), 4, False, "no tests ran: "),
    ],
)
def test_only_the_failure_of_every_named_test_is_a_catch(
    tests: tuple[str, ...], status: int, caught: bool, words: str
) -> None:
    found = verdict(tests, status, SAID)
    assert found[0] == caught
    assert found[1].startswith(words)


@pytest.mark.control
def test_text_that_stands_nowhere_or_twice_is_named() -> None:
    fault = Fault("x", "report", "sw/sterna/spec/a.py", "b", "c", ())
    for text in ("a", "b b"):
        with pytest.raises(ValueError, match=r"'x': 'b' stands [02] times in sw/sterna/spec/a.py"):
            mutated(fault, text)


@pytest.mark.control
def test_faults_in_a_copy_of_the_tree_are_caught_or_survive(tmp_path: Path) -> None:
    """One that a test sees, one in a comment, and one that is no Python."""
    copy = Copy(tmp_path / "copy")
    (seen,) = (one for one in FAULTS if one.name == "the digest leaves out the labels")
    assert copy.judge(seen).caught
    for old, new, words in (
        ('"""BLAKE2b-128 over', '"""BLAKE2b over', f"survives {seen.tests[0]}"),
        ("def digest(", "def digest)", "no tests ran: "),
    ):
        found = copy.judge(replace(seen, old=old, new=new))
        assert not found.caught
        assert found.by.startswith(words)
    assert (copy.folder / seen.file).read_text() == (ROOT / seen.file).read_text()
