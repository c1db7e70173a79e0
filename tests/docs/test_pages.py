"""What the pages name is there: files, make targets, commands, anchors."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
#: A file of the tree, as pages name it; `*` and NAME stand for a part.
FILE = re.compile(r"`((?:hw|sw|sim|train|tests|examples|docs|bench|\.ci)/[\w./*-]+)`")


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as its readers link them."""
    heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", head.lower()) for head in heads)
    return {head.strip().replace(" ", "-") for head in plain}


def missing(text: str, folder: Path) -> list[str]:
    """What a page names that is not there."""
    found = [name for name in FILE.findall(text) if not list(ROOT.glob(name.rstrip("/")))]
    for target in re.findall(r"(?:`|^    )make ([a-z-]+)", text, re.MULTILINE):
        found += [] if target in TARGETS else [f"make {target}"]
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        page = folder / name if name else None
        if page and not page.exists():
            found.append(link)
        elif anchor and anchor not in anchors(page.read_text() if page else text):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path) -> None:
    assert missing(page.read_text(), page.parent) == []


@pytest.mark.control
def test_what_is_not_there_is_noticed() -> None:
    text = (
        "# One head\n`sw/sterna/none.py` and `sim/sterna/model/`, `make tset`, `make test`,\n"
        "    make quick\n    make quikc\n[a](docs/none.md) [b](#one-head) [c](#two) [d](README.md)"
    )
    assert missing(text, ROOT) == [
        "sw/sterna/none.py",
        "make tset",
        "make quikc",
        "docs/none.md",
        "#two",
    ]


def test_newest_release_of_the_changelog_is_the_version_of_the_package() -> None:
    releases = re.findall(
        r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert releases[0] == project["version"]
