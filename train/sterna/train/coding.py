"""Pixels to spikes, on the host: a learned layer, a thermometer, or the bits of each pixel."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from sterna.data.coding import PIXEL_MAX, WEIGHT_MAX
from sterna.spec import ConfigError

from .neurons import SpikingNeuron
from .trinary import straight_through


class Coding(nn.Module, ABC):
    """Spikes of pixels without anything learned; the first module of a model."""

    @abstractmethod
    def planes(self, channels: int) -> int:
        """Planes of spikes for so many channels of pixels."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """The parameters with which a host codes pixels itself; JSON values."""


class Thermometer(Coding):
    """Levels of a pixel: plane l of a channel spikes from pixel 256 (l + 1) / (levels + 1) up.

    Parameters
    ----------
    levels : planes of each channel, 1..255; 1 is one bit a pixel, on from 128 up.
    """

    def __init__(self, levels: int) -> None:
        super().__init__()
        if not 1 <= levels <= PIXEL_MAX:
            raise ConfigError(f"Thermometer: levels must be 1..{PIXEL_MAX}, not {levels}")
        self._levels = levels
        edges = -(-256 * torch.arange(1, levels + 1) // (levels + 1))
        self._edges: Tensor
        self.register_buffer("_edges", edges.float(), persistent=False)

    def planes(self, channels: int) -> int:
        """Planes of spikes of so many channels of pixels."""
        return channels * self._levels

    def describe(self) -> dict[str, Any]:
        """The coding as `sterna.data.coding.encode` takes it."""
        return {"kind": "thermometer", "edges": self._edges.int().tolist()}

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels 0..255 [batch, channels, rows, columns] to spikes, channels x levels planes."""
        return (pixels.unsqueeze(2) >= self._edges[:, None, None]).to(pixels.dtype).flatten(1, 2)


class BitPlanes(Coding):
    """The upper bits of a pixel, the highest first.

    Parameters
    ----------
    bits : planes of each channel, 1..8.
    """

    def __init__(self, bits: int = 8) -> None:
        super().__init__()
        if not 1 <= bits <= 8:
            raise ConfigError(f"BitPlanes: bits must be 1..8, not {bits}")
        self._bits = bits

    def planes(self, channels: int) -> int:
        """Planes of spikes of so many channels of pixels."""
        return channels * self._bits

    def describe(self) -> dict[str, Any]:
        """The coding as `sterna.data.coding.encode` takes it."""
        return {"kind": "planes", "bits": self._bits}

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels 0..255 [batch, channels, rows, columns] to spikes, channels x bits planes."""
        shifts = torch.arange(7, 7 - self._bits, -1, device=pixels.device)[:, None, None]
        bits = pixels.int().unsqueeze(2) >> shifts & 1
        return bits.to(pixels.dtype).flatten(1, 2)


class PixelConv2d(nn.Module):
    """A convolution over pixels with weights of eight bits, at every site: kernel odd, stride 1.

    Parameters
    ----------
    inputs, outputs : channels of pixels, and planes of sums.
    kernel : rows and columns of a window: 1, 3 or 5.
    generator : draws the hidden weights, uniform in -1..1; None: torch's own.

    Members
    -------
    hidden : float32 [outputs, inputs, kernel, kernel] - learned; kept in -1..1.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        *,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if min(inputs, outputs) < 1 or kernel not in (1, 3, 5):
            raise ConfigError(
                f"PixelConv2d: {inputs} channels, {outputs} planes and a kernel of {kernel}; there "
                "must be at least one of each, and the kernel must be 1, 3 or 5"
            )
        self.inputs, self.outputs, self.kernel = inputs, outputs, kernel
        shape = outputs, inputs, kernel, kernel
        self.hidden = nn.Parameter(torch.rand(shape, generator=generator) * 2 - 1)

    @property
    def most(self) -> int:
        """The largest sum that there can be, or smallest; below 2**24, so exact in float32."""
        return self.inputs * self.kernel**2 * PIXEL_MAX * WEIGHT_MAX

    def weights(self) -> Tensor:
        """Whole weights, whose gradient goes to the hidden ones."""
        if self.training:
            with torch.no_grad():
                self.hidden.clamp_(-1, 1)
        # an optimizer's last step can leave one beyond 1
        real = self.hidden.float().clamp(-1, 1) * WEIGHT_MAX
        return straight_through(real, real.detach().round())

    def forward(self, pixels: Tensor) -> Tensor:
        """Sums, whole numbers, of pixels 0..255 [batch, inputs, rows, columns], same sites."""
        with torch.autocast(pixels.device.type, enabled=False):
            return nn.functional.conv2d(pixels.float(), self.weights(), padding=self.kernel // 2)


class Transduction(nn.Sequential):
    """Eedn's first layer: a learned convolution over pixels, and neurons; runs on the host.

    Parameters
    ----------
    inputs, outputs, kernel, generator : as of `PixelConv2d`.
    width : of the surrogate gradient, as of `SpikingNeuron`.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        *,
        width: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        sums = PixelConv2d(inputs, outputs, kernel, generator=generator)
        super().__init__(sums, SpikingNeuron(outputs, fan_in=sums.most, width=width))
        self.outputs = outputs

    def planes(self, channels: int) -> int:
        """Planes of spikes, for any number of channels."""
        return self.outputs

    def describe(self) -> dict[str, Any]:
        """The parameters with which a host codes pixels itself; JSON values.

        Plane p spikes where the sum of pixels times weights[p] plus leak[p] is at least 1.
        """
        sums, neurons = self
        assert isinstance(sums, PixelConv2d)
        assert isinstance(neurons, SpikingNeuron)
        return describe(sums, neurons)


def describe(sums: PixelConv2d, neurons: SpikingNeuron) -> dict[str, Any]:
    """A learned coding as `Transduction.describe` gives it."""
    weights = (sums.weights().detach() * neurons.sign[:, None, None, None]).int()
    return {
        "kind": "transduction",
        "weights": weights.tolist(),
        "leak": neurons.leak.int().tolist(),
    }
