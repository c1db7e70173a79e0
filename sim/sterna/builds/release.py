"""Bitstreams for owners, in one folder: what `sterna flash --from FOLDER` needs, and no tool else.

A folder has the bitstreams, `manifest.json` (of each: board, bytes, hashes, clock, bit rate, clocks
after routing; and the versions of the tools), `SHA256SUMS` for `sha256sum -c`, and udev's rules.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sterna.spec import ConfigError, check_folder, write_output
from sterna.spec.boards import BOARDS, BoardFacts, build_name, udev_rules

from .reports import sha256

MANIFEST, SUMS, RULES = "manifest.json", "SHA256SUMS", "53-sterna.rules"
#: Facts of a board's report that the manifest takes over.
FACTS = (
    "part",
    "build_hash",
    "bitstream",
    "bitstream_bytes",
    "bitstream_sha256",
    "clock_mhz",
    "baud",
    "best_seed",
    "fmax_mhz",
    "second_fmax_mhz",
    "tools",
)
#: The largest manifest that is read, in bytes.
_MOST = 1 << 20


def write_release(
    folder: Path, reports: Mapping[str, Mapping[str, Any]], files: Sequence[Path], version: str
) -> None:
    """Write the folder.

    Parameters
    ----------
    reports : reports of builds, by the build's name.
    files : their bitstreams.
    version : Sterna's.
    """
    check_folder(folder)
    for file in files:
        part = folder / f"{file.name}.part"
        shutil.copyfile(file, part)
        part.replace(folder / file.name)
    manifest = {
        "sterna": version,
        "boards": {
            name: {fact: report[fact] for fact in FACTS} for name, report in reports.items()
        },
    }
    sums = "".join(
        f"{report['bitstream_sha256']}  {report['bitstream']}\n" for report in reports.values()
    )
    write_output(folder / SUMS, sums)
    boards = [b for b in BOARDS.values() if {b.name, build_name(b, self_test=True)} & {*reports}]
    write_output(folder / RULES, udev_rules(boards))
    write_output(folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")


def read_release(
    folder: Path, board: BoardFacts, *, self_test: bool = False
) -> tuple[Path, dict[str, Any]]:
    """A board's bitstream of a folder, or the one that tests it; and its entry in the manifest.

    Raises ConfigError if the folder is none, has none for the board, or a bitstream that is not
    the manifest's; names the file, and what to do.
    """
    path = folder / MANIFEST
    try:
        if path.stat().st_size > _MOST:
            raise ValueError(f"it has more than {_MOST:,} bytes")
        boards = json.loads(path.read_text())["boards"]
        name = build_name(board, self_test=self_test)
        entry = boards.get(name)
        if entry is None:
            raise ConfigError(
                f"{folder} has no bitstream {name} for {board.title}; it has "
                f"{', '.join(map(str, boards)) or 'none'}: `make release` writes one for each board"
            )
        name, digest = entry["bitstream"], entry["bitstream_sha256"]
        int(entry["baud"])
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}): name a folder that `make release` wrote"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigError(f"{path} is no manifest of bitstreams ({error!r})") from None
    bitstream = folder / Path(str(name)).name
    try:
        content = bitstream.read_bytes()
    except OSError as error:
        raise ConfigError(f"{bitstream} cannot be read ({error.strerror})") from None
    if sha256(content) != digest:
        raise ConfigError(
            f"{bitstream} has the sha256 {sha256(content)}, and {path} says {digest}: it is "
            "damaged, or another; get both anew"
        )
    return bitstream, entry
