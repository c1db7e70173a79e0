from pathlib import Path

import pytest

from sterna.spec import ConfigError
from sterna.spec.tables import update
from tests.conftest import Cli
from tests.trees import copy_tree

DOCS = Path(__file__).parents[2] / "docs"


def test_generated_tables_have_not_drifted() -> None:
    assert update(DOCS, check=True) == [], "run `make docs`"


@pytest.mark.control
def test_drift_is_noticed_and_mended(tmp_path: Path) -> None:
    copy_tree(DOCS, tmp_path)
    page = tmp_path / "link-protocol.md"
    page.write_text(page.read_text().replace("`TICK_PERIOD`", "`TICK_PEROID`"))
    assert update(tmp_path, check=True) == ["link-protocol.md"]
    assert update(tmp_path) == ["link-protocol.md"]
    assert update(tmp_path, check=True) == []


def test_check_fails_on_drift_and_writes_nothing(tmp_path: Path, cli: Cli) -> None:
    copy_tree(DOCS, tmp_path / "docs")
    assert cli("docs", "--check").returncode == 0
    page = tmp_path / "docs" / "network-file.md"
    drifted = page.read_text().replace("| `manifest` |", "| `manifets` |").replace("int8", "int9")
    page.write_text(drifted)
    answer = cli("docs", "--check")
    assert answer.returncode == 2
    assert "out of date in docs: network-file.md: run `make docs`" in answer.stderr
    assert "written" not in answer.stdout + answer.stderr
    assert page.read_text() == drifted


def test_missing_page_is_named(tmp_path: Path, cli: Cli) -> None:
    answer = cli("docs")
    assert answer.returncode == 2
    assert "docs/link-protocol.md: the page cannot be read" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_page_without_markers_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "link-protocol.md").write_text("nothing")
    with pytest.raises(ConfigError, match=r"no section .*markers"):
        update(tmp_path)
