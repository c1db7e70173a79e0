"""Networks of three layers over square patches of an image, one core a patch or group."""

from typing import cast

import torch
from torch import Tensor, nn

from sterna.compile import PatchConfig, lower

from .layers import SpikingNeuron, TrinaryLinear


class PatchNetwork(nn.Module):
    """A patch network: patches, then groups, then one core of voting neurons.

    In evaluation it computes what its cores compute, spike by spike, once it has been folded.

    Parameters
    ----------
    config : its shape.
    seed : of the generator that draws the first weights.

    Members
    -------
    weights, neurons : the layers, from the input on; each is one core a block.
    """

    def __init__(self, *, config: PatchConfig, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        generator = torch.Generator().manual_seed(seed)
        shapes = [
            (config.patches, config.patch**2, config.first),
            (config.groups, config.patches * config.share, config.second),
            (1, config.groups * config.second, config.votes * config.classes),
        ]
        self._weights = nn.ModuleList(
            TrinaryLinear(groups=g, inputs=i, outputs=o, generator=generator) for g, i, o in shapes
        )
        self._neurons = nn.ModuleList(
            SpikingNeuron(groups=g, neurons=o, fan_in=i) for g, i, o in shapes
        )
        self._pixels: Tensor
        self.register_buffer("_pixels", _pixels(config), persistent=False)

    @property
    def weights(self) -> list[TrinaryLinear]:
        return cast(list[TrinaryLinear], list(self._weights))

    @property
    def neurons(self) -> list[SpikingNeuron]:
        return cast(list[SpikingNeuron], list(self._neurons))

    def layers(self, frames: Tensor) -> list[Tensor]:
        """Spikes of every layer for frames float32 0/1 [batch, side * side].

        Returns
        -------
        float32 0/1 [groups, batch, neurons] for each layer, from the input on.
        """
        config, batch = self.config, len(frames)
        # [patches, batch, patch * patch]
        first = self._layer(0, frames[:, self._pixels].transpose(0, 1))
        shares = first.reshape(config.patches, batch, config.groups, config.share)
        # a group's axons: its share of patch 0, then of patch 1, ...
        second = self._layer(1, shares.permute(2, 1, 0, 3).reshape(config.groups, batch, -1))
        # the last core's axons: neurons of group 0, then of group 1, ...
        last = self._layer(2, second.transpose(0, 1).reshape(1, batch, -1))
        return [first, second, last]

    def _layer(self, index: int, spikes: Tensor) -> Tensor:
        return self.neurons[index](self.weights[index](spikes.contiguous()))

    def forward(self, frames: Tensor) -> Tensor:
        """Spikes of the voting neurons: frames [batch, side * side] to [batch, votes * classes].

        Neuron n votes for class n mod classes.
        """
        return self.layers(frames)[-1][0]

    def scores(self, frames: Tensor) -> Tensor:
        """Votes of each class: float32 [batch, classes], 0..votes."""
        spikes = self(frames)
        return spikes.reshape(len(spikes), -1, self.config.classes).sum(dim=1)

    def clip(self) -> None:
        """Bring all hidden weights back into -1..1; call after each update."""
        for layer in self.weights:
            layer.clip()

    def fold(self) -> None:
        """Fold each neuron's normalization into its leak."""
        for layer in self.neurons:
            layer.fold()


def _pixels(config: PatchConfig) -> Tensor:
    """Pixel that each axon of each patch's core reads: int64 [patches, patch * patch]."""
    pixel, place = lower(config.graph("patches")).inputs.T
    return torch.from_numpy(pixel[place.argsort()]).long().reshape(config.patches, -1)
