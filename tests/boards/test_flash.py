"""Flashing: what is missing is named, with what to install. No board is here to be flashed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sterna.boards import BOARDS
from sterna.boards.flash import flash, reason
from sterna.spec import ConfigError, LinkError, ToolError
from tests.boards.test_boards import report

ICEBREAKER = BOARDS["icebreaker"]


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build of the board, and a loader on PATH, whose script is still to be written."""
    monkeypatch.setenv("STERNA_BUILD", str(tmp_path))
    there = report(tmp_path)
    told = json.loads((there / "report.json").read_text()) | {"board": "icebreaker", "met": True}
    (there / "report.json").write_text(json.dumps(told))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin" / "openFPGALoader"


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_loader_is_given_the_board_and_its_bitstream(built: Path) -> None:
    script(built, f'echo "$@" > {built}.seen')
    bitstream = flash(ICEBREAKER)
    assert bitstream.read_bytes() == b"bits"
    assert Path(f"{built}.seen").read_text() == f"--board ice40_generic {bitstream}\n"


@pytest.mark.control
@pytest.mark.parametrize(
    ("said", "kind", "text"),
    [
        ("x: error while loading shared libraries: libftdi1.so.2: cannot open shared object file",
         ToolError, "apt install libftdi1-2"),
        ("unable to open ftdi device: -3 (device not found)",
         LinkError, 'no iCEBreaker found.*idVendor}=="0403".*idProduct}=="6010"'),
        ("flash chip unknown", LinkError, "failed:\n  flash chip unknown"),
    ],
)  # fmt: skip
def test_failure_names_the_way_out(built: Path, said: str, kind: type, text: str) -> None:
    script(built, f"echo '{said}' >&2; exit 1")
    with pytest.raises(kind, match=text):
        flash(ICEBREAKER)


def test_library_without_a_known_package_is_named_all_the_same() -> None:
    said = "loader: error while loading shared libraries: libnew.so.3: cannot open"
    found = reason(ICEBREAKER, Path("/nowhere"), said)
    assert "libnew.so.3: install it (Debian, Ubuntu: apt install (the package" in str(found)


def test_board_whose_clock_is_not_met_is_not_flashed(built: Path) -> None:
    there = built.parents[1] / "boards" / "icebreaker" / "report.json"
    there.write_text(json.dumps(json.loads(there.read_text()) | {"met": False}))
    with pytest.raises(ConfigError, match="does not meet its clock: run `sterna build --board"):
        flash(ICEBREAKER)
    other = replace(ICEBREAKER, name="another")
    with pytest.raises(ConfigError, match="is not built: run `sterna build --board another` first"):
        flash(other)
