"""The engines' speed and its bounds: `python -m bench engine --help`."""

from .main import main

__all__ = ["main"]
