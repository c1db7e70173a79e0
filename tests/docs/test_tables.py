import shutil
from pathlib import Path

import pytest

from sterna.spec import ConfigError
from sterna.spec.tables import update

DOCS = Path(__file__).parents[2] / "docs"


def test_generated_tables_have_not_drifted() -> None:
    assert update(DOCS, check=True) == [], "run `make docs`"


def test_drift_is_noticed_and_mended(tmp_path: Path) -> None:
    shutil.copytree(DOCS, tmp_path, dirs_exist_ok=True)
    page = tmp_path / "link-protocol.md"
    page.write_text(page.read_text().replace("`TICK_PERIOD`", "`TICK_PEROID`"))
    assert update(tmp_path, check=True) == ["link-protocol.md"]
    assert update(tmp_path) == ["link-protocol.md"]
    assert update(tmp_path, check=True) == []


def test_page_without_markers_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "link-protocol.md").write_text("nothing")
    with pytest.raises(ConfigError, match="markers"):
        update(tmp_path)
