"""What the tests' own commands share: `make mutants`, `make nightly`, `make worlds`."""

import argparse
import sys
from collections.abc import Callable, Collection


def parser(prog: str, about: str | None) -> argparse.ArgumentParser:
    """A parser whose help shows the module's docstring as it is written."""
    return argparse.ArgumentParser(
        prog=prog, description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def check_names(
    options: argparse.ArgumentParser, names: Collection[str], known: Collection[str], what: str
) -> None:
    """End with an error if a name is none of those that are known."""
    if unknown := [name for name in names if name not in known]:
        options.error(f"no {what} {', '.join(unknown)}; there are {', '.join(known)}")


def end_with(main: Callable[[], int]) -> None:
    """Run a command, and end with its status; with 130 and a word if it is interrupted."""
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
