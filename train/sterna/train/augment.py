"""Random changes of training frames: shifts, mirror images, warps."""

import math

import torch
from torch import Tensor

from sterna.compile.options import Warp


def shift(frames: Tensor, *, most: int, generator: torch.Generator) -> Tensor:
    """Shift each frame by up to `most` pixels each way, drawn per frame; what enters is 0.

    Parameters
    ----------
    frames : float32 [n, channels, rows, columns].
    most : largest shift, in pixels; 0 leaves the frames as they are.
    """
    if not most:
        return frames
    count, channels, rows, columns = frames.shape
    wide = columns + 2 * most
    padded = torch.nn.functional.pad(frames, (most,) * 4).flatten(2)
    down, right = torch.randint(0, 2 * most + 1, (2, count, 1), generator=generator)
    place = torch.arange(rows)[:, None] * wide + torch.arange(columns)
    index = (place.reshape(1, -1) + down * wide + right).to(frames.device)
    moved = padded.gather(2, index[:, None].expand(-1, channels, -1))
    return moved.reshape(frames.shape)


def mirror(frames: Tensor, *, generator: torch.Generator) -> Tensor:
    """Each frame left to right with probability a half."""
    turned = torch.rand(len(frames), generator=generator) < 0.5
    return torch.where(turned.to(frames.device)[:, None, None, None], frames.flip(3), frames)


def warp(frames: Tensor, *, most: Warp, binary: bool, generator: torch.Generator) -> Tensor:
    """Warp each frame, interpolate, and round to one bit, or whole pixels, again; what enters is 0.

    Parameters
    ----------
    frames : float32 [n, channels, rows, columns].
    binary : frames are 0/1, and stay so.
    """
    count, _, _, columns = frames.shape

    def drawn(limit: float) -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * limit

    angle, shear = drawn(math.radians(most.turn)), drawn(most.shear)
    across, down = 1 + drawn(most.stretch), 1 + drawn(most.stretch)
    cos, sin = angle.cos(), angle.sin()
    # the grid's coordinates are -1..1 from edge to edge
    right, low = drawn(2 * most.shift / columns), drawn(2 * most.shift / columns)
    rows = (
        torch.stack([cos * across, cos * shear - sin * down, right], dim=1),
        torch.stack([sin * across, sin * shear + cos * down, low], dim=1),
    )
    grid = torch.nn.functional.affine_grid(
        torch.stack(rows, dim=1).to(frames.device), list(frames.shape), align_corners=False
    )
    warped = torch.nn.functional.grid_sample(frames, grid, align_corners=False)
    return (warped >= 0.5).float() if binary else warped.round()
