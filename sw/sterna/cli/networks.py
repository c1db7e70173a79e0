"""Networks that a command is given: by name, of those that ship or of a recipe, or as a file."""

from pathlib import Path

from sterna.compile import GRAPHS, graph, lower
from sterna.compile.ibm_reader import read_ibm
from sterna.compile.recipe import drawn, measured
from sterna.data import SHIPPED, SHIPPED_LAYERS, shipped
from sterna.spec import ConfigError, LayeredNetwork, Network, load_any, load_layers

_SHIPS = (*SHIPPED, *SHIPPED_LAYERS)


def read_file(path: str | Path) -> Network | LayeredNetwork:
    """The network of a file: IBM's model file, .json, or a network file of either kind."""
    return read_ibm(path) if Path(path).suffix == ".json" else load_any(path)


def read_layers(name: str) -> LayeredNetwork:
    """The shapes of a recipe of that name or file, without weights, or a file of layers.

    The activity that the recipe has a measurement of is in the provenance.
    """
    if name in GRAPHS or Path(name).suffix == ".toml":
        return lower(graph(name), provenance=measured(name))
    if Path(name).suffix != ".sterna":
        raise ConfigError(
            f"no network {name!r}; there are: {', '.join(GRAPHS)}; or name a file, .sterna or .toml"
        )
    return load_layers(name)


def read_compilable(name: str) -> LayeredNetwork:
    """A network of layers that ships, or of a file; or of a recipe, with weights that are drawn."""
    if name in SHIPPED_LAYERS:
        found = shipped(name)
        assert isinstance(found, LayeredNetwork)
        return found
    if name in SHIPPED:
        raise ConfigError(
            f"{name!r} holds explicit cores, compiled for a device: compile takes layers; train "
            f"its recipe for another device (sterna train {name} --show)"
        )
    if name in GRAPHS or Path(name).suffix == ".toml":
        return drawn(graph(name))
    return read_layers(name)


def read_trained(name: str) -> Network | LayeredNetwork:
    """A network that ships, by its name, or that of a file."""
    if name in _SHIPS:
        return shipped(name)
    if not Path(name).suffix and not Path(name).exists():
        recipe = f"; {name} is a recipe: sterna train {name}" if name in GRAPHS else ""
        raise ConfigError(
            f"no network {name!r} ships; there are: {', '.join(_SHIPS)}; or name a file, "
            f".sterna{recipe}"
        )
    return read_file(name)


def read_network(name: str) -> Network | LayeredNetwork:
    """The network of a graph of that name, or of any file."""
    return read_file(name) if Path(name).suffix in (".json", ".sterna") else read_layers(name)
