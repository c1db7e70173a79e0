"""`python -m sterna.cli` is the `sterna` command."""

from .main import main

main()
