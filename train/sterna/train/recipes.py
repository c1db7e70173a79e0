"""Recipes made models, and their data as models take them."""

import hashlib
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

from sterna.compile import recipe as recipes
from sterna.data import binary
from sterna.data.examples import DataSet, Examples
from sterna.data.trained import DATA_VARIABLE
from sterna.spec import DataError

from .build import build
from .coding import BitPlanes, Coding, Thermometer, Transduction
from .training import Split


class Recipe(recipes.Recipe):
    """A recipe (`sterna.compile.recipe`), and the model that it trains."""

    def model(self, seed: int) -> nn.Sequential:
        """A fresh model; the same seed draws the same weights."""
        generator = torch.Generator().manual_seed(seed)
        return build(
            self.graph,
            coding=self._coder(generator),
            dropout=self.dropout,
            width=self.options.surrogate,
            generator=generator,
        )

    def digest(self) -> str:
        """BLAKE2b-128 over all that decides on the model, hexadecimal."""
        text = repr((self.graph, dict(self.dropout), dict(self.coding), self.data.name))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def _coder(self, generator: torch.Generator) -> Coding | Transduction | None:
        kind, coding = self.coding["kind"], self.coding
        if kind == "thermometer":
            return Thermometer(coding["levels"])
        if kind == "planes":
            return BitPlanes(coding["bits"])
        if kind == "transduction":
            return Transduction(
                self.data.shape[0],
                coding["planes"],
                coding["kernel"],
                width=self.options.surrogate,
                generator=generator,
            )
        return None

    def split(self, examples: Examples) -> Split:
        """Examples as the model takes them."""
        bits = self.coding["kind"] == "bits"
        inputs = binary(examples.inputs).astype(np.uint8) if bits else examples.inputs
        return Split(
            torch.from_numpy(np.require(inputs, requirements=("C", "W"))),
            torch.from_numpy(examples.labels),
            binary=bits or self.data.binary,
        )


def recipe(name: str) -> Recipe:
    """The recipe of that name, or of a file `.toml`.

    Raises ConfigError that names the table, the key, its value and what it must be.
    """
    return Recipe(**vars(recipes.read(name)))


def data_folder(folder: str | Path | None, data: DataSet) -> Path:
    """The folder given, else the one that STERNA_DATA names; DataError if there is neither."""
    named = folder if folder is not None else os.environ.get(DATA_VARIABLE)
    if not named:
        raise DataError(
            f"training needs a data set; name its folder with --data DIR or the environment "
            f"variable {DATA_VARIABLE}; {data.advice()}"
        )
    return Path(named)
