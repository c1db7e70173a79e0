"""From a trained module to a compiled network, and to a checkpoint."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from sterna.compile import INPUT, CorePlan, compile_network
from sterna.spec import DataError, Hardware, Network, write_output

from .network import PatchConfig, PatchNetwork


def plans(net: PatchNetwork) -> list[CorePlan]:
    """The cores of a folded network: one for each patch, for each group, and the voting core."""
    config = net.config
    first = [
        _plan(net, 0, patch, f"patch{patch}", _from(INPUT, pixels))
        for patch, pixels in enumerate(config.pixels().tolist())
    ]
    share = config.share
    second = [
        _plan(net, 1, group, f"group{group}", np.concatenate([
            _from(patch, range(group * share, (group + 1) * share))
            for patch in range(config.patches)
        ]))
        for group in range(config.groups)
    ]  # fmt: skip
    heard = [_from(config.patches + group, range(config.second)) for group in range(config.groups)]
    voters = np.arange(config.votes * config.classes) % config.classes
    return [*first, *second, _plan(net, 2, 0, "votes", np.concatenate(heard), voters)]


def _from(core: int, indexes: Any) -> np.ndarray:
    """Sources of axons: neurons (or features, for INPUT) of one core, int64 [n, 2]."""
    return np.array([(core, index) for index in indexes], np.int64)


def _plan(
    net: PatchNetwork,
    layer: int,
    block: int,
    name: str,
    sources: np.ndarray,
    classes: np.ndarray | None = None,
) -> CorePlan:
    return CorePlan(
        name=name,
        sources=sources,
        weights=net.weights[layer].trinary[block].numpy().astype(np.int8),
        leak=net.neurons[layer].leak[block, 0].numpy().astype(np.int64),
        classes=classes,
    )


def export(
    net: PatchNetwork, *, name: str, hardware: Hardware, provenance: dict[str, Any] | None = None
) -> Network:
    """Compile a folded network for a device; raises ConfigError if it does not fit."""
    return compile_network(
        name=name,
        cores=plans(net),
        features=net.config.side**2,
        hardware=hardware,
        provenance=provenance,
    )


def save_checkpoint(net: PatchNetwork, path: str | Path) -> None:
    """Save weights, statistics and biases, which evaluation needs, as an .npz without pickle."""
    arrays: dict[str, Any] = {
        f"{kind}{index}": value
        for index, (weights, neurons) in enumerate(zip(net.weights, net.neurons, strict=True))
        for kind, value in (
            ("trinary", weights.trinary.numpy().astype(np.int8)),
            ("mean", neurons.mean.numpy()),
            ("variance", neurons.variance.numpy()),
            ("bias", neurons.bias.detach().numpy()),
        )
    }
    buffer = BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_output(path, buffer.getvalue())


def load_checkpoint(path: str | Path, config: PatchConfig) -> PatchNetwork:
    """A network in evaluation from `save_checkpoint`'s file.

    Its hidden weights are the trinary ones. Raises DataError if the file is not of this shape.
    """
    net = PatchNetwork(config=config)
    with np.load(path, allow_pickle=False) as arrays:
        for index, (weights, neurons) in enumerate(zip(net.weights, net.neurons, strict=True)):
            for kind, tensor in (
                ("trinary", weights.trinary),
                ("trinary", weights.hidden.data),
                ("mean", neurons.mean),
                ("variance", neurons.variance),
                ("bias", neurons.bias.data),
            ):
                key = f"{kind}{index}"
                found = arrays[key].shape if key in arrays else None
                if found != tuple(tensor.shape):
                    raise DataError(
                        f"{path}: {key} has shape {found}, it must be {tuple(tensor.shape)}"
                    )
                tensor.copy_(tensor.new_tensor(arrays[key]))
    net.fold()
    return net.eval()
