"""From a trained module to a compiled network, and to a checkpoint."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from sterna.compile import PatchConfig, compile_layers, lower
from sterna.spec import DataError, Hardware, Network, write_output

from .network import PatchNetwork


def parameters(net: PatchNetwork) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Weights and leaks of each layer of a folded network, by its name in the layer graph."""
    return {
        layer.name: (
            weights.trinary.numpy().astype(np.int8),
            neurons.leak[:, 0].numpy().astype(np.int32),
        )
        for layer, weights, neurons in zip(
            net.config.graph("patches").order, net.weights, net.neurons, strict=True
        )
    }


def export(
    net: PatchNetwork, *, name: str, hardware: Hardware, provenance: dict[str, Any] | None = None
) -> Network:
    """Compile a folded network for a device; raises ConfigError if it does not fit."""
    layered = lower(net.config.graph(name), parameters(net), provenance=provenance)
    return compile_layers(layered, hardware)


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
