"""Boards: what they are made of, their tops, and their bitstreams by open tools."""

from sterna.spec import ConfigError

from .board import Board
from .icebreaker import ICEBREAKER
from .orangecrab import ORANGECRAB_25F
from .ulx3s import ULX3S_85F

#: All boards, by name.
BOARDS: dict[str, Board] = {board.name: board for board in (ICEBREAKER, ORANGECRAB_25F, ULX3S_85F)}


def find_board(name: str) -> Board:
    """The board of that name; raises ConfigError if there is none, and lists those there are."""
    try:
        return BOARDS[name]
    except KeyError:
        raise ConfigError(f"no board {name!r}; there are {', '.join(BOARDS)}") from None


__all__ = ["BOARDS", "Board", "find_board"]
