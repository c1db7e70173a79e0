"""The JSON of IBM's model files: with comments, and with the key `core` once for each core."""

import json
import re
from typing import Any

from sterna.spec import NetworkError

_BEGIN = re.compile(r'"|/\*')
# possessive: one pass, and no stack, whatever the string holds
_STRING = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)

Object = dict[str, Any]


class WithCores(dict[str, Any]):
    """An object, and the values of all its keys `core`."""

    cores: list[Any]


def read_json(text: str) -> object:
    """The value of a file's text; raises NetworkError."""
    try:
        return json.loads(_without_comments(text), object_pairs_hook=_with_cores)
    except (ValueError, RecursionError) as error:
        raise NetworkError(f"not JSON that can be read ({error})") from None


def _with_cores(pairs: list[tuple[str, Any]]) -> Object:
    cores = [value for key, value in pairs if key == "core"]
    if not cores:
        return dict(pairs)
    held = WithCores(pairs)
    held.cores = cores
    return held


def _without_comments(text: str) -> str:
    """The text with a space for each comment; strings stay as they are."""
    parts: list[str] = []
    at = 0
    while begin := _BEGIN.search(text, at):
        if begin[0] == '"':
            string = _STRING.match(text, begin.end())
            if string is None:
                raise NetworkError(
                    f"the string that begins at character {begin.start()} never ends"
                )
            parts.append(text[at : string.end()])
            at = string.end()
            continue
        end = text.find("*/", begin.end())
        if end < 0:
            raise NetworkError(f"the comment that begins at character {begin.start()} never ends")
        parts += [text[at : begin.start()], " "]
        at = end + 2
    return "".join([*parts, text[at:]])
