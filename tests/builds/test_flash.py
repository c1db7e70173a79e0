"""Flashing and what is flashed: what is missing is named. No board is here to be flashed."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sterna.builds import flash as flash_module
from sterna.builds.flash import How, find_loader, flash, reason
from sterna.builds.release import FACTS, read_release, write_release
from sterna.builds.reports import read_report
from sterna.spec import ConfigError, LinkError, ToolError
from sterna.spec.boards import BOARDS, BoardFacts

ICEBREAKER, ORANGECRAB = BOARDS["icebreaker"], BOARDS["orangecrab-25f"]


@pytest.fixture
def loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A loader on PATH, whose script is still to be written."""
    monkeypatch.setenv("STERNA_BUILD", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin" / "openFPGALoader"


@pytest.fixture
def bitstream(tmp_path: Path) -> Path:
    path = tmp_path / "board.bin"
    path.write_bytes(b"bits")
    return path


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("board", "how", "options"),
    [
        ("icebreaker", How(), "--board ice40_generic --write-flash"),
        ("icebreaker", How(sram=True), "--board ice40_generic --write-sram"),
        (
            "ulx3s-85f",
            How(verify=True, unprotect=True),
            "--board ulx3s --write-flash --verify --unprotect-flash",
        ),
        ("ulx3s-85f", How(serial="D00123"), "--board ulx3s --write-flash --ftdi-serial D00123"),
        ("orangecrab-25f", How(), "--board orangeCrab"),
    ],
)
def test_loader_is_given_board_options_and_bitstream(
    loader: Path, bitstream: Path, board: str, how: How, options: str
) -> None:
    script(loader, f'echo "$@" > {loader}.seen')
    said: list[str] = []
    assert flash(BOARDS[board], bitstream, how, progress=said.append) < 60
    assert Path(f"{loader}.seen").read_text() == f"{options} {bitstream}\n"
    assert "board.bin, 4 bytes, into " in said[-1]
    assert ("hold its button" in said[0]) == (board == "orangecrab-25f")


def test_options_are_those_that_the_loader_has() -> None:
    """By its own help; its library for USB is not needed for that, or it is named."""
    found = subprocess.run([find_loader(), "--help"], capture_output=True, text=True, check=False)
    if found.returncode:
        assert isinstance(reason(ICEBREAKER, find_loader(), found.stderr), ToolError)
        return
    for board in BOARDS.values():
        every = How() if board.loader.dfu else How(verify=True, unprotect=True, serial="1")
        for how in (every, *([How(sram=True)] if board.loader.sram else [])):
            for option in how.options(board):
                assert not option.startswith("--") or f"{option} " in found.stdout
    names = subprocess.run(
        [find_loader(), "--list-boards"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {board.loader.board for board in BOARDS.values()} <= set(names)


@pytest.mark.parametrize(
    ("board", "how", "text"),
    [
        (ORANGECRAB, How(verify=True), "by DFU, which has no --verify"),
        (ORANGECRAB, How(serial="1"), "by DFU, which has no --serial"),
        (ORANGECRAB, How(sram=True), "into flash only, through its bootloader: leave out --sram"),
        (ICEBREAKER, How(sram=True, verify=True), "--verify is for the flash memory, not for"),
    ],
)
def test_what_a_board_cannot_have_is_refused_before_anything_runs(
    loader: Path, bitstream: Path, board: BoardFacts, how: How, text: str
) -> None:
    script(loader, f"touch {loader}.ran")
    with pytest.raises(ConfigError, match=text):
        flash(board, bitstream, how)
    assert not Path(f"{loader}.ran").exists()


@pytest.mark.control
@pytest.mark.parametrize(
    ("said", "code", "kind", "text"),
    [
        (
            "x: error while loading shared libraries: libftdi1.so.2: cannot open shared object "
            "file",
            127,
            ToolError,
            "apt install libftdi1-2",
        ),
        # what openFPGALoader 1.1.1 said with nothing plugged in
        (
            "unable to open ftdi device: -3 (device not found)\nError: Failed to claim cable",
            1,
            LinkError,
            'no iCEBreaker found.*\n.*idVendor}=="0403".*idProduct}=="6010"',
        ),
        (
            "Open device 1209:5af0 Not found\nDFU init failed with: No DFU compatible device found",
            1,
            LinkError,
            "no iCEBreaker found",
        ),
        ("flash chip unknown", 1, LinkError, "failed:\n  flash chip unknown"),
        ("Error: can not write: block protected", 1, LinkError, "--unprotect-flash lifts it"),
        # on some of its ways the loader ends with 0 all the same
        ("Reset and Wait for CDONE: Fail", 0, LinkError, "failed:\n  Reset"),
    ],
)
def test_failure_names_the_way_out(
    loader: Path, bitstream: Path, said: str, code: int, kind: type, text: str
) -> None:
    script(loader, f"printf '{said}' >&2; exit {code}")
    with pytest.raises(kind, match=text):
        flash(ICEBREAKER, bitstream, How())


def test_dfu_board_that_is_not_found_is_told_how_it_would_be() -> None:
    text = str(reason(ORANGECRAB, Path("/nowhere"), "No DFU compatible device found"))
    assert "First, hold its button while you plug it in" in text


def test_library_without_a_known_package_is_named_all_the_same() -> None:
    said = "loader: error while loading shared libraries: libnew.so.3: cannot open"
    found = reason(ICEBREAKER, Path("/nowhere"), said)
    assert "libnew.so.3: install it (Debian, Ubuntu: apt install (the package" in str(found)


def test_long_write_says_now_and_then_that_it_goes_on(
    loader: Path, bitstream: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flash_module, "_SAY_S", 0.1)
    script(loader, r"printf 'Writing: 40 %%\r'; sleep 1.3")
    said: list[str] = []
    flash(ICEBREAKER, bitstream, How(), progress=said.append)
    assert any("s: Writing: 40 %" in line for line in said)


def entry(content: bytes = b"bits") -> dict[str, Any]:
    """A report of a build, as far as a release has it."""
    facts = dict.fromkeys(FACTS, "?")
    return facts | {
        "bitstream": "icebreaker.bin",
        "bitstream_sha256": hashlib.sha256(content).hexdigest(),
        "baud": 6_000_000,
    }


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A folder of bitstreams, with one."""
    built = tmp_path / "icebreaker.bin"
    built.write_bytes(b"bits")
    write_release(tmp_path / "out", {"icebreaker": entry()}, [built], "1.2.3")
    return tmp_path / "out"


def test_release_has_what_flashing_needs_and_sums_that_others_check(released: Path) -> None:
    assert {path.name for path in released.iterdir()} == {
        "icebreaker.bin",
        "manifest.json",
        "SHA256SUMS",
        "53-sterna.rules",
    }
    subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=released, check=True)
    bitstream, told = read_release(released, ICEBREAKER)
    assert (bitstream.read_bytes(), told["baud"]) == (b"bits", 6_000_000)
    rules = (released / "53-sterna.rules").read_text()
    assert 'ATTRS{idProduct}=="6010"' in rules
    assert 'ATTR{latency_timer}="1"' in rules
    assert "5af0" not in rules


@pytest.mark.parametrize(
    ("file", "content", "text"),
    [
        ("icebreaker.bin", b"bats", "has the sha256 .*: it is damaged, or another"),
        ("icebreaker.bin", None, "cannot be read"),
        ("manifest.json", None, "cannot be read .*name a folder that `make release` wrote"),
        ("manifest.json", b"{", "is no manifest"),
        ("manifest.json", b"[]", "is no manifest"),
        ("manifest.json", b'{"boards": {"icebreaker": {}}}', "is no manifest"),
        (
            "manifest.json",
            b'{"boards": {"ulx3s-85f": {}}}',
            "no bitstream icebreaker for iCEB",
        ),
        ("manifest.json", b"\xff", "is no manifest"),
    ],
)
def test_release_that_is_damaged_is_refused(
    released: Path, file: str, content: bytes | None, text: str
) -> None:
    (released / file).unlink() if content is None else (released / file).write_bytes(content)
    with pytest.raises(ConfigError, match=text):
        read_release(released, ICEBREAKER)


def test_release_names_no_file_outside_its_folder(released: Path) -> None:
    path = released / "manifest.json"
    path.write_text(path.read_text().replace('"icebreaker.bin"', '"../../icebreaker.bin"'))
    assert read_release(released, ICEBREAKER)[0].parent == released


@pytest.mark.control
def test_report_of_another_bitstream_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STERNA_BUILD", str(tmp_path))
    folder = tmp_path / "boards" / "icebreaker"
    folder.mkdir(parents=True)
    facts = {"bitstream": "b.bin", "bitstream_sha256": hashlib.sha256(b"bits").hexdigest()}
    (folder / "report.json").write_text(json.dumps(facts))
    (folder / "b.bin").write_bytes(b"bits")
    assert read_report("icebreaker") == facts
    (folder / "b.bin").write_bytes(b"bitz")
    assert read_report("icebreaker") is None
