"""Networks of three layers over square patches of an image, one core a patch or group."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from sterna.spec import ConfigError

from .layers import SpikingNeuron, TrinaryLinear


@dataclass(frozen=True, kw_only=True)
class PatchConfig:
    """Shape of a patch network.

    Parameters
    ----------
    side : pixels on a side of the image.
    patch, stride, across : side of a patch, distance to the next one, patches on a side; the
        patches are centred on the image.
    first : neurons of each patch's core; a multiple of `groups`.
    groups : cores of the second layer; each reads an equal share of every patch's neurons.
    second : neurons of each core of the second layer.
    votes, classes : neurons of the last core for each class; classes.
    """

    side: int
    patch: int
    stride: int
    across: int
    first: int
    groups: int
    second: int
    votes: int
    classes: int

    def __post_init__(self) -> None:
        reach = self.patch + self.stride * (self.across - 1)
        if reach > self.side:
            raise ConfigError(f"the patches reach over {reach} pixels, the image has {self.side}")
        if self.first % self.groups:
            raise ConfigError(f"first is {self.first}, not a multiple of groups ({self.groups})")

    @property
    def patches(self) -> int:
        return self.across * self.across

    @property
    def share(self) -> int:
        """Neurons of each patch that one core of the second layer reads."""
        return self.first // self.groups

    def pixels(self) -> Tensor:
        """Pixel that each axon of each patch's core reads: int64 [patches, patch * patch]."""
        start = (self.side - self.patch - self.stride * (self.across - 1)) // 2
        corner = start + self.stride * torch.arange(self.across)
        line = corner[:, None] + torch.arange(self.patch)  # [across, patch]
        place = line[:, None, :, None] * self.side + line[None, :, None, :]
        return place.reshape(self.patches, -1)


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
        self.register_buffer("_pixels", config.pixels(), persistent=False)

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
