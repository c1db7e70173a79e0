"""Recipe files: a network's layers, its data and its training, in TOML.

Here they are read and their network is made a graph; `sterna.compile.recipe` reads what is said
of data and training.
"""

import tomllib
from collections.abc import Collection, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from sterna.spec import ConfigError, DataError
from sterna.spec.reading import read_file

from .layer_graph import Frame, Layer, LayerGraph

#: Tables of a recipe file, beside `about`; only `network` must be there.
TABLES = ("data", "network", "training", "result")
_SUFFIX = ".toml"
#: Bytes of a file at most, dots of a line (a key of many takes quadratic time), values in each
#: other, and characters of a text.
MOST_BYTES = 1 << 18
_MOST_DOTS, _MOST_DEPTH, _MOST_TEXT = 256, 16, 4096
_TOO_DEEP = f"its values lie deeper than {_MOST_DEPTH} in each other"
_PAIRS = ("kernel", "stride")
_LAYER = {
    "name": str,
    "source": str,
    "groups": int,
    "neurons": int,
    "kernel": (int, list),
    "stride": (int, list),
    "pad": int,
    "patches": bool,
    "wiring": str,
    "grain": int,
    "classes": int,
    "dropout": float,
}


def names() -> tuple[str, ...]:
    """Names of the recipes that ship, in order."""
    folder = resources.files("sterna.compile") / "recipes"
    return tuple(sorted(file.name.removesuffix(_SUFFIX) for file in folder.iterdir()))


def read_recipe(name: str) -> tuple[str, dict[str, Any]]:
    """A recipe that ships, by its name, or a file `.toml`: its name and its tables.

    Raises
    ------
    ConfigError : there is none; it is no TOML; it has no network, or a table of another name.
    """
    text = text_of(name)
    if (dots := max(line.count(".") for line in text.split("\n"))) > _MOST_DOTS:
        raise ConfigError(f"{name}: a line has {dots:,} dots, the limit is {_MOST_DOTS}")
    try:
        recipe = tomllib.loads(text)
        _check_sizes(recipe, 0)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: {error}") from None
    except RecursionError:
        raise ConfigError(f"{name}: {_TOO_DEEP}") from None
    except ValueError as error:
        text = str(error)
        many = "a whole number has more than 4,300 digits, the limit is 19"
        raise ConfigError(f"{name}: {many if 'digits' in text else text}") from None
    check_keys(name, recipe, {"about": str, **dict.fromkeys(TABLES, dict)}, need=["network"])
    return Path(name).stem, recipe


def text_of(name: str) -> str:
    """The text of a recipe that ships, by its name, or of a file `.toml`.

    Raises ConfigError if there is none, or it is no text.
    """
    if name.endswith(_SUFFIX):
        try:
            text = read_file(name, MOST_BYTES).decode("utf-8-sig")
        except DataError as error:
            raise ConfigError(f"{name}: cannot be read ({error})") from None
        except UnicodeError as error:
            raise ConfigError(f"{name}: cannot be read ({error})") from None
    elif name in names():
        text = (resources.files("sterna.compile") / "recipes" / (name + _SUFFIX)).read_text("utf-8")
    else:
        raise ConfigError(
            f"no network {name!r}; there are: {', '.join(names())}; or name a file, {_SUFFIX}"
        )
    return text


def _check_sizes(value: Any, depth: int) -> None:
    """Raise ValueError for what would be no value of any key, before it is put into a message."""
    if depth > _MOST_DEPTH:
        raise ValueError(_TOO_DEEP)
    if isinstance(value, dict):
        for key, one in value.items():
            _check_sizes(key, depth + 1)
            _check_sizes(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            _check_sizes(one, depth + 1)
    elif isinstance(value, str) and len(value) > _MOST_TEXT:
        raise ValueError(f"a text has {len(value):,} characters, the limit is {_MOST_TEXT:,}")
    elif isinstance(value, int) and abs(value) >= 1 << 63:
        raise ValueError(f"a whole number has {value.bit_length():,} bits, the limit is 63")


def graph_of(name: str, table: Mapping[str, Any]) -> LayerGraph:
    """The graph of a recipe's table `network`.

    A layer reads the one before it unless it names a source; a side of a window that is one number
    is meant for rows and columns. `dropout` is the trainer's.

    Raises ConfigError that names the layer and what is wrong.
    """
    where = f"{name}: network"
    check_keys(
        where, table, {"frame": list, "grain": int, "layers": list}, need=["frame", "layers"]
    )
    frame = table["frame"]
    if len(frame) != 3 or not all(type(side) is int for side in frame):
        raise ConfigError(f"{where}: frame must be [rows, columns, planes], not {frame}")
    layers: list[Layer] = []
    for index, fields in enumerate(table["layers"]):
        if not isinstance(fields, dict):
            raise ConfigError(f"{where}: layers[{index}] must be a table, not {fields!r}")
        check_keys(f"{where}: layers[{index}]", fields, _LAYER, need=["name", "neurons"])
        made: dict[str, Any] = {"source": layers[-1].name if layers else None}
        if "grain" in table:
            made["grain"] = table["grain"]
        made |= {
            key: _pair(f"{where}: layers[{index}]", key, value) if key in _PAIRS else value
            for key, value in fields.items()
            if key != "dropout"
        }
        layers.append(Layer(**made))
    rows, columns, planes = frame
    return LayerGraph(
        name=name, frame=Frame(rows=rows, columns=columns, features=planes), layers=layers
    )


def check_keys(
    where: str,
    table: Mapping[str, Any],
    kinds: Mapping[str, type | tuple[type, ...]],
    need: Collection[str] = (),
) -> None:
    """Raise ConfigError if a key is unknown, absent, or its value is of another type."""
    for key, value in table.items():
        if key not in kinds:
            raise ConfigError(f"{where}: no key {key!r}; there are: {', '.join(kinds)}")
        kind = kinds[key]
        wanted = kind if isinstance(kind, tuple) else (kind,)
        if float in wanted:
            wanted = (*wanted, int)
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            raise ConfigError(
                f"{where}: {key} must be {' or '.join(one.__name__ for one in wanted)}, not "
                f"{value!r}"
            )
    for key in need:
        if key not in table:
            raise ConfigError(f"{where}: {key} is missing")


def _pair(where: str, key: str, value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    if len(value) != 2 or not all(type(side) is int for side in value):
        raise ConfigError(f"{where}: {key} must be a number or [rows, columns], not {value}")
    return value[0], value[1]
