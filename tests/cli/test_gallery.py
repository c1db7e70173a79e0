"""`sterna gallery`: a table, a picture, the networks, and an exit code that can be relied on."""

import dataclasses
import json
from pathlib import Path

import pytest

from sterna import gallery
from sterna.cli import gallery as command
from sterna.spec import MismatchError, load
from tests.conftest import Cli


def test_gallery_prints_draws_and_writes(cli: Cli, tmp_path: Path) -> None:
    picture, networks = tmp_path / "new" / "gallery.png", tmp_path / "networks"
    done = cli("gallery", "--out", picture, "--networks", networks, "--json")
    assert done.returncode == 0
    facts = json.loads(done.stdout)
    assert facts["holding"] == 20
    assert [row["number"] for row in facts["behaviours"]] == list(range(1, 21))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.rglob("*.part"))
    assert len([load(path) for path in networks.glob("*.sterna")]) == 20


def test_behaviour_that_does_not_hold_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = gallery.behaviours()[:3]
    shown[1] = dataclasses.replace(shown[1], network=shown[0].network)  # tonic, not phasic
    monkeypatch.setattr(gallery, "behaviours", lambda: shown)
    with pytest.raises(MismatchError, match=r"1 properties .* 2 \(phasic spiking\)") as told:
        command.gallery(out=tmp_path / "gallery.png", networks=None, json=False)
    assert told.value.exit_code == 1
    printed = capsys.readouterr().out
    assert "no" in next(line for line in printed.splitlines() if "phasic spiking" in line)
    assert (tmp_path / "gallery.png").exists()  # to see what is wrong
