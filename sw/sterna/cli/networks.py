"""Networks that a command is given: by the name of a layer graph, or as a file."""

from pathlib import Path

from sterna.compile import GRAPHS, graph, lower
from sterna.compile.ibm_reader import read_ibm
from sterna.spec import ConfigError, LayeredNetwork, Network, load_any, load_layers


def read_file(path: str | Path) -> Network | LayeredNetwork:
    """The network of a file: IBM's model file, .json, or a network file of either kind."""
    return read_ibm(path) if Path(path).suffix == ".json" else load_any(path)


def read_layers(name: str) -> LayeredNetwork:
    """The network of a recipe of that name or file, or of a file of layers."""
    if name in GRAPHS or Path(name).suffix == ".toml":
        return lower(graph(name))
    if Path(name).suffix != ".sterna":
        raise ConfigError(
            f"no network {name!r}; there are: {', '.join(GRAPHS)}; or name a file, .sterna or .toml"
        )
    return load_layers(name)


def read_trained(name: str) -> Network | LayeredNetwork:
    """A network that ships, by its name, or that of a file."""
    from sterna.data import SHIPPED, SHIPPED_LAYERS, shipped

    if name in (*SHIPPED, *SHIPPED_LAYERS):
        return shipped(name)
    if not Path(name).suffix:
        raise ConfigError(
            f"no network {name!r} ships; there are: {', '.join((*SHIPPED, *SHIPPED_LAYERS))}; or "
            "name a file, .sterna"
        )
    return read_file(name)


def read_network(name: str) -> Network | LayeredNetwork:
    """The network of a graph of that name, or of any file."""
    return read_file(name) if Path(name).suffix in (".json", ".sterna") else read_layers(name)
