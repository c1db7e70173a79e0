"""Designs without building them: keys, hashes that are kept, edges, and how a board ends."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sterna.simulator import hashes
from sterna.simulator.board import VirtualBoard
from sterna.simulator.verilog import device_design, on_both_edges
from sterna.spec import Hardware, LinkError, preset
from sterna.spec.clock import CLOCK, Clock

TINY = preset("tiny")


@pytest.fixture
def elaborated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Hardware, bool]]:
    """What was elaborated for a hash, each time; hashes are kept in a folder of this test's."""
    seen: list[tuple[Hardware, bool]] = []

    def count(hardware: Hardware, *, deep: bool) -> int:
        seen.append((hardware, deep))
        return len(seen)

    monkeypatch.setenv("STERNA_BUILD", str(tmp_path))
    monkeypatch.setattr(hashes.designs, "build_hash", count)
    monkeypatch.setattr(hashes.designs, "tile_hash", count)
    hashes._remembered.cache_clear()
    yield seen
    hashes._remembered.cache_clear()


@pytest.mark.control
def test_a_hash_is_kept_for_its_kind_hardware_and_depth(elaborated: list) -> None:
    other = replace(TINY, lanes=16)
    wanted = [(TINY, False), (TINY, True), (other, False)]
    found = [hashes.build_hash(hardware, deep=deep) for hardware, deep in wanted]
    assert found == [1, 2, 3]
    assert hashes.tile_hash(TINY) == 4
    assert elaborated == [*wanted, (TINY, False)]
    for clear in (False, True):  # of this process, then of its files
        if clear:
            hashes._remembered.cache_clear()
        assert [hashes.build_hash(hardware, deep=deep) for hardware, deep in wanted] == found
        assert hashes.tile_hash(TINY) == 4
    assert len(elaborated) == 4


@pytest.mark.control
@pytest.mark.parametrize("text", ["", "0000000000000", "no hash in here.", "0" * 17])
def test_a_file_that_holds_no_whole_hash_is_none(
    elaborated: list, tmp_path: Path, text: str
) -> None:
    assert hashes.build_hash(TINY) == 1
    (file,) = (tmp_path / "hashes").iterdir()
    file.write_text(text)
    hashes._remembered.cache_clear()
    assert hashes.build_hash(TINY) == 2
    assert file.read_text() == f"{2:016x}"


def test_designs_that_differ_in_anything_have_keys_of_their_own(elaborated: list) -> None:
    faster = Clock(hz=48_000_000, baud=CLOCK.baud)
    keys = [
        device_design(TINY).key,
        device_design(TINY, pins=True).key,
        device_design(TINY, pins=True, clock=faster).key,
        device_design(TINY, deep=True).key,
        device_design(replace(TINY, lanes=16)).key,
    ]
    assert len({*keys}) == len(keys)
    assert device_design(TINY).key == keys[0]
    assert device_design(TINY, pins=True).divisor == CLOCK.divisor
    assert device_design(TINY, pins=True, clock=faster).divisor == faster.divisor


def test_registers_are_clocked_on_both_edges() -> None:
    text = "always @(posedge clk) q <= d;\nalways @(posedge start_clk) r <= q;\n"
    changed = on_both_edges(text)
    assert changed.count("(posedge clk or negedge clk)") == 1
    assert changed.count("(posedge start_clk or negedge start_clk)") == 1


@pytest.mark.control
@pytest.mark.parametrize("edge", ["negedge clk", "posedge rst", "posedge clk or negedge rst"])
def test_registers_on_other_edges_are_refused(edge: str) -> None:
    text = f"always @(posedge clk) q <= d;\nalways @({edge}) r <= q;\n"
    with pytest.raises(ValueError, match="edges other than a clock's positive one"):
        on_both_edges(text)


@pytest.mark.control
@pytest.mark.parametrize("status", [0, 1, 3])
def test_a_board_that_ends_with_a_failure_is_an_error_with_its_log(
    elaborated: list, tmp_path: Path, status: int
) -> None:
    board = VirtualBoard(TINY, log=tmp_path / "log")
    (tmp_path / "log").write_text("one\nlast words\n")

    def run() -> None:
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        board._process = subprocess.Popen(
            ["sh", "-c", f"read x; exit {status}"], text=True, **pipes
        )
        board.__exit__(None, None, None)

    if not status:
        run()
        return
    with pytest.raises(LinkError, match=rf"ended with exit code {status}; .*last words"):
        run()
