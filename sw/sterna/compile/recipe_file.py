"""Recipe files: a network's layers, its data and its training, in TOML.

Here they are read and their network is made a graph; `sterna.train.recipes` reads what is said of
data and training.
"""

import tomllib
from collections.abc import Collection, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from sterna.spec import ConfigError

from .layer_graph import Frame, Layer, LayerGraph

#: Tables of a recipe file, beside `about`; only `network` must be there.
TABLES = ("data", "network", "training", "result")
_SUFFIX = ".toml"
_PAIRS = ("kernel", "stride")
_LAYER = {
    "name": str, "source": str, "groups": int, "neurons": int, "kernel": (int, list),
    "stride": (int, list), "pad": int, "patches": bool, "wiring": str, "grain": int,
    "classes": int, "dropout": float,
}  # fmt: skip


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
    if name.endswith(_SUFFIX):
        path = Path(name)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise ConfigError(f"{name}: cannot be read ({error})") from None
    elif name in names():
        text = (resources.files("sterna.compile") / "recipes" / (name + _SUFFIX)).read_text("utf-8")
    else:
        raise ConfigError(
            f"no network {name!r}; there are: {', '.join(names())}; or name a file, {_SUFFIX}"
        )
    try:
        recipe = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: {error}") from None
    check_keys(name, recipe, {"about": str, **dict.fromkeys(TABLES, dict)}, need=["network"])
    return Path(name).stem, recipe


def graph_of(name: str, table: Mapping[str, Any]) -> LayerGraph:
    """The graph of a recipe's table `network`.

    A layer reads the one before it unless it names a source; a side of a window that is one number
    is meant for rows and columns. `dropout` is the trainer's.

    Raises ConfigError that names the layer and what is wrong.
    """
    where = f"{name}: network"
    check_keys(where, table, {"frame": list, "grain": int, "layers": list},
               need=["frame", "layers"])  # fmt: skip
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
        made |= {key: _pair(f"{where}: layers[{index}]", key, value) if key in _PAIRS else value
                 for key, value in fields.items() if key != "dropout"}  # fmt: skip
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
