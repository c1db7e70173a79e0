"""A layer graph: what a network designer says of a convolutional network, without maps or cores."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from sterna.spec import ConfigError
from sterna.spec.checks import check_distinct, check_integer, check_name, check_pair
from sterna.spec.layers import MOST_BORDER, MOST_NEURONS, MOST_SIDE
from sterna.spec.network import MOST_FEATURES

Wiring = Literal["blocks", "shuffle"]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The planes of a frame: feature f of site (y, x) has number (f x rows + y) x columns + x.

    Parameters
    ----------
    rows, columns : sites.
    features : planes, which the layers that read the frame share out among their groups.
    """

    rows: int
    columns: int
    features: int = 1


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer: a convolution in groups, or patches that each have weights of their own.

    Parameters
    ----------
    name : distinct within a graph.
    source : the layer that it reads, by name; None: the frame.
    groups : groups of neurons; each reads its share of the source's neurons. Of patches: 1.
    neurons : neurons of each group at each site; of patches: of each patch.
    kernel, stride : rows and columns of a window, and to the next one.
    pad : sites before the source's first at which the first window begins, and as many after the
        last; negative for patches that leave out the rim of the frame.
    patches : every window has weights of its own: it becomes a group of one site. Only over the
        frame, as a neuron has one place in the map that it writes.
    wiring : how its neurons go to the groups of the layer that reads it. `blocks`: in order, an
        equal share to each. `shuffle`: every group's neurons in equal parts to all of them.
    grain : the neurons of one group that go to one group begin at a multiple of it; what is left
        out is a hole. 8 keeps bytes of a map whole; 1 leaves nothing out.
    classes : None: it does not vote. Else neuron n, counted through all groups, votes for class
        n mod classes, on line n.
    """

    name: str
    source: str | None = None
    groups: int = 1
    neurons: int
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    pad: int = 0
    patches: bool = False
    wiring: Wiring = "blocks"
    grain: int = 8
    classes: int | None = None

    @property
    def window(self) -> int:
        """Sites of a window."""
        return self.kernel[0] * self.kernel[1]

    def check(self) -> None:
        """Raise ConfigError, naming the layer, for a parameter that no layer can have."""
        check_name(self.name, "a layer's name")
        where = f"layer {self.name!r}: "
        check_pair(f"{where}kernel", self.kernel, MOST_SIDE)
        check_pair(f"{where}stride", self.stride, MOST_SIDE)
        check_integer(f"{where}groups", self.groups, 1, 1 if self.patches else MOST_SIDE)
        check_integer(f"{where}neurons", self.neurons, 1, MOST_NEURONS)
        check_integer(f"{where}pad", self.pad, -MOST_SIDE if self.patches else 0, MOST_BORDER)
        check_integer(f"{where}grain", self.grain, 1, MOST_SIDE)
        if self.classes is not None:
            check_integer(f"{where}classes", self.classes, 1, MOST_FEATURES)
        if self.patches and self.source is not None:
            raise ConfigError(
                f"layer {self.name!r}: patches read the frame, not layer {self.source!r}: a neuron "
                "has one place in the map that it writes"
            )
        if self.wiring not in get_args(Wiring):
            raise ConfigError(
                f"layer {self.name!r}: no wiring {self.wiring!r}; there are: "
                f"{', '.join(get_args(Wiring))}"
            )


@dataclass(frozen=True)
class Plane:
    """Output of a layer, or of the frame: neurons of each group at each site."""

    groups: int
    neurons: int
    rows: int
    columns: int


@dataclass(frozen=True, kw_only=True)
class LayerGraph:
    """A feed-forward network of layers, checked on construction.

    Parameters
    ----------
    name : of the network.
    frame : the frame that it reads.
    layers : its layers, in any order.

    Members
    -------
    order : the layers in the order of data.
    planes : the output of each layer, by name.

    Raises
    ------
    ConfigError : names the layer, and group or source, what is wrong, and by how much.
    """

    name: str
    frame: Frame
    layers: Sequence[Layer]
    order: tuple[Layer, ...] = field(init=False)
    planes: dict[str, Plane] = field(init=False)

    def __post_init__(self) -> None:
        for name in ("rows", "columns", "features"):
            check_integer(f"the frame's {name}", getattr(self.frame, name), 1, MOST_SIDE)
        for layer in self.layers:
            layer.check()
        object.__setattr__(self, "order", _in_order(self.layers))
        planes: dict[str, Plane] = {}
        frame = Plane(1, self.frame.features, self.frame.rows, self.frame.columns)
        for layer in self.order:
            source = frame if layer.source is None else planes[layer.source]
            planes[layer.name] = _plane(layer, source)
        object.__setattr__(self, "planes", planes)
        for layer in self.order:
            self._check_readers(layer)

    def readers(self, name: str | None) -> list[Layer]:
        """The layers that read this one; None: the frame."""
        return [layer for layer in self.order if layer.source == name]

    def _check_readers(self, layer: Layer) -> None:
        readers = self.readers(layer.name)
        if layer.classes is not None:
            if readers:
                raise ConfigError(
                    f"layer {layer.name!r} votes, and layer {readers[0].name!r} reads it: only the "
                    "last layers vote"
                )
            plane = self.planes[layer.name]
            if plane.groups * plane.neurons < layer.classes:
                raise ConfigError(
                    f"layer {layer.name!r} votes for {layer.classes} classes with "
                    f"{plane.groups * plane.neurons} neurons: each class needs one at least"
                )
        elif not readers:
            raise ConfigError(
                f"layer {layer.name!r} is read by no layer and votes for no class: give it "
                "classes, or leave it out"
            )
        for other in readers[1:]:
            if other.groups != readers[0].groups:
                raise ConfigError(
                    f"layer {layer.name!r} is read by {readers[0].name!r} in {readers[0].groups} "
                    f"groups and by {other.name!r} in {other.groups}: they must be as many"
                )


def _in_order(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers in the order of data: a layer after the one that it reads."""
    names = [layer.name for layer in layers]
    check_distinct("layers", names)
    if not layers:
        raise ConfigError("a graph needs at least one layer")
    for layer in layers:
        if layer.source is not None and layer.source not in names:
            raise ConfigError(
                f"layer {layer.name!r} reads {layer.source!r}; there is no such layer: "
                f"{', '.join(names)}"
            )
    done: dict[str, Layer] = {}
    left = list(layers)
    while left:
        ready = [layer for layer in left if layer.source is None or layer.source in done]
        if not ready:
            raise ConfigError(
                f"layer {left[0].name!r} is in a loop of layers, or behind one; only feed-forward "
                "networks compile"
            )
        done |= {layer.name: layer for layer in ready}
        left = [layer for layer in left if layer.name not in done]
    return tuple(done.values())


def _plane(layer: Layer, source: Plane) -> Plane:
    """The output of a layer."""
    sides: list[int] = []
    for what, size, reach, step in zip(
        ("rows", "columns"), (source.rows, source.columns), layer.kernel, layer.stride, strict=True
    ):
        room = size + 2 * layer.pad - reach
        if room < 0:
            raise ConfigError(
                f"layer {layer.name!r}: its window has {reach} {what}, its source {size} and its "
                f"border {layer.pad} on both sides: {-room} too many; use a smaller one or more pad"
            )
        sides.append(room // step + 1)
    if layer.patches:
        return Plane(sides[0] * sides[1], layer.neurons, 1, 1)
    return Plane(layer.groups, layer.neurons, *sides)
