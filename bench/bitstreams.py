"""The bitstreams of a release as a table, into docs/boards.md.

python -m bench.bitstreams [FOLDER]     # a folder that `make release` wrote
"""

import sys
from itertools import product
from pathlib import Path

from sterna.builds.release import read_release
from sterna.spec.boards import BOARDS
from sterna.spec.pages import write_section
from sterna.spec.tables import table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "boards.md"
COMMAND = "`python -m bench.bitstreams`"


def rows(folder: Path) -> list[tuple[str, ...]]:
    """The table's rows; each bitstream is compared with its hash."""
    found: list[tuple[str, ...]] = []
    for board, self_test in product(BOARDS.values(), (False, True)):
        _, entry = read_release(folder, board, self_test=self_test)
        mhz, second = (_listed(entry[name]) for name in ("fmax_mhz", "second_fmax_mhz"))
        found.append(
            (
                f"{board.title}{', self-test' * self_test}",
                f"{entry['bitstream_bytes']:,}",
                f"`{entry['bitstream_sha256']}`",
                f"`{entry['build_hash']}`",
                f"{entry['clock_mhz']:g}",
                mhz,
                second,
            )
        )
    return found


def _listed(mhz: dict[str, float] | None) -> str:
    return ", ".join(f"{seed}: {one:.1f}" for seed, one in (mhz or {}).items())


def main() -> None:
    """Read, and write the page's table."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / "bitstreams"
    head = ("board", "bytes", "sha256", "build hash", "MHz", "nextpnr, seed by seed", "icetime")
    text = table(head, rows(folder))
    write_section(PAGE, COMMAND, text)
    print(text)


if __name__ == "__main__":
    main()
