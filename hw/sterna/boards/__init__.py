"""Boards: what they are made of, their tops, and their bitstreams by open tools."""

from sterna.spec.boards import board_facts
from sterna.spec.errors import missing

try:
    import amaranth_boards as _amaranth_boards  # noqa: F401  # its absence names the extra
except ModuleNotFoundError as absent:
    raise ModuleNotFoundError(missing("amaranth_boards", "fpga"), name=absent.name) from None

from .board import Board
from .icebreaker import ICEBREAKER
from .orangecrab import ORANGECRAB_25F
from .ulx3s import ULX3S_85F

#: All boards, by name.
BOARDS: dict[str, Board] = {board.name: board for board in (ICEBREAKER, ORANGECRAB_25F, ULX3S_85F)}


def find_board(name: str, *, self_test: bool = False) -> Board:
    """The board of that name; raises ConfigError if there is none, and lists those there are.

    `self_test` : with the device that tests itself in place of its own.
    """
    from .self_test import self_test as testing

    board = BOARDS[board_facts(name).name]
    return testing(board) if self_test else board


__all__ = ["BOARDS", "Board", "find_board"]
