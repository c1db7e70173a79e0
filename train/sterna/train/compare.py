"""A model and the network made of it, compared spike by spike: no model leaves PyTorch unchecked.

Every layer gets the spikes that the layer before it gave in PyTorch, and drawn spikes of every
density beside them, so that it is compared even where the frames leave it silent.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sterna.data.coding import PIXEL_MAX, encode
from sterna.model import maps
from sterna.spec import OUTPUT, ConfigError, LayeredNetwork, MapLayer
from sterna.spec.results import votes

from .coding import Coding
from .neurons import SpikingNeuron
from .walk import Step

#: Frames that are drawn to compare on, and as many spike maps for each layer.
FRAMES = 24


@dataclass(frozen=True)
class Pair:
    """A model, its network, and what of the one is what of the other.

    Members
    -------
    model, network : the two.
    steps : of the model, as `walk` gives them.
    neurons : layer by layer of the network, the step that gives its spikes.
    coding : how a host codes the model's input, as `encode` takes it.
    shape : channels, rows and columns of the model's input.
    """

    model: nn.Module
    network: LayeredNetwork
    steps: list[Step]
    neurons: list[int]
    coding: Mapping[str, Any]
    shape: tuple[int, int, int]


@torch.no_grad()
def compare(pair: Pair) -> None:
    """Compare a model in evaluation with its network, layer by layer and as a whole.

    Raises
    ------
    ConfigError : they differ: names layer, group, neuron and site, or the class; or the model
        cannot be run on frames of that shape.
    """
    network, steps = pair.network, pair.steps
    draw = torch.Generator().manual_seed(0)
    frames = _frames(pair, draw)
    counts = np.zeros((FRAMES, len(network.output_class)), np.int64)
    spikes: dict[int, Tensor] = {}
    with _evaluating(pair.model), _shapes(pair.shape):
        for layer, at in zip(network.layers, pair.neurons, strict=True):
            source, path = _path(steps, at)
            if layer.source == 0:
                spikes[source] = _run(steps, _whole_path(steps, source), frames)
            given = spikes[source]
            drawn = _bits(given.shape, draw).to(frames.device)
            seen = _run(steps, path, torch.cat([given.float(), drawn]))
            spikes[at] = seen[:FRAMES]
            fired = maps.fire(
                network,
                layer,
                np.concatenate([_plane(pair, layer, given, frames), _plane(pair, layer, drawn)]),
            )
            _compare_layer(layer, _by_group(layer, seen), fired)
            if layer.target == OUTPUT:
                counts += maps.lines(network, layer, fired[:FRAMES])
        scores = pair.model(frames).cpu().numpy()
    wanted = votes(counts, network.output_class)
    if not np.array_equal(scores, wanted):
        raise ConfigError(
            f"the votes of PyTorch are {scores[0].tolist()} for the first frame drawn, those of "
            f"the network {wanted[0].tolist()}, though every layer's spikes agree: what stands "
            "behind the last layer is no plain Votes, or a hook changes the output"
        )


def _compare_layer(layer: MapLayer, seen: np.ndarray, fired: np.ndarray) -> None:
    wrong = seen != fired
    if not wrong.any():
        return
    frame, group, neuron, row, column = np.argwhere(wrong)[0].tolist()
    here, there = (
        ("not fire", "fires") if fired[frame, group, neuron, row, column] else ("fire", "does not")
    )
    raise ConfigError(
        f"layer {layer.name!r}, group {group}, neuron {neuron}: its spikes in PyTorch are not the "
        f"network's; at site ({row}, {column}) it does {here} in PyTorch, and {there} in the "
        f"network; {int(wrong.sum()):,} of {wrong.size:,} spikes of the layer differ: a module "
        "does something else here than a network's layer can"
    )


def _frames(pair: Pair, draw: torch.Generator) -> Tensor:
    """Inputs of a model: bits, or pixels of all shades from dark to bright."""
    shape = FRAMES, *pair.shape
    device = next(pair.model.parameters()).device
    if pair.coding["kind"] == "none":
        return _bits(shape, draw).to(device)
    gamma = torch.logspace(-1, 1, FRAMES)[:, None, None, None]
    return (torch.rand(shape, generator=draw) ** gamma * PIXEL_MAX).round().to(device)


def _bits(shape: tuple[int, ...], draw: torch.Generator) -> Tensor:
    """Spikes 0/1: few for the first frame, many for the last."""
    density = torch.linspace(0.02, 0.98, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    return (torch.rand(shape, generator=draw) < density).float()


def _path(steps: list[Step], at: int) -> tuple[int, list[int]]:
    """The steps up to this one from the spikes that it reads, and the step that gives those."""
    path = [at]
    while (source := steps[path[0]].source) >= 0:
        if isinstance(steps[source].module, (SpikingNeuron, Coding)):
            return source, path
        path.insert(0, source)
    return -1, path


def _whole_path(steps: list[Step], at: int) -> list[int]:
    """The steps up to this one from the model's input; none for the input itself."""
    path: list[int] = []
    while at >= 0:
        path.insert(0, at)
        at = steps[at].source
    return path


def _run(steps: list[Step], path: list[int], values: Tensor) -> Tensor:
    for at in path:
        values = steps[at].module(values)
    return values


def _plane(pair: Pair, layer: MapLayer, spikes: Tensor, frames: Tensor | None = None) -> maps.Plane:
    """The map that a layer reads, holding these spikes; or the frames as a host codes them."""
    if layer.source:
        writer = pair.network.layers[pair.network.writers[layer.source]]
        return maps.write(pair.network, writer, _by_group(writer, spikes))
    if frames is not None:
        coded = encode(pair.coding, frames.cpu().numpy().astype(np.uint8))
    else:
        coded = spikes.flatten(1).cpu().numpy() > 0
    return maps.frame_plane(pair.network, coded)


def _by_group(layer: MapLayer, spikes: Tensor) -> np.ndarray:
    """Spikes of a layer's neurons in PyTorch: bool [frames, groups, neurons, rows, columns]."""
    shape = len(spikes), layer.groups, layer.neurons, *layer.sites
    return spikes.float().cpu().numpy().reshape(shape) > 0


@contextlib.contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Within, all modules are in evaluation; afterwards each is as before."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


@contextlib.contextmanager
def _shapes(shape: tuple[int, int, int]) -> Iterator[None]:
    """Report what PyTorch says of shapes that do not fit as an error of the model."""
    try:
        yield
    except (RuntimeError, ValueError, IndexError) as error:
        raise ConfigError(
            f"the model cannot be run on frames of {list(shape)} (channels, rows, columns) as the "
            f"network is: {error}"
        ) from None
