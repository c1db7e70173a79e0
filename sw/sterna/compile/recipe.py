"""Recipes: a network's layers, its data, and how it is trained; all that a recipe file says.

`sterna.train.recipes` makes the model and trains it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sterna.data import own as own_sets
from sterna.data.audio import RATES
from sterna.data.coding import PIXEL_MAX
from sterna.data.examples import DataSet
from sterna.data.sets import data_set
from sterna.spec import ConfigError, LayeredNetwork, preset
from sterna.spec.maps import MOST_SIDE

from .device import compile_layers
from .layer_graph import LayerGraph
from .lowering import lower
from .options import Options, Warp
from .recipe_file import check_keys, graph_of, names, read_recipe

#: Codings, and the parameters of each with their defaults.
_CODINGS: dict[str, dict[str, int]] = {
    "none": {},
    "bits": {},
    "thermometer": {"levels": 4},
    "planes": {"bits": 8},
    "transduction": {"planes": 12, "kernel": 3},
}
#: The least and the greatest of each.
_LIMITS = {"levels": (1, PIXEL_MAX), "bits": (1, 8), "planes": (1, MOST_SIDE), "kernel": (1, 5)}
_RESULT = {"hardware": str, "accuracy": float, "time": str, "part": str, "activity": dict}
_TRAINING = {
    "seed": int,
    "epochs": int,
    "batch": int,
    "optimizer": str,
    "rate": float,
    "scale": float,
    "schedule": str,
    "cuts": list,
    "momentum": float,
    "decay": float,
    "penalty": float,
    "shift": int,
    "mirror": bool,
    "warp": dict,
    "calibrate": int,
    "threads": int,
    "surrogate": float,
    "precision": str,
}
#: Keys of data of a user's own.
_OWN = {"channels": int, "rate": int, "names": list}
#: Logit of a class with all its votes, by default.
_SCALE = 6.0
_WARP = {"turn": float, "stretch": float, "shear": float, "shift": float}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A network to train: its data, its options, and its device.

    Members
    -------
    name, about : of the network; one line.
    graph : its layers.
    grain : as of `to_layers`.
    dropout : of layers by name.
    data : the data set.
    coding : `kind` (none, bits, thermometer, planes or transduction), and parameters of that kind.
    options, seed : how it is trained.
    hardware : name of a preset that it is compiled for; None: it stays a network of layers.
    expected : accuracy in percent on the test split, time it took, and the part of the data that
        it was measured with if not all; as far as measured.
    """

    name: str
    about: str
    graph: LayerGraph
    grain: int
    dropout: Mapping[str, float]
    data: DataSet
    coding: Mapping[str, Any]
    options: Options
    seed: int
    hardware: str | None
    expected: Mapping[str, Any]

    def check_device(self) -> None:
        """Find out before the training, not after it, that no network or no device can be so.

        Drawn weights stand for the trained ones: equal crossbars would be stored once.

        Raises ConfigError that names the layer or memory, the limit, and by how much it is broken.
        """
        lower(self.graph)
        if self.hardware is None:
            return
        try:
            compile_layers(drawn(self.graph), preset(self.hardware))
        except ConfigError as error:
            raise ConfigError(
                f"{self.name}: cannot be compiled for {self.hardware}, the hardware in its "
                f"[result]: {error}"
            ) from None

    def planes(self) -> int:
        """Planes of the frame that the coding makes of the data."""
        return planes_of(self.coding, self.data.shape[0])


#: Names of the recipes that ship.
RECIPES = names()


def read(name: str) -> Recipe:
    """The recipe of that name, or of a file `.toml`.

    Raises ConfigError that names the table, the key, its value and what it must be.
    """
    name, tables = read_recipe(name)
    for table in ("data", "training"):
        if table not in tables:
            raise ConfigError(f"{name}: the table [{table}] is missing, which training needs")
    data, training, result = tables["data"], tables["training"], tables.get("result", {})
    check_keys(f"{name}: result", result, _RESULT)
    coding = _coding(name, data)
    graph = graph_of(name, tables["network"])
    dropout = {
        fields["name"]: float(fields["dropout"])
        for fields in tables["network"]["layers"]
        if "dropout" in fields
    }
    made = Recipe(
        name=name,
        about=tables.get("about", ""),
        graph=graph,
        grain=tables["network"].get("grain", 8),
        dropout=dropout,
        data=_data(name, data, graph, coding),
        coding=coding,
        options=_options(name, training, graph),
        seed=training.get("seed", 0),
        hardware=result.get("hardware"),
        expected=result,
    )
    _check_ends(made)
    if made.hardware is not None:
        preset(made.hardware)  # found out now, not after the training
    return made


def graph(name: str) -> LayerGraph:
    """The graph of that name, or of a file `.toml`, which need not say how it is trained.

    Raises ConfigError that lists the names, or names what is wrong, of data and training too.
    """
    stem, tables = read_recipe(name)
    if {"data", "training"} <= {*tables}:
        return read(name).graph
    made = graph_of(stem, tables["network"])
    if "data" in tables:
        _data(stem, tables["data"], made, _coding(stem, tables["data"]))
    if "training" in tables:
        _options(stem, tables["training"], made)
    check_keys(f"{stem}: result", tables.get("result", {}), _RESULT)
    return made


def drawn(graph: LayerGraph) -> LayeredNetwork:
    """A network of a graph's shapes whose trits are drawn, always the same: to try it untrained."""
    draw = np.random.default_rng(0)
    weights = {
        layer.name: (draw.integers(-1, 2, layer.weights.shape, np.int8), layer.leak)
        for layer in lower(graph).layers
    }
    return lower(graph, weights, provenance={"weights": "drawn, not trained"})


def measured(name: str) -> dict[str, Any]:
    """The part of a trained network that a recipe's [result] keeps for `estimate`: its activity."""
    _, tables = read_recipe(name)
    kept = tables.get("result", {})
    return {"activity": kept["activity"]} if "activity" in kept else {}


def _coding(name: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """The coding that the table of data names, with all its parameters."""
    kind = table.get("coding", "none")
    if isinstance(kind, str) and kind not in _CODINGS:
        raise ConfigError(f"{name}: no coding {kind!r}; there are: {', '.join(_CODINGS)}")
    parameters = _CODINGS[kind] if isinstance(kind, str) else {}
    own = _OWN if table.get("set") in own_sets.KINDS else {}
    kinds = {"set": str, "coding": str, **dict.fromkeys(parameters, int), **own}
    check_keys(f"{name}: data", table, kinds, need=["set", "coding"])
    chosen = {key: table.get(key, usual) for key, usual in parameters.items()}
    for key, value in chosen.items():
        low, high = _LIMITS[key]
        if not low <= value <= high:
            raise ConfigError(f"{name}: data: {key} must be {low}..{high}, not {value}")
    return {"kind": kind, **chosen}


def _data(
    name: str, table: Mapping[str, Any], graph: LayerGraph, coding: Mapping[str, Any]
) -> DataSet:
    """The data set that the table names; of the user's own, in the shape of the network's frame."""
    kind = table["set"]
    if kind not in own_sets.KINDS:
        return data_set(kind)
    each = planes_of(coding, 1)
    frame = graph.frame
    usual = frame.features // each if coding["kind"] != "transduction" else 3
    channels = table.get("channels", max(1, usual))
    rate = table.get("rate", own_sets.RATE)
    if rate not in RATES:
        raise ConfigError(
            f"{name}: data: rate must be {RATES[0]}..{RATES[-1]} samples a second, not {rate}"
        )
    if not 1 <= channels <= MOST_SIDE:
        raise ConfigError(f"{name}: data: channels must be 1..{MOST_SIDE}, not {channels}")
    names = tuple(table.get("names", ()))
    classes = graph.order[-1].classes or 0
    if names and (len(names) != classes or not all(isinstance(one, str) for one in names)):
        raise ConfigError(
            f"{name}: data: names must be the {classes} classes that the network votes for, not "
            f"{list(names)!r:.200}"
        )
    return own_sets.own_set(
        kind,
        shape=(channels, frame.rows, frame.columns),
        classes=classes,
        names=names,
        rate=rate,
        binary=coding["kind"] == "none",
    )


def planes_of(coding: Mapping[str, Any], channels: int) -> int:
    """Planes of the frame that a recipe's coding makes of so many channels."""
    kind = coding["kind"]
    if kind == "transduction":
        return int(coding["planes"])
    return channels * int(coding.get({"thermometer": "levels", "planes": "bits"}.get(kind, ""), 1))


def _options(name: str, table: Mapping[str, Any], graph: LayerGraph) -> Options:
    check_keys(f"{name}: training", table, _TRAINING)
    fields = {"scale": usual_scale(graph), **table}
    fields.pop("seed", None)
    if "warp" in fields:
        check_keys(f"{name}: training: warp", fields["warp"], _WARP)
        fields["warp"] = Warp(**fields["warp"])
    if "cuts" in fields:
        fields["cuts"] = tuple(fields["cuts"])
    try:
        return Options(**fields)
    except ConfigError as error:
        raise ConfigError(f"{name}: training: {error}") from None


def usual_scale(graph: LayerGraph) -> float:
    """Logit of one vote, by default: 6 over a class's votes.

    A class that has all its votes is then 6 above one that has none, however many neurons vote.
    """
    votes = sum(
        plane.groups * plane.neurons * plane.rows * plane.columns / (layer.classes or 1)
        for layer in graph.order
        if layer.classes is not None and (plane := graph.planes[layer.name])
    )
    return _SCALE / votes


def _check_ends(recipe: Recipe) -> None:
    """Raise ConfigError if frame or classes of the network are not those of the data as coded."""
    kind, (_, rows, columns) = recipe.coding["kind"], recipe.data.shape
    if kind == "none" and not recipe.data.binary:
        raise ConfigError(f"{recipe.name}: {recipe.data.name} has pixels, which need a coding")
    frame = recipe.graph.frame
    found, wanted = (frame.rows, frame.columns, frame.features), (rows, columns, recipe.planes())
    if found != wanted:
        raise ConfigError(
            f"{recipe.name}: the network's frame is {list(found)}; {recipe.data.name} coded by "
            f"{kind} is {list(wanted)}: rows, columns, planes"
        )
    classes = recipe.graph.order[-1].classes
    if classes != recipe.data.classes:
        raise ConfigError(
            f"{recipe.name}: the last layer votes for {classes} classes; {recipe.data.name} has "
            f"{recipe.data.classes}"
        )
