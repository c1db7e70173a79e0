"""The engines' C++ is compiled once per content, and whatever happens to the files is mended."""

import ctypes
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sterna import model
from sterna.model import native
from sterna.spec import ToolError
from tests.networks import chain

SOURCES = Path(native.__file__).with_name("native")


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of C++ that compiles quickly, and a build folder of its own."""
    monkeypatch.setenv("STERNA_BUILD", str(tmp_path / "build"))
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "kernels.cpp").write_text(answering(1))
    return folder


def answering(number: int) -> str:
    return (
        f'extern "C" __attribute__((visibility("default"))) int answer() {{ return {number}; }}\n'
    )


def libraries(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "build" / "engines").glob("*.so"))


def test_is_compiled_once(sources: Path, tmp_path: Path) -> None:
    assert native.load(sources).answer() == 1
    (library,) = libraries(tmp_path)
    before = library.stat().st_mtime_ns
    assert native.load(sources).answer() == 1
    assert library.stat().st_mtime_ns == before


def test_changed_source_is_compiled_anew(sources: Path, tmp_path: Path) -> None:
    assert native.load(sources).answer() == 1
    (sources / "kernels.cpp").write_text(answering(2))
    assert native.load(sources).answer() == 2
    (sources / "other.h").write_text("// a header counts as well\n")
    assert native.load(sources).answer() == 2
    assert len(libraries(tmp_path)) == 3


@pytest.mark.control
@pytest.mark.parametrize("damage", ["cut", "empty", "without its sum", "one bit"])
def test_damaged_library_is_compiled_anew(sources: Path, tmp_path: Path, damage: str) -> None:
    """In a process of its own each time, as a loaded library stays loaded."""
    assert answers(sources) == [1]
    (library,) = libraries(tmp_path)
    whole = library.read_bytes()
    if damage == "without its sum":
        library.with_suffix(".sum").unlink()
        library.write_bytes(b"?")
    elif damage == "one bit":
        library.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    else:
        library.write_bytes(whole[: len(whole) // 2 if damage == "cut" else 0])
    assert answers(sources) == [1]
    assert len(library.read_bytes()) == len(whole)


def answers(sources: Path, *, processes: int = 1) -> list[int]:
    """What that many processes at once get from the library."""
    code = (
        "import sys, pathlib; from sterna.model import native\n"
        "print(native.load(pathlib.Path(sys.argv[1])).answer())\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, sources], stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    return [int(process.communicate(timeout=120)[0]) for process in running]


def test_processes_at_once_compile_it_once(sources: Path, tmp_path: Path) -> None:
    assert answers(sources, processes=4) == [1] * 4
    folder = tmp_path / "build" / "engines"
    assert sorted(path.suffix for path in folder.iterdir()) == [".lock", ".so", ".sum"]


def test_source_that_does_not_compile_leaves_nothing(sources: Path, tmp_path: Path) -> None:
    (sources / "kernels.cpp").write_text("int answer() { return nothing; }\n")
    with pytest.raises(
        ToolError, match=r"(?s)do not compile; the golden model runs without .*nothing"
    ):
        native.load(sources)
    assert [path.suffix for path in (tmp_path / "build" / "engines").iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("compiler", "text"),
    [("no-such-compiler", "is missing: install"), ("false", "does not work")],
)
def test_compiler_that_is_none_is_named(
    sources: Path, monkeypatch: pytest.MonkeyPatch, compiler: str, text: str
) -> None:
    monkeypatch.setenv("CXX", compiler)
    with pytest.raises(ToolError, match=text):
        native.load(sources)


def test_build_folder_that_cannot_be_made_is_named(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STERNA_BUILD", str(tmp_path / "file"))
    with pytest.raises(ToolError, match=r"cannot be made .*STERNA_BUILD"):
        native.load(sources)


def test_structures_have_the_size_that_the_library_thinks() -> None:
    network = chain()
    engine = model.open(network, engine="layers")
    library = native.kernels()
    for which, structure in ((0, engine._tables.structure), (1, engine._layers.structure)):
        assert library.sterna_size(which) == ctypes.sizeof(structure)
    groups = engine._tables.structure.kept["groups"]
    assert library.sterna_size(2) == groups[0].nbytes
    assert np.all(groups[:, 2, network.neurons[0] :] == 1 << 30)  # padding never fires
