"""Recipes: what a recipe file says of data and training."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from sterna.compile import LayerGraph, compile_layers, lower
from sterna.compile.recipe_file import check_keys, graph_of, names, read_recipe
from sterna.data import binary
from sterna.data.coding import PIXEL_MAX
from sterna.data.examples import DataSet, Examples
from sterna.data.sets import data_set
from sterna.data.trained import DATA_VARIABLE
from sterna.spec import ConfigError, DataError, preset
from sterna.spec.maps import MOST_SIDE

from .augment import Warp
from .build import build
from .coding import BitPlanes, Coding, Thermometer, Transduction
from .options import Options
from .training import Split

#: Codings, and the parameters of each with their defaults.
_CODINGS: dict[str, dict[str, int]] = {
    "none": {}, "bits": {}, "thermometer": {"levels": 4}, "planes": {"bits": 8},
    "transduction": {"planes": 12, "kernel": 3},
}  # fmt: skip
#: The least and the greatest of each.
_LIMITS = {"levels": (1, PIXEL_MAX), "bits": (1, 8), "planes": (1, MOST_SIDE), "kernel": (1, 5)}
_RESULT = {"hardware": str, "accuracy": float, "time": str, "part": str}
_TRAINING = {
    "seed": int, "epochs": int, "batch": int, "optimizer": str, "rate": float, "scale": float,
    "schedule": str, "cuts": list, "momentum": float, "decay": float, "penalty": float,
    "shift": int, "mirror": bool, "warp": dict, "calibrate": int, "threads": int,
    "surrogate": float, "precision": str,
}  # fmt: skip
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
    coding : `kind`: none, bits, thermometer, planes or transduction; its parameters beside it.
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

    def model(self, seed: int) -> nn.Sequential:
        """A fresh model; the same seed draws the same weights."""
        generator = torch.Generator().manual_seed(seed)
        return build(self.graph, coding=self._coder(generator), dropout=self.dropout,
                     width=self.options.surrogate, generator=generator)  # fmt: skip

    def digest(self) -> str:
        """BLAKE2b-128 over all that decides on the model, hexadecimal."""
        text = repr((self.graph, dict(self.dropout), dict(self.coding), self.data.name))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def check_device(self) -> None:
        """Find out before the training, not after it, that no network or no device can be so.

        Drawn weights stand for the trained ones: equal crossbars would be stored once.

        Raises ConfigError that names the layer or memory, the limit, and by how much it is broken.
        """
        shapes = lower(self.graph)
        if self.hardware is None:
            return
        draw = np.random.default_rng(0)
        drawn = {layer.name: (draw.integers(-1, 2, layer.weights.shape, np.int8), layer.leak)
                 for layer in shapes.layers}  # fmt: skip
        try:
            compile_layers(lower(self.graph, drawn), preset(self.hardware))
        except ConfigError as error:
            raise ConfigError(
                f"{self.name}: cannot be compiled for {self.hardware}, the hardware in its "
                f"[result]: {error}"
            ) from None

    def _coder(self, generator: torch.Generator) -> Coding | Transduction | None:
        kind, coding = self.coding["kind"], self.coding
        if kind == "thermometer":
            return Thermometer(coding["levels"])
        if kind == "planes":
            return BitPlanes(coding["bits"])
        if kind == "transduction":
            return Transduction(self.data.shape[0], coding["planes"], coding["kernel"],
                                width=self.options.surrogate, generator=generator)  # fmt: skip
        return None

    def planes(self) -> int:
        """Planes of the frame that the coding makes of the data."""
        coder, channels = self._coder(torch.Generator()), self.data.shape[0]
        return channels if coder is None else coder.planes(channels)

    def split(self, examples: Examples) -> Split:
        """Examples as the model takes them."""
        bits = self.coding["kind"] == "bits"
        inputs = binary(examples.inputs).astype(np.uint8) if bits else examples.inputs
        return Split(torch.from_numpy(np.require(inputs, requirements=("C", "W"))),
                     torch.from_numpy(examples.labels),
                     binary=bits or self.data.binary)  # fmt: skip


#: Names of the recipes that ship.
RECIPES = names()


def recipe(name: str) -> Recipe:
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
    dropout = {fields["name"]: float(fields["dropout"])
               for fields in tables["network"]["layers"] if "dropout" in fields}  # fmt: skip
    made = Recipe(
        name=name, about=tables.get("about", ""), graph=graph,
        grain=tables["network"].get("grain", 8), dropout=dropout, data=data_set(data["set"]),
        coding=coding,
        options=_options(name, training), seed=training.get("seed", 0),
        hardware=result.get("hardware"), expected=result,
    )  # fmt: skip
    _check_ends(made)
    if made.hardware is not None:
        preset(made.hardware)  # found out now, not after the training
    return made


def _coding(name: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """The coding that the table of data names, with all its parameters."""
    kind = table.get("coding", "none")
    if isinstance(kind, str) and kind not in _CODINGS:
        raise ConfigError(f"{name}: no coding {kind!r}; there are: {', '.join(_CODINGS)}")
    parameters = _CODINGS[kind] if isinstance(kind, str) else {}
    kinds = {"set": str, "coding": str, **dict.fromkeys(parameters, int)}
    check_keys(f"{name}: data", table, kinds, need=["set", "coding"])
    chosen = {key: table.get(key, usual) for key, usual in parameters.items()}
    for key, value in chosen.items():
        low, high = _LIMITS[key]
        if not low <= value <= high:
            raise ConfigError(f"{name}: data: {key} must be {low}..{high}, not {value}")
    return {"kind": kind, **chosen}


def _options(name: str, table: Mapping[str, Any]) -> Options:
    check_keys(f"{name}: training", table, _TRAINING,
               need=["epochs", "batch", "optimizer", "rate", "scale"])  # fmt: skip
    fields = {key: value for key, value in table.items() if key != "seed"}
    if "warp" in fields:
        check_keys(f"{name}: training: warp", fields["warp"], _WARP)
        fields["warp"] = Warp(**fields["warp"])
    if "cuts" in fields:
        fields["cuts"] = tuple(fields["cuts"])
    try:
        return Options(**fields)
    except ConfigError as error:
        raise ConfigError(f"{name}: training: {error}") from None


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


def data_folder(folder: str | Path | None, data: DataSet) -> Path:
    """The folder given, else the one that STERNA_DATA names; DataError if there is neither."""
    named = folder if folder is not None else os.environ.get(DATA_VARIABLE)
    if not named:
        raise DataError(
            f"training needs a data set; name its folder with --data DIR or the environment "
            f"variable {DATA_VARIABLE}; {data.advice()}"
        )
    return Path(named)


def held_out(examples: Examples, share: float, seed: int) -> tuple[Examples, Examples]:
    """Training examples, and about this share of them kept back; groups stay together."""
    groups = np.unique(examples.group)
    chosen = np.random.default_rng(seed).permutation(groups)[: max(1, round(len(groups) * share))]
    held = np.isin(examples.group, chosen)
    return examples.pick(~held), examples.pick(held)
