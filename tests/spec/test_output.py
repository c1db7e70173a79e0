"""Files are written whole or not at all, to regular files only, and the reason is named."""

import errno
import os
import resource
import stat
import threading
from pathlib import Path

import pytest

from sterna.spec import OutputError, append_output, check_folder, check_output, write_output


def there(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    for data in (b"old", b"new"):
        check_output(path)
        write_output(path, data)
        assert path.read_bytes() == data
    assert there(tmp_path) == ["x.npy"]


def test_permissions_are_those_of_the_file_before_or_of_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "x"
    umask = os.umask(0o027)
    try:
        write_output(path, "text")
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o604)
    write_output(path, "other")
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_through_a_link_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    write_output(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "new"


def test_device_stays_a_device() -> None:
    check_output("/dev/null")
    write_output("/dev/null", b"data")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_pipe_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.append(path.read_bytes()))
    reader.start()
    check_output(path)
    write_output(path, b"data")
    reader.join(10)
    assert heard == [b"data"]
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.mark.parametrize("name", [".", "folder", "nodir/x.npy", "file/x", "x" * 300, "nul\0", ""])
def test_place_that_cannot_be_written_is_named_before_the_work(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept")
    before = there(tmp_path)
    for act in (check_output, lambda path: write_output(path, b"data")):
        with pytest.raises(OutputError, match=r": (cannot be written|is a folder)") as told:
            act(f"{tmp_path}/{name}")
        assert str(tmp_path) in str(told.value)
    assert there(tmp_path) == before


def test_folder_is_made_or_refused(tmp_path: Path) -> None:
    check_folder(tmp_path / "a" / "b")
    assert there(tmp_path / "a" / "b") == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file: cannot be written \(File exists\)"):
        check_folder(tmp_path / "file")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
@pytest.mark.control
def test_failure_in_the_writing_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = tmp_path / "x"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("sterna.spec.output.Path.replace", full)
    with pytest.raises(OutputError, match=os.strerror(number)):
        write_output(path, "new")
    assert path.read_text() == "old"
    assert there(tmp_path) == ["x"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_full_device_is_named() -> None:
    with pytest.raises(OutputError, match=r"/dev/full: cannot be written \(No space left"):
        write_output("/dev/full", b"x" * 100_000)


def test_many_writers_of_one_file_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    contents = [bytes([number]) * 200_000 for number in range(8)]

    def write(data: bytes) -> None:
        for _ in range(10):
            write_output(path, data)

    threads = [threading.Thread(target=write, args=(data,)) for data in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in contents
    assert there(tmp_path) == ["x"]


def test_text_is_added_whole(tmp_path: Path) -> None:
    path = tmp_path / "record"
    append_output(path, "één\n")
    append_output(path, "two\n")
    assert path.read_text(encoding="utf-8") == "één\ntwo\n"


def test_text_that_does_not_fit_is_not_added_in_part(tmp_path: Path) -> None:
    path = tmp_path / "record"
    path.write_text("one\n")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6, limits[1]))
    try:
        assert os.write(os.open(tmp_path / "control", os.O_WRONLY | os.O_CREAT), b"12345678") == 6
        with pytest.raises(OutputError, match=r"record: cannot be written \(File too large\)"):
            append_output(path, "four\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_text() == "one\n"
    with pytest.raises(OutputError, match=r"No space left on device.*: make room there"):
        append_output("/dev/full", "x")
