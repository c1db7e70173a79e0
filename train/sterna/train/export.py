"""From a PyTorch model to a network of layers."""

import dataclasses
from typing import Any

import numpy as np
from torch import nn

from sterna.compile import Frame, Layer, LayerGraph, lower
from sterna.spec import ConfigError, LayeredNetwork

from .coding import Coding, PixelConv2d, describe
from .compare import Pair, compare
from .layers import TrinaryConv2d, TrinaryLinear, TrinaryPatches
from .neurons import SpikingNeuron
from .trinary import TrinaryLayer
from .walk import Step, walk
from .wiring import Shuffle, Votes


@dataclasses.dataclass
class _Node:
    """The output of a step, on the way from a model to a graph."""

    layer: str | None  # the layer whose spikes these are; None: the frame
    channels: int
    rows: int
    columns: int
    sums: TrinaryLayer | PixelConv2d | None = None  # not yet spikes
    shuffle: Shuffle | None = None
    flat: bool = False  # read through nn.Flatten
    votes: bool = False


def to_layers(
    model: nn.Module,
    frame: tuple[int, int, int],
    *,
    name: str = "network",
    grain: int = 8,
    provenance: dict[str, Any] | None = None,
) -> LayeredNetwork:
    """A calibrated model as a layered network, which computes the same, spike by spike.

    A coding or transduction layer at the model's begin stays with the host: the network's frame is
    what it puts out. Dropout does nothing in evaluation, and is left out.

    The network is compared with the model on frames that are drawn, every spike of every layer and
    the votes, each time: what `sterna.train.compare` does.

    Parameters
    ----------
    model : a chain of `sterna.train`'s modules; the last is `Votes`.
    frame : channels, rows and columns of the model's input.
    name, provenance : of the network.
    grain : as of `sterna.compile.Layer`: 8 keeps bytes of a map whole, 1 leaves no holes.

    Raises
    ------
    ConfigError : names the module that has no place in a network, the layer that breaks a limit, or
        the layer, group and neuron whose spikes differ.
    """
    steps = walk(model)
    reader = _Reader(steps, frame)
    layers = [Layer(**{**fields, "grain": grain}) for fields in reader.layers.values()]
    graph = LayerGraph(name=name, frame=reader.frame, layers=layers)
    network = lower(graph, reader.parameters(graph), provenance=provenance)
    neurons = [reader.neurons[layer.name] for layer in network.layers]
    compare(Pair(model, network, steps, neurons, reader.coding, frame))
    return network


class _Reader:
    """Reads a model's steps: the fields of each layer of its graph, and where its weights are."""

    def __init__(self, steps: list[Step], frame: tuple[int, int, int]) -> None:
        self.layers: dict[str, dict[str, Any]] = {}
        #: The step that gives each layer's spikes, and how a host codes the frame.
        self.neurons: dict[str, int] = {}
        self.coding: dict[str, Any] = {"kind": "none"}
        self._trained: dict[str, tuple[TrinaryLayer, SpikingNeuron]] = {}
        channels, rows, columns = frame
        self.frame = Frame(rows=rows, columns=columns, features=channels)
        nodes = {-1: _Node(None, channels, rows, columns)}
        for index, step in enumerate(steps):
            nodes[index] = self._step(step, nodes[step.source])
            if isinstance(step.module, SpikingNeuron) and nodes[index].layer is not None:
                self.neurons[str(nodes[index].layer)] = index
        if not steps or not isinstance(steps[-1].module, Votes):
            raise ConfigError("the model must end with Votes: its classes")

    def _step(self, step: Step, node: _Node) -> _Node:
        module = step.module
        if node.votes:
            raise ConfigError(f"{step.name!r} reads votes: Votes must be the model's last module")
        if isinstance(module, SpikingNeuron):
            return self._neurons(step, node, module)
        if node.sums is not None:
            raise ConfigError(
                f"{step.name!r} reads the sums of {node.layer!r}: put a SpikingNeuron between them"
            )
        if isinstance(module, (Coding, PixelConv2d)):
            if node.layer is not None:
                raise ConfigError(f"{step.name!r} codes pixels: it must be the model's first")
            if isinstance(module, PixelConv2d):
                return dataclasses.replace(node, sums=module, channels=module.outputs)
            self.coding = module.describe()
            return self._coded(node, module.planes(node.channels))
        if isinstance(module, (nn.Dropout, nn.Dropout2d, nn.Identity)):
            return node
        if isinstance(module, nn.Flatten) and (module.start_dim, module.end_dim) == (1, -1):
            return dataclasses.replace(node, flat=True)
        if node.shuffle is not None and not isinstance(module, TrinaryLayer):
            raise ConfigError(f"{step.name!r} reads a Shuffle: only a layer of weights can")
        if isinstance(module, Shuffle):
            self._check_flat(step, node, module)
            return dataclasses.replace(node, shuffle=module)
        if isinstance(module, TrinaryLayer):
            return self._sums(step, node, module)
        if isinstance(module, Votes):
            if node.layer is None:
                raise ConfigError("the model has no layer before its Votes")
            if "classes" in self.layers[node.layer]:
                raise ConfigError(f"{step.name!r} counts the votes of {node.layer!r} a second time")
            self._check_flat(step, node, module)
            self.layers[node.layer]["classes"] = module.classes
            return dataclasses.replace(node, votes=True)
        raise ConfigError(
            f"{step.name!r} is a {type(module).__name__}, which has no place on cores; a network "
            "is made of TrinaryConv2d, TrinaryLinear, TrinaryPatches, SpikingNeuron, Shuffle, "
            "Votes, nn.Flatten and nn.Dropout"
        )

    @staticmethod
    def _check_flat(step: Step, node: _Node, module: nn.Module) -> None:
        """Behind a Flatten a site of a map would count as a feature, which no map has."""
        if node.flat and node.rows * node.columns > 1:
            raise ConfigError(
                f"{step.name!r}, a {type(module).__name__}, reads a map of {node.rows} x "
                f"{node.columns} sites through nn.Flatten, which makes features of its sites: "
                f"leave the Flatten out, as {type(module).__name__} takes maps too"
            )

    def _coded(self, node: _Node, planes: int) -> _Node:
        self.frame = dataclasses.replace(self.frame, features=planes)
        return dataclasses.replace(node, channels=planes, sums=None)

    def _neurons(self, step: Step, node: _Node, module: SpikingNeuron) -> _Node:
        if node.sums is None:
            raise ConfigError(f"{step.name!r}: a SpikingNeuron must read a layer's sums")
        if module.features != node.channels:
            raise ConfigError(
                f"{step.name!r} has {module.features} features, "
                f"{node.layer or 'the coding'!r} {node.channels}"
            )
        if not module.folded:
            raise ConfigError(
                f"{step.name!r} has no leaks yet, or was trained since: calibrate the model first"
            )
        if isinstance(node.sums, PixelConv2d):
            self.coding = describe(node.sums, module)
            return self._coded(node, node.channels)
        assert node.layer is not None
        self._trained[node.layer] = node.sums, module
        return dataclasses.replace(node, sums=None)

    def _sums(self, step: Step, node: _Node, module: TrinaryLayer) -> _Node:
        name = module.name or step.name
        if name in self.layers:
            raise ConfigError(f"two layers are named {name!r}, or one is used twice")
        groups = 1 if isinstance(module, TrinaryPatches) else module.groups
        self._wire(name, node, groups)
        fields: dict[str, Any] = {"name": name, "source": node.layer, "groups": groups}
        rows, columns = node.rows, node.columns
        if isinstance(module, TrinaryLinear):
            fields |= {"kernel": (rows, columns), "neurons": module.outputs // groups}
            inputs, rows, columns = module.inputs // (rows * columns), 1, 1
        elif isinstance(module, TrinaryPatches):
            if module.frame != (rows, columns):
                raise ConfigError(
                    f"{step.name!r} is made for frames of {module.frame[0]} x {module.frame[1]} "
                    f"sites, and reads {rows} x {columns}: make it with frame=({rows}, {columns})"
                )
            fields |= {
                "kernel": module.kernel,
                "stride": module.stride,
                "pad": module.padding,
                "patches": True,
                "neurons": module.outputs // module.groups,
            }
            inputs, rows, columns = module.inputs, 1, 1
        else:
            assert isinstance(module, TrinaryConv2d)
            fields |= {
                "kernel": module.kernel,
                "stride": module.stride,
                "pad": module.padding,
                "neurons": module.outputs // groups,
            }
            inputs = module.inputs
            rows, columns = (
                (size + 2 * module.padding - reach) // step + 1
                for size, reach, step in zip(
                    (rows, columns), module.kernel, module.stride, strict=True
                )
            )
        if inputs != node.channels:
            raise ConfigError(f"{step.name!r} reads {inputs} features, there are {node.channels}")
        self.layers[name] = fields
        return _Node(name, module.outputs, rows, columns, sums=module)

    def _wire(self, name: str, node: _Node, groups: int) -> None:
        """Say how the layer before is wired to this one's groups."""
        shuffle = node.shuffle
        if shuffle is None:
            wiring = "blocks"
        elif node.layer is None:
            raise ConfigError("a Shuffle of the frame has no place in a network: leave it out")
        else:
            own = self._trained[node.layer][0].groups
            if (shuffle.groups, shuffle.targets) != (own, groups):
                raise ConfigError(
                    f"the Shuffle of {shuffle.groups} groups to {shuffle.targets} stands between "
                    f"layers {node.layer!r} of {own} groups and {name!r} of {groups}"
                )
            wiring = "shuffle"
        if node.layer is not None:
            fields = self.layers[node.layer]
            if fields.setdefault("wiring", wiring) != wiring:
                raise ConfigError(
                    f"layer {node.layer!r} is read through a Shuffle and without one: use one way"
                )

    def parameters(self, graph: LayerGraph) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Weights and leaks of each layer, as `lower` takes them: holes of a map hold weight 0."""
        shapes = lower(graph)
        place = {layer.name: layer.place for layer in shapes.layers}
        found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for layer in shapes.layers:
            weights, neurons = self._trained[layer.name]
            features = shapes.maps[layer.source].features
            trits = _by_window(weights, self.layers[layer.name]["kernel"])
            sign = neurons.sign.cpu().numpy().astype(np.int8).reshape(layer.groups, 1, 1, 1, -1)
            source = self.layers[layer.name]["source"]
            wide = np.zeros((*trits.shape[:3], features, trits.shape[4]), np.int8)
            for group in range(layer.groups):
                used = np.arange(trits.shape[3])
                if source is not None:
                    at = place[source]
                    used = np.sort(at[..., 1][at[..., 0] == group])
                wide[group][:, :, used] = (trits * sign)[group]
            found[layer.name] = (
                wide.reshape(layer.groups, -1, layer.neurons),
                neurons.leak.cpu().numpy().astype(np.int32).reshape(layer.groups, -1),
            )
        return found


def _by_window(layer: TrinaryLayer, kernel: tuple[int, int]) -> np.ndarray:
    """Trits as [groups, rows, columns, features, neurons] of a window; patches have one site."""
    trits = layer.trinary.float().cpu().numpy().astype(np.int8)
    if isinstance(layer, TrinaryPatches):
        return trits[:, None, None]
    if isinstance(layer, TrinaryLinear):
        groups, _, neurons = trits.shape
        return trits.reshape(groups, -1, *kernel, neurons).transpose(0, 2, 3, 1, 4)
    outputs, features, rows, columns = trits.shape
    shape = layer.groups, outputs // layer.groups, features, rows, columns
    return trits.reshape(shape).transpose(0, 3, 4, 2, 1)
