"""Layer graphs by name: the networks of the recipes that ship, or of a recipe file."""

from .layer_graph import LayerGraph
from .recipe_file import graph_of, names, read_recipe

#: Names of the graphs that ship.
GRAPHS = names()


def graph(name: str) -> LayerGraph:
    """The graph of that name, or of a file `.toml`; raises ConfigError that lists the names."""
    name, recipe = read_recipe(name)
    return graph_of(name, recipe["network"])
