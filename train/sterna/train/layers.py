"""Layers of trinary weights: convolutions, groups and patches.

Each gives the weighted sums of 0/1 spikes, which are integers, and exact in float32 and bfloat16.
"""

import math

import torch
from torch import Tensor, nn

from sterna.spec import ConfigError
from sterna.spec.maps import MOST_AXONS

from .trinary import TrinaryLayer, label

#: Rows or columns of a convolution's kernel at most: 16 x 16 fill the axons of a core.
MOST_KERNEL = 16
#: Rows and columns, or one number for both.
Sides = int | tuple[int, int]
#: Up to so many sites a 1 x 1 convolution is faster as a batched product (bench/training.py).
_FEW_SITES = 4


def _pair(sides: Sides) -> tuple[int, int]:
    return (sides, sides) if isinstance(sides, int) else sides


def _share(where: str, what: str, count: int, groups: int) -> int:
    """An equal share of `count` for each group; raises ConfigError if there is none."""
    if groups < 1 or count < 1 or count % groups:
        raise ConfigError(
            f"{where}: {count} {what} in {groups} groups: each must have as many, and at least one"
        )
    return count // groups


class TrinaryConv2d(TrinaryLayer):
    """A convolution with trinary weights, in groups: group g reads the g-th share of its input.

    Parameters
    ----------
    inputs, outputs : features of its input and output, through all groups.
    kernel : rows and columns of a window, 1..16; one number for both.
    stride : rows and columns to the next window; one number for both.
    padding : sites of zeros on each side.
    groups : divides inputs and outputs.
    name : for messages and for the network; by default its place in the model.
    limit : fan-in that a group may have: the axons of a core.
    generator : draws the hidden weights, uniform in -1..1; None: torch's own.

    Raises
    ------
    ConfigError : a size is out of range; a group's fan-in is over the limit: by how much.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: Sides = 1,
        *,
        stride: Sides = 1,
        padding: int = 0,
        groups: int = 1,
        name: str = "",
        limit: int = MOST_AXONS,
        generator: torch.Generator | None = None,
    ) -> None:
        where = label(self, name)
        kernel, stride = _pair(kernel), _pair(stride)
        for what, values, least in (
            ("kernel", kernel, 1),
            ("stride", stride, 1),
            ("padding", (padding,), 0),
        ):
            if not least <= min(values) <= max(values) < least + MOST_KERNEL:
                raise ConfigError(
                    f"{where}: {what} must be {least}..{least + MOST_KERNEL - 1}, not "
                    f"{' x '.join(map(str, values))}"
                )
        share = _share(where, "inputs", inputs, groups)
        _share(where, "outputs", outputs, groups)
        super().__init__(
            (outputs, share, *kernel),
            name=name,
            groups=groups,
            fan_in=share * math.prod(kernel),
            limit=limit,
            generator=generator,
        )
        self.inputs, self.outputs = inputs, outputs
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def forward(self, spikes: Tensor) -> Tensor:
        """Sums: [batch, inputs, rows, columns] to [batch, outputs, rows', columns']."""
        weights = self.weights(spikes.dtype)
        sites = spikes.shape[2] * spikes.shape[3]
        if self.kernel == self.stride == (1, 1) and not self.padding:
            if torch.is_autocast_enabled("cpu") and spikes.device.type == "cpu":
                return self._products(spikes, weights)
            if sites <= _FEW_SITES:
                return self._product(spikes, weights)
        return nn.functional.conv2d(
            spikes, weights, stride=self.stride, padding=self.padding, groups=self.groups
        )

    def _product(self, spikes: Tensor, weights: Tensor) -> Tensor:
        """The same for 1 x 1 windows, as one matrix product a group."""
        batch, _, rows, columns = spikes.shape
        sites = spikes.permute(0, 2, 3, 1).reshape(batch * rows * columns, self.groups, -1)
        shape = self.groups, self.outputs // self.groups, self.inputs // self.groups
        sums = torch.bmm(sites.transpose(0, 1), weights.reshape(shape).transpose(1, 2))
        return sums.transpose(0, 1).reshape(batch, rows, columns, -1).permute(0, 3, 1, 2)

    def _products(self, spikes: Tensor, weights: Tensor) -> Tensor:
        """The same as a product of each group by itself: the fastest way in bfloat16."""
        batch, _, rows, columns = spikes.shape
        sites = spikes.permute(0, 2, 3, 1).reshape(batch * rows * columns, self.inputs)
        shares = sites.split(self.inputs // self.groups, dim=1)
        of_groups = weights.flatten(1).split(self.outputs // self.groups)
        sums = torch.cat([a @ b.t() for a, b in zip(shares, of_groups, strict=True)], dim=1)
        return sums.reshape(batch, rows, columns, self.outputs).permute(0, 3, 1, 2)

    def extra_repr(self) -> str:
        """Parameters, for PyTorch's `repr`."""
        return (
            f"{self.inputs}, {self.outputs}, {self.kernel}, stride={self.stride}, "
            f"padding={self.padding}, groups={self.groups}"
        )


class TrinaryLinear(TrinaryLayer):
    """A linear layer with trinary weights, in groups: group g reads the g-th share of its input.

    Behind `nn.Flatten` it reads a whole map: a convolution with one window.

    Parameters
    ----------
    inputs, outputs : features of its input and output, through all groups.
    groups, name, limit, generator : as of `TrinaryConv2d`.

    Members
    -------
    hidden, trinary : [groups, inputs of a group, outputs of a group].

    Raises
    ------
    ConfigError : as `TrinaryConv2d`.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        groups: int = 1,
        name: str = "",
        limit: int = MOST_AXONS,
        generator: torch.Generator | None = None,
    ) -> None:
        where = label(self, name)
        share = _share(where, "inputs", inputs, groups)
        super().__init__(
            (groups, share, _share(where, "outputs", outputs, groups)),
            name=name,
            groups=groups,
            fan_in=share,
            limit=limit,
            generator=generator,
        )
        self.inputs, self.outputs = inputs, outputs

    def forward(self, spikes: Tensor) -> Tensor:
        """Sums: [batch, inputs] to [batch, outputs]."""
        shares = spikes.reshape(len(spikes), self.groups, -1).transpose(0, 1).contiguous()
        return (
            torch.bmm(shares, self.weights(shares.dtype)).transpose(0, 1).reshape(len(spikes), -1)
        )

    def extra_repr(self) -> str:
        """Parameters, for PyTorch's `repr`."""
        return f"{self.inputs}, {self.outputs}, groups={self.groups}"


class TrinaryPatches(TrinaryLayer):
    """Patches of a frame, each with trinary weights of its own: a group a patch.

    Parameters
    ----------
    inputs : planes of the frame.
    outputs : neurons of each patch.
    frame : rows and columns of the frame.
    kernel, stride : rows and columns of a patch, and to the next one.
    padding : sites of zeros on each side; negative: sites of the rim that are left out.
    name, limit, generator : as of `TrinaryConv2d`.

    Members
    -------
    hidden, trinary : [patches, inputs of a patch, outputs]; its inputs are its sites, row by row,
        and at each the planes.

    Raises
    ------
    ConfigError : no patch fits; the fan-in is over the limit: by how much.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        frame: tuple[int, int],
        kernel: tuple[int, int],
        stride: tuple[int, int],
        padding: int = 0,
        name: str = "",
        limit: int = MOST_AXONS,
        generator: torch.Generator | None = None,
    ) -> None:
        across = [
            (size + 2 * padding - reach) // step + 1
            for size, reach, step in zip(frame, kernel, stride, strict=True)
        ]
        if min(across) < 1 or min(inputs, outputs) < 1:
            raise ConfigError(
                f"{label(self, name)}: no patch of {kernel} with {inputs} planes and {outputs} "
                f"outputs fits a frame of {frame} with padding {padding}"
            )
        fan_in = inputs * math.prod(kernel)
        super().__init__(
            (math.prod(across), fan_in, outputs),
            name=name,
            groups=math.prod(across),
            fan_in=fan_in,
            limit=limit,
            generator=generator,
        )
        self.inputs, self.outputs = inputs, self.groups * outputs
        self.frame, self.kernel, self.stride, self.padding = frame, kernel, stride, padding
        padded = [size + 2 * max(padding, 0) for size in frame]
        row, column = (
            torch.arange(reach) + torch.arange(count)[:, None] * step + max(-padding, 0)
            for reach, count, step in zip(kernel, across, stride, strict=True)
        )
        plane = torch.arange(inputs) * math.prod(padded)
        site = row[:, None, :, None, None] * padded[1] + column[None, :, None, :, None]
        self._place: Tensor
        self.register_buffer(
            "_place", (site + plane).reshape(self.groups, fan_in), persistent=False
        )

    def forward(self, frames: Tensor) -> Tensor:
        """Sums: [batch, inputs, rows, columns] to [batch, patches * outputs]."""
        padded = nn.functional.pad(frames, (max(self.padding, 0),) * 4)
        patches = padded.flatten(1)[:, self._place].transpose(0, 1).contiguous()
        return (
            torch.bmm(patches, self.weights(patches.dtype)).transpose(0, 1).reshape(len(frames), -1)
        )

    def extra_repr(self) -> str:
        """Parameters, for PyTorch's `repr`."""
        return (
            f"{self.inputs}, {self.outputs // self.groups}, frame={self.frame}, "
            f"kernel={self.kernel}, stride={self.stride}, padding={self.padding}"
        )
