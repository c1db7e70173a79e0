"""Layer graphs by name: the published one-chip network, and the networks that ship."""

from sterna.spec import ConfigError

from .layer_graph import Frame, Layer, LayerGraph, Wiring
from .patches import PATCH_NETWORKS


def one_chip() -> LayerGraph:
    """IBM's CIFAR network of one TrueNorth chip: layers 2 to 15, of 12 planes of spikes.

    Layer 1, which makes the planes of pixels, runs off the chip. Neurons are dealt to all groups
    of the next layer (`shuffle`) wherever whole bytes of 8 can be.
    Source: Esser et al., PNAS 2016; groups, sites and the last layer as in a compiled model file of
    4,042 cores.
    """
    shapes: list[tuple[str, int, int, Wiring]] = [
        # kind, groups, neurons of a group, wiring
        ("P4", 2, 126, "shuffle"),
        ("N", 2, 128, "blocks"),
        ("P2", 8, 32, "blocks"),
        ("S", 32, 16, "blocks"),
        ("N", 4, 128, "shuffle"),
        ("N", 4, 128, "shuffle"),
        ("N", 4, 128, "shuffle"),
        ("P2", 16, 32, "blocks"),
        ("S", 64, 16, "blocks"),
        ("N", 8, 128, "blocks"),
        ("P2", 32, 32, "blocks"),
        ("N", 8, 128, "shuffle"),
        ("N", 8, 128, "shuffle"),
        ("N", 8, 255, "blocks"),
    ]
    kinds = {"P4": (4, 2, 1), "P2": (2, 2, 0), "S": (3, 1, 1), "N": (1, 1, 0)}
    layers: list[Layer] = []
    for number, (kind, groups, neurons, wiring) in enumerate(shapes, start=2):
        kernel, stride, pad = kinds[kind]
        layers.append(Layer(
            name=f"{number} {kind}-{groups * neurons} ({groups})",
            source=layers[-1].name if layers else None, groups=groups, neurons=neurons,
            kernel=(kernel, kernel), stride=(stride, stride), pad=pad, wiring=wiring,
            classes=10 if number == 15 else None,
        ))  # fmt: skip
    return LayerGraph(name="one-chip", frame=Frame(rows=32, columns=32, features=12), layers=layers)


#: Names of the graphs.
GRAPHS = ("one-chip", *PATCH_NETWORKS)


def graph(name: str) -> LayerGraph:
    """The graph of that name; raises ConfigError that lists the names."""
    if name == "one-chip":
        return one_chip()
    if name not in PATCH_NETWORKS:
        raise ConfigError(f"no network {name!r}; there are: {', '.join(GRAPHS)}")
    return PATCH_NETWORKS[name].graph(name)
